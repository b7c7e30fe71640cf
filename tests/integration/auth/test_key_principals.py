"""Principals behind API keys and run tokens: tickets, activity, bounds."""

from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest

from netra.auth.errors import InvalidTokenError
from netra.auth.services import AuthServices
from netra.errors.kinds import InvalidInputError

pytestmark = pytest.mark.protects("W5")

People = Callable[[], Awaitable[Any]]


async def make_key(auth: AuthServices, person: Any, **changes: Any) -> tuple[Any, str, Any]:
    principal = await auth.authentication.verify_access_token(person.session.access_token)
    membership = await auth.workspaces.access_workspace(principal, None)
    values = {"name": "k", "days": 1, "role": None, **changes}
    stored, secret = await auth.keys.create(principal, membership, **values)
    return stored, secret, principal


async def test_a_ticket_of_a_key_stays_bound_and_dies_with_the_key(auth: AuthServices, person: Any) -> None:
    stored, secret, owner = await make_key(auth, person)
    principal = await auth.authentication.verify_bearer(secret)
    first, second = [await auth.authentication.issue_ticket(principal) for _ in range(2)]
    redeemed = await auth.authentication.redeem_ticket(first)
    assert (redeemed.key_id, redeemed.workspace_id) == (stored.id, stored.workspace_id)
    assert await auth.authentication.is_active(redeemed)
    await auth.keys.revoke(owner, stored.id)
    assert not await auth.authentication.is_active(redeemed)
    with pytest.raises(InvalidTokenError):
        await auth.authentication.redeem_ticket(second)


async def test_a_key_may_end_itself_and_no_other(auth: AuthServices, person: Any) -> None:
    mine, secret, _ = await make_key(auth, person)
    other, _, _ = await make_key(auth, person)
    principal = await auth.authentication.verify_bearer(secret)
    with pytest.raises(Exception, match="cannot do this"):
        await auth.keys.revoke(principal, other.id)
    await auth.keys.revoke(principal, mine.id)
    with pytest.raises(InvalidTokenError):
        await auth.authentication.verify_bearer(secret)


@pytest.mark.parametrize("days", [0, -1, 366])
async def test_a_key_lives_a_year_at_most(auth: AuthServices, person: Any, days: int) -> None:
    with pytest.raises(InvalidInputError):
        await make_key(auth, person, days=days)


async def test_a_run_token_opens_the_gateway_only(auth: AuthServices, person: Any) -> None:
    token = auth.run_tokens.issue(user_id=person.session.user.id, run_id="run_1")
    assert (await auth.run_tokens.verify_bearer(token)).user_id == person.session.user.id
    assert (await auth.run_tokens.verify_bearer(person.session.access_token)).kind == "session"
    with pytest.raises(InvalidTokenError):
        await auth.authentication.verify_bearer(token)
    stranger = auth.run_tokens.issue(user_id="usr_nobody", run_id="run_1")
    with pytest.raises(InvalidTokenError):
        await auth.run_tokens.verify_bearer(stranger)


async def test_a_member_may_leave_and_the_owner_stays(client: httpx.AsyncClient, new_person: People) -> None:
    owner, member = await new_person(), await new_person()
    made = (await client.post("/v1/workspaces", json={"name": "team"}, headers=owner.headers)).json()
    path = f"/v1/workspaces/{made['id']}/members"
    invited = await client.post(path, json={"email": member.email, "role": "viewer"}, headers=owner.headers)
    token = {"token": invited.json()["token"]}
    await client.post("/v1/invitations/accept", json=token, headers=member.headers)
    listed = (await client.get(path, headers=member.headers)).json()["items"]
    assert {one["user"]["email"]: one["role"] for one in listed} == {
        owner.email: "owner",
        member.email: "viewer",
    }
    ids = {one["user"]["email"]: one["user"]["id"] for one in listed}
    assert (await client.delete(f"{path}/{ids[owner.email]}", headers=owner.headers)).status_code == 403
    assert (await client.delete(f"{path}/{ids[member.email]}", headers=member.headers)).status_code == 204
    assert (await client.get(path, headers=member.headers)).status_code == 404
