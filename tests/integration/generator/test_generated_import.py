"""The generated month goes through the public import, and the store agrees with the answer key."""

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from netra.generator.generating import Profile, generate
from netra.generator.writing import write_files
from netra.pricing.catalogue import PriceCatalogue


@pytest.mark.parametrize("kind", ["jsonl", "parquet"])
async def test_the_store_agrees_with_the_answer_key(
    bench: Any, catalogue: PriceCatalogue, tmp_path: Path, kind: Any
) -> None:
    usage = generate(Profile(calls=5_000, until=datetime(2026, 11, 21, tzinfo=UTC)), catalogue)
    files = write_files(usage, tmp_path / "generated", kind)
    baseline = usage.answer_key["baseline"]
    result = await bench.load(files.calls.read_bytes())
    scores = await bench.load(files.evaluations.read_bytes(), "evals")
    assert (result.stored, result.rejected, result.unpriced) == (
        baseline["calls"],
        0,
        baseline["unpriced_calls"],
    )
    assert (scores.stored, scores.rejected) == (usage.evaluations.height, 0)
    answer = await bench.ask("calls", "cost_usd", "unpriced_calls")
    assert answer.rows == [
        {
            "calls": baseline["calls"],
            "cost_usd": baseline["cost_usd"],
            "unpriced_calls": baseline["unpriced_calls"],
        }
    ]
    wasted = await bench.ask("retries", filters=[{"column": "retry_of", "operator": "!=", "value": ""}])
    assert wasted.rows[0]["retries"] > 0
    overview = await bench.usage.overview(bench.context)
    for column in ("session", "prefix", "interactive_flag", "non_interactive", "latency", "retries"):
        assert overview.has(column), column
    assert Decimal(overview.cost_usd) == Decimal(baseline["cost_usd"])
