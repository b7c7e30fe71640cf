"""Options that several commands have in common, and where they lead."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

Url = Annotated[
    str | None, typer.Option("--url", help="A running server; default: the one of the data directory.")
]
DataDir = Annotated[
    Path | None,
    typer.Option(
        "--data-dir", help="Data directory; default $NETRA_HOME, else the platform's user data folder."
    ),
]
Workspace = Annotated[
    str | None,
    typer.Option("--workspace", "-w", help="Workspace by name; made on first use. Default: default."),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for programs instead of text.")]
Password = Annotated[
    str | None,
    typer.Option("--password", help="Better left out: it is asked for, or read from standard input."),
]
Since = Annotated[
    str | None, typer.Option("--since", help="From this day or time on, 2026-03-01 or RFC 3339.")
]
Until = Annotated[str | None, typer.Option("--until", help="Before this day or time.")]
Where = Annotated[
    list[str] | None, typer.Option("--where", help="Only calls with column=value; repeat for several.")
]


@dataclass(frozen=True, slots=True)
class Target:
    """Which server and workspace a command means."""

    url: str | None = None
    data_dir: Path | None = None
    workspace: str | None = None


def asked_password(given: str | None) -> str:
    """The password from the option, the terminal, or one line of standard input."""
    if given is not None:
        return given
    if sys.stdin.isatty():
        return str(typer.prompt("Password", hide_input=True, err=True))
    line = sys.stdin.readline().rstrip("\r\n")
    if not line:
        raise typer.BadParameter("none was given", param_hint="--password")
    return line


def pairs(written: Sequence[str] | None, option: str) -> dict[str, str]:
    """`name=value` options as a dict. Exits with 2 for anything else, or a name given twice."""
    found: dict[str, str] = {}
    for text in written or ():
        name, equals, value = text.partition("=")
        if not equals or not name.strip():
            raise typer.BadParameter(f"{text!r} is not NAME=VALUE", param_hint=option)
        if name.strip() in found:
            raise typer.BadParameter(f"{name.strip()!r} is given twice", param_hint=option)
        found[name.strip()] = value.strip()
    return found


def listed(written: Sequence[str] | None) -> list[str]:
    """Comma lists and repetitions as one list."""
    return [part.strip() for text in written or () for part in text.split(",") if part.strip()]


def instant(written: str | None, option: str, zone: str | None = None) -> str | None:
    """A day (its beginning in `zone`, default: the display time zone) or a time as RFC 3339. Exits with 2
    otherwise.
    """
    if written is None:
        return None
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from netra.config.environment import IsolatedEnvironment
    from netra.config.settings import load_settings

    try:
        moment = datetime.fromisoformat(written.strip())
    except ValueError:
        raise typer.BadParameter(
            f"{written!r} is no day or time; write 2026-03-01 or 2026-03-01T12:00:00Z", param_hint=option
        ) from None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=ZoneInfo(zone or load_settings(IsolatedEnvironment()).timezone))
    return moment.isoformat()


def known_zone(written: str | None) -> str | None:
    """A time zone by its IANA name. Exits with 2 for one that does not exist."""
    if written is None:
        return None
    from zoneinfo import ZoneInfo

    try:
        return ZoneInfo(written.strip()).key
    except (KeyError, ValueError, OSError):
        raise typer.BadParameter(
            f"there is no time zone {written[:60]!r}; write UTC or Europe/Berlin", param_hint="--tz"
        ) from None
