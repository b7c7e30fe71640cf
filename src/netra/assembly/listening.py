"""The address a server listens on: bound early, so that a taken port is told before anything is started."""

import errno
import socket
from contextlib import suppress

import psutil

from netra.errors.kinds import ConflictError, InvalidInputError

BACKLOG = 2048


class AddressTakenError(ConflictError):
    """Somebody else listens there. `details`: host, port and, where known, pid and program."""

    code = "address_taken"


class AddressRefusedError(InvalidInputError):
    """The address is not one of this machine, or its port may not be used by this user."""

    code = "address_refused"


def bind(host: str, port: int) -> socket.socket:
    """A listening socket; port 0 takes a free one. Raises AddressTakenError, AddressRefusedError."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except OSError as failure:
        raise AddressRefusedError(
            f"there is no address {host}: {failure.strerror}",
            hint="use --host 127.0.0.1 or an address of yours",
        ) from failure
    family, kind, protocol, _, address = found[0]
    listening = socket.socket(family, kind, protocol)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind(address)
        listening.listen(BACKLOG)
    except OSError as failure:
        listening.close()
        raise _refused(host, port, failure) from failure
    listening.setblocking(False)
    return listening


def url_of(listening: socket.socket, host: str) -> str:
    """The address under which this machine reaches the socket."""
    port: int = listening.getsockname()[1]
    near = {"0.0.0.0": "127.0.0.1", "": "127.0.0.1", "::": "[::1]"}  # noqa: S104 - compared, not bound
    name = near.get(host, f"[{host}]" if ":" in host else host)
    return f"http://{name}:{port}"


def _refused(host: str, port: int, failure: OSError) -> Exception:
    if failure.errno == errno.EADDRINUSE:
        holder = _holder(port)
        who = f"process {holder['pid']} ({holder['program']})" if holder else "another program"
        return AddressTakenError(
            f"port {port} on {host} is taken by {who}",
            hint="stop it, or choose another port: --port 0 takes a free one",
            details={"host": host, "port": port, **holder},
        )
    if failure.errno in {errno.EACCES, errno.EPERM}:
        return AddressRefusedError(
            f"port {port} may not be used by this user", hint="choose a port above 1023 with --port"
        )
    return AddressRefusedError(
        f"{host} is not an address of this machine", hint="use --host 127.0.0.1 or an address of yours"
    )


def _holder(port: int) -> dict[str, object]:
    """Process id and name of who listens on a port, empty when that cannot be seen."""
    with suppress(psutil.Error, OSError):
        for connection in psutil.net_connections("tcp"):
            local = connection.laddr
            if connection.status == psutil.CONN_LISTEN and local and local.port == port and connection.pid:
                return {"pid": connection.pid, "program": psutil.Process(connection.pid).name()}
    return {}
