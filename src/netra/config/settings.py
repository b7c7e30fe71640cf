"""Settings: what a process of Netra can be told at start, each declared once."""

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from netra.config import parsing
from netra.config.environment import IsolatedEnvironment
from netra.config.errors import ConfigurationError
from netra.config.secret import Secret


@dataclass(frozen=True, slots=True)
class SettingSpec:
    """How one setting is written: its variable, what it means, an example of a good value, the default as
    text.
    """

    name: str
    variable: str
    description: str
    expects: str
    default: str


def _about(
    description: str,
    parse: Callable[[str], object],
    expects: str,
    *,
    variable: str | None = None,
    shown: str | None = None,
) -> dict[str, Any]:
    return {
        "description": description,
        "parse": parse,
        "expects": expects,
        "variable": variable,
        "shown": shown,
    }


@dataclass(frozen=True)
class Settings:
    """Everything a process is told at start. Read with `load_settings`; frozen afterwards."""

    environment: str = field(
        default="development",
        metadata=_about(
            "Where this installation runs; `staging` and `production` refuse `.env` files.",
            parsing.choice("development", "test", "staging", "production"),
            "development, test, staging or production",
            variable="NETRA_ENV",
        ),
    )
    home: Path = field(
        default_factory=parsing.default_home,
        metadata=_about(
            "Data directory: engines, logs, rejected rows, secrets, `owner.json`.",
            parsing.path,
            "a directory, for example /var/lib/netra",
            shown="the platform's user data folder",
        ),
    )
    host: str = field(
        default="127.0.0.1",
        metadata=_about("Address the server listens on.", parsing.text, "a host name or address: 0.0.0.0"),
    )
    port: int = field(
        default=8400,
        metadata=_about(
            "Port the server listens on; 0 takes a free one.",
            parsing.whole(0, 65535),
            "a number from 0 to 65535",
        ),
    )
    public_url: str | None = field(
        default=None,
        metadata=_about(
            "Address under which browsers reach the server, when it is not host and port.",
            parsing.http_url,
            "https://netra.example.com",
        ),
    )
    allowed_origins: tuple[str, ...] = field(
        default=(),
        metadata=_about(
            "Further web origins, separated by commas, that may use cookies and open a WebSocket.",
            parsing.origins,
            "https://a.example.com,https://b.example.com",
        ),
    )
    database_url: str | None = field(
        default=None,
        metadata=_about(
            "PostgreSQL (15 or newer) to use instead of the embedded one, as a role that may create roles.",
            parsing.url("postgresql", "postgres"),
            "postgresql://admin:secret@db.example.com:5432/netra",
        ),
    )
    valkey_url: str | None = field(
        default=None,
        metadata=_about(
            "Valkey to use instead of the embedded one.",
            parsing.url("redis", "rediss", "valkey", "valkeys", "unix"),
            "redis://:secret@cache.example.com:6379/0",
        ),
    )
    clickhouse_url: str | None = field(
        default=None,
        metadata=_about(
            "ClickHouse to use instead of the embedded analytics engine: one server. The tables are not "
            "replicated, so several servers behind one address are not supported.",
            parsing.url("http", "https"),
            "https://user:secret@clickhouse.example.com:8443/netra",
        ),
    )
    timezone: str = field(
        default="UTC",
        metadata=_about(
            "Time zone that groups by day and shows times.",
            parsing.timezone,
            "a name of the tz database, for example Europe/Berlin",
        ),
    )
    llm_base_url: str | None = field(
        default=None,
        metadata=_about(
            "OpenAI-compatible endpoint for the agents; without it the built-in analyst answers.",
            parsing.http_url,
            "https://api.openai.com/v1",
        ),
    )
    llm_api_key: Secret | None = field(
        default=None,
        metadata=_about("Key for that endpoint.", Secret, "the key as the provider gave it"),
    )
    llm_model: str | None = field(
        default=None,
        metadata=_about("Model the agents use at that endpoint.", parsing.text, "gpt-4o-mini"),
    )
    price_overrides: Path | None = field(
        default=None,
        metadata=_about(
            "TOML file with the installation's own prices, put over the catalogue.",
            parsing.path,
            "/etc/netra/prices.toml",
        ),
    )
    log_level: str = field(
        default="info",
        metadata=_about(
            "Least severe messages that are logged.",
            parsing.choice("debug", "info", "warning", "error"),
            "debug, info, warning or error",
        ),
    )
    run_timeout_s: int = field(
        default=300,
        metadata=_about(
            "Seconds after which an agent run is stopped with what it has.",
            parsing.whole(1, 86400),
            "a number of seconds from 1 to 86400",
        ),
    )
    secret_key: Secret | None = field(
        default=None,
        metadata=_about(
            "Secret of the installation, the same in every process; default: made in the data directory.",
            parsing.long_secret,
            "at least 32 random characters",
        ),
    )
    outbox_limit_mb: int = field(
        default=4096,
        metadata=_about(
            "How much that came in live may wait for the analytics store; beyond it senders must wait.",
            parsing.whole(1, 1_000_000),
            "a number of MiB from 1 to 1000000",
        ),
    )
    query_memory_mb: int | None = field(
        default=None,
        metadata=_about(
            "Memory that one question may take in the analytics store; exact percentiles of 100 million "
            "calls take about 1600 a column.",
            parsing.whole(256, 10_000_000),
            "a number of MiB from 256 to 10000000",
            shown="a quarter of this machine's, at least 2048",
        ),
    )
    analyses_at_once: int = field(
        default=1,
        metadata=_about(
            "Large analyses of savings that one machine does at once, over all processes; the others wait. "
            "One of ten million calls takes up to 5.4 GiB.",
            parsing.whole(1, 8),
            "a number from 1 to 8",
        ),
    )
    worker_concurrency: int = field(
        default=4,
        metadata=_about(
            "Runs one worker process does at once.", parsing.whole(1, 256), "a number from 1 to 256"
        ),
    )

    @property
    def secrets_directory(self) -> Path:
        """Where keys of this installation lie (mode 0700)."""
        return self.home / "secrets"


