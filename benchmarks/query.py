"""`netra bench query`: twelve questions of a dashboard over the calls of one workspace, beside the engine.

Calls are made inside the store (a month, 6 models, 8 features, 12 teams, 20,000 users, 200 keys, sessions of
8, an id and a request digest each). Each question goes to a running server over one kept-alive HTTP
connection and is read to its last byte: API key, workspace, version of the data, the store over HTTP, JSON.

The bare SQL is the text the product compiled for that question, with its parameters and settings, handed to
chDB by a function call in this process: no HTTP, no access checks, an Arrow stream as the answer. It runs on
the server's own data files (hard links), warm, with the same threads. The two alternate. No answer comes from
memory: each repetition asks for another number of rows, of which there are fewer. Kept for each size: median
and 95th percentile of both, their ratio with its spread, the nanoseconds a call costs, whether kept sums were
read, bytes on disk. A question is repeated `--rounds` times, a slow one for `--seconds`, at least five times.
"""

import argparse
import http.client
import json
import os
import re
import shutil
import statistics
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import psutil

from benchmarks.record import record
from benchmarks.server import Server, running_server
from netra.usage.queries import UsageQuery, compile_query

WEEK = {"since": "2026-10-20T00:00:00Z", "until": "2026-10-27T00:00:00Z"}
COSTS = ["cost_usd", "calls", "input_tokens", "output_tokens"]
QUESTIONS: dict[str, dict[str, Any]] = {
    "sums: everything": {"measures": [*COSTS, "cache_hit_share", "error_rate"]},
    "sums: spend by day": {"measures": COSTS, "grain": "day"},
    "sums: spend by hour of a week": {"measures": COSTS, "grain": "hour", **WEEK},
    "sums: spend by model": {"measures": [*COSTS, "cost_per_mtok"], "dimensions": ["model", "provider"]},
    "sums: spend by feature and day": {"measures": ["cost_usd"], "dimensions": ["feature"], "grain": "day"},
    "sums: errors by model of a week": {
        "measures": ["calls", "errors", "error_rate", "rate_limited"],
        "dimensions": ["model"],
        **WEEK,
    },
    "sums: one feature by day": {
        "measures": COSTS,
        "grain": "day",
        "filters": [{"column": "feature", "value": "search"}],
    },
    "sums: top users": {"measures": ["cost_usd", "calls"], "dimensions": ["user"], "limit": 50},
    "sums: top keys": {"measures": ["cost_usd", "calls"], "dimensions": ["api_key_id"], "limit": 50},
    "percentiles: latency": {
        "measures": ["latency_p50_ms", "latency_p95_ms", "latency_p99_ms", "ttft_p95_ms"],
    },
    "percentiles: latency by model": {
        "measures": ["latency_p50_ms", "latency_p95_ms", "latency_p99_ms"],
        "dimensions": ["model"],
    },
    "distinct: cost per session": {"measures": ["sessions", "cost_per_session", "calls_per_session"]},
}
AIMS_MS = {"sums": 200.0, "percentiles": 1500.0}
BLOCK = 1_000_000
WRITERS = 2
DISK_BYTES_A_CALL = 400
"""Room a size needs: its parts, and those that merges are about to replace."""

MERGES_AT_MOST_S = 180.0
LEAST_ROUNDS = 5
_MODELS = "['gpt-4o','gpt-4o-mini','claude-sonnet-4-5','gemini-2.5-flash','gpt-5','claude-haiku-4-5']"
_FEATURES = "['chat','search','code','summarise','extract','agent','rank','translate']"

