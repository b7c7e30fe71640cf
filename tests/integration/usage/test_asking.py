"""Questions over the real engine: every measure and dimension runs, and says what a plain count says."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import orjson
import polars as pl
import pytest

from netra.usage.dimensions import DIMENSIONS
from netra.usage.measures import MEASURES
from netra.usage.service import CompareRequest, Period

BASE = 1_749_992_400_000  # 2025-06-15T13:00:00Z, a Sunday


def rows() -> list[dict[str, Any]]:
    return [
        {
            "call_id": f"c{n}",
            "ts": BASE + n * 3_600_000,
            "provider": "openai",
            "model": "gpt-4o" if n % 3 else "gpt-4o-mini",
            "input_tokens": 1_000 + n,
            "output_tokens": 10 + n,
            "cache_read_tokens": 100,
            "latency_ms": float(n) if n % 2 else None,
            "ttft_ms": 0.5 * n,
            "status": "error" if n % 10 == 0 else "ok",
            "app": "chat",
            "feature": "it's `odd`; -- {p0:String}",
            "user": f"u{n % 4}",
            "session_id": f"s{n // 5}" if n < 30 else None,
            "interactive": n % 2 == 0,
            "reported_cost_usd": 0.001,
            "retry_of": "c0" if n == 1 else None,
        }
        for n in range(40)
    ]


@pytest.fixture
async def asked(bench: Any) -> Any:
    await bench.load(b"\n".join(orjson.dumps(row) for row in rows()))
    return bench


async def test_every_measure_and_every_dimension_runs(asked: Any) -> None:
    names = list(MEASURES)
    told: set[str] = set()
    for first, zone in ((0, "Europe/Berlin"), (25, "UTC"), (50, "UTC")):
        told |= set((await asked.ask(*names[first : first + 25], timezone=zone)).rows[0])
    assert told == set(names)
    for name in DIMENSIONS:
        answer = await asked.ask("calls", dimensions=[name], timezone="Asia/Tokyo")
        assert sum(row["calls"] for row in answer.rows) == 40
        assert all(isinstance(row[name], str) for row in answer.rows)


async def test_measures_say_what_the_frame_says(asked: Any) -> None:
    frame = pl.DataFrame(rows())
    answer = await asked.ask(
        "calls",
        "input_tokens",
        "output_tokens_p95",
        "latency_p50_ms",
        "latency_known",
        "error_rate",
        "cache_hit_share",
        "sessions",
        "users",
        "retries",
        "calls_per_session",
        "reported_cost_usd",
        "ttft_avg_ms",
    )
    row = answer.rows[0]
    assert row["calls"] == 40
    assert row["input_tokens"] == frame["input_tokens"].sum()
    assert row["output_tokens_p95"] == pytest.approx(frame["output_tokens"].quantile(0.95, "linear"))
    assert row["latency_p50_ms"] == pytest.approx(frame["latency_ms"].median())
    assert row["latency_known"] == 20
    assert row["error_rate"] == 10.0
    assert row["cache_hit_share"] == pytest.approx(100 * 4_000 / frame["input_tokens"].sum(), abs=1e-4)
    assert (row["sessions"], row["users"], row["retries"]) == (6, 4, 1)
    assert row["calls_per_session"] == 5
    assert row["reported_cost_usd"] == "0.04"
    assert row["ttft_avg_ms"] == pytest.approx(frame["ttft_ms"].mean())
    assert answer.since == datetime(2025, 6, 15, 13, tzinfo=UTC)
    assert (answer.calls, answer.unpriced_calls) == (40, 0)


async def test_days_follow_the_display_time_zone(asked: Any) -> None:
    utc = await asked.ask("calls", grain="day")
    tokyo = await asked.ask("calls", grain="day", timezone="Asia/Tokyo")
    assert [row["day"] for row in utc.rows] == ["2025-06-15", "2025-06-16", "2025-06-17"]
    assert [row["calls"] for row in utc.rows] == [11, 24, 5]
    assert [row["calls"] for row in tokyo.rows] == [2, 24, 14]
    weekdays = await asked.ask("calls", dimensions=["weekday"], order_by=["weekday"])
    assert [row["weekday"] for row in weekdays.rows] == ["1", "2", "7"]


async def test_filters_time_limits_order_and_pages(asked: Any) -> None:
    hostile = {"column": "feature", "value": "it's `odd`; -- {p0:String}"}
    assert (await asked.ask("calls", filters=[hostile])).rows == [{"calls": 40}]
    some = [
        {"column": "model", "operator": "in", "value": ["gpt-4o-mini"]},
        {"column": "interactive", "operator": "=", "value": True},
        {"column": "input_tokens", "operator": ">=", "value": 1_006},
        {"column": "cost_usd", "operator": ">", "value": "0.0000001"},
        {"column": "user", "operator": "contains", "value": "U"},
    ]
    assert (await asked.ask("calls", filters=some)).rows == [{"calls": 6}]
    limits = {"since": "2025-06-16T00:00:00Z", "until": "2025-06-17T00:00:00+00:00"}
    assert (await asked.ask("calls", **limits)).rows == [{"calls": 24}]
    await check_thresholds(asked)
    await check_conditions_on_groups(asked)
    pages = [
        await asked.ask("cost_usd", dimensions=["session_id"], order_by=["-cost_usd"], limit=3, offset=offset)
        for offset in (0, 3, 6)
    ]
    seen = [row["session_id"] for page in pages for row in page.rows]
    assert len(seen) == len(set(seen)) == pages[0].row_count == 7


async def check_thresholds(asked: Any) -> None:
    """Calls beyond a number of a column, as the stored rows say; a call without the number is on no side."""
    frame = await asked.usage.load_calls(
        asked.context, columns=["latency_ms", "ttft_ms", "input_tokens", "output_tokens", "cost_usd"]
    )
    frame = frame.with_columns(total_tokens=pl.col("input_tokens") + pl.col("output_tokens"))
    cut_off = await asked.ask("calls", filters=[{"column": "at_output_limit", "value": True}])
    assert cut_off.rows[0]["calls"] == (await asked.ask("at_output_limit")).rows[0]["at_output_limit"]
    sides = {">": "gt", ">=": "ge", "<": "lt", "<=": "le", "!=": "ne"}
    for turn, column in enumerate(["latency_ms", "ttft_ms", "input_tokens", "total_tokens", "cost_usd"] * 2):
        edge = sorted(frame[column].drop_nulls())[len(sides) + turn]
        value = str(edge) if column == "cost_usd" else float(edge)
        for operator in list(sides)[turn % 2 :: 2]:
            wanted = frame.filter(getattr(frame[column], sides[operator])(edge))
            condition = {"column": column, "operator": operator, "value": value}
            row = (await asked.ask("calls", "cost_usd", filters=[condition])).rows[0]
            assert row["calls"] == wanted.height > 0, condition
            assert Decimal(row["cost_usd"]) == wanted["cost_usd"].sum(), condition


async def check_conditions_on_groups(asked: Any) -> None:
    """The groups on either side of the middle of each measure, as the answer without the condition says."""
    names = [
        "calls",
        "cost_usd",
        "cost_per_call",
        "cost_per_mtok",
        "error_rate",
        "latency_p95_ms",
        "sessions",
    ]
    everything = (await asked.ask(*names, dimensions=["hour"])).rows
    for name in names:
        values = [Decimal(str(row[name])) for row in everything if row[name] is not None]
        middle = (min(values) + max(values)) / 2 + Decimal("0.00000001")
        for operator, above in ((">", True), ("<=", False)):
            condition = {"measure": name, "operator": operator, "value": format(middle, ".12f")}
            answer = await asked.ask("input_tokens", "calls", dimensions=["hour"], having=[condition])
            kept = [
                row
                for row in everything
                if row[name] is not None and (Decimal(str(row[name])) > middle) is above
            ]
            assert [row["hour"] for row in answer.rows] == [row["hour"] for row in kept], condition
            assert (answer.row_count, answer.calls) == (len(kept), sum(row["calls"] for row in kept))
    none = [{"measure": "calls", "value": 1_000}, {"measure": "latency_p50_ms", "value": 0}]
    answer = await asked.ask("calls", dimensions=["model", "feature"], having=none)
    assert (answer.rows, answer.row_count, answer.calls, answer.since) == ([], 0, 0, None)


async def test_averages_are_ranked_by_their_value(asked: Any) -> None:
    hours = await asked.ask("cost_per_call", "calls", dimensions=["hour_of_day"], order_by=["-cost_per_call"])
    averages = [Decimal(row["cost_per_call"]) for row in hours.rows]
    assert {row["calls"] for row in hours.rows} == {1, 2}
    assert averages == sorted(averages, reverse=True)


async def test_nothing_stored_is_nothing_not_zero_dollars(bench: Any) -> None:
    answer = await bench.ask("calls", "cost_usd", "error_rate", "latency_p95_ms", "cost_per_call")
    assert answer.rows == [
        {"calls": 0, "cost_usd": None, "error_rate": None, "latency_p95_ms": None, "cost_per_call": None}
    ]
    assert (answer.calls, answer.since) == (0, None)
    assert (
        await bench.usage.load_calls(bench.context, columns=["ts", "prefix_hashes", "cost_usd"])
    ).height == 0


async def test_load_calls_is_sorted_and_limited(asked: Any) -> None:
    frame = await asked.usage.load_calls(
        asked.context,
        columns=["ts", "model", "cost_usd", "interactive", "position"],
        since=datetime(2025, 6, 16, tzinfo=UTC),
        until=datetime(2025, 6, 17, tzinfo=UTC),
    )
    assert frame.height == 24
    assert frame["ts"].is_sorted()
    assert frame.schema["ts"] == pl.Datetime("us", "UTC")
    assert frame.schema["cost_usd"] == pl.Decimal(38, 15)
    assert frame.schema["interactive"] == pl.Boolean
    model = str(frame["model"][0])
    of_model = await asked.usage.load_calls(asked.context, columns=["model"], where={"model": model})
    assert of_model["model"].to_list() == [row["model"] for row in rows() if row["model"] == model]
    of_nobody = await asked.usage.load_calls(asked.context, columns=["ts"], where={"team": "nobody"})
    assert of_nobody.is_empty()


async def test_why_spend_changed(asked: Any) -> None:
    middle = datetime(2025, 6, 16, tzinfo=UTC)
    request = CompareRequest(
        before=Period(since=datetime(2025, 6, 15, tzinfo=UTC), until=middle),
        after=Period(since=middle, until=datetime(2025, 6, 17, tzinfo=UTC)),
    )
    result = await asked.usage.compare(asked.context, request)
    parts = result.decomposition
    total = sum(float(parts[f"{name}_usd"]) for name in ("volume", "mix", "size", "price"))
    assert total == pytest.approx(float(parts["change_usd"]))
    assert float(parts["volume_usd"]) > 0
    assert {tuple(segment["key"]) for segment in parts["segments"]} == {("gpt-4o",), ("gpt-4o-mini",)}
    assert result.before.calls == 11
    assert result.after.calls == 24


async def test_an_overview_says_what_calls_carry(asked: Any) -> None:
    told = await asked.usage.overview(asked.context)
    assert (told.calls, told.model_count, told.errors, told.unpriced_calls) == (40, 2, 4, 0)
    assert told.models == ["gpt-4o", "gpt-4o-mini"]
    assert (told.apps, told.features) == (["chat"], ["it's `odd`; -- {p0:String}"])
    assert told.since == datetime(2025, 6, 15, 13, tzinfo=UTC)
    assert told.cost_usd == (await asked.ask("cost_usd")).rows[0]["cost_usd"]
    assert told.calls_with == {
        "session": 30,
        "prefix": 0,
        "user": 40,
        "request_hash": 0,
        "output_cap": 0,
        "reasoning": 0,
        "cache_reads": 40,
        "latency": 20,
        "ttft": 40,
        "retries": 1,
        "interactive_flag": 40,
        "non_interactive": 20,
    }
    assert await asked.usage.overview(asked.context) == told
