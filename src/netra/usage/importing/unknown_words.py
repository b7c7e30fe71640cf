"""Words of a foreign format that are not known here, such as a tier that a provider has added since.

The call is kept, counted as its format says such words count, told in the data-quality report, and tagged
with the word as it came.
"""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from netra.usage.importing.normalising import Normalised, with_tags
from netra.usage.importing.quality_watch import QualityWatch

_LONGEST = 60


def set_aside(result: Normalised, source: pl.Series, assumed: str | None) -> tuple[Normalised, pl.Series]:
    """The column with `assumed` in the place of words that are none of its choices, and those words."""
    words = pl.Series(_told(result.series.name), [None] * len(source), dtype=pl.String)
    if not result.problems:
        return result, words
    rows = pl.select(pl.any_horizontal(*(problem.mask for problem in result.problems))).to_series().arg_true()
    told = [str(value)[:_LONGEST] for value in source.gather(rows).to_list()]
    known = Normalised(result.series.scatter(rows, assumed), [])
    return known, words.scatter(rows, pl.Series(told, dtype=pl.String))


def tell_words(
    own: pl.DataFrame, full: pl.DataFrame, assumed: Mapping[str, str | None], quality: QualityWatch
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Count the words set aside and tag their rows; `own` holds them beside its columns, and loses them."""
    for name in assumed:
        told = _told(name)
        if told not in own.columns:
            continue
        words = own[told]
        rows = words.is_not_null().arg_true()
        own = own.drop(told)
        if not len(rows):
            continue
        first = rows[0]
        quality.unknown_word(name, len(rows), int(full["position"][first]), words[first], full[name][first])
        tagged = [with_tags(full["tags"][row], {name: words[row]}) for row in rows.to_list()]
        full = full.with_columns(full["tags"].scatter(rows, pl.Series(tagged, dtype=pl.String)))
    return own, full


def _told(name: str | None) -> str:
    return f"@{name}"
