"""Cookies, origins, headers, keys, workspaces and administration through the HTTP surface."""

from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest

from netra.auth.cookies import REFRESH_COOKIE
from netra.auth.services import AuthServices
from netra.http.pagination import encode_cursor

pytestmark = pytest.mark.protects("W5")

PASSWORD = "violet kettle 1984 morning"
People = Callable[[], Awaitable[Any]]

# An installation has one owner and one owner's key: other tests of the run must not replace it meanwhile.
installation_of_its_own = pytest.mark.parametrize("database", ["own"], indirect=True)


async def sign_in(client: httpx.AsyncClient, email: str, **headers: str) -> httpx.Response:
    return await client.post("/v1/auth/sign-in", json={"email": email, "password": PASSWORD}, headers=headers)


async def test_sign_in_sets_a_host_cookie_that_scripts_cannot_read(
    client: httpx.AsyncClient, person: Any
) -> None:
    answer = await sign_in(client, person.email)
    cookies = answer.headers.get_list("set-cookie")
    refresh = next(one for one in cookies if one.startswith(f"{REFRESH_COOKIE}="))
    for flag in ("HttpOnly", "Secure", "SameSite=strict", "Path=/"):
        assert flag.lower() in refresh.lower()
    assert "domain" not in refresh.lower()
    body = answer.json()
    assert set(body["user"]) == {"id", "email", "name"}
    assert body["refresh_token"] is None
    assert body["expires_in"] <= 600
    assert answer.headers["cache-control"] == "no-store"


async def test_the_command_line_gets_the_refresh_token_in_the_body(
    client: httpx.AsyncClient, person: Any
) -> None:
    answer = await sign_in(client, person.email, **{"Netra-Client": "cli"})
    assert "set-cookie" not in answer.headers
    token = answer.json()["refresh_token"]
    refreshed = await client.post(
        "/v1/auth/refresh", json={"refresh_token": token}, headers={"Netra-Client": "cli"}
    )
    assert refreshed.status_code == 200
    assert refreshed.json()["refresh_token"] not in (None, token)


async def test_the_cookie_refreshes_and_sign_out_ends_it(client: httpx.AsyncClient, person: Any) -> None:
    await sign_in(client, person.email)
    refreshed = await client.post("/v1/auth/refresh")
    assert refreshed.status_code == 200
    bearer = {"Authorization": f"Bearer {refreshed.json()['access_token']}"}
    assert (await client.get("/v1/me", headers=bearer)).status_code == 200
    assert (await client.post("/v1/auth/sign-out")).status_code == 204
    assert (await client.post("/v1/auth/refresh")).status_code == 401
    assert (await client.get("/v1/me", headers=bearer)).status_code == 401


@pytest.mark.parametrize(
    ("origin", "status"),
    [
        (None, 200),
        ("https://localhost", 200),
        ("https://page.example.com", 200),
        ("https://evil.example.com", 403),
        ("https://localhost.evil.example.com", 403),
        ("null", 403),
    ],
)
async def test_a_foreign_page_cannot_use_the_cookie(
    client: httpx.AsyncClient, person: Any, origin: str | None, status: int
) -> None:
    await sign_in(client, person.email)
    headers = {"Origin": origin} if origin else {}
    assert (await client.post("/v1/auth/refresh", headers=headers)).status_code == status


async def test_a_rebound_host_name_is_no_own_origin(client: httpx.AsyncClient, person: Any) -> None:
    answer = await client.post(
        "/v1/auth/sign-in",
        json={"email": person.email, "password": PASSWORD},
        headers={"Origin": "https://evil.example.com", "Host": "evil.example.com"},
    )
    assert answer.status_code == 403


@pytest.mark.parametrize(
    "authorization", ["", "Bearer", "Bearer x", "Basic dXNlcjpwYXNz", "Bearer ntr_nothing", "Bearer a.b.c"]
)
async def test_without_a_valid_credential_every_route_answers_401(
    client: httpx.AsyncClient, authorization: str
) -> None:
    headers = {"Authorization": authorization} if authorization else {}
    for method, path in [
        ("GET", "/v1/me"),
        ("POST", "/v1/ws-tickets"),
        ("GET", "/v1/workspaces"),
        ("GET", "/v1/api-keys"),
        ("GET", "/v1/users"),
        ("GET", "/context"),
    ]:
        answer = await client.request(method, path, headers=headers)
        assert answer.status_code == 401, path
        assert answer.headers["www-authenticate"].startswith("Bearer")
        assert answer.headers["content-type"] == "application/problem+json"


