"""UnifiedToolDispatcher: which tool a call means, and whether this run may use it."""

from __future__ import annotations

from collections.abc import Collection

from netra.context.models import UserExecutionContext
from netra.tools.catalogue import ToolCatalogue
from netra.tools.execution_engine import Speaker, ToolExecutionEngine
from netra.tools.figure_sheet import FigureLedger
from netra.tools.specification import AnyToolSpec, JsonObject, ToolResult


class UnifiedToolDispatcher:
    """Decides about the tool calls of one run and has permitted ones carried out.

    Fails closed: a tool that is unknown, not given to the asking agent, not covered by the caller's
    permissions, in need of an approval, or beyond the run's ceiling of steps does not run. What a tool
    returned can never widen any of this: the decision reads only the frozen context.
    """

    def __init__(
        self, context: UserExecutionContext, catalogue: ToolCatalogue, engine: ToolExecutionEngine
    ) -> None:
        self._context = context
        self._catalogue = catalogue
        self._engine = engine
        self._calls = 0

    @property
    def ledger(self) -> FigureLedger:
        """The figures of the run so far."""
        return self._engine.ledger

    async def call(
        self,
        tool: str,
        arguments: JsonObject,
        speaker: Speaker,
        granted: Collection[str],
        attachment: JsonObject | None = None,
    ) -> ToolResult:
        """Run `tool` for an agent whose blueprint grants it the tools in `granted`.

        Raises ToolCallError when it is denied, fails or times out; the pair of events is recorded in any
        case.
        """
        self._calls += 1
        spec = self._catalogue.find(tool)
        if spec is None:
            return await self._engine.refuse(tool, arguments, speaker, f"there is no tool named {tool}")
        reason = self._refusal(spec, granted)
        if reason is not None:
            return await self._engine.refuse(tool, arguments, speaker, reason)
        return await self._engine.execute(spec, arguments, speaker, attachment)

    def _refusal(self, spec: AnyToolSpec, granted: Collection[str]) -> str | None:
        """Why the call may not run, None when it may."""
        if self._calls > self._context.limits.max_steps:
            return f"this run has used its {self._context.limits.max_steps} tool calls"
        if spec.name not in granted:
            return f"{spec.name} is not among this agent's tools"
        if spec.permission not in self._context.permissions:
            return f"{spec.name} needs the permission {spec.permission}, which your role does not have"
        if spec.needs_approval:
            return f"{spec.name} changes something and waits for a person's approval"
        return None
