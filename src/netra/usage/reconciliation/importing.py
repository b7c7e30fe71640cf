"""Which rows of a chunk are new, which are known, and which contradict what is known. Pure."""

from dataclasses import dataclass

import polars as pl

from netra.usage.reading.chunks import Reject


@dataclass(frozen=True, slots=True)
class Reconciled:
    """The rows to write, and the fate of the others.

    `kept` counts rows this very import wrote before it was interrupted; they count as stored, not as
    duplicates. `conflicts` has one entry for each row of `conflicting`.
    """

    new: pl.DataFrame
    kept: int
    kept_unpriced: int
    duplicates: int
    conflicts: list[Reject]
    conflicting: pl.DataFrame


def reconcile(frame: pl.DataFrame, existing: pl.DataFrame, import_id: str) -> Reconciled:
    """Compare a chunk (id_hash, content_hash, position, ...) with stored rows of the same ids.

    `existing`: id_hash, content_hash, import_id, position, unpriced. The first row of an id in the chunk
    decides for the later ones unless the store already knows the id.
    """
    if not existing.height and frame["id_hash"].n_unique() == frame.height:
        return Reconciled(frame, 0, 0, 0, [], frame.clear())
    known = existing.select(
        pl.col("id_hash"),
        pl.col("content_hash").alias("known_content"),
        (pl.col("import_id") == import_id).alias("own"),
        pl.col("position").cast(pl.UInt64).alias("known_position"),
        pl.col("unpriced").cast(pl.Boolean),
    ).unique("id_hash", keep="first", maintain_order=True)
    rows = frame.select("id_hash", "content_hash", pl.col("position").cast(pl.UInt64)).join(
        known, on="id_hash", how="left", maintain_order="left"
    )
    stored = pl.col("known_content").is_not_null()
    first = pl.int_range(pl.len()).over("id_hash") == 0
    reference = pl.coalesce("known_content", pl.col("content_hash").first().over("id_hash"))
    conflict = pl.col("content_hash") != reference
    kept = stored & pl.col("own") & (pl.col("known_position") == pl.col("position")) & ~conflict
    masks = rows.select(
        conflict.alias("conflict"),
        kept.fill_null(False).alias("kept"),
        (kept & pl.col("unpriced")).fill_null(False).alias("kept_unpriced"),
        (~stored & first).alias("new"),
        stored.alias("stored"),
    )
    conflicts = [
        Reject(
            line,
            "conflict",
            "the id is already stored with other content"
            if before
            else "an earlier line of this file has the same id with other content",
        )
        for line, before in frame.select("position")
        .with_columns(masks["stored"])
        .filter(masks["conflict"])
        .iter_rows()
    ]
    new, own = int(masks["new"].sum()), int(masks["kept"].sum())
    return Reconciled(
        new=frame.filter(masks["new"]),
        kept=own,
        kept_unpriced=int(masks["kept_unpriced"].sum()),
        duplicates=frame.height - new - own - len(conflicts),
        conflicts=conflicts,
        conflicting=frame.filter(masks["conflict"]),
    )
