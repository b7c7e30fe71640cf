"""ExecutionEngineFactory: a fresh engine, emitter and step runner for each run."""

from __future__ import annotations

from netra.context.models import UserExecutionContext
from netra.data_access.factory import DataAccessFactory
from netra.events.emitter import UserWebSocketEmitter
from netra.events.log import EventLog, Writer
from netra.events.publisher import EventPublisher
from netra.events.run_writing import RunWriting
from netra.runs.engine import ExecutionEngine, RunParts, Team
from netra.runs.steps import Checkpoints, RunSteps

OUTSIDE_STEPS = "run"


class ExecutionEngineFactory:
    """Holds what all runs share (all of it stateless or thread-safe) and builds what none may share."""

    def __init__(
        self, access: DataAccessFactory, log: EventLog, publisher: EventPublisher, team: Team
    ) -> None:
        self._access = access
        self._log = log
        self._publisher = publisher
        self._team = team

    def create(
        self, context: UserExecutionContext, writer: Writer, checkpoints: Checkpoints
    ) -> ExecutionEngine:
        """The engine of one run, which may be dropped when the run ends: it holds nothing open."""
        access = self._access.for_context(context)
        writing = RunWriting(context, writer, access, self._log, self._publisher)
        emitter = UserWebSocketEmitter(writing, step=OUTSIDE_STEPS, attempt=1)
        steps = RunSteps(checkpoints, access, self._log, writer, emitter)
        parts = RunParts(context, emitter, steps)
        return ExecutionEngine(parts, self._team(parts))