FILL = f"""INSERT INTO llm_calls (workspace_id, call_id, ts, provider, model, input_tokens, cache_read_tokens,
output_tokens, reasoning_tokens, service_tier, latency_ms, ttft_ms, status, app, feature, user, api_key_id,
session_id, interactive, streaming, cost_usd, price_source, import_id, position, id_hash, content_hash,
request_hash, tags)
SELECT '{{workspace}}', concat('c', toString(n)),
toDateTime64('2026-10-01 00:00:00', 6, 'UTC') + toIntervalMicrosecond(toInt64(n * {{step}})),
['openai','openai','anthropic','google','openai','anthropic'][1 + h % 6], {_MODELS}[1 + h % 6],
200 + h % 8000, intDiv(h % 8000, 3), 20 + g % 900, g % 100, 'standard', 300 + (g % 100000) / 37.,
50 + (g % 5000) / 13., multiIf(h % 50 = 0, 'error', h % 400 = 1, 'rate_limited', 'ok'),
['web','api','batch'][1 + g % 3], {_FEATURES}[1 + g % 8], concat('u', toString(h % 20000)),
concat('k', toString(intDiv(h % 20000, 100))), concat('s', toString(intDiv(n, 8))), g % 5 > 0, g % 2 = 0,
if(h % 200 = 0, NULL, CAST(h % 1000000000 AS Decimal(38, 15)) / 1000000000000), 'list', 'imp', n, h, g,
lower(hex(h)), concat('{{{{"team":"t', toString(h % 12), '"}}}}')
FROM (SELECT number AS n, cityHash64(number) AS h, cityHash64(number, 7) AS g
FROM numbers({{start}}, {{count}}))"""


def engine_url(server: Server) -> str:
    """Where the server's analytics engine answers, from its own environment."""
    for process in psutil.Process(server.pid).children(recursive=True):
        found = process.environ().get("NETRA_CLICKHOUSE_URL")
        if found:
            return found
    raise RuntimeError("no process of the server knows the address of its engine")


def fill(url: str, workspace: str, calls: int) -> float:
    """Make the calls, a few blocks at a time; seconds. Ends when the engine has merged what it wants to."""
    started = time.perf_counter()
    step = 30 * 86_400 * 1e6 / calls
    with httpx.Client(timeout=None, trust_env=False) as client, ThreadPoolExecutor(WRITERS) as writers:

        def write(start: int) -> None:
            count = min(BLOCK, calls - start)
            ask(client, url, FILL.format(workspace=workspace, step=step, start=start, count=count))

        list(writers.map(write, range(0, calls, BLOCK)))
        merging_since = time.perf_counter()
        while int(ask(client, url, "SELECT count() FROM system.merges")):
            if time.perf_counter() - merging_since > MERGES_AT_MOST_S:
                break
            time.sleep(0.2)
    return time.perf_counter() - started


def on_disk(url: str) -> dict[str, float]:
    """Bytes a call takes in the calls' table, kept sums included, and the number of its parts."""
    sql = (
        "SELECT sum(bytes_on_disk) / sum(rows), count() FROM system.parts "
        "WHERE active AND table = 'llm_calls' AND database = currentDatabase()"
    )
    with httpx.Client(timeout=60, trust_env=False) as client:
        size, parts = ask(client, url, sql).split()
    return {"bytes_per_call": round(float(size), 1), "parts": int(parts)}


def database_of(url: str) -> str:
    """The database that an address names."""
    return urlsplit(url).path.strip("/") or "default"


def ask(client: httpx.Client, url: str, sql: str) -> str:
    """One statement over the engine's HTTP interface."""
    parts = urlsplit(url)
    credential = (parts.username or "default", parts.password or "")
    params = {"database": database_of(url)}
    address = f"{parts.scheme}://{parts.hostname}:{parts.port}/"
    answer = client.post(address, params=params, content=sql, auth=credential)
    answer.raise_for_status()
    return answer.text


def bare_engine(data_dir: Path, folder: Path, database: str) -> Any:
    """ChDB over hard links to the server's parts, as a user who runs it alone would."""
    from chdb import session

    target = folder / "engine"
    shutil.copytree(data_dir / "analytics" / "store", target, symlinks=True, copy_function=os.link)
    for lock in target.rglob("status"):
        lock.unlink()
    engine = session.Session(str(target))
    engine.query(f"USE `{database}`")
    return engine


