"""Which web origins may use cookies and open sockets."""

from collections.abc import Iterable
from urllib.parse import urlsplit

from netra.errors.kinds import ForbiddenError

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


class ForeignOriginError(ForbiddenError):
    """A web page of another origin made the request."""

    code = "foreign_origin"


class OriginPolicy:
    """Allows the server's own origin and those listed.

    The own origin is `public_url`, or what the request's Host header says as long as that names this machine
    (loopback, or the host listened on): an unknown name in Host would let a page reach us by DNS rebinding.
    """

    def __init__(
        self, *, public_url: str | None, allowed: Iterable[str] = (), host: str = "127.0.0.1"
    ) -> None:
        self._allowed = {_normal(origin) for origin in allowed}
        if public_url is not None:
            self._allowed.add(_normal(public_url))
        self._own_hosts = _LOOPBACK | {host.lower()} - {"0.0.0.0", "::", ""}  # noqa: S104 - not an address to bind

    def is_allowed(self, origin: str | None, host_header: str | None) -> bool:
        """Whether a request with this Origin header may go on. No header: not a browser's
        cross-site request.
        """
        if origin is None:
            return True
        normal = _normal(origin)
        if normal in self._allowed:
            return True
        own = urlsplit(f"//{host_header or ''}")
        if (own.hostname or "") not in self._own_hosts:
            return False
        return normal in {_normal(f"{scheme}://{host_header}") for scheme in ("http", "https")}

    def check(self, origin: str | None, host_header: str | None) -> None:
        """Refuse (ForeignOriginError) what `is_allowed` does not allow."""
        if not self.is_allowed(origin, host_header):
            raise ForeignOriginError(
                "requests from this web origin are not accepted",
                hint="add it to NETRA_ALLOWED_ORIGINS if it is yours",
            )


def _normal(origin: str) -> str:
    parts = urlsplit(origin.strip().lower())
    port = parts.netloc.rpartition(":")[2]
    default = {"http": "80", "https": "443"}.get(parts.scheme)
    netloc = parts.netloc.removesuffix(f":{default}") if default and port == default else parts.netloc
    return f"{parts.scheme}://{netloc}"
