"""Workload: the calls of one analysis as arrays, priced as recorded."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import cast

import numpy as np
import numpy.typing as npt
import polars as pl

from netra.optimization.blocks import Blocks, blocks_of
from netra.optimization.prefix_replay import PrefixBlocks, gaps_since_last_use
from netra.optimization.prefix_replay import blocks_of as prefix_blocks_of
from netra.pricing.catalogue import PriceCatalogue
from netra.pricing.models import CanonicalModel
from netra.pricing.money import total_femto
from netra.pricing.vectorised import PriceTable, Tokens, price_table, tokens_of

Int64 = npt.NDArray[np.int64]
Rows = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class UsedModel:
    """A model as the calls name it. `rows` is how many calls name it so, `femto` what they cost."""

    code: int
    provider: str
    model: str
    canonical: CanonicalModel
    rows: int
    femto: int


class Workload:
    """Calls in order of (ts, position) with their recorded cost. Not thread-safe; lives for one analysis.

    `frame`: columns of `llm_calls`; ts, model, input_tokens and output_tokens must be there, others may.
    Empty text counts as unknown.
    """

    def __init__(self, frame: pl.DataFrame, catalogue: PriceCatalogue) -> None:
        self.catalogue = catalogue
        self.frame = _in_order(frame)
        self.n = self.frame.height
        self.tokens: Tokens = tokens_of(self.frame)
        self.prices: PriceTable = price_table(self.frame, catalogue)
        self.cost, self.priced = self.prices.cost(self.tokens)

    @cached_property
    def ts(self) -> Int64:
        """Microseconds since 1970, ascending."""
        return self.frame.get_column("ts").dt.epoch("us").to_numpy()

    @cached_property
    def blocks(self) -> Blocks:
        """Units of resampling."""
        return blocks_of(self.ts, self.text("session_id") if self.has_text("session_id") else None)

    @cached_property
    def prefixes(self) -> PrefixBlocks:
        """Full prefix blocks of each call."""
        return prefix_blocks_of(self.frame)

    @cached_property
    def gaps(self) -> Int64:
        """Gap since the last use of each prefix block, in the recorded cache scopes."""
        scope = self.model_codes * (self.key_codes.max(initial=0) + 1) + self.key_codes
        return gaps_since_last_use(self.prefixes, scope, self.ts)

    @cached_property
    def key_codes(self) -> Int64:
        """A number per API key, 0 where none is given."""
        if not self.has_text("api_key_id"):
            return np.zeros(self.n, dtype=np.int64)
        ranks = self.text("api_key_id").replace("", None).rank("dense")
        return ranks.cast(pl.Int64).fill_null(0).to_numpy()

    @cached_property
    def model_codes(self) -> Int64:
        """A number per (provider, model), an index into `models`."""
        return self._models[0]

    @cached_property
    def models(self) -> list[UsedModel]:
        """The models used, by cost, dearest first; `code` is what `model_codes` holds."""
        return sorted(self._models[1], key=lambda used: (-used.femto, -used.rows, used.model, used.provider))

    def rows_of(self, code: int) -> Rows:
        """The calls of one model."""
        return self.model_codes == code

    def text(self, name: str) -> pl.Series:
        """A text column, empty where absent or null."""
        if name not in self.frame.columns:
            return pl.Series(name, [""]).new_from_index(0, self.n)
        return self.frame.get_column(name).cast(pl.String).fill_null("")

    def identities(self, name: str) -> npt.NDArray[np.uint64]:
        """A 64-bit number per distinct value of an identifier column (n), 0 where absent or empty.

        Equal numbers stand for equal values: among ten million, two others meet with probability 3e-6.
        """
        if name not in self.frame.columns:
            return np.zeros(self.n, dtype=np.uint64)
        column = self.frame.get_column(name)
        if column.dtype.is_integer():
            return column.cast(pl.UInt64).fill_null(0).to_numpy()
        text = column.cast(pl.String).fill_null("")
        return text.hash(seed=0).set(text == "", 0).to_numpy()

    def has_text(self, name: str) -> bool:
        """Whether any call has a value in a text column."""
        if name not in self.frame.columns:
            return False
        column = self.frame.get_column(name)
        return bool((column.is_not_null() & (column.cast(pl.String) != "")).any())

    def number(self, name: str) -> pl.Series | None:
        """A numeric or boolean column, None where absent or null throughout."""
        if name not in self.frame.columns:
            return None
        column = self.frame.get_column(name)
        return None if column.null_count() == self.n else column

    def labels(self, names: Sequence[str], rows: Rows, top: int = 3) -> list[tuple[dict[str, str], int]]:
        """The dearest combinations of text columns among some calls: (labels, calls)."""
        present = [name for name in names if self.has_text(name)]
        if not present or not rows.any():
            return []
        frame = pl.DataFrame([self.text(name).filter(pl.Series(rows)) for name in present]).with_columns(
            usd=pl.Series(self.cost[rows] * 1e-15)
        )
        grouped = (
            frame.group_by(present)
            .agg(pl.len().alias("calls"), pl.col("usd").sum())
            .sort(["usd", *present], descending=[True, *[False] * len(present)])
        )
        found: list[tuple[dict[str, str], int]] = []
        for row in grouped.head(top).iter_rows(named=True):
            labels = {name: cast("str", row[name]) for name in present if row[name]}
            found.append((labels, cast("int", row["calls"])))
        return found

    @cached_property
    def _models(self) -> tuple[Int64, list[UsedModel]]:
        names = pl.DataFrame([self.text("provider"), self.text("model")])
        distinct = names.unique(maintain_order=True).with_row_index("code")
        joined = names.join(distinct, on=["provider", "model"], how="left", maintain_order="left")
        codes = joined.get_column("code").cast(pl.Int64).to_numpy()
        counts = np.bincount(codes, minlength=distinct.height)
        used: list[UsedModel] = []
        for code, provider, model in distinct.iter_rows():
            canonical = self.catalogue.canonical(model, provider or None)
            femto = total_femto(self.cost[codes == code])
            used.append(UsedModel(code, provider, model, canonical, int(counts[code]), femto))
        return codes, used


def _in_order(frame: pl.DataFrame) -> pl.DataFrame:
    if frame.get_column("ts").dtype != pl.Datetime("us", "UTC"):
        frame = frame.with_columns(pl.col("ts").cast(pl.Datetime("us", "UTC")))
    keys = ["ts", "position"] if "position" in frame.columns else ["ts"]
    order = frame.select(keys)
    if order.height < 2:
        return frame
    step = order.get_column("ts").dt.epoch("us").diff().slice(1)
    within = order.get_column("position").cast(pl.Int64).diff().slice(1) if len(keys) == 2 else step + 1
    sorted_already = bool(((step > 0) | ((step == 0) & (within >= 0))).all())
    return frame if sorted_already else frame.sort(keys, maintain_order=True)
