"""`netra users` and `netra login`: accounts, and a session for the command line."""

import asyncio
from typing import TYPE_CHECKING, Annotated, Any

import typer

from netra.cli import members
from netra.cli.failures import CommandError
from netra.cli.options import DataDir, Json, Password, Target, Url, Workspace, asked_password

if TYPE_CHECKING:
    from netra.client.http import NetraClient

Email = Annotated[str, typer.Option("--email", "-e", help="The account's e-mail address.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    users = typer.Typer(
        help="Accounts of this installation (its owner's business), and members of a workspace.",
        no_args_is_help=True,
    )
    users.command("list")(list_users)
    users.command("create")(create_user)
    users.command("password")(set_password)
    users.command("disable")(disable_user)
    members.add_to(users)
    app.add_typer(users, name="users")
    app.command("login")(login)


def list_users(
    json_output: Json = False, url: Url = None, data_dir: DataDir = None, workspace: Workspace = None
) -> None:
    """The accounts of this installation."""
    asyncio.run(_list(Target(url, data_dir, workspace), json_output))


def create_user(
    email: Email,
    name: Annotated[str | None, typer.Option("--name", help="How the person is called.")] = None,
    password: Password = None,
    json_output: Json = False,
    url: Url = None,
    data_dir: DataDir = None,
) -> None:
    """Create an account; without --password a random one is made and shown this once."""
    body = {"email": email, "password": password, "name": name}
    asyncio.run(_create(Target(url, data_dir), body, json_output))


def set_password(
    email: Email,
    password: Password = None,
    json_output: Json = False,
    url: Url = None,
    data_dir: DataDir = None,
) -> None:
    """Give an account a new password and end its sessions; without --password a random one is shown."""
    asyncio.run(_set_password(Target(url, data_dir), email, password, json_output))


def disable_user(
    email: Email,
    enable: Annotated[bool, typer.Option("--enable", help="Let the account in again.")] = False,
    url: Url = None,
    data_dir: DataDir = None,
) -> None:
    """Shut an account out: its sessions, sockets and keys end."""
    asyncio.run(_disable(Target(url, data_dir), email, not enable))


def login(
    email: Email,
    password: Password = None,
    url: Url = None,
    data_dir: DataDir = None,
    workspace: Workspace = None,
) -> None:
    """Sign in to a server; the command line then uses an API key of its own, revocable by `netra keys`."""
    secret = asked_password(password)
    asyncio.run(_login(Target(url, data_dir, workspace), email, secret))


async def _list(target: Target, as_json: bool) -> None:
    from rich.markup import escape

    from netra.cli.connecting import connected
    from netra.cli.output import data_console, print_json, tidy_table

    async with connected(target) as client:
        users = [user async for user in client.pages("/v1/users")]
    if as_json:
        print_json({"users": users})
        return
    table = tidy_table(("User", "E-mail", "Name", "State", "Since"))
    for account in users:
        user: dict[str, Any] = account["user"]
        state = "[red]disabled[/]" if account["is_disabled"] else "active"
        state = "owner" if account["is_installation_owner"] else state
        cells = [escape(str(user.get(name) or "")) for name in ("id", "email", "name")]
        table.add_row(*cells, state, str(account["created_at"])[:10])
    data_console().print(table)


async def _create(target: Target, body: dict[str, Any], as_json: bool) -> None:
    from netra.cli.connecting import connected
    from netra.cli.output import print_json, print_text

    given = {name: value for name, value in body.items() if value is not None}
    async with connected(target) as client:
        made: dict[str, Any] = await client.post("/v1/users", given)
    if as_json:
        print_json(made)
    else:
        print_text(f"{made['user']['email']} has an account, {made['user']['id']}")
        if body["password"] is None:
            print_text(f"password, shown this once: {made['password']}")


async def _set_password(target: Target, email: str, password: str | None, as_json: bool) -> None:
    from netra.cli.connecting import connected
    from netra.cli.output import print_json, print_text

    body = {} if password is None else {"password": password}
    async with connected(target) as client:
        user_id = await _user_id(client, email)
        answer: dict[str, Any] = await client.post(f"/v1/users/{user_id}/password-reset", body)
    if as_json:
        print_json({"email": email, "password": answer["password"]})
    elif password is None:
        print_text(f"{email} has a new password, shown this once: {answer['password']}")
    else:
        print_text(f"{email} has a new password")


async def _disable(target: Target, email: str, disabled: bool) -> None:
    from netra.cli.connecting import connected
    from netra.cli.output import print_text

    async with connected(target) as client:
        user_id = await _user_id(client, email)
        await client.post(f"/v1/users/{user_id}/disable", {"disabled": disabled})
    print_text(f"{email} {'is shut out' if disabled else 'may come in again'}")


async def _user_id(client: "NetraClient", email: str) -> str:
    async for account in client.pages("/v1/users", limit=200):
        if account["user"]["email"].casefold() == email.strip().casefold():
            return str(account["user"]["id"])
    raise CommandError(f"there is no account with the address {email}", hint="see: netra users list")


async def _login(target: Target, email: str, password: str) -> None:
    from netra.cli.connecting import DEFAULT_WORKSPACE, data_directory, reachable
    from netra.cli.output import print_text
    from netra.cli.workspaces import ensure_workspace, keep_login
    from netra.client.http import NetraClient

    home = data_directory(target)
    name = target.workspace or DEFAULT_WORKSPACE
    async with reachable(target) as url, NetraClient(url) as client:
        session = await client.sign_in(email, password)
        client.workspace = await ensure_workspace(client, name)
        await keep_login(client, home, email=email, workspace=name)
    print_text(f"signed in to {url} as {session['user']['email']}, workspace {name}")
