"""The last transaction of a run: terminal event, run, answer and thread, all or nothing."""

from __future__ import annotations

from netra.conversations import repository as conversations
from netra.conversations.models import Message
from netra.events.log import Appended, EventLog, NewEvent, Writer
from netra.events.types import AgentCompleted, MessageCompleted
from netra.ids.manager import UnifiedIDManager
from netra.runs import repository
from netra.runs.models import Run, RunEnd
from netra.storage.postgres.sessions import Transaction

SUPERVISOR = "supervisor"


class RunEnding:
    """Writes how a run ended, once: the writer is closed by the same statement that appends the event."""

    def __init__(self, log: EventLog, ids: UnifiedIDManager) -> None:
        self._log = log
        self._ids = ids

    async def write(self, tx: Transaction, writer: Writer, run: Run, end: RunEnd) -> Appended:
        """Append the terminal event, store answer and status. StaleWriterError when the run has ended
        already or belongs to another worker; then nothing is written.
        """
        payload = await self._payload(tx, run, end)
        events = [NewEvent(payload, parent=None, step="end", ordinal=1)]
        if end.outcome == "completed":
            # Deltas may have been lost: the whole text follows them as a durable event.
            whole = MessageCompleted(part=0, text=payload.message)
            events.insert(0, NewEvent(whole, parent=None, step="end", ordinal=0))
        appended = await self._log.append(tx, writer, events, close=True)
        terminal = appended.envelopes[-1]
        at = terminal.ts
        await repository.end_run(tx, run.id, end, at=at)
        answer = Message(
            id=payload.message_id or "", thread_id=run.thread_id, run_id=run.id, role="assistant",
            text=terminal.data["message"], result=terminal.data, created_at=at,
        )  # fmt: skip
        await conversations.insert_message(tx, answer)
        busy = bool(await repository.list_runs(tx, run.thread_id, in_progress=True))
        status = "running" if busy else "idle"
        await conversations.update_thread(tx, run.thread_id, at=at, status=status)
        return appended

    async def _payload(self, tx: Transaction, run: Run, end: RunEnd) -> AgentCompleted:
        supervisor = await self._log.supervisor_of_run(tx, run.id) if end.agent_id is None else None
        figures = end.figures
        if figures is None:
            # The run broke off: what its tools had found by then is kept.
            figures = await self._log.figures_of_run(tx, run.id)
        return AgentCompleted(
            agent_id=end.agent_id or str((supervisor or {}).get("agent_id") or SUPERVISOR),
            agent=str((supervisor or {}).get("agent") or SUPERVISOR),
            outcome=end.outcome,
            answer=end.answer,
            missing=end.missing,
            report_id=end.report_id,
            message=end.message,
            prose=end.prose,
            figures=figures,
            usage=end.usage,
            cost=end.cost,
            ms=end.ms if end.ms is not None else 0,
            message_id=self._ids.new("msg"),
        )