def bare_sql(question: dict[str, Any], workspace: str) -> tuple[str, dict[str, str], dict[str, int]]:
    """The SQL the product sends for a question, its parameters and settings."""
    compiled = compile_query(UsageQuery.model_validate(question))
    params = {**compiled.params, "workspace": workspace}
    return compiled.sql, {name: str(value) for name, value in params.items()}, compiled.settings


def run_bare(engine: Any, sql: str, params: dict[str, str], settings: dict[str, int]) -> float:
    """Seconds of one query in the engine."""
    ending = " SETTINGS " + ", ".join(f"{k} = {v}" for k, v in settings.items()) if settings else ""
    started = time.perf_counter()
    engine.query(sql + ending, "ArrowStream", params=params)
    return time.perf_counter() - started


@dataclass(frozen=True)
class Plan:
    """How often a question is asked: `rounds` times, or until `seconds` are over."""

    rounds: int
    seconds: float


class RefusedError(Exception):
    """The server did not answer a question: its status and code."""


class Asker:
    """Asks the server over one connection, with little of its own in the way."""

    def __init__(self, server: Server, workspace: str) -> None:
        parts = urlsplit(server.url)
        self._connection = http.client.HTTPConnection(str(parts.hostname), parts.port, timeout=600)
        self._headers = {
            "Authorization": f"Bearer {server.api_key}",
            "Netra-Workspace": workspace,
            "Content-Type": "application/json",
        }

    def ask(self, question: dict[str, Any]) -> tuple[float, bytes]:
        """Seconds until the last byte of the answer, and the answer."""
        body = json.dumps(question).encode()
        started = time.perf_counter()
        self._connection.request("POST", "/v1/usage/query", body, self._headers)
        answer = self._connection.getresponse()
        content = answer.read()
        seconds = time.perf_counter() - started
        if answer.status != 200:
            raise RefusedError(f"{answer.status} {json.loads(content).get('code')}")
        return seconds, content


def measure(asker: Asker, engine: Any, workspace: str, calls: int, plan: Plan) -> list[dict[str, Any]]:
    """Every question, ours and the engine's alternating; milliseconds."""
    found: list[dict[str, Any]] = []
    for name, question in QUESTIONS.items():
        ours: list[float] = []
        bare: list[float] = []
        rows = 0
        begun = time.perf_counter()
        for turn in range(-1, plan.rounds):
            if turn >= LEAST_ROUNDS and time.perf_counter() - begun > plan.seconds:
                break
            asked = {**question, "limit": question.get("limit", 5_000) + turn + 1}
            sql, params, settings = bare_sql(asked, workspace)
            try:
                seconds, content = asker.ask(asked)
            except RefusedError as refusal:
                found.append({"question": name, "refused": str(refusal)})
                ours.clear()
                break
            alone = run_bare(engine, sql, params, settings)
            rows = len(json.loads(content)["rows"])
            if turn >= 0:
                ours.append(seconds * 1e3)
                bare.append(alone * 1e3)
        if ours:
            found.append(entry(name, question, ours, bare, calls) | {"rows": rows, "rounds": len(ours)})
    return found


