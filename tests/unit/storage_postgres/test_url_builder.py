"""Addresses of PostgreSQL from parts and from text."""

from pathlib import Path
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netra.storage.postgres.errors import InvalidDatabaseUrlError
from netra.storage.postgres.manager import DatabaseManager
from netra.storage.postgres.url_builder import DatabaseURLBuilder

TCP = {"database": "netra", "user": "admin", "host": "db.example.com"}


def test_tcp_for_driver_and_libpq() -> None:
    builder = DatabaseURLBuilder(**TCP, password="p@ss/word", port=6432, ssl_mode="require")  # type: ignore[arg-type]
    url = builder.sqlalchemy_url()
    assert (url.drivername, url.host, url.port, url.password) == (
        "postgresql+asyncpg", "db.example.com", 6432, "p@ss/word",
    )  # fmt: skip
    assert builder.connect_args() == {"ssl": "require"}
    assert builder.libpq_url() == "postgresql://admin:p%40ss%2Fword@db.example.com:6432/netra?sslmode=require"


def test_a_unix_socket_travels_as_host() -> None:
    builder = DatabaseURLBuilder(database="netra", user="admin", socket_directory="/run/pg", port=5433)
    url = builder.sqlalchemy_url()
    assert url.host is None
    assert dict(url.query) == {"host": "/run/pg", "port": "5433"}
    assert builder.connect_args() == {"ssl": False}
    assert builder.libpq_url() == "postgresql://admin@/netra?host=%2Frun%2Fpg&port=5433"


def test_a_cloud_sql_instance_is_a_socket_too() -> None:
    builder = DatabaseURLBuilder(database="netra", user="admin", instance="project:region-1:name")
    assert dict(builder.sqlalchemy_url().query)["host"] == "/cloudsql/project:region-1:name"
    again = DatabaseURLBuilder.from_url(builder.libpq_url())
    assert again == builder


def test_ipv6_hosts_are_bracketed_in_text() -> None:
    builder = DatabaseURLBuilder(database="netra", user="admin", host="::1")
    assert "@[::1]:5432/" in builder.libpq_url()
    assert DatabaseURLBuilder.from_url(builder.libpq_url()) == builder


@given(st.text(min_size=1, max_size=30).filter(lambda t: t.isprintable()), st.text(min_size=1, max_size=20))
def test_every_character_of_a_credential_survives(password: str, user: str) -> None:
    try:
        user.encode()
        password.encode()
    except UnicodeEncodeError:
        return
    builder = DatabaseURLBuilder(database="netra", user=user, password=password, host="h")
    again = DatabaseURLBuilder.from_url(builder.libpq_url())
    assert (again.user, again.password) == (user, password)


@pytest.mark.parametrize("password", ["secret-word", "p@ss:w/o?r#d%"])
def test_redaction_shows_everything_but_the_password(password: str) -> None:
    builder = DatabaseURLBuilder(**TCP, password=password)  # type: ignore[arg-type]
    for shown in (builder.redacted(), repr(builder), str(builder)):
        assert password not in unquote(shown)
    assert "admin" in builder.redacted()
    assert "db.example.com" in builder.redacted()


def test_a_role_is_the_same_database_as_somebody_else() -> None:
    builder = DatabaseURLBuilder(**TCP, password="x", ssl_mode="verify-full")  # type: ignore[arg-type]
    role = builder.as_role("netra_app", "y")
    assert (role.user, role.password, role.host, role.ssl_mode) == (
        "netra_app", "y", "db.example.com", "verify-full",
    )  # fmt: skip
    assert role.with_database("other").database == "other"


def test_role_passwords_follow_from_the_secret() -> None:
    builder = DatabaseURLBuilder(**TCP)  # type: ignore[arg-type]
    first, second = DatabaseManager(builder, role_secret=b"one"), DatabaseManager(builder, role_secret=b"two")
    assert first.role_password("app") == DatabaseManager(builder, role_secret=b"one").role_password("app")
    assert len({first.role_password("app"), first.role_password("auth"), second.role_password("app")}) == 3
    assert DatabaseManager(builder).role_password("app") is None
    assert first.url("admin") is builder


def test_verification_uses_the_given_certificate() -> None:
    certificate = next(Path("/etc/ssl/certs").glob("ca-certificates.crt"), None)
    if certificate is None:
        pytest.skip("this machine has no bundle of certificates")
    args = DatabaseURLBuilder(
        **TCP,
        ssl_mode="verify-ca",
        ssl_root_certificate=certificate,  # type: ignore[arg-type]
    ).connect_args()
    assert args["ssl"].check_hostname is False  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "text",
    [
        "mysql://u:p@h/db",
        "postgresql://u:p@h/db?sslmode=maybe",
        "postgresql://u:p@h/db?options=-c%20x",
        "postgresql://u:p@h/db?port=x",
    ],
)
def test_an_address_that_is_not_understood_says_why(text: str) -> None:
    with pytest.raises(InvalidDatabaseUrlError):
        DatabaseURLBuilder.from_url(text)


@pytest.mark.parametrize(
    ("parts", "reason"),
    [
        ({"database": "d", "user": "u"}, "exactly one of"),
        ({"database": "d", "user": "u", "host": "h", "socket_directory": "/run"}, "exactly one of"),
        ({"database": "", "user": "u", "host": "h"}, "needs a database name"),
        ({"database": "d", "user": "", "host": "h"}, "needs a database name and a user"),
        ({"database": "d", "user": "u", "host": "h", "port": 0}, "port 0"),
        ({"database": "d", "user": "u", "socket_directory": "run"}, "absolute"),
        ({"database": "d", "user": "u", "socket_directory": "/" + "x" * 120}, "bytes"),
        ({"database": "d", "user": "u", "socket_directory": "/run", "ssl_mode": "require"}, "no meaning"),
        ({"database": "d", "user": "u", "instance": "../etc"}, "Cloud SQL"),
        ({"database": "d", "user": "u", "host": "h", "environment": "production"}, "needs sslmode"),
        (
            {"database": "d", "user": "u", "host": "h", "environment": "staging", "ssl_mode": "prefer"},
            "needs sslmode",
        ),
    ],
)
def test_parts_that_do_not_fit_together_are_refused(parts: dict[str, object], reason: str) -> None:
    with pytest.raises(InvalidDatabaseUrlError, match=reason):
        DatabaseURLBuilder(**parts)  # type: ignore[arg-type]


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "::1"])
def test_loopback_needs_no_encryption_in_production(host: str) -> None:
    DatabaseURLBuilder(database="d", user="u", host=host, environment="production")


def test_a_container_host_name_is_a_host() -> None:
    builder = DatabaseURLBuilder.from_url("postgres://u:p@postgres_db:5432/netra")
    assert (builder.host, builder.database) == ("postgres_db", "netra")
