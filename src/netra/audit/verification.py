"""Checks the audit chain from its beginning."""

from dataclasses import dataclass

import orjson

from netra.audit import repository
from netra.audit.entries import GENESIS, chain_hash
from netra.audit.repository import StoredEntry
from netra.storage.postgres.manager import DatabaseManager
from netra.storage.postgres.sessions import DatabaseSessionManager

_PAGE = 1000


@dataclass(frozen=True, slots=True)
class ChainVerdict:
    """Whether the chain is whole: how many entries were read, and where it is broken (None: nowhere)."""

    entries: int
    broken_at: int | None
    reason: str | None = None

    @property
    def is_whole(self) -> bool:
        """Whether nothing was removed, changed or put in."""
        return self.broken_at is None


async def verify_chain(database: DatabaseManager) -> ChainVerdict:
    """Read all entries as the owner of the schema and recompute every hash."""
    previous, seen = GENESIS, 0
    sessions = DatabaseSessionManager(database, "owner")
    async with sessions.transaction(workspace_id=None, user_id=None) as transaction:
        last_seq, last_hash = await repository.head(transaction)
        while True:
            rows = await repository.page(transaction, after=seen, limit=_PAGE)
            for row in rows:
                reason = _fault(row, seen, previous)
                if reason is not None:
                    return ChainVerdict(seen, seen + 1, reason)
                seen, previous = row.seq, row.hash
            if len(rows) < _PAGE:
                break
    if seen < last_seq or (seen == last_seq and previous != last_hash):
        return ChainVerdict(seen, seen + 1, "the last entries are missing")
    return ChainVerdict(seen, None)


def _fault(row: StoredEntry, seen: int, previous: bytes) -> str | None:
    if row.seq != seen + 1:
        return "an entry is missing"
    if row.previous_hash != previous or chain_hash(previous, row.entry) != row.hash:
        return "an entry does not fit the one before it"
    body = orjson.loads(row.entry)
    if body["seq"] != row.seq or body["action"] != row.action:
        return "an entry's columns differ from what was hashed"
    return None
