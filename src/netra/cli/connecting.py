"""From a target to a connected client: a named server, the running one, or one started for the duration."""

import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from netra.cli.failures import CommandError
from netra.cli.options import Target

if TYPE_CHECKING:
    from netra.client.http import NetraClient

DEFAULT_WORKSPACE = "default"


@dataclass(frozen=True, slots=True)
class Credential:
    """An API key of a server; `workspace` is the one used when a command names none."""

    url: str
    api_key: str
    workspace: str


@asynccontextmanager
async def connected(target: Target) -> "AsyncGenerator[NetraClient]":
    """A client of the target's server and workspace; a server started for it is stopped at the end.

    Raises CommandError when there is no credential for the server, ClientError when it does not answer.
    """
    home = data_directory(target)
    if target.url is not None:
        async with _client(read_credential(home, target.url), target) as client:
            yield client
        return
    running = await find_running(home)
    if running is not None:
        async with _client(read_credential(home, running), target) as client:
            yield client
        return
    from netra.cli.spawning import server_for_the_duration

    async with (
        server_for_the_duration(home) as url,
        _client(read_credential(home, url), target) as client,
    ):
        yield client


@asynccontextmanager
async def reachable(target: Target) -> AsyncGenerator[str]:
    """The address of the target's server without a credential, for signing in."""
    home = data_directory(target)
    running = target.url or await find_running(home)
    if running is not None:
        yield running
        return
    from netra.cli.spawning import server_for_the_duration

    async with server_for_the_duration(home) as url:
        yield url


def data_directory(target: Target) -> Path:
    """The data directory the target means, absolute."""
    if target.data_dir is not None:
        return target.data_dir.expanduser().absolute()
    from netra.config.environment import IsolatedEnvironment
    from netra.config.settings import load_settings

    return load_settings(IsolatedEnvironment()).home.expanduser().absolute()


async def find_running(home: Path) -> str | None:
    """The address of the server that runs over this data directory, None when none answers."""
    facts = read_json(home / "server.json")
    url, pid = facts.get("url"), facts.get("pid")
    if not isinstance(url, str) or not isinstance(pid, int):
        return None
    import httpx
    import psutil

    if not psutil.pid_exists(pid):
        return None
    try:
        async with httpx.AsyncClient(trust_env=False, timeout=10) as probe:
            answer = await probe.get(f"{url.rstrip('/')}/healthz")
    except httpx.TransportError:
        return None
    return url if answer.is_success else None


def read_credential(home: Path, url: str) -> Credential:
    """The key for this server: the local owner's, or the one `netra login` left. Raises CommandError."""
    owner = read_json(home / "owner.json")
    own_server = read_json(home / "server.json").get("url")
    if isinstance(owner.get("api_key"), str) and _same(url, own_server, owner.get("url")):
        return Credential(url, str(owner["api_key"]), DEFAULT_WORKSPACE)
    for login in read_json(home / "logins.json").get("logins", []):
        if _same(url, login.get("url")):
            return Credential(url, str(login["api_key"]), str(login.get("workspace") or DEFAULT_WORKSPACE))
    raise CommandError(
        f"there is no credential for {url} in {home}",
        hint=f"sign in first: netra login --url {url} --email YOU",
    )


def read_json(path: Path) -> dict[str, Any]:
    """The object in a JSON file; empty when there is none to read."""
    try:
        found: object = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return cast("dict[str, Any]", found) if isinstance(found, dict) else {}


def _same(url: str, *others: object) -> bool:
    return any(isinstance(other, str) and other.rstrip("/") == url.rstrip("/") for other in others)


@asynccontextmanager
async def _client(credential: Credential, target: Target) -> "AsyncGenerator[NetraClient]":
    from netra.cli.workspaces import ensure_workspace
    from netra.client.http import NetraClient

    wanted = target.workspace or credential.workspace
    async with NetraClient(credential.url, api_key=credential.api_key) as client:
        client.workspace = await ensure_workspace(client, wanted)
        yield client
