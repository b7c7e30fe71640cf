"""One set of real engines for the whole run; no connection leaves this machine."""

import gc
import ipaddress
import os
import socket
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

from netra.storage.embedded.engines import EngineUrls
from testkit.properties import DEPTH, is_deep, load_profile
from testkit.real_services import SharedEngines
from testkit.runner import ENGINE_VARIABLES

TESTS = Path(__file__).resolve().parent
_RUN = pytest.StashKey[SharedEngines]()
# Files that stand on the same two tenants, which take a while to set up.
_TWO_USERS = frozenset(
    f"tests/isolation/test_{name}.py"
    for name in ("answers_and_listings", "database_role", "http_operations", "socket_frames")
)


class WholeFiles(LoadScopeScheduling):
    """A process of a parallel run takes files, not tests: what a file sets up is set up once."""

    def _split_scope(self, nodeid: str) -> str:
        path = nodeid.partition("::")[0]
        return "two users" if path in _TWO_USERS else path


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> WholeFiles:
    """Told by path, since the process that hands out tests knows nothing else of them."""
    return WholeFiles(config, log)


def pytest_configure(config: pytest.Config) -> None:
    """The process that controls the run owns its engines; workers find them by the environment."""
    load_profile()
    if hasattr(config, "workerinput"):
        announced = SharedEngines.from_environment()
        assert announced is not None, "the controlling process announces its engines"
        config.stash[_RUN] = announced
        return
    run = config.stash[_RUN] = SharedEngines.create()
    run.announce()


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest first, so that the processes of a parallel run end together: what is given more time, whole
    programs, rooms over real engines, and then what is over in an instant.
    """
    folders = ("unit", "architecture", "integration", "isolation", "e2e")

    def rank(item: pytest.Item) -> tuple[float, int]:
        folder = item.path.relative_to(TESTS).parts[0] if item.path.is_relative_to(TESTS) else ""
        allowed = item.get_closest_marker("timeout")
        patience = float(allowed.args[0]) if allowed and allowed.args else 0.0
        return (-patience, -folders.index(folder) if folder in folders else 0)

    for item in items:
        if item.path.is_relative_to(TESTS / "statistics") and not item.get_closest_marker("timeout"):
            item.add_marker(pytest.mark.timeout(900))  # hundreds of runs each, however busy the machine
        elif is_deep() and not item.get_closest_marker("timeout"):
            item.add_marker(pytest.mark.timeout(120 * DEPTH))
    items.sort(key=rank)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """What is read here stays to the end: the garbage collector need not go through it again and again."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.collect()
        gc.freeze()
        gc.enable()


@pytest.hookimpl(wrapper=True, trylast=True)
def pytest_runtestloop(session: pytest.Session) -> Generator[None, object, object]:
    """Stop what was started as soon as the last test has ended, so that its coverage can be counted."""
    result = yield
    _remove(session.config)
    return result


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop what was started, also when no test has run."""
    _remove(config)


def _remove(config: pytest.Config) -> None:
    run = config.stash.get(_RUN, None)
    if run is not None and run.owner == os.getpid():
        run.remove()


@pytest.fixture(scope="session")
def shared_engines(pytestconfig: pytest.Config) -> SharedEngines:
    """What the processes of this run share."""
    return pytestconfig.stash[_RUN]


@pytest.fixture(scope="session")
def engine_urls(shared_engines: SharedEngines) -> EngineUrls:
    """Addresses of PostgreSQL, Valkey and the analytics engine, real ones, for the whole run."""
    return shared_engines.urls()


@pytest.fixture
def engines_that_come_along() -> None:
    """Skips where engines are given by URL: how those are set up is not ours, and some tests harm them."""
    given = [name for name in ENGINE_VARIABLES if os.environ.get(name)]
    if given:
        pytest.skip(f"about the engines that come with Netra; others are given by {', '.join(given)}")


@pytest.fixture(scope="session", autouse=True)
def _no_internet() -> Iterator[None]:
    """Refuse connections to anything but this machine."""
    connect = socket.socket.connect

    def only_local(self: socket.socket, address: Any) -> None:
        if self.family in {socket.AF_INET, socket.AF_INET6}:
            host = str(address[0])
            if host not in {"localhost", ""} and not ipaddress.ip_address(host.partition("%")[0]).is_loopback:
                raise PermissionError(f"tests do not reach {host}")
        return connect(self, address)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", only_local)
        yield
