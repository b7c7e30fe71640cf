"""From the outbox to the store exactly once, whatever goes wrong between."""

import asyncio
from typing import Any

import polars as pl
import pytest
import structlog

from netra.context.models import UserExecutionContext
from netra.data_access import ledgered_rows
from netra.data_access.factory import DataAccessFactory
from netra.pricing.catalogue import PriceCatalogue
from netra.storage.clickhouse.errors import AnalyticsUnavailableError
from netra.storage.postgres.sessions import DatabaseSessionManager
from netra.usage.outbox import draining
from netra.usage.outbox.batch import NewBatch, packed
from netra.usage.outbox.draining import OutboxDrain
from netra.usage.pricing_rows import CallPricer
from netra.usage.writer import CallWriter
from testkit.ingest_bench import IngestBench
from testkit.usage_bench import UsageBench

pytestmark = pytest.mark.protects("W10")


TS = 1_790_000_000_000_000
TAGS = {"silent": '{"cached_tokens":"unreported"}', "skewed": '{"clock_skew":"ttft_ms"}'}


class FailingWriter(CallWriter):
    """The real writer; it raises what is said before or after it writes, and whenever `poison` is there."""

    def __init__(self, access: DataAccessFactory, catalogue: PriceCatalogue) -> None:
        super().__init__(access, CallPricer(catalogue))
        self.before: list[Exception] = []
        self.after: list[Exception] = []
        self.poison = ""
        self.loses = False

    async def write(self, context: UserExecutionContext, frame: pl.DataFrame, token: str) -> int:
        if self.poison and frame["call_id"].str.contains(self.poison).any():
            raise ValueError("these calls make no sense")
        if self.before:
            raise self.before.pop(0)
        unpriced = await super().write(context, frame, token)
        if self.loses:
            # A deletion leaves the token known, as does a kill between noting it and committing the rows.
            self.loses = False
            await self.rows(context).forget("gateway")
            raise AnalyticsUnavailableError("the store was killed")
        if self.after:
            raise self.after.pop(0)
        return unpriced


@pytest.fixture
def writer(data_access: DataAccessFactory, catalogue: PriceCatalogue) -> FailingWriter:
    return FailingWriter(data_access, catalogue)


@pytest.fixture
def failing(
    ingest: IngestBench,
    sessions: DatabaseSessionManager,
    data_access: DataAccessFactory,
    writer: FailingWriter,
) -> IngestBench:
    """Ingestion whose drain may fail."""
    return IngestBench(ingest.intake, OutboxDrain(sessions, data_access, writer), ingest.status)


def batch(*names: str, model: str = "gpt-4o") -> NewBatch:
    rows: list[dict[str, Any]] = [
        {
            "call_id": name,
            "ts": TS,
            "model": model,
            "input_tokens": 10,
            "output_tokens": 5,
            "tags": TAGS.get(name, ""),
        }
        for name in names
    ]
    frame = pl.DataFrame(rows).with_columns(pl.col("ts").cast(pl.Datetime("us", "UTC")))
    return NewBatch("gateway", len(names), len(names), packed(frame))


async def counted(bench: UsageBench) -> tuple[int, int]:
    calls = await bench.usage.load_calls(bench.context, columns=["call_id"])
    return calls["call_id"].n_unique(), calls.height


async def test_a_drain_that_dies_after_writing_counts_what_it_wrote(
    failing: IngestBench, writer: FailingWriter, bench: UsageBench
) -> None:
    await failing.intake.accept(bench.context, batch("a", "b"))
    await failing.intake.accept(bench.context, batch("b", "c", model="no-such-model"))
    writer.after = [AnalyticsUnavailableError("the answer was lost")]
    with pytest.raises(AnalyticsUnavailableError):
        await failing.drain.drain(bench.context.workspace_id)
    assert (await failing.status.status(bench.context)).waiting_batches == 2
    # What arrives now does not join the flush that has begun.
    await failing.intake.accept(bench.context, batch("silent", "skewed"))
    totals = (await failing.stored(bench.context)).sources["gateway"]
    assert [totals[name] for name in ("received", "stored", "duplicates", "unpriced")] == [6, 5, 1, 1]
    assert (totals["cache_unreported"], totals["clock_skew"]) == (1, 1)
    assert await counted(bench) == (5, 5)
    known = await bench.usage.load_calls(bench.context, columns=["call_id", "cache_unreported"])
    assert known.filter(pl.col("cache_unreported"))["call_id"].to_list() == ["silent"]


