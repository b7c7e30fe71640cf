"""Workload: the calls of one analysis as arrays, priced as recorded."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import polars as pl

from netra.optimization.blocks import Blocks, blocks_of
from netra.optimization.call_columns import CallColumns
from netra.optimization.prefix_gaps import gaps_since_last_use
from netra.optimization.prefix_replay import Gaps, PrefixBlocks
from netra.optimization.prefix_replay import blocks_of as prefix_blocks_of
from netra.pricing.catalogue import PriceCatalogue
from netra.pricing.coding import Coded, Int32, as_labels, combined
from netra.pricing.models import CanonicalModel
from netra.pricing.money import total_femto
from netra.pricing.vectorised import PriceTable, Tokens, price_table, tokens_of

Int64 = npt.NDArray[np.int64]
Rows = npt.NDArray[np.bool_]

LABELS = ("provider", "model", "service_tier", "status", "app", "feature", "reasoning_effort")
"""Text columns of few different values."""


@dataclass(frozen=True, slots=True)
class UsedModel:
    """A model as the calls name it. `rows` is how many calls name it so, `femto` what they cost."""

    code: int
    provider: str
    model: str
    canonical: CanonicalModel
    rows: int
    femto: int


class Workload(CallColumns):
    """Calls in order of (ts, position) with their recorded cost. Not thread-safe; lives for one analysis.

    `frame`: columns of `llm_calls`; ts, model, input_tokens and output_tokens must be there, others may.
    Empty text counts as unknown.
    """

    def __init__(self, frame: pl.DataFrame, catalogue: PriceCatalogue) -> None:
        self.catalogue = catalogue
        super().__init__(with_labels(_in_order(frame)).rechunk())
        self.tokens: Tokens = tokens_of(self.frame)
        self.prices: PriceTable = price_table(self.frame, catalogue)
        self.cost, self.priced = self.prices.cost(self.tokens)

    @cached_property
    def ts(self) -> Int64:
        """Microseconds since 1970, ascending."""
        return self.frame.get_column("ts").dt.epoch("us").to_numpy()

    @property
    def priced_by(self) -> pl.DataFrame:
        """What the price of a call depends on besides its model."""
        return self.frame.select(name for name in ("ts", "service_tier") if name in self.frame.columns)

    @cached_property
    def blocks(self) -> Blocks:
        """Units of resampling."""
        known = "session_id" in self.frame.columns
        return blocks_of(self.ts, self.frame.get_column("session_id") if known else None)

    @cached_property
    def prefixes(self) -> PrefixBlocks:
        """Full prefix blocks of each call."""
        return prefix_blocks_of(self.frame)

    @cached_property
    def gaps(self) -> Gaps:
        """Gap since the last use of each prefix block, in the recorded cache scopes."""
        scope = self.model_codes.astype(np.int64) * self.keys + self.key_codes
        return gaps_since_last_use(self.prefixes, scope, self.ts)

    @cached_property
    def key_codes(self) -> Int32:
        """A number per API key, 0 where none is given."""
        numbers = self.identities("api_key_id")
        if not numbers.any():
            return np.zeros(self.n, dtype=np.int32)
        known = np.unique(np.append(numbers, np.uint64(0)))
        return np.searchsorted(known, numbers).astype(np.int32)

    @property
    def keys(self) -> int:
        """How many numbers `key_codes` has."""
        return int(self.key_codes.max(initial=0)) + 1

    @cached_property
    def model_codes(self) -> Int32:
        """A number per (provider, model), an index into `models`."""
        return self._models[0]

    @cached_property
    def models(self) -> list[UsedModel]:
        """The models used, by cost, dearest first; `code` is what `model_codes` holds."""
        return sorted(self._models[1], key=lambda used: (-used.femto, -used.rows, used.model, used.provider))

    def rows_of(self, code: int) -> Rows:
        """The calls of one model."""
        return self.model_codes == code

    def labels(self, names: Sequence[str], rows: Rows, top: int = 3) -> list[tuple[dict[str, str], int]]:
        """The dearest combinations of text columns among some calls: (labels, calls)."""
        present = [name for name in names if self.has_text(name)]
        some = np.flatnonzero(rows)
        if not present or not len(some):
            return []
        columns = [self.coded(name) for name in present]
        codes, texts = combined([Coded(column.codes[some], column.values) for column in columns])
        calls = np.bincount(codes, minlength=len(texts))
        usd = np.bincount(codes, weights=self.cost[some], minlength=len(texts)) * 1e-15
        found: list[tuple[dict[str, str], int]] = []
        for place in sorted(range(len(texts)), key=lambda place: (-usd[place], texts[place]))[:top]:
            values = {name: text for name, text in zip(present, texts[place], strict=True) if text}
            found.append((values, int(calls[place])))
        return found

    @cached_property
    def _models(self) -> tuple[Int32, list[UsedModel]]:
        if not self.n:
            return np.zeros(0, dtype=np.int32), []
        codes, names = combined([self.coded("provider"), self.coded("model")])
        counts = np.bincount(codes, minlength=len(names))
        used: list[UsedModel] = []
        for code, (provider, model) in enumerate(names):
            canonical = self.catalogue.canonical(model, provider or None)
            femto = total_femto(self.cost[codes == code])
            used.append(UsedModel(code, provider, model, canonical, int(counts[code]), femto))
        return codes, used


def with_labels(frame: pl.DataFrame) -> pl.DataFrame:
    """The frame with its text columns of few values coded; identifiers stay as they are."""
    text = [name for name in LABELS if frame.schema.get(name) == pl.String]
    return frame.with_columns(as_labels(frame.get_column(name)) for name in text)


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
