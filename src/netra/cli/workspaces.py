"""The workspace a command works in, and files only their owner can read."""

import json
import os
import socket
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from netra.cli.failures import CommandError

if TYPE_CHECKING:
    from netra.client.http import NetraClient


async def ensure_workspace(client: "NetraClient", name: str) -> str:
    """The id of the caller's workspace of that name or id; made when there is none.

    CommandError when the credential may not make one, as a key of another workspace may not.
    """
    from netra.client.errors import ApiError

    me = cast("dict[str, Any]", await client.get("/v1/me"))
    for workspace in me["workspaces"]:
        if name in (workspace["name"], workspace["id"]):
            return str(workspace["id"])
    if name.startswith("wsp_"):
        raise _not_there(name, me)
    try:
        made = cast("dict[str, Any]", await client.post("/v1/workspaces", {"name": name}))
    except ApiError as refused:
        if refused.status != 403:
            raise
        raise _not_there(name, me) from None
    return str(made["id"])


def _not_there(name: str, me: dict[str, Any]) -> CommandError:
    """No such workspace for this credential, with those there are."""
    names = ", ".join(str(workspace["name"]) for workspace in me["workspaces"])
    return CommandError(
        f"you are not in a workspace {name}, or not any more",
        hint=f"you are in: {names}" if names else "sign in: netra login --url URL --email YOU",
    )


async def keep_login(client: "NetraClient", home: Path, *, email: str, workspace: str) -> None:
    """Leave an API key of the client's workspace in the data directory, for later commands to this server."""
    made = await client.post("/v1/api-keys", {"name": f"command line on {socket.gethostname()}"})
    fresh = {"url": client.base_url, "email": email, "workspace": workspace, "api_key": made["key"]}
    _put_login(home, fresh)


def _put_login(home: Path, fresh: dict[str, Any]) -> None:
    from netra.cli.connecting import read_json

    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    kept = read_json(home / "logins.json").get("logins", [])
    logins = [known for known in kept if known.get("url") != fresh["url"]]
    write_private(home / "logins.json", {"logins": [*logins, fresh]})


def write_private(path: Path, content: object) -> None:
    """Replace a file by JSON that only its owner can read, in one step."""
    fresh = path.with_name(f"{path.name}.{os.getpid()}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(content, file, indent=2)
    fresh.replace(path)