def setting_specs() -> list[SettingSpec]:
    """Every setting in order of declaration, for the documentation and `doctor`."""
    return [_spec(item) for item in dataclasses.fields(Settings)]


def load_settings(env: IsolatedEnvironment, **overrides: object) -> Settings:
    """Read the settings from the environment; `overrides` (already typed) win over it, None overrides
    nothing.

    Raises ConfigurationError naming the variable, what stood there (secrets masked) and what to write.
    """
    known = {item.name: item for item in dataclasses.fields(Settings)}
    unknown = sorted(overrides.keys() - known.keys())
    if unknown:
        raise ConfigurationError(
            f"there is no setting {', '.join(unknown)}", hint=f"one of {', '.join(known)}"
        )
    values = {name: value for name, value in overrides.items() if value is not None}
    for name, item in known.items():
        written = env.get(_variable(item))
        if name not in values and written is not None and written.strip():
            values[name] = _parsed(item, written)
    return Settings(**values)  # type: ignore[arg-type]


def _parsed(item: "dataclasses.Field[Any]", written: str) -> object:
    try:
        return item.metadata["parse"](written.strip())
    except ValueError as failure:
        raise ConfigurationError(
            f"{_variable(item)}: {failure}",
            hint=f"write {item.metadata['expects']}",
            details={"variable": _variable(item)},
        ) from None


def _variable(item: "dataclasses.Field[Any]") -> str:
    return item.metadata["variable"] or f"NETRA_{item.name.upper()}"


def _spec(item: "dataclasses.Field[Any]") -> SettingSpec:
    shown = item.metadata["shown"]
    if shown is None:
        shown = "none" if item.default in (None, ()) else str(item.default)
    return SettingSpec(
        name=item.name,
        variable=_variable(item),
        description=item.metadata["description"],
        expects=item.metadata["expects"],
        default=shown,
    )
