"""`netra keys`: API keys of the workspace."""

import asyncio
from typing import Annotated, Any

import typer

from netra.cli.options import DataDir, Json, Target, Url, Workspace


def register(app: typer.Typer) -> None:
    """Add the commands."""
    keys = typer.Typer(help="API keys.", no_args_is_help=True)
    keys.command("list")(list_keys)
    keys.command("create")(create_key)
    keys.command("revoke")(revoke_key)
    app.add_typer(keys, name="keys")


def list_keys(
    json_output: Json = False, url: Url = None, data_dir: DataDir = None, workspace: Workspace = None
) -> None:
    """Your API keys; the secrets themselves are never shown again."""
    asyncio.run(_list(Target(url, data_dir, workspace), json_output))


def create_key(
    name: Annotated[str, typer.Argument(help="What it is for.")],
    json_output: Json = False,
    url: Url = None,
    data_dir: DataDir = None,
    workspace: Workspace = None,
) -> None:
    """Make an API key for the workspace and show it this once."""
    asyncio.run(_create(Target(url, data_dir, workspace), name, json_output))


def revoke_key(
    key: Annotated[str, typer.Argument(metavar="KEY", help="Id of the key.")],
    url: Url = None,
    data_dir: DataDir = None,
    workspace: Workspace = None,
) -> None:
    """End an API key at once."""
    asyncio.run(_revoke(Target(url, data_dir, workspace), key))


async def _list(target: Target, as_json: bool) -> None:
    from rich.markup import escape

    from netra.cli.connecting import connected
    from netra.cli.output import data_console, print_json, tidy_table

    async with connected(target) as client:
        keys = [key async for key in client.pages("/v1/api-keys")]
    if as_json:
        print_json({"keys": keys})
        return
    table = tidy_table(("Key", "Name", "Begins with", "Role", "Made", "Expires"))
    for key in keys:
        cells = [escape(str(key.get(name) or "")) for name in ("id", "name", "display")]
        role = str(key.get("role") or "as its owner")
        table.add_row(*cells, role, str(key["created_at"])[:10], str(key["expires_at"])[:10])
    data_console().print(table)


async def _create(target: Target, name: str, as_json: bool) -> None:
    from netra.cli.connecting import connected
    from netra.cli.output import print_json, print_text

    async with connected(target) as client:
        made: dict[str, Any] = await client.post("/v1/api-keys", {"name": name})
    if as_json:
        print_json(made)
    else:
        print_text(str(made["key"]))


async def _revoke(target: Target, key: str) -> None:
    from netra.cli.connecting import connected
    from netra.cli.output import print_text

    async with connected(target) as client:
        await client.request("DELETE", f"/v1/api-keys/{key}")
    print_text(f"{key} is revoked")