async def test_me_tells_who_and_where(client: httpx.AsyncClient, person: Any) -> None:
    body = (await client.get("/v1/me", headers=person.headers)).json()
    assert body["user"]["email"] == person.email
    assert [(one["name"], one["role"]) for one in body["workspaces"]] == [("default", "owner")]
    assert body["is_installation_owner"] is False


async def test_unknown_fields_are_refused(client: httpx.AsyncClient, new_email: Callable[[], str]) -> None:
    answer = await client.post(
        "/v1/auth/sign-up",
        json={"email": new_email(), "password": PASSWORD, "is_installation_owner": True},
    )
    assert answer.status_code == 422
    assert answer.json()["code"] == "invalid_shape"


@pytest.mark.parametrize("password", ["short", "password123", "aaaaaaaaaaaa", "owner.of.this"])
async def test_poor_passwords_are_refused_with_the_reason(client: httpx.AsyncClient, password: str) -> None:
    answer = await client.post(
        "/v1/auth/sign-up", json={"email": "owner.of.this@example.com", "password": password}
    )
    assert answer.status_code == 400
    assert answer.json()["code"] == "unacceptable_password"
    assert password not in answer.text


async def test_the_public_keys_verify_and_hold_nothing_private(
    client: httpx.AsyncClient, person: Any
) -> None:
    body = (await client.get("/.well-known/jwks.json")).json()
    assert body["keys"]
    for key in body["keys"]:
        assert "d" not in key
        assert (key["kty"], key["crv"], key["use"]) == ("OKP", "Ed25519", "sig")


async def test_a_workspace_of_each_name_per_owner(client: httpx.AsyncClient, new_person: People) -> None:
    first, second = await new_person(), await new_person()
    made = await client.post("/v1/workspaces", json={"name": "Team  Blue"}, headers=first.headers)
    assert (made.status_code, made.json()["name"]) == (201, "Team Blue")
    again = await client.post("/v1/workspaces", json={"name": "team blue"}, headers=first.headers)
    assert (again.status_code, again.json()["code"]) == (409, "name_taken")
    other = await client.post("/v1/workspaces", json={"name": "Team Blue"}, headers=second.headers)
    assert other.status_code == 201


async def test_the_header_chooses_the_workspace_by_id_or_name(client: httpx.AsyncClient, person: Any) -> None:
    made = (await client.post("/v1/workspaces", json={"name": "blue"}, headers=person.headers)).json()
    for wanted in (made["id"], "blue", "BLUE"):
        headers = {**person.headers, "Netra-Workspace": wanted}
        context = (await client.get("/context", headers=headers)).json()
        assert (context["workspace_id"], context["role"]) == (made["id"], "owner")


async def test_a_foreign_workspace_answers_like_one_that_does_not_exist(
    client: httpx.AsyncClient, new_person: People, ids: Any
) -> None:
    owner, stranger = await new_person(), await new_person()
    made = (await client.post("/v1/workspaces", json={"name": "secret"}, headers=owner.headers)).json()
    bodies: list[dict[str, Any]] = []
    for wanted in (made["id"], ids.new("wsp"), "secret", "nothing of the kind"):
        answer = await client.get("/context", headers={**stranger.headers, "Netra-Workspace": wanted})
        assert answer.status_code == 404
        bodies.append({k: v for k, v in answer.json().items() if k != "trace_id"})
    assert all(body == bodies[0] for body in bodies)
    members = await client.get(f"/v1/workspaces/{made['id']}/members", headers=stranger.headers)
    assert members.status_code == 404


async def test_roles_decide_who_lets_others_in(client: httpx.AsyncClient, new_person: People) -> None:
    owner, admin, viewer = [await new_person() for _ in range(3)]
    made = (await client.post("/v1/workspaces", json={"name": "team"}, headers=owner.headers)).json()
    path = f"/v1/workspaces/{made['id']}/members"

    async def let_in(by: Any, who: Any, role: str) -> int:
        body = {"email": who.email, "role": role}
        invited = await client.post(path, json=body, headers=by.headers)
        if invited.status_code != 201:
            return invited.status_code
        token = {"token": invited.json()["token"]}
        return (await client.post("/v1/invitations/accept", json=token, headers=who.headers)).status_code

    assert await let_in(owner, admin, "admin") == 200
    assert await let_in(admin, viewer, "viewer") == 200
    assert await let_in(viewer, await new_person(), "viewer") == 403
    assert await let_in(admin, await new_person(), "owner") == 403
    assert await let_in(admin, owner, "viewer") == 409
    context = await client.get("/context", headers={**viewer.headers, "Netra-Workspace": made["id"]})
    assert context.json()["role"] == "viewer"
    assert "usage:write" not in context.json()["permissions"]


