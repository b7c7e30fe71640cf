"""Failures of an agent."""

from __future__ import annotations

from netra.errors.kinds import NetraError


class AgentFailedError(NetraError):
    """An agent ended without a result; the run goes on with what the others found.

    `model_failed` says that the model, not the data or a tool, is the reason.
    """

    code = "agent_failed"
    status = 500

    def __init__(self, message: str, *, model_failed: bool = False) -> None:
        super().__init__(message)
        self.model_failed = model_failed
