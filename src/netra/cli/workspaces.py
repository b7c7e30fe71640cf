"""The workspace a command works in, and files only their owner can read."""

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from netra.client.http import NetraClient


async def ensure_workspace(client: "NetraClient", name: str) -> str:
    """The id of the caller's workspace of that name or id; made when there is none.

    ApiError when the credential may not make one.
    """
    me = cast("dict[str, Any]", await client.get("/v1/me"))
    for workspace in me["workspaces"]:
        if name in (workspace["name"], workspace["id"]):
            return str(workspace["id"])
    made = cast("dict[str, Any]", await client.post("/v1/workspaces", {"name": name}))
    return str(made["id"])


def write_private(path: Path, content: object) -> None:
    """Replace a file by JSON that only its owner can read, in one step."""
    fresh = path.with_name(f"{path.name}.{os.getpid()}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(content, file, indent=2)
    fresh.replace(path)
