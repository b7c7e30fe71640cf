"""EventLog: the durable events of threads, one gapless stream each."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import orjson

from netra.events import repository
from netra.events.errors import StreamGoneError
from netra.events.types import Cursor, Envelope, JsonObject, Payload, payload_data, type_name
from netra.ids.manager import UnifiedIDManager
from netra.storage.postgres.sessions import Transaction

# PostgreSQL stores no U+0000; an even number of backslashes before it are escaped backslashes of their own.
_NUL = re.compile(r"(?<!\\)((?:\\\\)*)\\u0000")


@dataclass(frozen=True, slots=True)
class NewEvent:
    """An event to append; (step, attempt, ordinal) is its idempotency key within the run."""

    payload: Payload
    parent: str | None = None
    step: str = ""
    attempt: int = 1
    ordinal: int = 0


@dataclass(frozen=True, slots=True)
class Writer:
    """Who appends: a run of a thread, under a claim. Without a claim nothing fences the append, which is
    right only where the transaction itself decides (accepting a message, renaming, ending a run nobody has
    taken).
    """

    thread_id: str
    run_id: str | None = None
    claim: str | None = None


@dataclass(frozen=True, slots=True)
class Appended:
    """The envelopes in order of the given events, and which of them are new (the others were known)."""

    envelopes: list[Envelope]
    fresh: list[Envelope]


class EventLog:
    """Reads and appends events inside the caller's transaction, which decides whose they are."""

    def __init__(self, ids: UnifiedIDManager) -> None:
        self._ids = ids

    async def open_stream(self, tx: Transaction, thread_id: str) -> Cursor:
        """Begin the history of a new thread."""
        epoch = secrets.token_hex(8)
        await repository.insert_stream(tx, thread_id, epoch)
        return Cursor(epoch=epoch, seq=0)

    async def lock(self, tx: Transaction, thread_id: str, *, shared: bool = False) -> Cursor:
        """The thread's position, held until the transaction ends: exclusively, or `shared` with other
        readers.

        Everything that changes what a thread shows holds this lock. Raises StreamGoneError.
        """
        mode = "for share" if shared else "for update"
        position = await repository.find_position(tx, thread_id, lock=mode)
        if position is None:
            raise StreamGoneError("there is no such thread")
        return position

    async def find_position(self, tx: Transaction, thread_id: str) -> Cursor | None:
        """The thread's position without a lock; None when there is no such thread."""
        return await repository.find_position(tx, thread_id)

    async def positions(self, tx: Transaction, thread_ids: list[str]) -> dict[str, Cursor]:
        """The positions of those threads that are there."""
        return await repository.find_positions(tx, thread_ids)

    async def append(
        self, tx: Transaction, writer: Writer, events: Sequence[NewEvent], *, close: bool = False
    ) -> Appended:
        """Append in order; a known idempotency key gives its first event back instead of a second one.

        With `close` the run takes no event afterwards. Raises StaleWriterError, StreamGoneError.
        """
        rows = await repository.append(
            tx, writer.thread_id, writer.run_id, claim=writer.claim, close=close, events=self._encode(events)
        )
        envelopes = [
            _envelope((*row[:6], writer.run_id), thread_id=writer.thread_id, epoch=row[6]) for row in rows
        ]
        fresh = [envelope for envelope, row in zip(envelopes, rows, strict=True) if row[7]]
        return Appended(envelopes, fresh)

    async def claim(self, tx: Transaction, writer: Writer) -> int:
        """Make the writer's claim the run's only one: how many claimed it so far, 0 when it is closed or
        gone.
        """
        if writer.run_id is None or writer.claim is None:
            raise ValueError("only a run's writer can hold a claim")
        return await repository.claim_writer(tx, writer.thread_id, writer.run_id, writer.claim)

    async def begin_step(self, tx: Transaction, writer: Writer, step: str) -> tuple[int, list[str]]:
        """Record that a step begins: its attempt, and the tool calls of the attempts it replaces."""
        if writer.run_id is None or writer.claim is None:
            raise ValueError("only a run's writer can begin a step")
        attempt = await repository.begin_step(tx, writer.run_id, writer.claim, step)
        if attempt == 1:
            return 1, []
        return attempt, await repository.calls_before(tx, writer.run_id, step, attempt)

    async def read(self, tx: Transaction, thread_id: str, *, after_seq: int, limit: int) -> list[Envelope]:
        """Events with a greater seq, in order, at most `limit`; empty for a thread that does not exist."""
        position = await repository.find_position(tx, thread_id)
        if position is None:
            return []
        rows = await repository.read(tx, thread_id, after_seq, limit)
        return _envelopes(rows, thread_id, position.epoch)

    async def read_last(
        self, tx: Transaction, thread_id: str, position: Cursor, limit: int
    ) -> list[Envelope]:
        """The newest events, oldest first, at most `limit`."""
        rows = await repository.read_last(tx, thread_id, limit)
        return _envelopes(rows, thread_id, position.epoch)

    async def find_accepted(self, tx: Transaction, run_id: str) -> Cursor | None:
        """The position of the run's first event, None when there is none."""
        return await repository.find_accepted(tx, run_id)

    async def figures_of_run(self, tx: Transaction, run_id: str) -> list[JsonObject]:
        """The figures that the run's tool calls have given so far, each id once."""
        found: dict[str, JsonObject] = {}
        for text in await repository.figures_of_run(tx, run_id):
            for figure in orjson.loads(text):
                found.setdefault(str(figure.get("id")), figure)
        return list(found.values())

    async def supervisor_of_run(self, tx: Transaction, run_id: str) -> JsonObject | None:
        """Agent id and name of the run's supervisor, None when it has not started."""
        return await repository.supervisor_of_run(tx, run_id)

    def _encode(self, events: Iterable[NewEvent]) -> str:
        items = [
            {
                "event_id": self._ids.new("evt"),
                "type": type_name(event.payload),
                "parent": event.parent,
                "step": event.step,
                "attempt": event.attempt,
                "ordinal": event.ordinal,
                "data": payload_data(event.payload),
            }
            for event in events
        ]
        return _NUL.sub(r"\1", msgspec.json.encode(items).decode())


def _envelopes(rows: Iterable[tuple[Any, ...]], thread_id: str, epoch: str) -> list[Envelope]:
    return [_envelope(row, thread_id=thread_id, epoch=epoch) for row in rows]


def _envelope(row: tuple[Any, ...], *, thread_id: str, epoch: str) -> Envelope:
    seq, event_id, type_, parent, ts, data, run_id = row
    return Envelope(
        type=type_, thread_id=thread_id, run_id=run_id, seq=seq, epoch=epoch, event_id=event_id,
        parent=parent, ts=ts, data=orjson.loads(data),
    )  # fmt: skip
