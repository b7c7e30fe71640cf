"""Failures of a tool call, as the agent that asked sees them."""

from __future__ import annotations

from netra.errors.kinds import InvalidInputError, NetraError


class ToolCallError(NetraError):
    """A call that gave no result; `status` of the event says whether it failed, timed out or was denied."""

    code = "tool_failed"
    status = 500

    def __init__(self, message: str, *, outcome: str, retryable: bool = False) -> None:
        super().__init__(message)
        self.outcome = outcome
        self.retryable = retryable
        """True when other arguments may succeed, so that a model should correct its call."""


class ToolArgumentsError(InvalidInputError):
    """The arguments do not fit the tool; the message names each of them and what was expected."""

    code = "tool_arguments"
