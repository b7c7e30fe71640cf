"""`netra bench query`: twelve questions of a dashboard over the calls of one workspace, beside the engine.

Calls are made inside the store (a month, 6 models, 8 features, 20,000 users, 200 keys, sessions of 8). Each
question goes over HTTP to a running server, and its SQL goes straight into the engine (chDB in this
process, on a copy of the same files made of hard links, with the same settings and threads); the two
alternate. No answer comes from memory: every repetition asks for another number of rows, of which there are
fewer. Kept: median and 95th percentile of both, their ratio with its spread, whether kept sums were read.
"""

import argparse
import os
import re
import shutil
import statistics
import tempfile
import time
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
_MODELS = "['gpt-4o','gpt-4o-mini','claude-sonnet-4-5','gemini-2.5-flash','gpt-5','claude-haiku-4-5']"
_FEATURES = "['chat','search','code','summarise','extract','agent','rank','translate']"

FILL = f"""INSERT INTO llm_calls (workspace_id, call_id, ts, provider, model, input_tokens, cache_read_tokens,
output_tokens, reasoning_tokens, service_tier, latency_ms, ttft_ms, status, app, feature, user, api_key_id,
session_id, interactive, streaming, cost_usd, price_source, import_id, position, id_hash, content_hash)
SELECT '{{workspace}}', concat('c', toString(n)),
toDateTime64('2026-10-01 00:00:00', 6, 'UTC') + toIntervalMicrosecond(toInt64(n * {{step}})),
['openai','openai','anthropic','google','openai','anthropic'][1 + h % 6], {_MODELS}[1 + h % 6],
200 + h % 8000, intDiv(h % 8000, 3), 20 + g % 900, g % 100, 'standard', 300 + (g % 100000) / 37.,
50 + (g % 5000) / 13., multiIf(h % 50 = 0, 'error', h % 400 = 1, 'rate_limited', 'ok'),
['web','api','batch'][1 + g % 3], {_FEATURES}[1 + g % 8], concat('u', toString(h % 20000)),
concat('k', toString(intDiv(h % 20000, 100))), concat('s', toString(intDiv(n, 8))), g % 5 > 0, g % 2 = 0,
if(h % 200 = 0, NULL, CAST(h % 1000000000 AS Decimal(38, 15)) / 1000000000000), 'list', 'imp', n, h, g
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
    """Make the calls; seconds. Ends when the engine has no merge under way that matters: parts are few."""
    started = time.perf_counter()
    with httpx.Client(timeout=None, trust_env=False) as client:
        for start in range(0, calls, BLOCK):
            count = min(BLOCK, calls - start)
            step = 30 * 86_400 * 1e6 / calls
            sql = FILL.format(workspace=workspace, step=step, start=start, count=count)
            ask(client, url, sql)
        ask(client, url, "OPTIMIZE TABLE llm_calls")
    return time.perf_counter() - started


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


def measure(client: httpx.Client, engine: Any, workspace: str, rounds: int) -> list[dict[str, Any]]:
    """Every question, ours and the engine's alternating; milliseconds."""
    found: list[dict[str, Any]] = []
    for name, question in QUESTIONS.items():
        ours: list[float] = []
        bare: list[float] = []
        rows = 0
        for turn in range(-1, rounds):
            asked = {**question, "limit": question.get("limit", 5_000) + turn + 1}
            sql, params, settings = bare_sql(asked, workspace)
            started = time.perf_counter()
            answer = client.post("/v1/usage/query", json=asked)
            seconds = time.perf_counter() - started
            answer.raise_for_status()
            alone = run_bare(engine, sql, params, settings)
            rows = len(answer.json()["rows"])
            if turn >= 0:
                ours.append(seconds * 1e3)
                bare.append(alone * 1e3)
        found.append(entry(name, question, ours, bare) | {"rows": rows})
    return found


def entry(name: str, question: dict[str, Any], ours: list[float], bare: list[float]) -> dict[str, Any]:
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
        "ratio": round(statistics.median(ratios), 2),
        "ratio_spread": [round(ratios[len(ratios) // 10], 2), round(ratios[-1 - len(ratios) // 10], 2)],
        "over_limit_ms": round(max(over, 0.0), 1),
    }


def one_size(calls: int, rounds: int) -> dict[str, Any]:
    """A server of its own with that many calls; its figures."""
    with tempfile.TemporaryDirectory(prefix="netra-bench-") as name:
        folder = Path(name)
        with running_server(folder / "data") as server:
            headers = {"Authorization": f"Bearer {server.api_key}"}
            with httpx.Client(base_url=server.url, headers=headers, timeout=600, trust_env=False) as client:
                workspace = client.post("/v1/workspaces", json={"name": f"query {calls}"}).json()["id"]
                client.headers["Netra-Workspace"] = workspace
                url = engine_url(server)
                seconds = fill(url, workspace, calls)
                load = os.getloadavg()[0]
                engine = bare_engine(server.data_dir, folder, database_of(url))
                questions = measure(client, engine, workspace, rounds)
                engine.close()
            memory = server.memory_mb()
    sums = [q["p95_ms"] for q in questions if q["question"].startswith("sums")]
    exact = [q["p95_ms"] for q in questions if q["question"].startswith("percentiles")]
    return {
        "calls": calls,
        "fill_seconds": round(seconds, 1),
        "load_average_before": round(load, 1),
        "highest_p95_ms_of_sums": max(sums),
        "highest_p95_ms_of_percentiles": max(exact),
        "questions": questions,
        "memory_mb": memory,
    }


def main() -> None:
    """Measure every size and record."""
    parser = argparse.ArgumentParser(prog="netra bench query", description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=[1_000_000, 3_000_000, 10_000_000])
    parser.add_argument("--rounds", type=int, default=15)
    options = parser.parse_args()
    results = [one_size(size, options.rounds) for size in sorted(options.sizes)]
    at = datetime.now(UTC).isoformat(timespec="seconds")
    sizes = " ".join(str(size) for size in options.sizes)
    record("query", {"results": results, "measured_at": at}, f"netra bench query --sizes {sizes}")


if __name__ == "__main__":
    main()