def entry(
    name: str, question: dict[str, Any], ours: list[float], bare: list[float], calls: int
) -> dict[str, Any]:
    """One question's figures. `over_limit_ms`: by how much the median exceeds 1.1 x bare + 5 ms."""
    ratios = sorted(mine / alone for mine, alone in zip(ours, bare, strict=True))
    kind = re.split(":", name)[0]
    aim = AIMS_MS.get(kind)
    p95 = sorted(ours)[max(round(0.95 * len(ours)) - 1, 0)]
    over = statistics.median(ours) - (1.1 * statistics.median(bare) + 5)
    return {
        "question": name,
        "rollup": compile_query(UsageQuery.model_validate(question)).rollup,
        "median_ms": round(statistics.median(ours), 1),
        "p95_ms": round(p95, 1),
        "aim_ms": aim,
        "bare_median_ms": round(statistics.median(bare), 1),
        "ns_per_call": round(statistics.median(ours) * 1e6 / calls, 3),
        "bare_ns_per_call": round(statistics.median(bare) * 1e6 / calls, 3),
        "ratio": round(statistics.median(ratios), 2),
        "ratio_spread": [round(ratios[len(ratios) // 10], 2), round(ratios[-1 - len(ratios) // 10], 2)],
        "over_limit_ms": round(max(over, 0.0), 1),
    }


def one_size(calls: int, plan: Plan) -> dict[str, Any]:
    """A server of its own with that many calls; its figures."""
    with tempfile.TemporaryDirectory(prefix="netra-bench-") as name:
        folder = Path(name)
        if shutil.disk_usage(folder).free < calls * DISK_BYTES_A_CALL:
            return {"calls": calls, "skipped": f"needs {calls * DISK_BYTES_A_CALL / 1e9:.0f} GB of free disk"}
        with running_server(folder / "data") as server:
            headers = {"Authorization": f"Bearer {server.api_key}"}
            with httpx.Client(base_url=server.url, headers=headers, timeout=60, trust_env=False) as client:
                workspace = client.post("/v1/workspaces", json={"name": f"query {calls}"}).json()["id"]
            url = engine_url(server)
            seconds = fill(url, workspace, calls)
            load = os.getloadavg()[0]
            engine = bare_engine(server.data_dir, folder, database_of(url))
            questions = measure(Asker(server, workspace), engine, workspace, calls, plan)
            engine.close()
            memory, disk = server.memory_mb(), on_disk(url)
    answered = [question for question in questions if "p95_ms" in question]
    sums = [q["p95_ms"] for q in answered if q["question"].startswith("sums")]
    exact = [q["p95_ms"] for q in answered if q["question"].startswith("percentiles")]
    return {
        "calls": calls,
        "fill_seconds": round(seconds, 1),
        **disk,
        "load_average_before": round(load, 1),
        "highest_p95_ms_of_sums": max(sums),
        "highest_p95_ms_of_percentiles": max(exact, default=None),
        "highest_over_limit_ms": max(q["over_limit_ms"] for q in answered),
        "refused": [question["question"] for question in questions if "refused" in question],
        "questions": questions,
        "memory_mb": memory,
    }


def growth(results: list[dict[str, Any]]) -> str:
    """A line a question: its median and what a call of it costs, at every size."""
    sizes = [result for result in results if "questions" in result]
    lines = [f"{'question':34}" + "".join(f"{size['calls']:>26,}" for size in sizes)]
    for name in QUESTIONS:
        cells: list[str] = []
        for size in sizes:
            one = next(entry for entry in size["questions"] if entry["question"] == name)
            known = "median_ms" in one
            told = f"{one['median_ms']:,.1f} ms {one['ns_per_call']:8.2f} ns" if known else "refused"
            cells.append(f"{told:>26}")
        lines.append(f"{name:34}" + "".join(cells))
    return "\n".join(lines) + "\n"


def main() -> None:
    """Measure every size and record."""
    parser = argparse.ArgumentParser(prog="netra bench query", description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=[1_000_000, 10_000_000, 100_000_000])
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--seconds", type=float, default=30.0)
    options = parser.parse_args()
    plan = Plan(options.rounds, options.seconds)
    results = [one_size(size, plan) for size in sorted(options.sizes)]
    at = datetime.now(UTC).isoformat(timespec="seconds")
    sizes = " ".join(str(size) for size in options.sizes)
    record("query", {"results": results, "measured_at": at}, f"netra bench query --sizes {sizes}")
    sys.stdout.write(growth(results))


if __name__ == "__main__":
    main()
