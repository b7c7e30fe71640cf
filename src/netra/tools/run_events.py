"""The part of a run's event emitter that tools and agents speak to, as a protocol."""

from __future__ import annotations

from typing import Protocol, Self, Unpack

from netra.events.types import AgentCompletedFields, JsonObject, ToolCompletedFields


class RunEvents(Protocol):
    """Appends the events of one run; implemented by `UserWebSocketEmitter`.

    Keyword arguments are the payload of the event plus `agent_id` (who speaks) and `parent` (the delegating
    agent's id, None for the supervisor). The order of calls on one emitter is the order of the log.
    """

    def with_step(self, step: str, attempt: int) -> Self:
        """A sibling whose events carry the idempotency key of that step and attempt."""
        ...

    async def agent_started(
        self,
        *,
        agent_id: str,
        agent: str,
        question: str,
        plan: list[str],
        limits: JsonObject,
        parent: str | None,
    ) -> None:
        """An agent begins; `plan` lists what it is going to do."""
        ...

    async def agent_thinking(
        self, *, agent_id: str, agent: str, step: int, of: int, text: str, parent: str | None
    ) -> None:
        """One sentence about step `step` of `of`."""
        ...

    async def tool_executing(
        self, *, agent_id: str, agent: str, tool: str, call_id: str, arguments: JsonObject, parent: str | None
    ) -> None:
        """A tool call begins."""
        ...

    async def tool_completed(self, *, parent: str | None, **payload: Unpack[ToolCompletedFields]) -> None:
        """A tool call ended; `status` is ok, error, timeout or denied; `ms` its wall time."""
        ...

    async def agent_completed(self, *, parent: str | None, **payload: Unpack[AgentCompletedFields]) -> None:
        """An agent ended (never called for the supervisor: the run commits that one with its result)."""
        ...

    async def delta(self, *, part: int, offset: int, text: str) -> None:
        """A piece of the final message; `offset` counts Unicode code points; may be dropped on the way."""
        ...
