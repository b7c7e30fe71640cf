"""Letting somebody in tells nothing of who has an account, and lets in nobody else."""

import re
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from netra.auth.services import AuthServices
from netra.storage.postgres.manager import DatabaseManager

pytestmark = pytest.mark.protects("W5")

People = Callable[[], Awaitable[Any]]


@pytest.fixture
async def team(client: httpx.AsyncClient, person: Any) -> str:
    made = await client.post("/v1/workspaces", json={"name": "team"}, headers=person.headers)
    return f"/v1/workspaces/{made.json()['id']}"


async def invited(client: httpx.AsyncClient, team: str, by: Any, email: str, role: str = "viewer") -> Any:
    answer = await client.post(f"{team}/members", json={"email": email, "role": role}, headers=by.headers)
    assert answer.status_code == 201, answer.text
    return answer


async def accept(client: httpx.AsyncClient, token: str, who: Any) -> tuple[int, Any]:
    answer = await client.post("/v1/invitations/accept", json={"token": token}, headers=who.headers)
    return answer.status_code, {k: v for k, v in answer.json().items() if k != "trace_id"}


def shape(answer: httpx.Response, email: str) -> tuple[int, list[str], str]:
    headers = [name for name, _ in answer.headers.multi_items()]
    body = re.sub(r"inv_\w{26}|ninv_[\w-]+|20\d\d-[^\"]+", "...", answer.text.replace(email, "ADDRESS"))
    return answer.status_code, headers, body


async def test_an_address_with_an_account_is_answered_like_one_without(
    client: httpx.AsyncClient, team: str, person: Any, new_person: People, auth: AuthServices, new_email: Any
) -> None:
    known, disabled = await new_person(), await new_person()
    async with auth.database.transaction() as transaction:
        await transaction.execute(
            "update auth.users set disabled_at = now() where email = :email", {"email": disabled.email}
        )
    addresses = (known.email, new_email(), disabled.email)
    shapes = [shape(await invited(client, team, person, email), email) for email in addresses]
    assert shapes[1:] == shapes[:1] * 2
    # Nor do the lists tell: members are those who came in, invitations all others.
    members = (await client.get(f"{team}/members", headers=person.headers)).json()["items"]
    assert [one["user"]["email"] for one in members] == [person.email]
    listed = (await client.get(f"{team}/invitations", headers=person.headers)).json()["items"]
    assert [one["email"] for one in listed] == list(addresses)
    assert all(set(one) == {"id", "email", "role", "expires_at"} for one in listed)


async def test_an_invitation_takes_effect_for_its_address_once(
    client: httpx.AsyncClient, team: str, person: Any, new_person: People, auth: AuthServices, new_email: Any
) -> None:
    email, stranger = new_email(), await new_person()
    token = (await invited(client, team, person, email, "analyst")).json()["token"]
    await auth.authentication.sign_up(email, "violet kettle 1984 morning")
    session = await auth.authentication.sign_in(email, "violet kettle 1984 morning")
    newcomer = type(stranger)(email, session)
    # Having signed up with the address is not enough: the token is.
    assert (await client.get(f"{team}/members", headers=newcomer.headers)).status_code == 404
    refused = await accept(client, token, stranger)
    assert refused[0] == 404
    assert refused == await accept(client, "ninv_" + "a" * 43, stranger)
    assert refused == await accept(client, "nonsense", stranger)
    status, joined = await accept(client, token, newcomer)
    assert (status, joined["name"], joined["role"]) == (200, "team", "analyst")
    assert (await client.get(f"{team}/members", headers=newcomer.headers)).status_code == 200
    assert await accept(client, token, newcomer) == refused
    assert (await client.get(f"{team}/invitations", headers=person.headers)).json()["items"] == []
    again = await client.post(
        f"{team}/members", json={"email": email, "role": "viewer"}, headers=person.headers
    )
    assert (again.status_code, again.json()["code"]) == (409, "member_exists")


async def test_an_invitation_ends_when_withdrawn_replaced_or_old_and_with_who_invited(
    client: httpx.AsyncClient, team: str, person: Any, new_person: People, database: DatabaseManager
) -> None:
    admin, guest = await new_person(), await new_person()
    first = (await invited(client, team, person, admin.email, "admin")).json()
    second = (await invited(client, team, person, admin.email, "admin")).json()
    assert (await accept(client, first["token"], admin))[0] == 404
    assert (await accept(client, second["token"], admin))[0] == 200

    taken_back = (await invited(client, team, admin, guest.email)).json()
    for by, status in ((guest, 404), (person, 204), (person, 404)):
        answer = await client.delete(f"{team}/invitations/{taken_back['id']}", headers=by.headers)
        assert answer.status_code == status
    assert (await accept(client, taken_back["token"], guest))[0] == 404

    old = (await invited(client, team, admin, guest.email)).json()
    statement = "update auth.invitations set expires_at = {} where id = :id"
    async with database.connection("admin") as connection:
        await connection.execute(text(statement.format("now()")), {"id": old["id"]})
        await connection.commit()
    assert (await accept(client, old["token"], guest))[0] == 404

    token = (await invited(client, team, admin, guest.email)).json()["token"]
    of_admin = f"{team}/members/{admin.session.user.id}"
    assert (await client.patch(of_admin, json={"role": "analyst"}, headers=person.headers)).status_code == 200
    assert (await accept(client, token, guest))[0] == 404
    listed = await client.get(f"{team}/invitations", headers=admin.headers)
    assert listed.status_code == 403


async def test_writes_with_a_key_are_done_once_and_keep_no_secret(
    client: httpx.AsyncClient, team: str, person: Any, new_email: Any, database: DatabaseManager
) -> None:
    secrets: list[str] = []
    for path, body in (
        ("/v1/workspaces", {"name": "keyed"}),
        ("/v1/api-keys", {"name": "keyed"}),
        (f"{team}/members", {"email": new_email(), "role": "viewer"}),
    ):
        headers = {**person.headers, "Idempotency-Key": "the same"}
        first, again = [await client.post(path, json=body, headers=headers) for _ in range(2)]
        assert first.status_code == again.status_code == 201, first.text
        assert first.json() == again.json()
        changed = {**body, next(iter(body)): "other@example.com"}
        reused = await client.post(path, json=changed, headers=headers)
        assert (reused.status_code, reused.json()["code"]) == (409, "idempotency_key_reused")
        other = await client.post(path, json=changed, headers={**headers, "Idempotency-Key": "another"})
        assert other.status_code == 201
        secrets += [
            one.json()[name] for one in (first, other) for name in ("key", "token") if name in one.json()
        ]
    assert len(set(secrets)) == 4
    made = (await client.get("/v1/workspaces", headers=person.headers)).json()["items"]
    assert [one["name"] for one in made if one["name"] in ("keyed", "other@example.com")] == [
        "keyed",
        "other@example.com",
    ]
    working = {"Authorization": f"Bearer {secrets[0]}"}
    assert (await client.get("/v1/me", headers=working)).status_code == 200
    async with database.connection("admin") as connection:
        kept = (await connection.execute(text("select answer::text from app.idempotency_keys"))).scalars()
        assert not [answer for answer in kept for secret in secrets if secret in answer]
