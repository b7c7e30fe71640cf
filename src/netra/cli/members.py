"""`netra users members|invite|...`: who is in a workspace, and letting people in."""

import asyncio
from typing import TYPE_CHECKING, Annotated, Any

import typer

from netra.cli.failures import CommandError
from netra.cli.options import DataDir, Json, Password, Target, Url, Workspace, asked_password

if TYPE_CHECKING:
    from netra.client.http import NetraClient

ROLES = ("owner", "admin", "analyst", "viewer")
Email = Annotated[str, typer.Option("--email", "-e", help="The person's e-mail address.")]


def checked_role(written: str) -> str:
    """A role by name. BadParameter otherwise."""
    if written not in ROLES:
        raise typer.BadParameter(f"{written!r} is no role; one of {', '.join(ROLES)}", param_hint="--role")
    return written


Role = Annotated[
    str,
    typer.Option(
        "--role",
        "-r",
        callback=checked_role,
        help="What the person may do: owner, admin, analyst (asks, imports) or viewer (asks only).",
    ),
]


def add_to(users: typer.Typer) -> None:
    """Add the commands about members to those about accounts."""
    users.command("members")(list_members)
    users.command("invite")(invite_member)
    users.command("invitations")(list_invitations)
    users.command("withdraw")(withdraw_invitation)
    users.command("accept")(accept_invitation)
    users.command("role")(change_role)
    users.command("remove")(remove_member)


def list_members(
    json_output: Json = False, url: Url = None, data_dir: DataDir = None, workspace: Workspace = None
) -> None:
    """Who is in the workspace, with roles."""
    asyncio.run(_members(Target(url, data_dir, workspace), json_output))


def invite_member(
    email: Email,
    role: Role = "viewer",
    json_output: Json = False,
    url: Url = None,
    data_dir: DataDir = None,
    workspace: Workspace = None,
) -> None:
    """Invite a person into the workspace; the code is shown this once and counts for that address only."""
    asyncio.run(_invite(Target(url, data_dir, workspace), email, role, json_output))


def list_invitations(
    json_output: Json = False, url: Url = None, data_dir: DataDir = None, workspace: Workspace = None
) -> None:
    """Invitations that nobody has accepted yet."""
    asyncio.run(_invitations(Target(url, data_dir, workspace), json_output))


def withdraw_invitation(
    invitation: Annotated[str, typer.Argument(metavar="INVITATION", help="Its id, or the address invited.")],
    url: Url = None,
    data_dir: DataDir = None,
    workspace: Workspace = None,
) -> None:
    """Take an invitation back; its code no longer counts."""
    asyncio.run(_withdraw(Target(url, data_dir, workspace), invitation))


def accept_invitation(
    code: Annotated[str, typer.Argument(metavar="CODE", help="The code that came with the invitation.")],
    email: Email,
    password: Password = None,
    json_output: Json = False,
    url: Url = None,
    data_dir: DataDir = None,
) -> None:
    """Sign in with the invited address and enter the workspace; later commands to this server use it."""
    secret = asked_password(password)
    asyncio.run(_accept(Target(url, data_dir), code.strip(), email, secret, json_output))


def change_role(
    email: Email,
    role: Role,
    url: Url = None,
    data_dir: DataDir = None,
    workspace: Workspace = None,
) -> None:
    """Give a member of the workspace another role."""
    asyncio.run(_change_role(Target(url, data_dir, workspace), email, role))


def remove_member(
    email: Email, url: Url = None, data_dir: DataDir = None, workspace: Workspace = None
) -> None:
    """Take a person out of the workspace; the account stays."""
    asyncio.run(_remove(Target(url, data_dir, workspace), email))


async def _members(target: Target, as_json: bool) -> None:
    from rich.markup import escape

    from netra.cli.connecting import connected
    from netra.cli.output import data_console, print_json, tidy_table

    async with connected(target) as client:
        members = [member async for member in client.pages(f"/v1/workspaces/{client.workspace}/members")]
    if as_json:
        print_json({"members": members})
        return
    table = tidy_table(("E-mail", "Name", "Role"))
    for member in members:
        user: dict[str, Any] = member["user"]
        table.add_row(escape(str(user["email"])), escape(str(user.get("name") or "")), str(member["role"]))
    data_console().print(table)


