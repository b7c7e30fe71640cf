"""Records that a source writes again while they grow: which of two records of one id is the more complete.

A message is logged while it streams, a bucket of usage is exported while it is open. The counts of a record
are compared as a tuple, so of any number of records in any order the same one remains. Pure.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from netra.data_access.ledgered_rows import NewValues
from netra.usage.importers.formats import ImportFormat
from netra.usage.schema import Column


@dataclass(frozen=True, slots=True)
class Growth:
    """Rows whose id is stored with other content: those that say more than what is stored (they take its
    place), and the places of those that are more than a record which grew.
    """

    larger: pl.DataFrame
    unlike: list[int]


def most_complete(frame: pl.DataFrame, kind: ImportFormat) -> pl.DataFrame:
    """One row an id, the most complete of a chunk, in file order; rows that differ in more than counts that
    grow all stay.
    """
    if not kind.grows or frame["id_hash"].n_unique() == frame.height:
        return frame
    columns = {column.name: column for column in kind.columns}
    ranks = [_rank(columns[name]) for name in kind.grows]
    ordered = frame.sort([*ranks, pl.col("position")], descending=[True] * len(ranks) + [False])
    kept = ordered.unique(["id_hash", *kind.lasting()], keep="first", maintain_order=True)
    return kept.sort("position")


def compare(rows: pl.DataFrame, stored: pl.DataFrame, kind: ImportFormat) -> Growth:
    """Rows of a chunk against the stored rows of the same ids (id_hash, and every column that lasts or
    grows).
    """
    names = [*kind.lasting(), *kind.grows]
    columns = {column.name: column for column in kind.columns}
    known = stored.unique("id_hash", keep="first").select("id_hash", *names)
    both = rows.join(known, on="id_hash", how="left", suffix="@", maintain_order="left")
    lasting = [pl.col(name).eq_missing(pl.col(f"{name}@")) for name in kind.lasting()]
    found = pl.col("id_hash").is_in(known["id_hash"].implode())
    told = both.select(same=pl.all_horizontal(found, *lasting), more=_comes_after(kind.grows, columns))
    return Growth(rows.filter(told["same"] & told["more"]), (~told["same"]).arg_true().to_list())


def _rank(column: Column, suffix: str = "") -> pl.Expr:
    value = pl.col(f"{column.name}{suffix}")
    return value.cast(column.dtype).fill_null(pl.lit(-1).cast(column.dtype))


def _comes_after(names: Sequence[str], columns: Mapping[str, Column]) -> pl.Expr:
    """Whether the tuple of a row's counts comes after that of the stored row."""
    after = pl.lit(value=False)
    for name in reversed(names):
        ours, theirs = _rank(columns[name]), _rank(columns[name], "@")
        after = (ours > theirs) | ((ours == theirs) & after)
    return after


def new_values(rows: pl.DataFrame, kinds: dict[str, str]) -> dict[str, NewValues]:
    """What the store is told about rows that have grown: columns and the store's types of them."""
    return {
        name: NewValues(kind, rows[name].cast(pl.String).to_list())
        for name, kind in kinds.items()
        if name in rows.columns
    }
