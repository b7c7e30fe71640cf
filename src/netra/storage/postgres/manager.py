"""DatabaseManager: one pool per role, made when first used."""

import asyncio
import contextlib
import hmac
import time
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from types import MappingProxyType
from typing import Literal

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, InterfaceError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from netra.storage.postgres.errors import DatabaseBusyError, DatabaseUnavailableError, sql_state
from netra.storage.postgres.url_builder import DatabaseURLBuilder

DatabaseRole = Literal["admin", "owner", "app", "auth", "dbos"]

ROLE_NAMES: Mapping[DatabaseRole, str] = MappingProxyType(
    {"owner": "netra_owner", "app": "netra_app", "auth": "netra_auth", "dbos": "netra_dbos"}
)

# Starting up, shutting down, connection lost, too many connections: all pass by themselves.
_PASSING_STATES = ("57P", "08", "53300")


@dataclass(frozen=True, slots=True)
class PoolSettings:
    """Size of each pool, seconds to wait for a connection of it, seconds to wait for the server
    to come back.
    """

    size: int = 5
    overflow: int = 5
    wait_s: float = 3.0
    patience_s: float = 5.0
    connect_timeout_s: float = 5.0


class DatabaseManager:
    """Engines and pools of one database, by role.

    `admin` is an address that may create roles (used to migrate). The other roles are reached at the same
    server; given `role_secret`, each has the password HMAC-SHA256(role_secret, role name), else none (trusted
    socket). A pool is made at first use and closed by `close`. Errors: DatabaseBusyError when no connection
    comes free within `wait_s`, DatabaseUnavailableError when the server does not answer within `patience_s`.
    """

    def __init__(
        self,
        admin: DatabaseURLBuilder,
        *,
        role_secret: bytes | None = None,
        pools: PoolSettings | None = None,
    ) -> None:
        self._admin = admin
        self._secret = role_secret
        self._pools = pools or PoolSettings()
        self._engines: dict[DatabaseRole, AsyncEngine] = {}

    def url(self, role: DatabaseRole) -> DatabaseURLBuilder:
        """The address of the database for a role."""
        if role == "admin":
            return self._admin
        return self._admin.as_role(ROLE_NAMES[role], self.role_password(role))

    def role_password(self, role: DatabaseRole) -> str | None:
        """The derived password of a role; None where the server trusts the socket."""
        if self._secret is None:
            return None
        return hmac.new(self._secret, f"postgres:{ROLE_NAMES[role]}".encode(), sha256).hexdigest()

    def engine(self, role: DatabaseRole) -> AsyncEngine:
        """The engine of a role, made when first asked for."""
        engine = self._engines.get(role)
        if engine is None:
            engine = self._engines[role] = self._create(role)
        return engine

    @contextlib.asynccontextmanager
    async def connection(
        self, role: DatabaseRole, *, serializable: bool = False
    ) -> AsyncGenerator[AsyncConnection]:
        """A connection of the role's pool, returned clean or closed. Waits out a restart of the server."""
        connection = await self._checkout(role)
        try:
            if serializable:
                await connection.execution_options(isolation_level="SERIALIZABLE")
            yield connection
        finally:
            # A second cancellation must not interrupt the roll-back: the connection would be lost to the
            # pool.
            await asyncio.shield(asyncio.ensure_future(connection.close()))

    async def ping(self, role: DatabaseRole = "app") -> float:
        """Ask the server something; the seconds it took. Raises like `connection`."""
        started = time.perf_counter()
        try:
            async with self.connection(role) as connection:
                await connection.execute(text("select 1"))
        except DBAPIError as failure:
            raise unavailable(failure, self.url(role)) from failure
        return time.perf_counter() - started

    async def close(self) -> None:
        """Close every pool; connections still in use are closed when they come back."""
        engines, self._engines = list(self._engines.values()), {}
        for engine in engines:
            await engine.dispose()

    def _create(self, role: DatabaseRole) -> AsyncEngine:
        url = self.url(role)
        once = role in ("admin", "owner")
        return create_async_engine(
            url.sqlalchemy_url(),
            connect_args={
                **url.connect_args(),
                "timeout": self._pools.connect_timeout_s,
                "server_settings": {"application_name": f"netra {role}", "jit": "off", "timezone": "UTC"},
            },
            pool_size=1 if once else self._pools.size,
            max_overflow=2 if once else self._pools.overflow,
            pool_timeout=self._pools.wait_s,
            pool_recycle=1800,
            pool_use_lifo=True,
        )

    async def _checkout(self, role: DatabaseRole) -> AsyncConnection:
        deadline = time.monotonic() + self._pools.patience_s
        pause = 0.05
        while True:
            try:
                return await self.engine(role).connect()
            except PoolTimeoutError as failure:
                raise DatabaseBusyError(
                    "the database has no free connection at the moment", hint="try again in a few seconds"
                ) from failure
            except (DBAPIError, InterfaceError, OSError) as failure:
                if not is_passing(failure) or time.monotonic() + pause > deadline:
                    raise unavailable(failure, self.url(role)) from failure
            await asyncio.sleep(pause)
            pause = min(pause * 2, 0.5)


def is_passing(failure: BaseException) -> bool:
    """Whether a failure to connect may be gone a moment later (restart, too many connections)."""
    if isinstance(failure, DBAPIError):
        state = sql_state(failure)
        return failure.connection_invalidated or state is None or state.startswith(_PASSING_STATES)
    return isinstance(failure, OSError)


def unavailable(failure: BaseException, url: DatabaseURLBuilder) -> DatabaseUnavailableError:
    """The error to show for a failed connection; names the address without its password."""
    reason = str(failure.orig if isinstance(failure, DBAPIError) else failure).splitlines()
    return DatabaseUnavailableError(
        f"PostgreSQL at {url.redacted()} does not answer: {reason[0] if reason else type(failure).__name__}",
        hint="check that it runs and that the address is right; `netra doctor` says more",
    )
