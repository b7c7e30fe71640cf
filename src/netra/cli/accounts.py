"""`netra users` and `netra login`: accounts, and a session for the command line."""

import asyncio
import socket
from typing import Annotated, Any

import typer

from netra.cli.options import DataDir, Json, Target, Url, Workspace

Email = Annotated[str, typer.Option("--email", "-e", help="The account's e-mail address.")]
Password = Annotated[
    str | None,
    typer.Option("--password", help="Better left out: it is asked for, or read from standard input."),
]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    users = typer.Typer(help="Accounts of this installation (the owner's business).", no_args_is_help=True)
    users.command("list")(list_users)
    users.command("create")(create_user)
    users.command("password")(set_password)
    users.command("disable")(disable_user)
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
    """Create an account."""
    secret = asked_password(password, confirm=True)
    asyncio.run(
        _create(Target(url, data_dir), {"email": email, "password": secret, "name": name}, json_output)
    )


def set_password(
    email: Email,
    password: Password = None,
    url: Url = None,
    data_dir: DataDir = None,
    workspace: Workspace = None,
) -> None:
    """Set an account's password anew and end its sessions."""
    secret = asked_password(password, confirm=True)
    asyncio.run(_change(Target(url, data_dir, workspace), email, "password", {"password": secret}))


def disable_user(
    email: Email,
    enable: Annotated[bool, typer.Option("--enable", help="Let the account in again.")] = False,
    url: Url = None,
    data_dir: DataDir = None,
    workspace: Workspace = None,
) -> None:
    """Shut an account out: its sessions, sockets and keys end."""
    asyncio.run(_change(Target(url, data_dir, workspace), email, "enable" if enable else "disable", {}))


def login(
    email: Email,
    password: Password = None,
    url: Url = None,
    data_dir: DataDir = None,
    workspace: Workspace = None,
) -> None:
    """Sign in to a server; the command line then uses an API key of its own, revocable by `netra keys`."""
    secret = asked_password(password, confirm=False)
    asyncio.run(_login(Target(url, data_dir, workspace), email, secret))


def asked_password(given: str | None, *, confirm: bool) -> str:
    """The password from the option, the terminal, or one line of standard input."""
    import sys

    if given is not None:
        return given
    if sys.stdin.isatty():
        return str(typer.prompt("Password", hide_input=True, confirmation_prompt=confirm, err=True))
    line = sys.stdin.readline().rstrip("\r\n")
    if not line:
        raise typer.BadParameter("none was given", param_hint="--password")
    return line


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
    for user in users:
        state = "[red]disabled[/]" if user.get("disabled") or user.get("disabled_at") else "active"
        cells = [escape(str(user.get(name) or "")) for name in ("id", "email", "name")]
        table.add_row(*cells, state, str(user.get("created_at") or "")[:19])
    data_console().print(table)


async def _create(target: Target, body: dict[str, Any], as_json: bool) -> None:
    from netra.cli.connecting import reachable
    from netra.cli.output import print_json, print_text
    from netra.client.http import NetraClient

    async with reachable(target) as url, NetraClient(url) as client:
        session = await client.sign_up(body["email"], body["password"], body["name"])
    user = session["user"]
    if as_json:
        print_json({"user": user})
    else:
        print_text(f"{user['email']} has an account, {user['id']}")


async def _change(target: Target, email: str, what: str, body: dict[str, Any]) -> None:
    from urllib.parse import quote

    from netra.cli.connecting import connected
    from netra.cli.output import print_text

    async with connected(target) as client:
        await client.post(f"/v1/users/{quote(email, safe='@')}/{what}", body)
    done = {"password": "has a new password", "disable": "is shut out", "enable": "may come in again"}[what]
    print_text(f"{email} {done}")


async def _login(target: Target, email: str, password: str) -> None:
    from netra.cli.connecting import DEFAULT_WORKSPACE, data_directory, reachable, read_json
    from netra.cli.output import print_text
    from netra.cli.workspaces import ensure_workspace, write_private
    from netra.client.http import NetraClient

    home = data_directory(target)
    name = target.workspace or DEFAULT_WORKSPACE
    async with reachable(target) as url, NetraClient(url) as client:
        session = await client.sign_in(email, password)
        client.workspace = await ensure_workspace(client, name)
        made = await client.post("/v1/api-keys", {"name": f"command line on {socket.gethostname()}"})
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    logins = [known for known in read_json(home / "logins.json").get("logins", []) if known.get("url") != url]
    logins.append({"url": url, "email": email, "workspace": name, "api_key": made["api_key"]})
    write_private(home / "logins.json", {"logins": logins})
    print_text(f"signed in to {url} as {session['user']['email']}, workspace {name}")
