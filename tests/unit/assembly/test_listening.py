"""The address of the server: taken, refused, allotted."""

import os
import socket
from pathlib import Path

import pytest

from netra.assembly.drawing_cache import keep_drawing_cache
from netra.assembly.listening import AddressRefusedError, AddressTakenError, bind, url_of
from netra.config.environment import IsolatedEnvironment


def test_a_taken_port_names_its_holder() -> None:
    with bind("127.0.0.1", 0) as first:
        port = first.getsockname()[1]
        assert url_of(first, "127.0.0.1") == f"http://127.0.0.1:{port}"
        with pytest.raises(AddressTakenError) as caught:
            bind("127.0.0.1", port)
    assert f"port {port} on 127.0.0.1 is taken by process {os.getpid()}" in caught.value.message
    assert "--port 0" in (caught.value.hint or "")


def test_foreign_and_unknown_addresses_are_refused() -> None:
    with pytest.raises(AddressRefusedError, match="not an address of this machine"):
        bind("192.0.2.1", 0)
    with pytest.raises(AddressRefusedError, match="there is no address"):
        bind("no such host", 0)


def test_every_address_is_reached_by_the_near_one() -> None:
    with bind("0.0.0.0", 0) as listening:
        assert url_of(listening, "0.0.0.0").startswith("http://127.0.0.1:")
    if socket.has_ipv6:
        with bind("::1", 0) as listening:
            assert url_of(listening, "::1").startswith("http://[::1]:")


def test_the_fonts_of_charts_are_kept_in_the_data_directory_only_of_a_user_without_a_home(
    tmp_path: Path,
) -> None:
    def kept(**variables: str) -> str | None:
        environment = IsolatedEnvironment(variables)
        keep_drawing_cache(environment, tmp_path / "data")
        return environment.get("MPLCONFIGDIR")

    assert kept(HOME=str(tmp_path)) is None
    assert kept(HOME="/nonexistent") == str(tmp_path / "data" / "cache" / "matplotlib")
    assert kept(HOME="/nonexistent", MPLCONFIGDIR="/else") == "/else"