async def test_a_role_that_changes_counts_at_once_here(client: httpx.AsyncClient, new_person: People) -> None:
    owner, member = await new_person(), await new_person()
    made = (await client.post("/v1/workspaces", json={"name": "team"}, headers=owner.headers)).json()
    path = f"/v1/workspaces/{made['id']}/members"
    headers = {**member.headers, "Netra-Workspace": made["id"]}
    body = {"email": member.email, "role": "admin"}
    token = (await client.post(path, json=body, headers=owner.headers)).json()["token"]
    await client.post("/v1/invitations/accept", json={"token": token}, headers=member.headers)
    assert (await client.get("/context", headers=headers)).json()["role"] == "admin"
    of_member = f"{path}/{member.session.user.id}"
    changed = await client.patch(of_member, json={"role": "viewer"}, headers=owner.headers)
    assert (changed.status_code, changed.json()["role"]) == (200, "viewer")
    assert (await client.get("/context", headers=headers)).json()["role"] == "viewer"
    assert (await client.patch(of_member, json={"role": "admin"}, headers=member.headers)).status_code == 403
    assert (await client.delete(of_member, headers=owner.headers)).status_code == 204
    assert (await client.get("/context", headers=headers)).status_code == 404
    gone = await client.patch(of_member, json={"role": "viewer"}, headers=owner.headers)
    assert (gone.status_code, gone.json()["code"]) == (404, "user_not_found")


async def test_an_api_key_is_bound_to_its_workspace(client: httpx.AsyncClient, person: Any) -> None:
    other = (await client.post("/v1/workspaces", json={"name": "other"}, headers=person.headers)).json()
    made = await client.post("/v1/api-keys", json={"name": "ci"}, headers=person.headers)
    assert made.status_code == 201
    key = made.json()["key"]
    assert key.startswith("ntr_")
    headers = {"Authorization": f"Bearer {key}"}
    assert (await client.get("/context", headers=headers)).json()["workspace_id"] == made.json()[
        "workspace_id"
    ]
    for wanted in (other["id"], "other"):
        denied = await client.get("/context", headers={**headers, "Netra-Workspace": wanted})
        assert denied.status_code == 404
    for path, body in [("/v1/api-keys", {"name": "more"}), ("/v1/workspaces", {"name": "more"})]:
        assert (await client.post(path, json=body, headers=headers)).status_code == 403


async def test_a_key_is_shown_once_and_ends_when_revoked(
    client: httpx.AsyncClient, new_person: People
) -> None:
    person, stranger = await new_person(), await new_person()
    made = (await client.post("/v1/api-keys", json={"name": "ci"}, headers=person.headers)).json()
    listed = await client.get("/v1/api-keys", headers=person.headers)
    assert made["key"] not in listed.text
    assert [one["id"] for one in listed.json()["items"]] == [made["id"]]
    foreign = await client.delete(f"/v1/api-keys/{made['id']}", headers=stranger.headers)
    assert foreign.status_code == 404
    headers = {"Authorization": f"Bearer {made['key']}"}
    assert (await client.get("/v1/me", headers=headers)).status_code == 200
    assert (await client.delete(f"/v1/api-keys/{made['id']}", headers=person.headers)).status_code == 204
    assert (await client.get("/v1/me", headers=headers)).status_code == 401


async def test_a_key_can_be_limited_to_a_role(client: httpx.AsyncClient, person: Any) -> None:
    made = await client.post("/v1/api-keys", json={"name": "r", "role": "viewer"}, headers=person.headers)
    context = await client.get("/context", headers={"Authorization": f"Bearer {made.json()['key']}"})
    assert context.json()["role"] == "viewer"


@installation_of_its_own
async def test_the_local_owner_begins_with_a_key_for_every_workspace(
    client: httpx.AsyncClient, auth: AuthServices
) -> None:
    owner = await auth.administration.bootstrap_owner()
    again = await auth.administration.bootstrap_owner(owner.api_key)
    assert (again.api_key, again.user.id) == (owner.api_key, owner.user.id)
    headers = {"Authorization": f"Bearer {owner.api_key}"}
    me = (await client.get("/v1/me", headers=headers)).json()
    assert me["is_installation_owner"] is True
    assert owner.workspace_id in [one["id"] for one in me["workspaces"]]
    replaced = await auth.administration.bootstrap_owner("ntr_lost")
    assert replaced.api_key != owner.api_key
    assert (await client.get("/v1/me", headers=headers)).status_code == 401


