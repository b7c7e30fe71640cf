"""Which ids of a workspace are stored, kept in memory while an import runs."""

from collections.abc import Sequence

import numpy as np
import polars as pl

from netra.data_access.ledgered_rows import LedgeredRows
from netra.usage.arrow import frame_of
from netra.usage.digests import Hashes

MOST_ROWS = 16_000_000
"""Rows whose digests are kept: 16 bytes each. In a larger workspace every chunk asks the store."""

_PATIENCE = 2
"""Chunks that ask the store before all digests are fetched: a small import into a large workspace is done
by then. Doubled whenever somebody else writes, so that two long imports at once do not fetch all the time."""


class KnownRows:
    """Answers what is stored of a chunk's ids, from the store or from the digests of the whole workspace.

    The digests are trusted only while the number of stored rows is the one they make: another writer (the
    gateway, spans) may add rows between two chunks, and then the store is asked until they are fetched again.
    Used by one import, which holds the workspace's lock while it asks and writes; nothing is deleted then.
    """

    def __init__(self, stored: LedgeredRows) -> None:
        self._stored = stored
        self._digests = DigestTable()
        self._expected: int | None = None
        self._asked = 0
        self._patience = _PATIENCE

    async def of(self, hashes: pl.Series, *, exactly: bool) -> pl.DataFrame:
        """Stored rows with these id digests: id_hash, content_hash, import_id, position, unpriced.

        From memory every row counts as another import's; `exactly` asks the store who wrote it, which a
        chunk needs that an interrupted import may have written already.
        """
        count = await self._stored.count()
        if exactly or not await self._in_memory(count):
            self._asked += 1
            return frame_of(await self._stored.existing(hashes.to_list()))
        known, content = self._digests.find(hashes.to_numpy())
        return pl.DataFrame(
            {"id_hash": known, "content_hash": content},
            schema={"id_hash": pl.UInt64, "content_hash": pl.UInt64},
        ).with_columns(
            pl.lit("").alias("import_id"),
            pl.lit(0, dtype=pl.UInt64).alias("position"),
            pl.lit(value=False).alias("unpriced"),
        )

    def written(self, rows: pl.DataFrame) -> None:
        """Say which rows were written after `of`."""
        if self._expected is not None:
            self._expected += rows.height
            self._digests.add(rows["id_hash"].to_numpy(), rows["content_hash"].to_numpy())

    async def _in_memory(self, count: int) -> bool:
        if self._expected == count:
            return True
        if self._expected is not None:
            self._digests, self._expected = DigestTable(), None
            self._asked, self._patience = 0, 2 * self._patience
        if count > MOST_ROWS or (count and self._asked < self._patience):
            return False
        if count:
            async for batch in self._stored.digests():
                frame = frame_of(batch)
                self._digests.add(frame["id_hash"].to_numpy(), frame["content_hash"].to_numpy())
        self._expected = count
        return True


class DigestTable:
    """Pairs (id, content) of 64-bit digests in sorted runs of doubling size: n pairs cost O(n log n) to add
    and a chunk is found by one sorted walk a run.
    """

    def __init__(self) -> None:
        self._runs: list[tuple[Hashes, Hashes]] = []

    def add(self, ids: Hashes, contents: Hashes) -> None:
        """Add pairs; of an id that is there already the earlier content stays the first found."""
        if not len(ids):
            return
        order = np.argsort(ids, kind="stable")
        self._runs.append((ids[order], contents[order]))
        while len(self._runs) > 1 and len(self._runs[-2][0]) <= 2 * len(self._runs[-1][0]):
            self._runs[-2:] = [_merged(self._runs[-2:])]

    def find(self, ids: Hashes) -> tuple[Hashes, Hashes]:
        """The pairs with these ids."""
        wanted = np.sort(ids)
        found: list[Hashes] = []
        contents: list[Hashes] = []
        for run_ids, run_contents in self._runs:
            places = np.searchsorted(run_ids, wanted)
            places[places == len(run_ids)] = 0
            hits = places[run_ids[places] == wanted]
            found.append(run_ids[hits])
            contents.append(run_contents[hits])
        if not found:
            return np.zeros(0, dtype=np.uint64), np.zeros(0, dtype=np.uint64)
        return np.concatenate(found), np.concatenate(contents)


def _merged(runs: Sequence[tuple[Hashes, Hashes]]) -> tuple[Hashes, Hashes]:
    ids = np.concatenate([run[0] for run in runs])
    order = np.argsort(ids, kind="stable")
    return ids[order], np.concatenate([run[1] for run in runs])[order]
