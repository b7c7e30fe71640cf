"""Answers, reports and listings of one user are made of that user's data alone."""

from typing import Any

import pytest

from testkit.tenants import new_tenant

pytestmark = pytest.mark.protects("W2")

DIMENSIONS = ("app", "feature", "user", "model", "session_id", "provider", "import_id", "api_key_id")


@pytest.mark.parametrize(
    "question",
    [
        "Show all usage by user and feature",
        "Where can we cut our spend without losing quality?",
        "What does {app} cost us, by model?",
    ],
)
def test_asking_brings_up_nothing_of_another(two_users, question: str) -> None:
    # Who asks keeps the question, and with it what it names: somebody of whom nothing else is looked at.
    victim, attacker = two_users.victim, new_tenant(two_users.victim.http)
    accepted = attacker.ask(question.format(app=victim.app))
    run = attacker.ended(accepted["run_id"])
    seen: list[Any] = [run]
    for path in (f"runs/{accepted['run_id']}/figures", f"threads/{accepted['thread_id']}",
                 f"threads/{accepted['thread_id']}/events?limit=1000"):  # fmt: skip
        seen.append(attacker.call("GET", f"/v1/{path}"))
    if run["report_id"]:
        for form in ("", "/html", "/json", "/json?format=markdown"):
            seen.append(attacker.call("GET", f"/v1/reports/{run['report_id']}{form}"))
    assert victim.canaries.found_in(str(seen), but={victim.app}) == []
    assert run["status"] == "completed"


def test_listings_queries_and_findings_show_ones_own(two_users) -> None:
    victim, attacker = two_users.victim, two_users.attacker
    seen: list[Any] = [
        attacker.call("GET", path)
        for path in ("/v1/threads", "/v1/reports", "/v1/imports", "/v1/workspaces", "/v1/api-keys", "/v1/me")
    ]
    seen += [
        attacker.call(
            "POST", "/v1/usage/query", json={"measures": ["calls", "input_tokens"], "dimensions": [one]}
        )
        for one in DIMENSIONS
    ]
    seen.append(attacker.call("POST", "/v1/optimize", json={}))
    seen.append(attacker.call("GET", "/v1/usage/overview"))
    for order in ("ts", "-cost_usd"):
        seen.append(attacker.call("POST", "/v1/usage/calls", json={"limit": 200, "order_by": order}))
    assert victim.canaries.found_in(str(seen)) == []
    own = attacker.canaries.found_in(str(seen))
    assert len(own) > 15, "the attacker sees its own canaries in the same places"


def test_a_filter_for_anothers_values_finds_nothing(two_users) -> None:
    query = {"measures": ["calls"], "filters": [{"column": "app", "value": two_users.victim.app}]}
    assert two_users.victim.call("POST", "/v1/usage/query", json=query)["rows"][0]["calls"] > 0
    found = two_users.attacker.call("POST", "/v1/usage/query", json=query)
    assert [row["calls"] for row in found["rows"]] in ([], [0])
    for column, value in (("app", two_users.victim.app), ("call_id", two_users.victim.ids["call"])):
        listed = {"filters": [{"column": column, "value": value}]}
        assert two_users.victim.call("POST", "/v1/usage/calls", json=listed)["items"]
        found = two_users.attacker.call("POST", "/v1/usage/calls", json=listed)
        assert (found["items"], found["calls"], found["cost_usd"]) == ([], 0, None)
    begun = two_users.victim.call("POST", "/v1/usage/calls", json={"limit": 1})["next_cursor"]
    behind = two_users.attacker.call("POST", "/v1/usage/calls", json={"cursor": begun})
    assert two_users.victim.canaries.found_in(str(behind)) == []
