"""Calls that stand inside another call of the same trace with the same tokens: two layers of an application
(a framework, and the client beneath it) may have reported one call.
"""

import numpy as np
import polars as pl

from netra.usage.digests import Hashes, seed_of, text_digests

MOST = 4_000_000
"""Calls with a span kept at most, 24 bytes each; of later ones nothing is said."""

_SEED = seed_of("layer")


class Layers:
    """Who stands in whom, by digests of span and tokens; kept over all chunks of a file."""

    def __init__(self) -> None:
        self._spans: list[Hashes] = []
        self._parents: list[Hashes] = []
        self._lines: list[Hashes] = []
        self._kept = 0

    def add(self, full: pl.DataFrame) -> None:
        """Take note of the calls of a chunk that name a span."""
        calls = full.filter((pl.col("span_id") != "") & (pl.col("input_tokens") > 0))
        if not calls.height or self._kept + calls.height > MOST:
            return
        tokens = pl.concat_str(pl.lit("\x1f"), "input_tokens", pl.lit("/"), "output_tokens")
        names = calls.select(
            own=pl.concat_str("trace_id", pl.lit("\x1f"), "span_id", tokens),
            above=pl.concat_str("trace_id", pl.lit("\x1f"), "parent_span_id", tokens),
        )
        self._spans.append(text_digests(names["own"], _SEED))
        self._parents.append(text_digests(names["above"], _SEED))
        self._lines.append(calls["position"].cast(pl.UInt64).to_numpy())
        self._kept += calls.height

    def nested(self) -> tuple[int, int | None]:
        """Number of calls inside another one with the same tokens, and the line of the first."""
        if not self._kept:
            return 0, None
        inside = np.isin(np.concatenate(self._parents), np.concatenate(self._spans))
        lines = np.concatenate(self._lines)[inside]
        return len(lines), int(lines.min()) if len(lines) else None
