"""An exporter that never stops, and processes that are killed under it: what is stored in the end.

Used by the recovery tests (a few kills of each process) and by `netra bench ingest_kills` (a hundred).
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import psutil

from testkit.otlp_wire import Span, request_of

ROOT = Path(__file__).resolve().parent.parent
BATCH = 20
PATIENCE_S = 240.0
HEADERS = {"content-type": "application/x-protobuf"}
VICTIMS = ("app", "worker", "analytics", "postgres")
_MARKS = {
    "worker": "netra.assembly.worker_process",
    "analytics": "netra.storage.embedded.analytics_server",
    "postgres": "postgres",
}


@dataclass
class Server:
    """`netra up` over one data directory; it may be killed and started again."""

    home: Path
    process: subprocess.Popen[bytes] | None = None
    url: str = ""
    key: str = ""
    environment: Mapping[str, str] = field(default_factory=dict[str, str])
    """Settings beside the defaults."""

    def start(self) -> None:
        """Start it and wait until it is ready."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("NETRA_")}
        command = [sys.executable, "-P", "-m", "netra", "up", "--port", "0", "--data-dir", str(self.home)]
        (self.home / "server.json").unlink(missing_ok=True)
        with (self.home.parent / "up.log").open("ab") as log:
            environment = {**kept, **self.environment, "PYTHONPATH": str(ROOT / "src")}
            self.process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
        facts = self._facts()
        self.url = str(facts["url"])
        self.key = str(json.loads((self.home / "owner.json").read_text(encoding="utf-8"))["api_key"])

    def stop(self) -> None:
        """End it in order."""
        if self.process is not None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(60)

    def kill(self, victim: str) -> None:
        """Kill one process with -9 and wait until there is another in its place."""
        assert self.process is not None
        if victim == "app":
            self.process.kill()
            self.process.wait()
            self.start()
            return
        killed = self._child(victim)
        assert killed is not None, victim
        killed.kill()
        _until(lambda: (found := self._child(victim)) is not None and found.pid != killed.pid)
        if victim == "worker":
            # Killing it while it reads the program would prove nothing.
            _until(lambda: self._ready_worker() not in (None, killed.pid))

    def _child(self, victim: str) -> psutil.Process | None:
        assert self.process is not None
        for child in psutil.Process(self.process.pid).children():
            with suppress(psutil.Error):
                if any(_MARKS[victim] in word for word in child.cmdline()):
                    return child
        return None

    def _ready_worker(self) -> int | None:
        with suppress(OSError, ValueError):
            return int((self.home / "worker.ready").read_text(encoding="ascii"))
        return None

    def _facts(self) -> dict[str, Any]:
        assert self.process is not None
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline and self.process.poll() is None:
            with suppress(OSError, ValueError):
                facts = json.loads((self.home / "server.json").read_text(encoding="utf-8"))
                if facts["pid"] == self.process.pid:
                    return facts
            time.sleep(0.02)
        log = (self.home.parent / "up.log").read_text(encoding="utf-8")[-3000:]
        raise RuntimeError(f"the server did not start:\n{log}")


@dataclass
class Exporter:
    """Sends batches of its own, each until it is accepted, as exporters do; a session is one batch."""

    server: Server
    accepted: int = 0
    again: int = 0
    _stop: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin to send."""
        self._thread = threading.Thread(target=self._run, name="exporter")
        self._thread.start()

    def stop(self) -> None:
        """Send the batch under way to its end, and no more."""
        self._stop.set()
        assert self._thread is not None
        self._thread.join()

    def wait_for(self, more: int) -> None:
        """Until so many more batches are accepted."""
        goal = self.accepted + more
        _until(lambda: self.accepted >= goal)

    def _run(self) -> None:
        with httpx.Client(trust_env=False, timeout=10) as client:
            while not self._stop.is_set():
                body = request_of(_spans(self.accepted))
                while not self._send(client, body):
                    self.again += 1
                    time.sleep(0.02)
                self.accepted += 1

    def _send(self, client: httpx.Client, body: bytes) -> bool:
        headers = {**HEADERS, "authorization": f"Bearer {self.server.key}"}
        try:
            answer = client.post(f"{self.server.url}/v1/traces", content=body, headers=headers)
        except httpx.HTTPError:
            return False
        return answer.status_code == 200


@dataclass(frozen=True)
class Outcome:
    """What was sent and what is stored: `lost` and `doubled` are spans."""

    kills: dict[str, int]
    accepted: int
    sent_again: int
    stored: int
    lost: int
    doubled: int
    seconds: float


def survive(home: Path, kills: dict[str, int], seed: int) -> Outcome:
    """Kill processes in a seeded order at seeded moments under an exporter; then count what is stored."""
    draw = random.Random(seed)
    order = [victim for victim, times in kills.items() for _ in range(times)]
    draw.shuffle(order)
    server = Server(home)
    home.mkdir(parents=True, mode=0o700)
    begun = time.monotonic()
    server.start()
    exporter = Exporter(server)
    exporter.start()
    try:
        for victim in order:
            # A batch takes some milliseconds from request to store: the kill falls anywhere in it.
            exporter.wait_for(draw.randint(1, 6))
            time.sleep(draw.random() * 0.1)
            server.kill(victim)
        exporter.wait_for(3)
    finally:
        exporter.stop()
    try:
        counts = stored_by_session(server, exporter.accepted)
    finally:
        server.stop()
    expected = {f"batch-{number}": BATCH for number in range(exporter.accepted)}
    return Outcome(
        kills=kills,
        accepted=exporter.accepted * BATCH,
        sent_again=exporter.again,
        stored=sum(counts.values()),
        lost=sum(max(want - counts.get(name, 0), 0) for name, want in expected.items()),
        doubled=sum(max(count - expected.get(name, 0), 0) for name, count in counts.items()),
        seconds=round(time.monotonic() - begun, 1),
    )


def stored_by_session(server: Server, batches: int) -> dict[str, int]:
    """Calls of each session once nothing waits any more."""
    headers = {"authorization": f"Bearer {server.key}"}
    with httpx.Client(base_url=server.url, headers=headers, trust_env=False, timeout=60) as client:

        def empty() -> bool:
            with suppress(httpx.HTTPError):
                answer = client.get("/v1/ingest")
                return answer.status_code == 200 and answer.json()["waiting_batches"] == 0
            return False

        _until(empty)
        counts: dict[str, int] = {}
        for offset in range(0, batches + 1000, 1000):
            query = {"measures": ["calls"], "dimensions": ["session_id"], "order_by": ["session_id"],
                     "limit": 1000, "offset": offset}  # fmt: skip
            answer = client.post("/v1/usage/query", json=query)
            answer.raise_for_status()
            counts |= {row["session_id"]: row["calls"] for row in answer.json()["rows"]}
    return counts


def _spans(number: int) -> list[Span]:
    draw = random.Random(number)
    now = time.time_ns()
    attributes = {
        "gen_ai.operation.name": "chat", "gen_ai.request.model": "gpt-4o", "gen_ai.usage.input_tokens": 10,
        "gen_ai.usage.output_tokens": 2, "session.id": f"batch-{number}",
    }  # fmt: skip
    return [
        Span(draw.randbytes(16), draw.randbytes(8), now + place, now + place + 10**6, attributes)
        for place in range(BATCH)
    ]


def _until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, "it does not come to that"
        time.sleep(0.01)
