"""ToolExecutionEngine: one tool call, from validated arguments to a persisted result and its two events."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Protocol, TypedDict, cast

import structlog
from pydantic import JsonValue

from netra.context.models import UserExecutionContext
from netra.errors.kinds import DeadlineExceededError, NetraError, UnavailableError
from netra.reports.figures import Figure
from netra.tools.errors import ToolArgumentsError, ToolCallError
from netra.tools.figure_sheet import FigureLedger, FigureSheet
from netra.tools.run_events import RunEvents
from netra.tools.specification import (
    AnyToolSpec,
    JsonObject,
    ToolCall,
    ToolResult,
    figures_as_json,
    plain_json,
)

_log = structlog.get_logger(__name__)
_FIRST_PAUSE_S = 0.05


@dataclass(frozen=True, slots=True)
class StepAttempt:
    """Which attempt of a durable step is running: 1 the first time, more after a recovery."""

    attempt: int


class StepRunner(Protocol):
    """Runs a body as a durable step: a step that has finished once is never run again."""

    async def run_step(self, name: str, body: Callable[[StepAttempt], Awaitable[JsonValue]]) -> JsonValue:
        """The body's JSON result, from the store if that step of the run has already finished."""
        ...


class InlineStepRunner:
    """Runs every step at once, in memory: for callers that need no durability."""

    async def run_step(self, name: str, body: Callable[[StepAttempt], Awaitable[JsonValue]]) -> JsonValue:
        """Run the body as its first attempt."""
        return await body(StepAttempt(attempt=1))


@dataclass(frozen=True, slots=True)
class Speaker:
    """Which agent of the run asks: its name, its id in the run, and the id of the agent it works for."""

    agent: str
    agent_id: str
    parent: str | None


@dataclass(frozen=True, slots=True)
class _Ending:
    status: str
    summary: str
    result: ToolResult | None = None
    retryable: bool = False


class _Identity(TypedDict):
    agent_id: str
    agent: str
    tool: str
    call_id: str


@dataclass(frozen=True, slots=True)
class _Announced:
    tool: str
    arguments: JsonObject
    speaker: Speaker
    step: str
    attempt: StepAttempt

    def identity(self) -> _Identity:
        return {
            "agent_id": self.speaker.agent_id,
            "agent": self.speaker.agent,
            "tool": self.tool,
            "call_id": f"{self.step}:{self.attempt.attempt}",
        }


class ToolExecutionEngine:
    """Carries out tool calls for one run.

    Each call is one durable step, so that a recovered run repeats none that had finished. Inside the step
    `tool_executing` comes first and exactly one `tool_completed` last, whatever happens between.
    """

    def __init__(self, context: UserExecutionContext, events: RunEvents, steps: StepRunner) -> None:
        self._context = context
        self._events = events
        self._steps = steps
        self._calls = 0
        self.ledger = FigureLedger()

    async def execute(
        self,
        spec: AnyToolSpec,
        arguments: JsonObject,
        speaker: Speaker,
        attachment: JsonObject | None = None,
    ) -> ToolResult:
        """Run a permitted call. Raises ToolCallError when it gives no result."""

        async def body(call: ToolCall) -> _Ending:
            return await self._attempts(spec, arguments, replace(call, attachment=attachment))

        return await self._as_step(spec.name, arguments, speaker, body)

    async def refuse(self, tool: str, arguments: JsonObject, speaker: Speaker, reason: str) -> ToolResult:
        """Record a call that policy does not permit; always raises ToolCallError."""

        async def denied(_: ToolCall) -> _Ending:
            return _Ending("denied", reason)

        return await self._as_step(tool, arguments, speaker, denied)

    async def _as_step(
        self,
        tool: str,
        arguments: JsonObject,
        speaker: Speaker,
        body: Callable[[ToolCall], Awaitable[_Ending]],
    ) -> ToolResult:
        self._calls += 1
        step = f"{speaker.agent}:{self._calls}:{tool}"
        start = self.ledger.last_number

        async def run(attempt: StepAttempt) -> JsonValue:
            call = ToolCall(self._context, FigureSheet(start), key=f"{self._context.run_id or ''}:{step}")
            return await self._announced(_Announced(tool, arguments, speaker, step, attempt), call, body)

        stored = cast(JsonObject, await self._steps.run_step(step, run))
        figures = [Figure.model_validate(item) for item in cast(list[JsonObject], stored["figures"])]
        if stored["status"] != "ok":
            raise ToolCallError(
                str(stored["summary"]), outcome=str(stored["status"]), retryable=bool(stored["retryable"])
            )
        self.ledger.extend(figures)
        return ToolResult(summary=str(stored["summary"]), data=stored["data"], figures=figures)

    async def _announced(
        self, this: _Announced, call: ToolCall, body: Callable[[ToolCall], Awaitable[_Ending]]
    ) -> JsonValue:
        events = self._events.with_step(this.step, this.attempt.attempt)
        started = time.monotonic()
        ending = _Ending("error", "the call was stopped")
        await events.tool_executing(**this.identity(), arguments=this.arguments, parent=this.speaker.parent)
        try:
            ending = await body(call)
        finally:
            result = ending.result
            await events.tool_completed(
                **this.identity(),
                status=ending.status,
                summary=ending.summary,
                figures=figures_as_json(result.figures if result else []),
                ms=int((time.monotonic() - started) * 1000),
                parent=this.speaker.parent,
            )
        return {
            "status": ending.status,
            "summary": ending.summary,
            "retryable": ending.retryable,
            "data": result.data if result else None,
            "figures": cast(JsonValue, figures_as_json(result.figures if result else [])),
        }

    async def _attempts(self, spec: AnyToolSpec, arguments: JsonObject, call: ToolCall) -> _Ending:
        try:
            typed = spec.validate(arguments)
        except ToolArgumentsError as failure:
            return _Ending("error", str(failure), retryable=True)
        for attempt in range(1, spec.attempts + 1):
            try:
                async with asyncio.timeout(spec.timeout_s):
                    result = await spec.run(call, typed)
            except (TimeoutError, DeadlineExceededError):
                said = f"{spec.name} did not finish within {spec.timeout_s:g} s"
                hint = f" ({spec.timeout_hint})" if spec.timeout_hint else ""
                return _Ending("timeout", said + hint)
            except UnavailableError as failure:
                if attempt == spec.attempts:
                    return _Ending("error", f"{spec.name}: {failure.message}")
                await asyncio.sleep(_FIRST_PAUSE_S * 2**attempt)
                call = replace(call, figures=call.figures.restarted())
            except NetraError as failure:
                return _Ending("error", f"{spec.name}: {failure}", retryable=failure.status < 500)
            except Exception:
                _log.exception("tool failed", tool=spec.name, run_id=self._context.run_id)
                return _Ending("error", f"{spec.name} failed; the log of the server says why")
            else:
                made = ToolResult(result.summary, plain_json(result.data), call.figures.figures)
                return _Ending("ok", result.summary, made)
        raise AssertionError("unreachable: the last attempt returns")
