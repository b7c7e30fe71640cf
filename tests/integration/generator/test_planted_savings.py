"""The levers, over the real stores, find what the generator planted, to the amount it computed by itself."""

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from netra.data_access.factory import DataAccessFactory
from netra.generator.generating import Profile, generate
from netra.generator.writing import write_files
from netra.optimization.schemas import OptimizeRequest
from netra.optimization.service import OptimizationService
from netra.pricing.catalogue import PriceCatalogue


@pytest.fixture
async def planted_and_found(
    bench: Any, data_access: DataAccessFactory, catalogue: PriceCatalogue, tmp_path: Path
) -> tuple[dict[str, Any], dict[str, Any]]:
    usage = generate(Profile(calls=10_000, until=datetime(2026, 11, 21, tzinfo=UTC)), catalogue)
    files = write_files(usage, tmp_path / "generated", "parquet")
    await bench.load(files.calls.read_bytes())
    await bench.load(files.evaluations.read_bytes(), "evals")
    service = OptimizationService(data_access, bench.usage, bench.evaluations, catalogue)
    result = await service.optimize(bench.context, OptimizeRequest())
    return usage.answer_key, result.model_dump(mode="json")


def found(result: dict[str, Any], lever: str, **params: str) -> dict[str, Any]:
    matching = [
        finding
        for finding in result["findings"]
        if finding["lever"] == lever and params.items() <= finding["params"].items()
    ]
    assert len(matching) == 1, (lever, params, matching)
    return matching[0]


async def test_planted_savings_are_found(planted_and_found: tuple[dict[str, Any], dict[str, Any]]) -> None:
    key, result = planted_and_found
    assert result["baseline"]["cost_usd"] == key["baseline"]["cost_usd"]
    assert result["baseline"]["unpriced_calls"] == key["baseline"]["unpriced_calls"]
    for planted in key["planted"]:
        parts = planted.get("by_model", [planted])
        for part in parts:
            params = {**planted["params"], **({"model": part["model"]} if "by_model" in planted else {})}
            finding = found(result, planted["lever"], **params)
            assert finding["verdict"] == part["verdict"], finding
            if part["verdict"] != "insufficient_data":
                assert Decimal(finding["savings_usd"]) == Decimal(part["savings_usd"]), finding
