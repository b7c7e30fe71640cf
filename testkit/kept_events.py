"""An emitter for tests that keeps a run's events in memory."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass
class KeptEvents:
    """An emitter that keeps what it is told, in order."""

    kept: list[tuple[str, dict[str, Any]]] = field(default_factory=list[tuple[str, dict[str, Any]]])

    def with_step(self, step: str, attempt: int) -> KeptEvents:
        """Itself: every step's events are kept together."""
        return self

    async def agent_started(self, **payload: Any) -> None:
        """Keep it."""
        self.kept.append(("agent_started", payload))

    async def agent_thinking(self, **payload: Any) -> None:
        """Keep it."""
        self.kept.append(("agent_thinking", payload))

    async def tool_executing(self, **payload: Any) -> None:
        """Keep it."""
        self.kept.append(("tool_executing", payload))

    async def tool_completed(self, **payload: Any) -> None:
        """Keep it."""
        self.kept.append(("tool_completed", payload))

    async def agent_completed(self, **payload: Any) -> None:
        """Keep it."""
        self.kept.append(("agent_completed", payload))

    async def delta(self, **payload: Any) -> None:
        """Keep it."""
        self.kept.append(("delta", payload))

    def of(self, type_: str) -> list[dict[str, Any]]:
        """The payloads of one type."""
        return [payload for kind, payload in self.kept if kind == type_]
