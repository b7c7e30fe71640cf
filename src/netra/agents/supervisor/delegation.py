"""Delegation: the typed hand-over from triage to data, optimization, actions and report."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import cast

from pydantic import JsonValue

from netra.agents.actions.options import options_of
from netra.agents.actions.results import ActionsAnswer
from netra.agents.data.results import DataAnswer, collect_data
from netra.agents.optimization.results import OptimizationAnswer, collect_optimization
from netra.agents.report.agent import CREATE
from netra.agents.report.document import document_of
from netra.agents.report.results import ReportAnswer
from netra.agents.specialists import HandOver, RunTeam
from netra.agents.triage.agent import decide
from netra.agents.triage.playbook import INSPECT
from netra.agents.triage.results import DataFacts, Specialist, TriageAnswer
from netra.agents.triage.targets import phrases_of
from netra.llm.playbook import JsonObject
from netra.tools.errors import ToolCallError
from netra.tools.optimization.recall import RecalledFinding
from netra.tools.reports.create import WRITE
from netra.tools.specification import ToolResult, plain_json
from netra.tools.usage.recall_query import RecalledQueries

_NO_REPORT = "No report is written: your role in this workspace may read reports, not write them."


class Delegation:
    """Calls the specialists of one run, one after another, each with what those before it found."""

    def __init__(self, team: RunTeam, hand_over: HandOver, memory: JsonObject, now: datetime) -> None:
        self._team = team
        self._hand_over = hand_over
        self._memory = memory
        self._now = now

    async def triage(self) -> None:
        """Read the question and decide whether the data can carry an answer."""
        agent = self._team.agent("triage")
        conversation = self._team.conversation(agent)
        brief: JsonObject = {
            "question": self._team.question,
            "now": self._now.isoformat(),
            "timezone": self._team.runtime.context.timezone,
            "has_findings": any(self._memory.get(name) for name in ("items", "drivers", "figures")),
            "earlier": self._memory.get("titles") or [],
            "earlier_levers": self._memory.get("levers") or [],
            "earlier_frame": self._memory.get("frame"),
        }
        output = cast(TriageAnswer, await agent.run(brief, conversation))
        facts = _facts(conversation.results)
        result = decide(output.frame, facts, self._memory)
        if "report" in result.plan and WRITE not in self._team.runtime.context.permissions:
            kept: list[Specialist] = [name for name in result.plan if name != "report"]
            notes = [*result.notes, *([_NO_REPORT] if result.frame.wants_report else [])]
            result = result.model_copy(update={"plan": kept, "notes": notes})
        self._hand_over.triage = result
        self._team.learn(text for missing in result.missing for text in (missing.what, missing.how))
        self._team.learn([*result.notes, result.frame.window.label, *phrases_of(result.frame.targets)])
        self._team.learn(condition.words for condition in result.frame.conditions)

    async def delegate(self, specialist: Specialist) -> None:
        """Run one specialist. Raises AgentFailedError."""
        match specialist:
            case "data":
                await self._data()
            case "optimization":
                await self._optimization()
            case "actions":
                await self._actions()
            case "report":
                await self._report()

    def brief(self, *, show_actions: bool = False) -> JsonObject:
        """Everything found so far, as JSON for an agent's model."""
        found = self._hand_over
        brief: JsonObject = {
            "question": self._team.question,
            "triage": plain_json(found.triage),
            "failures": cast(JsonValue, list(found.failures)),
            "report_id": found.report_id,
            "show_actions": show_actions,
        }
        if found.data is not None:
            brief["data"] = cast(JsonValue, list(found.data.statements))
        if found.optimization is not None:
            brief["optimization"] = cast(JsonValue, list(found.optimization.statements))
        if found.actions is not None:
            brief["actions"] = plain_json(found.actions.actions)
        if found.recalled:
            brief["recalled"] = plain_json(found.recalled)
        if found.queries is not None:
            brief["queries"] = plain_json(found.queries)
        return brief

    async def _data(self) -> None:
        agent = self._team.agent("data")
        conversation = self._team.conversation(agent)
        answer = cast(DataAnswer, await agent.run(self.brief(), conversation))
        self._hand_over.data = collect_data(answer, conversation.results)
        self._note(conversation.failures)

    async def _optimization(self) -> None:
        agent = self._team.agent("optimization")
        conversation = self._team.conversation(agent)
        answer = cast(OptimizationAnswer, await agent.run(self.brief(), conversation))
        self._hand_over.optimization = collect_optimization(answer, conversation.results)
        self._note(conversation.failures)

    async def _actions(self) -> None:
        agent = self._team.agent("actions")
        conversation = self._team.conversation(agent, self._memory)
        brief = self.brief()
        optimization = self._hand_over.optimization
        if optimization is not None and optimization.savings is not None:
            brief["savings"] = plain_json(optimization.savings)
        triage = self._hand_over.triage
        if triage is not None and triage.frame.kind == "follow_up":
            brief["positions"] = cast(JsonValue, triage.frame.ordinals or [self._memory.get("focus") or 1])
            brief["asks"] = cast(JsonValue, triage.frame.asks)
        data = self._hand_over.data
        if data is not None and triage is not None:
            brief["options"] = plain_json(options_of(data.tools, triage.frame.kind))
        self._hand_over.actions = cast(ActionsAnswer, await agent.run(brief, conversation))
        for _, result in conversation.results:
            if isinstance(result.data, dict) and "finding" in result.data:
                self._hand_over.recalled.append(RecalledFinding.model_validate(result.data))
            elif isinstance(result.data, dict) and "queries" in result.data:
                self._hand_over.queries = RecalledQueries.model_validate(result.data)
        self._note(conversation.failures)

    async def _report(self) -> None:
        agent = self._team.agent("report")
        conversation = self._team.conversation(agent)
        answer = cast(ReportAnswer, await agent.run(self.brief(), conversation, concluded=False))
        document = document_of(self._team, self._hand_over, answer, self._now)
        conversation.attachment = cast(JsonObject, document.model_dump(mode="json"))
        try:
            result = await self._team.runtime.dispatcher.call(
                CREATE, {"title": answer.title}, agent.speaker, conversation.granted, conversation.attachment
            )
        except ToolCallError as failure:
            self._hand_over.notes.append(f"No report was stored: {failure.message}")
        else:
            self._hand_over.report_id = str(cast(JsonObject, result.data)["report_id"])
        await agent.conclude(answer)

    def _note(self, failures: Iterable[ToolCallError]) -> None:
        """Failures of tools whose result nobody replaced are told to the user, once each."""
        for failure in failures:
            if not failure.retryable and failure.message not in self._hand_over.failures:
                self._hand_over.failures.append(failure.message)
                self._team.learn([failure.message])


def _facts(results: list[tuple[str, ToolResult]]) -> DataFacts:
    for tool, result in reversed(results):
        if tool == INSPECT and isinstance(result.data, dict):
            return DataFacts.model_validate(result.data["facts"])
    return DataFacts()
