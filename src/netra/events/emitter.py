"""UserWebSocketEmitter: the write side of one user's run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Unpack

import msgspec

from netra.events.log import NewEvent
from netra.events.run_writing import RunWriting
from netra.events.types import (
    AgentCompleted,
    AgentCompletedFields,
    AgentStarted,
    AgentThinking,
    Envelope,
    JsonObject,
    MessageCompleted,
    MessageDelta,
    Payload,
    Progress,
    Superseded,
    ToolCompleted,
    ToolCompletedFields,
    ToolExecuting,
    payload_data,
    type_name,
)


class UserWebSocketEmitter:
    """Appends and publishes one run's events; holds no socket, so it works in a worker.

    The key of an event is (run, step, attempt, ordinal): a step that is replayed emits the same keys in the
    same order and gets the first events back. StaleWriterError when another worker has taken the run over.
    """

    def __init__(self, writing: RunWriting, *, step: str, attempt: int) -> None:
        self._writing = writing
        self._step = step
        self._attempt = attempt

    def with_step(self, step: str, attempt: int) -> UserWebSocketEmitter:
        """A sibling whose events carry the key of that step and attempt."""
        return UserWebSocketEmitter(self._writing, step=step, attempt=attempt)

    async def emit(self, payload: Payload, *, parent: str | None = None) -> Envelope:
        """Append one durable event and publish it after the commit; its envelope."""
        return await self._writing.append(self._event(payload, parent))

    def _say(self, payload: Payload, *, parent: str | None = None) -> None:
        """Append a durable event without waiting for it; one emitted later never stands before it."""
        self._writing.append_soon(self._event(payload, parent))

    async def flush(self) -> None:
        """Wait until everything said so far is committed. A run does so before its end."""
        await self._writing.flush()

    async def agent_started(
        self,
        *,
        agent_id: str,
        parent: str | None,
        agent: str,
        question: str,
        plan: Sequence[str],
        limits: Mapping[str, object],
    ) -> None:
        """An agent begins; `plan` lists what it is going to do."""
        payload = AgentStarted(
            agent_id=agent_id, agent=agent, question=question, plan=list(plan), limits=dict(limits)
        )
        self._say(payload, parent=parent)

    async def agent_thinking(
        self, *, agent_id: str, parent: str | None, agent: str, step: int, of: int, text: str
    ) -> None:
        """One sentence about step `step` of `of`."""
        payload = AgentThinking(agent_id=agent_id, agent=agent, step=step, of=of, text=text)
        self._say(payload, parent=parent)

    async def tool_executing(
        self, *, agent_id: str, parent: str | None, agent: str, tool: str, call_id: str, arguments: JsonObject
    ) -> None:
        """A tool call begins."""
        payload = ToolExecuting(
            agent_id=agent_id, agent=agent, tool=tool, call_id=call_id, arguments=arguments
        )
        await self.emit(payload, parent=parent)

    async def tool_completed(self, *, parent: str | None, **fields: Unpack[ToolCompletedFields]) -> None:
        """A tool call ended."""
        await self.emit(msgspec.convert(fields, ToolCompleted), parent=parent)

    async def agent_completed(self, *, parent: str | None, **fields: Unpack[AgentCompletedFields]) -> None:
        """A specialist ended. The supervisor's end is the run's and is committed with its result."""
        if parent is None:
            raise ValueError("the last event of a run is committed with the run, not emitted")
        self._say(msgspec.convert(fields, AgentCompleted), parent=parent)

    async def message_completed(self, *, part: int, text: str) -> None:
        """The full text of a part of the answer."""
        await self.emit(MessageCompleted(part=part, text=text))

    async def superseded(self, *, call_ids: Sequence[str]) -> None:
        """Earlier attempts of this emitter's step no longer count."""
        await self.emit(Superseded(step=self._step, attempt=self._attempt, call_ids=list(call_ids)))

    async def delta(self, *, part: int, offset: int, text: str) -> None:
        """A piece of the answer; `offset` counts Unicode code points of the part; may be lost."""
        await self._pass_on(MessageDelta(part=part, offset=offset, text=text), parent=None)

    async def progress(
        self, *, agent_id: str, parent: str | None, call_id: str, done: int, of: int | None, unit: str
    ) -> None:
        """How far a long call is; may be lost."""
        payload = Progress(agent_id=agent_id, call_id=call_id, done=done, of=of, unit=unit)
        await self._pass_on(payload, parent=parent)

    async def _pass_on(self, payload: Payload, *, parent: str | None) -> None:
        writing = self._writing
        await writing.flush()
        envelope = Envelope(
            type=type_name(payload), thread_id=writing.writer.thread_id, run_id=writing.writer.run_id,
            seq=None, epoch=None, event_id=None, parent=parent, ts=datetime.now(UTC),
            data=payload_data(payload),
        )  # fmt: skip
        await writing.publisher.publish(writing.context.workspace_id, writing.context.user_id, [envelope])

    def _event(self, payload: Payload, parent: str | None) -> NewEvent:
        return NewEvent(payload, parent, self._step, self._attempt, self._next_ordinal())

    def _next_ordinal(self) -> int:
        key = (self._step, self._attempt)
        self._writing.ordinals[key] += 1
        return self._writing.ordinals[key] - 1
