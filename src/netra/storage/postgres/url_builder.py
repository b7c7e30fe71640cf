"""DatabaseURLBuilder: from parts to the address a driver takes."""

import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal, get_args
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from sqlalchemy import URL

from netra.storage.postgres.errors import InvalidDatabaseUrlError

SslMode = Literal["disable", "allow", "prefer", "require", "verify-ca", "verify-full"]

_LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})
_CLOUD_SQL_DIRECTORY = "/cloudsql"
_INSTANCE = re.compile(r"^[a-z0-9.:-]+:[a-z0-9-]+:[a-z0-9-]+$")
_MAX_SOCKET_PATH = 107


@dataclass(frozen=True, slots=True)
class DatabaseURLBuilder:
    """The parts of one PostgreSQL address: TCP (`host`), Unix socket (`socket_directory`) or Cloud SQL
    (`instance`).

    Frozen; `as_role` derives the address of another role. Raises InvalidDatabaseUrlError when parts
    contradict each other or break a rule of the environment (staging and production refuse unencrypted TCP to
    another machine).
    """

    database: str
    user: str
    password: str | None = field(default=None, repr=False)
    host: str | None = None
    port: int = 5432
    socket_directory: str | None = None
    instance: str | None = None
    ssl_mode: SslMode | None = None
    ssl_root_certificate: Path | None = None
    environment: str = "development"

    def __post_init__(self) -> None:
        ways = [name for name in ("host", "socket_directory", "instance") if getattr(self, name)]
        if len(ways) != 1:
            raise InvalidDatabaseUrlError(
                f"give exactly one of host, socket_directory, instance (given: {', '.join(ways) or 'none'})"
            )
        if not self.database or not self.user:
            raise InvalidDatabaseUrlError("a database address needs a database name and a user")
        if not 1 <= self.port <= 65535:
            raise InvalidDatabaseUrlError(f"port {self.port} is not between 1 and 65535")
        if self.socket_directory is not None:
            self._check_socket(self.socket_directory)
        if self.instance is not None and not _INSTANCE.match(self.instance):
            raise InvalidDatabaseUrlError(
                f"{self.instance!r} is not a Cloud SQL instance (project:region:name)"
            )
        self._check_encryption()

    @staticmethod
    def from_url(text: str, *, environment: str = "development") -> "DatabaseURLBuilder":
        """Read `postgresql://user:password@host:port/database?sslmode=...&host=/socket/directory`."""
        parts = urlsplit(text)
        if parts.scheme.split("+")[0] not in ("postgresql", "postgres"):
            raise InvalidDatabaseUrlError("a database address begins with postgresql://")
        query = dict(parse_qsl(parts.query))
        unknown = sorted(query.keys() - {"host", "port", "sslmode", "sslrootcert"})
        if unknown:
            raise InvalidDatabaseUrlError(
                f"{', '.join(unknown)} is not understood in a database address; "
                "host, port, sslmode, sslrootcert are"
            )
        host = query.get("host") or parts.hostname or "localhost"
        directory, instance = _as_directory(unquote(host))
        root = query.get("sslrootcert")
        try:
            port = int(query["port"]) if "port" in query else parts.port or 5432
        except ValueError:
            raise InvalidDatabaseUrlError("the port of a database address must be a number") from None
        return DatabaseURLBuilder(
            database=unquote(parts.path.lstrip("/")) or unquote(parts.username or "postgres"),
            user=unquote(parts.username or "postgres"),
            password=unquote(parts.password) if parts.password is not None else None,
            host=None if directory or instance else unquote(host),
            port=port,
            socket_directory=directory,
            instance=instance,
            ssl_mode=_ssl_mode(query.get("sslmode")),
            ssl_root_certificate=Path(root) if root else None,
            environment=environment,
        )

    def as_role(self, user: str, password: str | None) -> "DatabaseURLBuilder":
        """The same database reached as another role."""
        return replace(self, user=user, password=password)

    def with_database(self, database: str) -> "DatabaseURLBuilder":
        """The same server and role, another database."""
        return replace(self, database=database)

    def sqlalchemy_url(self) -> URL:
        """For `create_async_engine`; a socket directory travels as the driver's `host`."""
        socket = self._socket()
        return URL.create(
            "postgresql+asyncpg",
            username=self.user,
            password=self.password,
            host=None if socket else self.host,
            port=None if socket else self.port,
            database=self.database,
            query={"host": socket, "port": str(self.port)} if socket else {},
        )

    def connect_args(self) -> dict[str, object]:
        """What asyncpg takes beside the URL: how to encrypt."""
        if self._socket() is not None or self.ssl_mode is None:
            return {} if self._socket() is None else {"ssl": False}
        if self.ssl_root_certificate is not None and self.ssl_mode in ("verify-ca", "verify-full"):
            context = ssl.create_default_context(cafile=str(self.ssl_root_certificate))
            context.check_hostname = self.ssl_mode == "verify-full"
            return {"ssl": context}
        return {"ssl": self.ssl_mode}

    def libpq_url(self) -> str:
        """The address as libpq and psycopg take it; credentials are percent-encoded."""
        return self._url(quote(self.password, safe="") if self.password is not None else None)

    def redacted(self) -> str:
        """The address with the password masked: fit for logs and errors."""
        return self._url("********" if self.password is not None else None)

    def _url(self, password: str | None) -> str:
        credentials = quote(self.user, safe="") + (f":{password}" if password is not None else "")
        query: dict[str, str] = {}
        socket = self._socket()
        if socket is not None:
            where = ""
            query = {"host": socket, "port": str(self.port)}
        else:
            host = f"[{self.host}]" if self.host and ":" in self.host else self.host
            where = f"{host}:{self.port}"
            query |= {"sslmode": self.ssl_mode} if self.ssl_mode else {}
            query |= {"sslrootcert": str(self.ssl_root_certificate)} if self.ssl_root_certificate else {}
        tail = _query(query)
        return f"postgresql://{credentials}@{where}/{quote(self.database, safe='')}{tail}"

    def _socket(self) -> str | None:
        if self.instance is not None:
            return f"{_CLOUD_SQL_DIRECTORY}/{self.instance}"
        return self.socket_directory

    def _check_socket(self, directory: str) -> None:
        if not directory.startswith("/"):
            raise InvalidDatabaseUrlError(f"the socket directory {directory!r} must be an absolute path")
        length = len(f"{directory}/.s.PGSQL.{self.port}".encode())
        if length > _MAX_SOCKET_PATH:
            raise InvalidDatabaseUrlError(
                f"the socket path has {length} bytes, the operating system allows {_MAX_SOCKET_PATH}: "
                "use a shorter directory"
            )

    def _check_encryption(self) -> None:
        if self._socket() is not None:
            if self.ssl_mode not in (None, "disable"):
                raise InvalidDatabaseUrlError(f"sslmode={self.ssl_mode} has no meaning over a Unix socket")
            return
        strict = self.environment in ("staging", "production")
        if (
            strict
            and self.host not in _LOCAL
            and self.ssl_mode not in ("require", "verify-ca", "verify-full")
        ):
            raise InvalidDatabaseUrlError(
                f"in {self.environment} a database on another machine needs "
                "sslmode=require, verify-ca or verify-full"
            )


def _as_directory(host: str) -> tuple[str | None, str | None]:
    if not host.startswith("/"):
        return None, None
    if host.startswith(_CLOUD_SQL_DIRECTORY + "/"):
        return None, host.removeprefix(_CLOUD_SQL_DIRECTORY + "/")
    return host, None


def _ssl_mode(text: str | None) -> SslMode | None:
    for mode in get_args(SslMode):
        if text == mode:
            return mode
    if text is None:
        return None
    raise InvalidDatabaseUrlError(f"sslmode={text} is none of {', '.join(get_args(SslMode))}")


def _query(values: Mapping[str, str]) -> str:
    return (
        "?" + "&".join(f"{name}={quote(value, safe='')}" for name, value in values.items()) if values else ""
    )