async def _invite(target: Target, email: str, role: str, as_json: bool) -> None:
    from netra.cli.connecting import connected
    from netra.cli.output import print_json, print_text, progress_console

    async with connected(target) as client:
        path = f"/v1/workspaces/{client.workspace}/members"
        made: dict[str, Any] = await client.post(path, {"email": email, "role": role})
        address = client.base_url
    if as_json:
        print_json(made)
        return
    print_text(str(made["token"]))
    progress_console().print(
        f"{made['email']} may enter as {made['role']} until {str(made['expires_at'])[:10]}. Pass the code "
        f"on; it is shown this once.\nIt is accepted by that address on the page, {address}/#/join, or with: "
        f"netra users accept CODE --email {made['email']}",
        markup=False,
        soft_wrap=True,
    )


async def _invitations(target: Target, as_json: bool) -> None:
    from rich.markup import escape

    from netra.cli.connecting import connected
    from netra.cli.output import data_console, print_json, print_text, tidy_table

    async with connected(target) as client:
        found = await _open(client)
    if as_json:
        print_json({"invitations": found})
    elif not found:
        print_text("no invitation is open")
    else:
        table = tidy_table(("Invitation", "E-mail", "Role", "Until"))
        for one in found:
            table.add_row(
                str(one["id"]), escape(str(one["email"])), str(one["role"]), str(one["expires_at"])[:10]
            )
        data_console().print(table)


async def _withdraw(target: Target, invitation: str) -> None:
    from netra.cli.connecting import connected
    from netra.cli.output import print_text

    async with connected(target) as client:
        wanted = invitation.strip()
        if "@" in wanted:
            by_address = {str(one["email"]).casefold(): str(one["id"]) for one in await _open(client)}
            if wanted.casefold() not in by_address:
                raise CommandError(f"no invitation of {wanted} is open", hint="see: netra users invitations")
            wanted = by_address[wanted.casefold()]
        await client.request("DELETE", f"/v1/workspaces/{client.workspace}/invitations/{wanted}")
    print_text(f"the invitation {invitation.strip()} is withdrawn")


async def _accept(target: Target, code: str, email: str, password: str, as_json: bool) -> None:
    from netra.cli.connecting import data_directory, reachable
    from netra.cli.output import print_json, print_text
    from netra.cli.workspaces import keep_login
    from netra.client.http import NetraClient

    # With the password: the key of an earlier sign-in belongs to one workspace and may enter no other.
    async with reachable(target) as url, NetraClient(url) as client:
        await client.sign_in(email, password)
        joined: dict[str, Any] = await client.post("/v1/invitations/accept", {"token": code})
        client.workspace = str(joined["id"])
        await keep_login(client, data_directory(target), email=email, workspace=client.workspace)
    if as_json:
        print_json(joined)
    else:
        print_text(f"you are in the workspace {joined['name']} as {joined['role']}")


async def _change_role(target: Target, email: str, role: str) -> None:
    from netra.cli.connecting import connected
    from netra.cli.output import print_text

    async with connected(target) as client:
        path = f"/v1/workspaces/{client.workspace}/members/{await _member_id(client, email)}"
        await client.request("PATCH", path, json={"role": role})
    print_text(f"{email} is {role} now")


async def _remove(target: Target, email: str) -> None:
    from netra.cli.connecting import connected
    from netra.cli.output import print_text

    async with connected(target) as client:
        user_id = await _member_id(client, email)
        await client.request("DELETE", f"/v1/workspaces/{client.workspace}/members/{user_id}")
    print_text(f"{email} is no longer in the workspace")


async def _open(client: "NetraClient") -> list[dict[str, Any]]:
    return [one async for one in client.pages(f"/v1/workspaces/{client.workspace}/invitations")]


async def _member_id(client: "NetraClient", email: str) -> str:
    async for member in client.pages(f"/v1/workspaces/{client.workspace}/members"):
        if str(member["user"]["email"]).casefold() == email.strip().casefold():
            return str(member["user"]["id"])
    raise CommandError(
        f"no member of this workspace has the address {email}", hint="see: netra users members"
    )
