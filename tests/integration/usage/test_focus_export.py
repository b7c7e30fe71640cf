"""The FOCUS file adds up to what is stored, in CSV and Parquet, also where prices were corrected since."""

import csv
import io
from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any

import polars as pl
import pytest

from netra.data_access.factory import DataAccessFactory
from netra.pricing.catalogue import PriceCatalogue
from netra.pricing.workspace_prices import WorkspacePrices
from netra.usage.focus.columns import COLUMNS
from netra.usage.focus.export import FocusExport
from netra.usage.money import money_text
from netra.usage.reconciliation.schemas import ReconcileOptions
from netra.usage.reconciliation.service import ReconciliationService
from testkit.priced_calls import CONTRACT, as_lines, priced_rows


async def joined(pieces: AsyncIterator[bytes]) -> bytes:
    return b"".join([piece async for piece in pieces])


@pytest.mark.parametrize("corrected", [False, True])
async def test_a_file_adds_up_to_what_is_stored(
    bench: Any, data_access: DataAccessFactory, catalogue: PriceCatalogue, corrected: bool
) -> None:
    await bench.load(as_lines(priced_rows(300)))
    prices = WorkspacePrices(data_access, catalogue)
    if corrected:
        await prices.put(bench.context, CONTRACT)
    export = FocusExport(data_access, prices)
    stored = Decimal((await bench.ask("cost_usd")).rows[0]["cost_usd"])
    text = (await joined(await export.export(bench.context, (None, None), "csv"))).decode()
    found = list(csv.DictReader(io.StringIO(text)))
    assert tuple(found[0]) == COLUMNS
    assert sum(Decimal(row["BilledCost"]) for row in found) == stored
    usage = [row for row in found if row["ChargeCategory"] == "Usage"]
    assert (len(usage) < len(found)) == corrected
    for row in usage:
        tokens = Decimal(row["PricingQuantity"])
        assert Decimal(row["BilledCost"]) == tokens * Decimal(row["ContractedUnitPrice"])
        assert Decimal(row["ListCost"]) == tokens * Decimal(row["ListUnitPrice"])
    parquet = await joined(await export.export(bench.context, (None, None), "parquet"))
    frame = pl.read_parquet(io.BytesIO(parquet))
    assert frame.columns == list(COLUMNS)
    assert frame["BilledCost"].dtype == pl.Decimal(38, 15)
    assert frame["BilledCost"].sum() == stored
    assert frame.height == len(found)
    unpriced = (await bench.ask("unpriced_calls")).rows[0]["unpriced_calls"]
    assert await export.unpriced_calls(bench.context, (None, None)) == unpriced > 0
    reconciliation = ReconciliationService(data_access, prices)
    for content in (text.encode(), parquet) if corrected else (parquet,):
        told = await reconciliation.reconcile(bench.context, content, ReconcileOptions())
        assert (told.format, told.invoice_usd, told.other_rows) == ("focus", money_text(stored), 0)
        assert corrected or told.causes == {}


async def test_nothing_stored_is_a_file_with_columns_only(
    bench: Any, data_access: DataAccessFactory, catalogue: PriceCatalogue
) -> None:
    export = FocusExport(data_access, WorkspacePrices(data_access, catalogue))
    text = (await joined(await export.export(bench.context, (None, None), "csv"))).decode()
    assert text.strip().split(",") == list(COLUMNS)
    parquet = await joined(await export.export(bench.context, (None, None), "parquet"))
    assert pl.read_parquet(io.BytesIO(parquet)).is_empty()