async def test_rows_that_a_killed_store_lost_under_a_known_token_are_stored(
    failing: IngestBench, writer: FailingWriter, bench: UsageBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ledgered_rows, "LOOKS_S", (0.0, 0.0))
    writer.loses = True
    await failing.intake.accept(bench.context, batch("a", "b"))
    with pytest.raises(AnalyticsUnavailableError):
        await failing.drain.drain(bench.context.workspace_id)
    assert (await failing.stored(bench.context)).sources["gateway"]["stored"] == 2
    assert await counted(bench) == (2, 2)


async def test_what_waits_while_the_store_is_away_is_stored_when_it_is_back(
    failing: IngestBench, writer: FailingWriter, bench: UsageBench
) -> None:
    writer.before = [AnalyticsUnavailableError("away") for _ in range(draining.ATTEMPTS + 2)]
    for number in range(4):
        await failing.intake.accept(bench.context, batch(f"call {number}"))
        with pytest.raises(AnalyticsUnavailableError):
            await failing.drain.drain(bench.context.workspace_id)
    writer.before = []
    status = await failing.stored(bench.context)
    assert (status.sources["gateway"]["stored"], status.rejected_batches) == (4, 0)


def test_the_log_tells_of_an_outage_at_its_start_then_rarely_and_at_its_end() -> None:
    now = [0.0]
    wait = draining.Wait(lambda: now[0])
    with structlog.testing.capture_logs() as told:
        wait.over()
        for second in range(302):
            now[0] = second
            wait.goes_on(AnalyticsUnavailableError("away"))
        wait.over()
        wait.over()
    assert [(line["event"], line["waited_s"]) for line in told] == [
        ("outbox waits", 0), ("outbox waits", 300), ("outbox is stored again", 301),
    ]  # fmt: skip


async def test_a_batch_that_cannot_be_stored_is_put_aside_and_holds_up_nobody(
    failing: IngestBench, writer: FailingWriter, bench: UsageBench
) -> None:
    writer.poison = "bad"
    for names in (("a",), ("bad 1", "bad 2"), ("b", "c")):
        await failing.intake.accept(bench.context, batch(*names))
    status = await failing.stored(bench.context)
    totals = status.sources["gateway"]
    assert [totals[name] for name in ("batches", "received", "stored", "rejected")] == [3, 5, 3, 2]
    assert status.rejected_batches == 1
    (reject,) = await failing.status.rejects(bench.context, before=None, limit=10)
    assert (reject.kind, reject.calls, reject.reason) == ("batch", 2, "these calls make no sense")
    assert await counted(bench) == (3, 3)


async def test_many_drains_at_once_store_each_call_once(
    ingest: IngestBench, bench: UsageBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(draining, "MOST_CALLS", 5)
    for number in range(12):
        await ingest.intake.accept(bench.context, batch(f"call {number}", f"call {number + 1}"))
    await asyncio.gather(*(ingest.stored(bench.context) for _ in range(4)))
    totals = (await ingest.status.status(bench.context)).sources["gateway"]
    assert [totals[name] for name in ("received", "stored", "duplicates")] == [24, 13, 11]
    assert await counted(bench) == (13, 13)


async def test_answers_kept_for_older_data_no_longer_count(ingest: IngestBench, bench: UsageBench) -> None:
    for number in range(2):
        await ingest.intake.accept(bench.context, batch(f"call {number}"))
        await ingest.stored(bench.context)
        assert (await bench.ask("calls")).rows == [{"calls": number + 1}]