@installation_of_its_own
async def test_only_the_installation_owner_administers_accounts(
    client: httpx.AsyncClient, auth: AuthServices, person: Any, new_email: Callable[[], str]
) -> None:
    owner = await auth.administration.bootstrap_owner()
    headers = {"Authorization": f"Bearer {owner.api_key}"}
    email = new_email()
    made = await client.post("/v1/users", json={"email": email}, headers=headers)
    assert made.status_code == 201
    user_id = made.json()["user"]["id"]
    for method, path in [
        ("GET", "/v1/users"),
        ("POST", "/v1/users"),
        ("POST", f"/v1/users/{user_id}/password-reset"),
        ("POST", f"/v1/users/{user_id}/disable"),
    ]:
        body = {"email": new_email()} if path == "/v1/users" and method == "POST" else None
        denied = await client.request(method, path, json=body, headers=person.headers)
        assert denied.status_code == 403, path
    reset = await client.post(f"/v1/users/{user_id}/password-reset", headers=headers)
    assert reset.json()["password"] != made.json()["password"]
    session = await auth.authentication.sign_in(email, reset.json()["password"])
    disabled = await client.post(f"/v1/users/{user_id}/disable", headers=headers)
    assert disabled.status_code == 204
    bearer = {"Authorization": f"Bearer {session.access_token}"}
    assert (await client.get("/v1/me", headers=bearer)).status_code == 401
    assert (
        await client.post("/v1/auth/sign-in", json={"email": email, "password": reset.json()["password"]})
    ).status_code == 401


@installation_of_its_own
async def test_the_list_of_accounts_comes_in_pages(
    client: httpx.AsyncClient, auth: AuthServices, new_person: People
) -> None:
    people = [await new_person() for _ in range(3)]
    owner = await auth.administration.bootstrap_owner()
    headers = {"Authorization": f"Bearer {owner.api_key}"}
    seen: list[str] = []
    cursor: str | None = None
    while True:
        query = {"limit": 2, **({"cursor": cursor} if cursor else {})}
        page = (await client.get("/v1/users", params=query, headers=headers)).json()
        assert len(page["items"]) <= 2
        seen += [one["user"]["email"] for one in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert len(seen) == len(set(seen))
    assert {one.email for one in people} <= set(seen)
    for cursor in ("bogus", encode_cursor("yesterday", "usr_1"), encode_cursor("2026-01-01", "usr_1")):
        bad = await client.get("/v1/users", params={"cursor": cursor}, headers=headers)
        assert (bad.status_code, bad.json()["code"]) == (400, "invalid_cursor")


@pytest.mark.parametrize("odd", ["%00", "a%00b", "%ED%A0%80", "%2e%2e", "'--", "x" * 199])
async def test_odd_ids_in_paths_are_refused_and_never_crash(
    client: httpx.AsyncClient, person: Any, odd: str
) -> None:
    for method, path in [
        ("GET", f"/v1/workspaces/{odd}/members"),
        ("DELETE", f"/v1/api-keys/{odd}"),
        ("DELETE", f"/v1/workspaces/{odd}/members/{odd}"),
        ("DELETE", f"/v1/workspaces/{odd}/invitations/{odd}"),
    ]:
        answer = await client.request(method, path, headers=person.headers)
        assert answer.status_code in (400, 404, 405), path


async def test_odd_characters_in_bodies_are_refused_and_never_crash(
    client: httpx.AsyncClient, person: Any
) -> None:
    for odd in ("\\u0000", "\\ud800", "a\\u0000b"):
        for path, field in [("/v1/workspaces", "name"), ("/v1/api-keys", "name")]:
            answer = await client.post(
                path,
                content=f'{{"{field}": "{odd}"}}'.encode(),
                headers={**person.headers, "content-type": "application/json"},
            )
            assert answer.status_code in (400, 422), (path, odd, answer.text)
        body = f'{{"email": "a@b.example", "password": "{odd} and some more"}}'.encode()
        signed = await client.post(
            "/v1/auth/sign-in", content=body, headers={"content-type": "application/json"}
        )
        assert signed.status_code in (400, 401, 422)
