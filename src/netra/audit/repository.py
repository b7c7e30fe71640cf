"""The SQL of the audit chain."""

from collections.abc import Sequence
from dataclasses import dataclass

from netra.audit.entries import AuditEntry, chain_hash, clean
from netra.storage.postgres.sessions import Transaction

_INSERT = """
    insert into app.audit_entries
        (seq, at, action, outcome, actor_user_id, workspace_id, entry, previous_hash, hash)
    values (:seq, :at, :action, :outcome, :actor, :workspace, :entry, :previous, :hash)
"""


async def append(transaction: Transaction, entries: Sequence[AuditEntry]) -> int:
    """Append entries to the chain in order; the sequence number of the last.

    The lock on the head serialises writers of all processes until they commit.
    """
    last = (await transaction.execute("select last_seq, last_hash from app.audit_head for update")).one()
    seq: int = last.last_seq
    previous: bytes = last.last_hash
    rows: list[dict[str, object]] = []
    for entry in entries:
        seq += 1
        canonical = entry.canonical(seq)
        digest = chain_hash(previous, canonical)
        rows.append(
            {
                "seq": seq,
                "at": entry.at,
                "action": clean(entry.action),
                "outcome": entry.outcome,
                "actor": clean(entry.actor_user_id),
                "workspace": clean(entry.workspace_id),
                "entry": canonical,
                "previous": previous,
                "hash": digest,
            }
        )
        previous = digest
    await transaction.execute(_INSERT, rows)
    await transaction.execute(
        "update app.audit_head set last_seq = :seq, last_hash = :hash", {"seq": seq, "hash": previous}
    )
    return seq


@dataclass(frozen=True, slots=True)
class StoredEntry:
    """An entry as it lies in the table."""

    seq: int
    action: str
    entry: str
    previous_hash: bytes
    hash: bytes


async def head(transaction: Transaction) -> tuple[int, bytes]:
    """Sequence number and hash of the last entry."""
    row = (await transaction.execute("select last_seq, last_hash from app.audit_head")).one()
    return row.last_seq, row.last_hash


async def page(transaction: Transaction, *, after: int, limit: int) -> list[StoredEntry]:
    """The next entries in order; only the owner of the schema may read them."""
    rows = await transaction.execute(
        "select seq, action, entry, previous_hash, hash from app.audit_entries "
        "where seq > :after order by seq limit :limit",
        {"after": after, "limit": limit},
    )
    return [StoredEntry(row.seq, row.action, row.entry, row.previous_hash, row.hash) for row in rows]
