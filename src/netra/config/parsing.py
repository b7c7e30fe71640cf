"""From the text of a variable to a value; every function raises ValueError saying what is wrong with the
text.
"""

from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import platformdirs

from netra.config.secret import Secret, mask_url


def default_home() -> Path:
    """The platform's user data folder for Netra."""
    return Path(platformdirs.user_data_dir("netra", appauthor=False))


def text(value: str) -> str:
    """Any text that is one line."""
    if "\n" in value:
        raise ValueError("must be one line")
    return value


def path(value: str) -> Path:
    """A path, `~` expanded, made absolute."""
    return Path(value).expanduser().absolute()


def choice(*allowed: str) -> Callable[[str], str]:
    """One of a few words, in any case."""

    def parse(value: str) -> str:
        if value.lower() not in allowed:
            raise ValueError(f"{value!r} is none of {', '.join(allowed)}")
        return value.lower()

    return parse


def whole(least: int, most: int) -> Callable[[str], int]:
    """A whole number within bounds."""

    def parse(value: str) -> int:
        try:
            number = int(value, 10)
        except ValueError:
            raise ValueError(f"{value!r} is not a whole number") from None
        if not least <= number <= most:
            raise ValueError(f"{number} is not between {least} and {most}")
        return number

    return parse


def url(*schemes: str) -> Callable[[str], str]:
    """A URL with one of these schemes."""

    def parse(value: str) -> str:
        parts = urlsplit(value)
        if parts.scheme not in schemes:
            raise ValueError(
                f"{mask_url(value)!r} does not begin with {' or '.join(s + '://' for s in schemes)}"
            )
        return value

    return parse


def http_url(value: str) -> str:
    """An http(s) URL with a host, without a trailing slash."""
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError(f"{mask_url(value)!r} is not an http or https address")
    return value.rstrip("/")


def origins(value: str) -> tuple[str, ...]:
    """Web origins: scheme, host and port, nothing after them."""
    found: list[str] = []
    for item in filter(None, (part.strip() for part in value.split(","))):
        parts = urlsplit(item)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.path not in ("", "/"):
            raise ValueError(f"{item!r} is not an origin (scheme, host and port only)")
        found.append(f"{parts.scheme}://{parts.netloc}".lower())
    return tuple(found)


def timezone(value: str) -> str:
    """A name of the tz database."""
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"{value!r} is not a known time zone") from None
    return value


def long_secret(value: str) -> Secret:
    """A secret of at least 32 characters."""
    if len(value) < 32:
        raise ValueError(f"the secret has {len(value)} characters, which can be guessed")
    return Secret(value)
