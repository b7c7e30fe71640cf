"""BaseAgent: one agent at work in one run."""

from __future__ import annotations

import asyncio
import json
import time
from typing import Any, Literal, cast

import structlog
from pydantic import JsonValue
from pydantic_ai.exceptions import AgentRunError, ModelRetry, UsageLimitExceeded
from pydantic_ai.models import Model
from pydantic_ai.usage import RunUsage

from netra.agents.blueprint import AgentOutput
from netra.agents.conversation import AgentConversation
from netra.agents.errors import AgentFailedError
from netra.agents.recorded_model import RecordedModel
from netra.agents.registry import RegisteredAgent
from netra.agents.runtime import AgentRuntime
from netra.llm.budget import RunBudget
from netra.llm.errors import ModelBudgetError, ModelUnavailableError
from netra.llm.playbook import JsonObject
from netra.tools.execution_engine import Speaker
from netra.tools.specification import plain_json

_log = structlog.get_logger(__name__)

AgentState = Literal["created", "running", "completed", "failed"]


class BaseAgent:
    """Runs one blueprint once: events, model, tools, timeout, accounting.

    It holds no SQL, socket or process environment and is used for a single `run`. When a configured provider
    does not answer, the built-in analyst takes the role over and `fell_back` says so; nothing is made up.
    """

    def __init__(
        self, registered: RegisteredAgent, runtime: AgentRuntime, speaker: Speaker, budget: RunBudget
    ) -> None:
        self._registered = registered
        self._runtime = runtime
        self._budget = budget
        self.speaker = speaker
        self.state: AgentState = "created"
        self.usage = RunUsage()
        self.fell_back = False
        self._started = time.monotonic()
        self._events = runtime.emitter.with_step(f"agent:{speaker.agent_id}", 1)

    async def run(
        self, brief: JsonObject, conversation: AgentConversation, *, concluded: bool = True
    ) -> AgentOutput:
        """The agent's typed, validated output, between its first and its last event.

        With `concluded=False` the last event is left to `conclude`. Raises AgentFailedError with a plain
        message.
        """
        blueprint = self._registered.blueprint
        self._started = time.monotonic()
        await self._events.agent_started(
            agent_id=self.speaker.agent_id,
            agent=blueprint.name,
            question=conversation.question,
            plan=[*blueprint.tools] or ["answer from the results of the others"],
            limits=self._limits(),
            parent=self.speaker.parent,
        )
        await self.think(1, 1, blueprint.opening(brief))
        try:
            output = await self.answer(brief, conversation)
        except AgentFailedError as failure:
            await self._completed("failed", failure.message)
            raise
        if concluded:
            await self.conclude(output)
        return output

    async def answer(self, brief: JsonObject, conversation: AgentConversation) -> AgentOutput:
        """The output without the agent's first and last event. Raises AgentFailedError."""
        self.state = "running"
        try:
            output = await self._converse(brief, conversation)
        except BaseException:
            self.state = "failed"
            raise
        self.state = "completed"
        return output

    async def conclude(self, output: AgentOutput) -> None:
        """Emit the agent's last event."""
        await self._completed("completed", output.headline())

    async def think(self, step: int, of: int, text: str) -> None:
        """Say what the agent is about to do."""
        await self._events.agent_thinking(
            agent_id=self.speaker.agent_id,
            agent=self.speaker.agent,
            step=step,
            of=of,
            text=text,
            parent=self.speaker.parent,
        )

    async def _converse(self, brief: JsonObject, conversation: AgentConversation) -> AgentOutput:
        llm, name = self._runtime.llm, self.speaker.agent
        if llm.kind == "built-in":
            return await self._ask(llm.analyst_for(name), brief, conversation)
        model = RecordedModel(
            llm.model_for(name, self._runtime.context, self._budget),
            self._runtime.steps,
            self.speaker.agent_id,
        )
        try:
            return await self._ask(model, brief, conversation)
        except AgentFailedError as failure:
            if not failure.model_failed:
                raise
            _log.warning("model failed, the built-in analyst takes over", agent=name, reason=failure.message)
            self.fell_back = True
            return await self._ask(llm.analyst_for(name), brief, conversation)

    async def _ask(self, model: Model, brief: JsonObject, conversation: AgentConversation) -> AgentOutput:
        blueprint = self._registered.blueprint
        try:
            async with asyncio.timeout(blueprint.timeout_s):
                result = await self._registered.agent.run(
                    json.dumps(brief),
                    model=model,
                    deps=conversation,
                    usage=self.usage,
                    usage_limits=self._runtime.llm.usage_limits(self._runtime.context),
                )
        except TimeoutError as failure:
            raise AgentFailedError(
                f"the {blueprint.name} agent did not finish within {blueprint.timeout_s:g} s"
            ) from failure
        except (ModelUnavailableError, ModelBudgetError, UsageLimitExceeded) as failure:
            raise AgentFailedError(str(failure), model_failed=True) from failure
        except (AgentRunError, ModelRetry) as failure:
            raise AgentFailedError(
                f"the {blueprint.name} agent gave no acceptable answer: {failure}", model_failed=True
            ) from failure
        return cast(AgentOutput, result.output)

    async def _completed(self, outcome: str, message: str) -> None:
        await self._events.agent_completed(
            agent_id=self.speaker.agent_id,
            agent=self.speaker.agent,
            outcome=outcome,
            answer=None,
            missing=[],
            report_id=None,
            message=message,
            figures=[],
            usage=usage_as_json(self.usage),
            cost=None if self._budget.cost_usd is None else format(self._budget.cost_usd, "f"),
            ms=int((time.monotonic() - self._started) * 1000),
            parent=self.speaker.parent,
        )

    def _limits(self) -> dict[str, Any]:
        limits = self._runtime.context.limits
        return {
            "timeout_s": self._registered.blueprint.timeout_s,
            "max_requests": min(12, limits.max_requests),
            "max_tool_calls": limits.max_steps,
        }


def usage_as_json(usage: RunUsage) -> dict[str, JsonValue]:
    """Requests, tool calls and tokens as events carry them."""
    return cast(
        dict[str, JsonValue],
        plain_json(
            {
                "requests": usage.requests,
                "tool_calls": usage.tool_calls,
                "input_tokens": usage.input_tokens,
                "cache_read_tokens": usage.cache_read_tokens,
                "output_tokens": usage.output_tokens,
            }
        ),
    )
