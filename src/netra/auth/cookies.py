"""The two cookies of this room. `__Host-` binds them to this host, HTTPS (or loopback) and the whole path."""

from datetime import UTC, datetime

from starlette.responses import Response

from netra.auth.models import Session
from netra.auth.repository import DEVICE_DAYS

REFRESH_COOKIE = "__Host-netra_refresh"
DEVICE_COOKIE = "__Host-netra_device"


def set_session_cookies(response: Response, session: Session) -> None:
    """Put the refresh token, and a new device's token, into cookies that scripts cannot read."""
    left = int((session.ends_at - datetime.now(UTC)).total_seconds())
    _set(response, REFRESH_COOKIE, session.refresh_token, max(left, 0))
    if session.device_token is not None:
        _set(response, DEVICE_COOKIE, session.device_token, DEVICE_DAYS * 86400)


def clear_session_cookie(response: Response) -> None:
    """Remove the refresh token; the device stays known."""
    _set(response, REFRESH_COOKIE, "", 0)


def _set(response: Response, name: str, value: str, max_age: int) -> None:
    response.set_cookie(name, value, max_age=max_age, path="/", secure=True, httponly=True, samesite="strict")
