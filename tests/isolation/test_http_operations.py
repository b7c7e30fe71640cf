"""Nothing of one user reaches another, or nobody, through any HTTP operation."""

import pytest

from testkit.http_attack import PATH_POSITIONS, PUBLIC, HttpAttack

pytestmark = pytest.mark.protects("W2")

# What the product keeps and shows nobody through HTTP: rows of calls and evaluations, and secrets.
NEVER_SHOWN = {
    "access token",
    "evaluated model",
    "evaluation group",
    "evaluation item",
    "idempotency key",
    "key secret",
    "rejected call",
    "tag",
}


def test_every_operation_by_another_user_and_by_nobody(two_users, attack: HttpAttack) -> None:
    before = two_users.digest()
    assert attack.run() == []
    assert two_users.digest() == before
    assert attack.requests > 5 * len(list(attack.operations()))


def test_every_position_of_an_id_is_known(attack: HttpAttack) -> None:
    operations = list(attack.operations())
    assert {name for one in operations for name in one.names("path")} <= PATH_POSITIONS.keys()
    assert {one.id for one in operations} >= PUBLIC
    assert len(operations) > 30


def test_the_owner_sees_the_canaries(two_users, attack: HttpAttack) -> None:
    """What the owner cannot see either would prove nothing."""
    victim, seen = two_users.victim, list[str]()
    for operation in attack.operations():
        if operation.method == "GET":
            seen.append(attack.of_own(operation, victim).text)
    for dimension in ("app", "feature", "user", "model", "provider", "api_key_id", "session_id", "trace_id",
                      "reasoning_effort"):  # fmt: skip
        query = {"measures": ["calls", "input_tokens"], "dimensions": [dimension]}
        seen.append(str(victim.call("POST", "/v1/usage/query", json=query)))
    totals = {"measures": ["input_tokens"]}
    seen.append(str(victim.call("POST", "/v1/usage/query", json=totals)))
    seen.append(str(victim.call("POST", "/v1/usage/calls", json={"limit": 200})))
    found = set(victim.canaries.found_in("\n".join(seen)))
    hidden = {label for value, label in victim.canaries.fields.items() if f"{label}: {value}" not in found}
    assert hidden <= NEVER_SHOWN | {"client message id", "later question"}
