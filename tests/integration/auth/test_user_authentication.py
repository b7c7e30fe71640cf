"""Guarantees of sign-up, sign-in, refresh and sign-out over real engines."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from netra.auth.errors import InvalidCredentialsError, InvalidTokenError, TooManyGuessesError
from netra.auth.guesses import GUESSES_PER_HOUR
from netra.auth.services import AuthServices
from netra.storage.postgres.manager import DatabaseManager

pytestmark = pytest.mark.protects("W5")

PASSWORD = "violet kettle 1984 morning"
People = Callable[[], Awaitable[Any]]


async def as_owner(database: DatabaseManager, statement: str, **values: object) -> list[Any]:
    async with database.connection("owner") as connection:
        result = await connection.execute(text(statement), values)
        rows = list(result.all()) if result.returns_rows else []
        await connection.commit()
        return rows


async def test_sign_up_then_sign_in_gives_a_session_that_verifies(auth: AuthServices, person: Any) -> None:
    principal = await auth.authentication.verify_access_token(person.session.access_token)
    assert (principal.user_id, principal.email) == (person.session.user.id, person.email)
    assert principal.kind == "session"
    assert person.session.expires_in <= 600


async def test_sign_up_makes_a_personal_workspace_named_default(auth: AuthServices, person: Any) -> None:
    principal = await auth.authentication.verify_access_token(person.session.access_token)
    membership = await auth.workspaces.access_workspace(principal, None)
    assert (membership.workspace_name, membership.role) == ("default", "owner")


async def test_sign_up_answers_the_same_for_a_known_and_an_unknown_address(
    client: httpx.AsyncClient, new_email: Callable[[], str]
) -> None:
    email = new_email()
    body = {"email": email, "password": PASSWORD, "name": "First"}
    first = await client.post("/v1/auth/sign-up", json=body)
    second = await client.post(
        "/v1/auth/sign-up", json={**body, "password": PASSWORD + "!", "name": "Second"}
    )
    assert first.status_code == second.status_code == 201
    assert first.content == second.content
    assert set(first.headers) == set(second.headers)
    assert "set-cookie" not in first.headers


async def test_a_second_sign_up_changes_nothing(auth: AuthServices, person: Any) -> None:
    await auth.authentication.sign_up(person.email, "another password entirely", "Thief")
    session = await auth.authentication.sign_in(person.email, PASSWORD)
    assert session.user.name == "Somebody"
    with pytest.raises(InvalidCredentialsError):
        await auth.authentication.sign_in(person.email, "another password entirely")


async def test_sign_in_answers_the_same_for_a_wrong_password_and_an_unknown_address(
    client: httpx.AsyncClient, person: Any, new_email: Callable[[], str]
) -> None:
    wrong = await client.post("/v1/auth/sign-in", json={"email": person.email, "password": "not this one"})
    unknown = await client.post("/v1/auth/sign-in", json={"email": new_email(), "password": "not this one"})
    assert wrong.status_code == unknown.status_code == 401
    bodies = [{k: v for k, v in answer.json().items() if k != "trace_id"} for answer in (wrong, unknown)]
    assert bodies[0] == bodies[1]


async def test_an_unknown_address_costs_the_same_hashing(
    auth: AuthServices, hashing: Any, person: Any, new_email: Callable[[], str]
) -> None:
    costs: list[int] = []
    for email in (person.email, new_email()):
        before = hashing.computed
        with pytest.raises(InvalidCredentialsError):
            await auth.authentication.sign_in(email, "whatever it may be")
        costs.append(hashing.computed - before)
    assert costs == [1, 1]


async def test_passwords_are_stored_as_argon2id_only(database: DatabaseManager, person: Any) -> None:
    rows = await as_owner(
        database, "select password_hash from auth.users where email = :email", email=person.email
    )
    assert rows[0].password_hash.startswith("$argon2id$")


async def test_a_long_password_counts_to_its_last_character(
    auth: AuthServices, new_email: Callable[[], str]
) -> None:
    email, password = new_email(), "correct " * 20 + "end"
    await auth.authentication.sign_up(email, password)
    await auth.authentication.sign_in(email, password)
    with pytest.raises(InvalidCredentialsError):
        await auth.authentication.sign_in(email, password[:-1] + "x")


async def test_ten_wrong_guesses_an_hour_then_none(auth: AuthServices, person: Any) -> None:
    for _ in range(GUESSES_PER_HOUR):
        with pytest.raises(InvalidCredentialsError):
            await auth.authentication.sign_in(person.email, "wrong one")
    with pytest.raises(TooManyGuessesError) as refused:
        await auth.authentication.sign_in(person.email, PASSWORD)
    assert 0 < refused.value.details["retry_after_s"] <= 3600


async def test_parallel_guesses_do_not_get_past_the_limit(
    auth: AuthServices, new_email: Callable[[], str]
) -> None:
    email = new_email()
    answers = await asyncio.gather(
        *(auth.authentication.sign_in(email, "wrong one") for _ in range(15)), return_exceptions=True
    )
    assert sum(isinstance(one, InvalidCredentialsError) for one in answers) == GUESSES_PER_HOUR
    assert sum(isinstance(one, TooManyGuessesError) for one in answers) == 5


async def test_a_known_device_still_gets_in_when_the_guesses_are_used_up(
    auth: AuthServices, person: Any
) -> None:
    device = person.session.device_token
    assert device is not None
    for _ in range(GUESSES_PER_HOUR):
        with pytest.raises(InvalidCredentialsError):
            await auth.authentication.sign_in(person.email, "wrong one")
    session = await auth.authentication.sign_in(person.email, PASSWORD, device_token=device)
    assert session.user.email == person.email
    assert session.device_token is None


async def test_somebody_elses_device_does_not_help(auth: AuthServices, new_person: People) -> None:
    victim, attacker = await new_person(), await new_person()
    for _ in range(GUESSES_PER_HOUR):
        with pytest.raises(InvalidCredentialsError):
            await auth.authentication.sign_in(victim.email, "wrong one")
    with pytest.raises(TooManyGuessesError):
        await auth.authentication.sign_in(
            victim.email, "wrong one", device_token=attacker.session.device_token
        )


async def test_guesses_older_than_an_hour_no_longer_count(
    auth: AuthServices, database: DatabaseManager, new_email: Callable[[], str]
) -> None:
    email = new_email()
    for _ in range(GUESSES_PER_HOUR):
        with pytest.raises(InvalidCredentialsError):
            await auth.authentication.sign_in(email, "wrong one")
    bucket = auth.authentication._parts.guesses._bucket(email, None)
    await as_owner(
        database,
        "update auth.sign_in_guesses set at = at - interval '61 minutes' where bucket = :bucket",
        bucket=bucket,
    )
    with pytest.raises(InvalidCredentialsError):
        await auth.authentication.sign_in(email, "wrong one")


async def test_a_refresh_token_is_single_use_and_reuse_ends_the_family(
    auth: AuthServices, database: DatabaseManager, person: Any
) -> None:
    first = person.session.refresh_token
    second = (await auth.authentication.refresh(first)).refresh_token
    third = (await auth.authentication.refresh(second)).refresh_token
    with pytest.raises(InvalidTokenError):
        await auth.authentication.refresh(first)
    rows = await as_owner(
        database, "select revoked_for from auth.sessions where id = :id", id=person.session.session_id
    )
    assert rows[0].revoked_for == "refresh token reused"
    with pytest.raises(InvalidTokenError):
        await auth.authentication.refresh(third)
    with pytest.raises(InvalidTokenError):
        await auth.authentication.verify_access_token(person.session.access_token)


async def test_a_lost_reply_may_be_retried_with_the_same_successor(auth: AuthServices, person: Any) -> None:
    first = await auth.authentication.refresh(person.session.refresh_token)
    again = await auth.authentication.refresh(person.session.refresh_token)
    assert again.refresh_token == first.refresh_token
    following = await auth.authentication.refresh(first.refresh_token)
    assert following.refresh_token != first.refresh_token


async def test_the_retry_is_refused_after_ten_seconds(
    auth: AuthServices, database: DatabaseManager, person: Any
) -> None:
    await auth.authentication.refresh(person.session.refresh_token)
    await as_owner(
        database,
        "update auth.refresh_tokens set spent_at = spent_at - interval '11 seconds' "
        "where session_id = :id and spent_at is not null",
        id=person.session.session_id,
    )
    with pytest.raises(InvalidTokenError):
        await auth.authentication.refresh(person.session.refresh_token)


async def test_parallel_refreshes_of_one_token_give_one_successor(auth: AuthServices, person: Any) -> None:
    answers = await asyncio.gather(
        *(auth.authentication.refresh(person.session.refresh_token) for _ in range(8))
    )
    assert len({one.refresh_token for one in answers}) == 1


async def test_a_session_ends_after_thirty_days_whatever_is_refreshed(
    auth: AuthServices, database: DatabaseManager, person: Any
) -> None:
    refreshed = await auth.authentication.refresh(person.session.refresh_token)
    assert refreshed.ends_at == person.session.ends_at
    await as_owner(
        database,
        "update auth.sessions set expires_at = now() - interval '1 second' where id = :id",
        id=person.session.session_id,
    )
    with pytest.raises(InvalidTokenError):
        await auth.authentication.refresh(refreshed.refresh_token)


async def test_credentials_are_stored_as_hashes_only(
    auth: AuthServices, database: DatabaseManager, person: Any
) -> None:
    principal = await auth.authentication.verify_access_token(person.session.access_token)
    membership = await auth.workspaces.access_workspace(principal, None)
    _, key = await auth.keys.create(principal, membership, name="k", days=1, role=None)
    ticket = await auth.authentication.issue_ticket(principal)
    rows: list[str] = []
    for table in ("refresh_tokens", "api_keys", "tickets", "devices", "sessions", "users"):
        rows += [
            str(row) for row in await as_owner(database, f"select to_jsonb(t)::text from auth.{table} t")
        ]
    everything = "\n".join(rows)
    for secret in (person.session.refresh_token, key, ticket, person.session.device_token, PASSWORD):
        assert secret not in everything


async def test_sign_out_ends_the_session(auth: AuthServices, person: Any) -> None:
    principal = await auth.authentication.verify_access_token(person.session.access_token)
    await auth.authentication.sign_out(principal)
    assert not await auth.authentication.is_active(principal)
    with pytest.raises(InvalidTokenError):
        await auth.authentication.verify_access_token(person.session.access_token)
    with pytest.raises(InvalidTokenError):
        await auth.authentication.refresh(person.session.refresh_token)


async def test_a_ticket_opens_once(auth: AuthServices, person: Any) -> None:
    principal = await auth.authentication.verify_access_token(person.session.access_token)
    ticket = await auth.authentication.issue_ticket(principal)
    answers = await asyncio.gather(
        *(auth.authentication.redeem_ticket(ticket) for _ in range(5)), return_exceptions=True
    )
    redeemed = [one for one in answers if not isinstance(one, BaseException)]
    assert [one.user_id for one in redeemed] == [principal.user_id]


async def test_a_ticket_is_worthless_after_half_a_minute_or_after_sign_out(
    auth: AuthServices, database: DatabaseManager, person: Any
) -> None:
    principal = await auth.authentication.verify_access_token(person.session.access_token)
    late, orphaned = [await auth.authentication.issue_ticket(principal) for _ in range(2)]
    rows = await as_owner(
        database,
        "select max(extract(epoch from expires_at - now())) as left from auth.tickets where user_id = :id",
        id=principal.user_id,
    )
    assert rows[0].left <= 30
    await as_owner(
        database,
        "update auth.tickets set expires_at = expires_at - interval '31 seconds' where user_id = :id",
        id=principal.user_id,
    )
    with pytest.raises(InvalidTokenError):
        await auth.authentication.redeem_ticket(late)
    fresh = await auth.authentication.issue_ticket(principal)
    await auth.authentication.sign_out(principal)
    for ticket in (orphaned, fresh):
        with pytest.raises(InvalidTokenError):
            await auth.authentication.redeem_ticket(ticket)
