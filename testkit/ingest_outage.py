"""An analytics store that goes away for a while under an exporter: what a sender and a user see meanwhile,
and what is stored in the end.

The store stands behind a URL, as a ClickHouse of one's own would. Used by `netra bench ingest_outage`.
"""

from __future__ import annotations

import json
import os
import random
import secrets
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import httpx

from netra.storage.embedded.analytics_server import ServerConfig
from testkit.ingest_kills import ROOT, Server, stored_by_session
from testkit.otlp_wire import Span, request_of

FLOOD_BATCH = 5_000
AGAIN_EVERY = 25
"""Every so many batches one is sent twice, as by an exporter that missed the answer."""
FLOOD_S = 90.0
HELD_OFF_S = 10.0
"""How long at least a sender is held off."""
PATIENCE_S = 900.0
_HEADERS = {"content-type": "application/x-protobuf"}
_COMMANDS = (("usage", "--by", "model"), ("ingest", "status"), ("doctor",))


class Store:
    """The analytics engine in a process of its own behind a URL, to be given and taken away."""

    def __init__(self, directory: Path) -> None:
        directory.mkdir(parents=True, mode=0o700)
        self._directory = directory
        self._password = secrets.token_urlsafe(16)
        self._held = _bound(0)
        self._port: int = self._held.getsockname()[1]
        self._process: subprocess.Popen[bytes] | None = None
        self.url = f"http://netra:{self._password}@127.0.0.1:{self._port}/default"

    def give(self) -> float:
        """Start it and wait until it answers; the seconds that took."""
        begun = time.monotonic()
        config = ServerConfig(
            directory=str(self._directory),
            socket_fd=self._held.fileno(),
            user="netra",
            password=self._password,
            instance="outage",
            memory_bytes=4 * 1024**3,
            concurrency=8,
        )
        self._held.listen(256)
        self._process = subprocess.Popen(
            [sys.executable, "-m", "netra.storage.embedded.analytics_server"],
            env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
            stdin=subprocess.PIPE,
            pass_fds=(self._held.fileno(),),
        )
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(asdict(config)).encode() + b"\n")
        self._process.stdin.flush()
        self._held.close()
        answer = httpx.get(f"http://127.0.0.1:{self._port}/ping", timeout=60, trust_env=False)
        answer.raise_for_status()
        return time.monotonic() - begun

    def take_away(self) -> None:
        """Kill it; its port is kept from others and refuses connections."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None
            self._held = _bound(self._port)


def _bound(port: int) -> socket.socket:
    held = socket.socket()
    held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    held.bind(("127.0.0.1", port))
    return held


@dataclass
class Phase:
    """What a sender saw for a while."""

    answers: Counter[str] = field(default_factory=Counter[str])
    spans: int = 0
    """Accepted, those sent twice once."""
    milliseconds: list[float] = field(default_factory=list[float])
    retry_after: set[str] = field(default_factory=set[str])

    def told(self) -> dict[str, Any]:
        """For the record."""
        waits = sorted(self.milliseconds)
        return {
            "answers": dict(self.answers),
            "accepted_spans": self.spans,
            "answer_p50_ms": round(waits[len(waits) // 2], 1) if waits else None,
            "answer_p99_ms": round(waits[len(waits) * 99 // 100], 1) if waits else None,
            "retry_after": sorted(self.retry_after),
        }


class PacedExporter:
    """Sends batches of its own, one every `pace_s` seconds, each until it is accepted, waiting as it is told.

    A session is one batch; `expected` has the spans of each accepted one.
    """

    def __init__(self, server: Server, size: int, pace_s: float) -> None:
        self._server = server
        self._size, self._pace_s = size, pace_s
        self.expected: dict[str, int] = {}
        self.again = 0
        self.phases: dict[str, Phase] = {}
        self.begin("before", size, pace_s)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="exporter")
        self._thread.start()

    def begin(self, phase: str, size: int, pace_s: float) -> None:
        """From the next batch on count under another name, in other sizes, at another pace."""
        self._size, self._pace_s = size, pace_s
        self._phase = self.phases.setdefault(phase, Phase())

    def stop(self) -> None:
        """Send the batch under way to its end, and no more."""
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        number = 0
        with httpx.Client(trust_env=False, timeout=60) as client:
            while not self._stop.is_set():
                begun = time.monotonic()
                size = self._size
                body = request_of(_spans(number, size))
                self._deliver(client, body)
                self._phase.spans += size
                self.expected[f"batch-{number}"] = size
                if number % AGAIN_EVERY == 0:
                    self._deliver(client, body)
                    self.again += size
                number += 1
                self._stop.wait(max(self._pace_s - (time.monotonic() - begun), 0))

    def _deliver(self, client: httpx.Client, body: bytes) -> None:
        headers = {**_HEADERS, "authorization": f"Bearer {self._server.key}"}
        while True:
            begun = time.monotonic()
            answer = client.post(f"{self._server.url}/v1/traces", content=body, headers=headers)
            self._phase.milliseconds.append((time.monotonic() - begun) * 1000)
            self._phase.answers[str(answer.status_code)] += 1
            if answer.status_code == 200:
                return
            wait = answer.headers.get("retry-after", "")
            self._phase.retry_after.add(wait)
            # Only what an exporter may send again is sent again.
            assert answer.status_code in (429, 502, 503, 504), answer.text
            time.sleep(float(wait))


class User:
    """What somebody sees who asks meanwhile."""

    def __init__(self, server: Server) -> None:
        headers = {"authorization": f"Bearer {server.key}"}
        self._client = httpx.Client(base_url=server.url, headers=headers, trust_env=False, timeout=60)
        self._server = server

    def look(self) -> dict[str, Any]:
        """Readiness, a question, what waits; a conversation, which needs no analytics store."""
        ready = self._client.get("/readyz")
        begun = time.monotonic()
        asked = self._client.post("/v1/usage/query", json={"measures": ["calls"]})
        took = time.monotonic() - begun
        waits = self._client.get("/v1/ingest").json()
        return {
            "readyz": ready.status_code,
            "query": asked.status_code,
            "query_says": None if asked.status_code == 200 else asked.json(),
            "query_s": round(took, 2),
            "threads": self._client.get("/v1/threads").status_code,
            "waiting_batches": waits["waiting_batches"],
            "waiting_calls": waits["waiting_calls"],
            "waiting_s": round(waits["waiting_s"]),
        }

    def commands(self) -> dict[str, Any]:
        """The command line, as it stands on the terminal."""
        environment = {**os.environ, "PYTHONPATH": str(ROOT / "src"), "COLUMNS": "160", "NO_COLOR": "1"}
        told: dict[str, Any] = {}
        for words in _COMMANDS:
            command = [sys.executable, "-m", "netra", *words, "--data-dir", str(self._server.home)]
            done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
            text = (done.stdout + done.stderr).replace(str(self._server.home), "DATA")
            text = text.replace(sys.executable, "PYTHON")
            lines = [" ".join(line.replace("─", " ").split()) for line in text.splitlines()]
            says = [line for line in lines if line]
            told["netra " + " ".join(words)] = {"exit": done.returncode, "says": says}
        return told

    def waiting(self) -> int:
        """Calls that wait."""
        return int(self._client.get("/v1/ingest").json()["waiting_calls"])

    def totals(self) -> dict[str, int]:
        """Counts of all that came in."""
        return dict(self._client.get("/v1/ingest").json()["sources"]["otlp"])

    def close(self) -> None:
        """Hang up."""
        self._client.close()


@dataclass(frozen=True)
class Outage:
    """How long, how much, how often somebody looks, and how much may wait."""

    seconds: float
    spans_per_second: int
    looks: int
    limit_mb: int

    @property
    def steady_s(self) -> float:
        """How long the steady rate goes on; the flood and being held off fill the rest."""
        return max(self.seconds - FLOOD_S, self.seconds / 2)


def endure(folder: Path, outage: Outage) -> dict[str, Any]:
    """Run it; what was seen, and `lost` and `doubled` in spans."""
    store = Store(folder / "analytics")
    home = folder / "home"
    home.mkdir(parents=True, mode=0o700)
    given = {"NETRA_CLICKHOUSE_URL": store.url, "NETRA_OUTBOX_LIMIT_MB": str(outage.limit_mb)}
    server = Server(home, environment=given)
    try:
        store_ready = store.give()
        server.start()
        exporter = PacedExporter(server, outage.spans_per_second, 1.0)
        try:
            seen = _through(store, User(server), exporter, outage)
        finally:
            exporter.stop()
        counts = stored_by_session(server, len(exporter.expected))
        user = User(server)
        totals = user.totals()
        user.close()
    finally:
        server.stop()
        store.take_away()
    expected = exporter.expected
    return {
        "spans_per_second": outage.spans_per_second,
        "limit_mb": outage.limit_mb,
        "accepted": sum(expected.values()),
        "sent_twice": exporter.again,
        "stored": sum(counts.values()),
        "lost": sum(max(want - counts.get(name, 0), 0) for name, want in expected.items()),
        "doubled": sum(max(count - expected.get(name, 0), 0) for name, count in counts.items()),
        "totals": totals,
        "sender": {name: phase.told() for name, phase in exporter.phases.items()},
        "store_start_s": round(store_ready, 1),
        **seen,
    }


def _through(store: Store, user: User, exporter: PacedExporter, outage: Outage) -> dict[str, Any]:
    rate = outage.spans_per_second
    time.sleep(min(outage.seconds / 10, 15))
    before = user.look()
    store.take_away()
    away = time.monotonic()
    exporter.begin("away", rate, 1.0)
    looks: list[dict[str, Any]] = []
    for number in range(1, outage.looks + 1):
        time.sleep(max(away + outage.steady_s * number / outage.looks - time.monotonic(), 0))
        looks.append({"after_s": round(time.monotonic() - away), **user.look()})
    commands = user.commands()
    exporter.begin("full", FLOOD_BATCH, 0)
    _until(lambda: exporter.phases["full"].answers["503"] > 0)
    time.sleep(max(HELD_OFF_S, away + outage.seconds - time.monotonic()))
    full = {"after_s": round(time.monotonic() - away), **user.look()}
    exporter.begin("back", rate, 1.0)
    waiting = user.waiting()
    started = time.monotonic()
    answered = store.give()
    away_s = time.monotonic() - away
    # Below two seconds' worth of calls nothing is behind any more: those are on their way.
    _until(lambda: user.waiting() <= 2 * rate)
    caught_up = time.monotonic() - started - answered
    after = user.look()
    user.close()
    return {
        "away_s": round(away_s, 1),
        "waiting_at_return": waiting,
        "catch_up_s": round(caught_up, 1),
        "catch_up_spans_per_second": round(waiting / caught_up),
        "user": {"before": before, "away": looks, "full": full, "after": after, "commands": commands},
    }


def _spans(number: int, size: int) -> list[Span]:
    draw = random.Random(number)
    now = time.time_ns()
    attributes = {
        "gen_ai.operation.name": "chat", "gen_ai.request.model": "gpt-4o", "gen_ai.provider.name": "openai",
        "gen_ai.usage.input_tokens": 1_000, "gen_ai.usage.output_tokens": 200,
        "session.id": f"batch-{number}", "user.id": f"user-{number % 500}",
    }  # fmt: skip
    return [
        Span(draw.randbytes(16), draw.randbytes(8), now + place, now + place + 10**6, attributes)
        for place in range(size)
    ]


def _until(condition: Any) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, "it does not come to that"
        time.sleep(0.25)
