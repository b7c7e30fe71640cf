"""Delegation: the typed hand-over from triage to data, optimization, actions and report."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
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
from netra.agents.triage.frame import QuestionFrame
from netra.agents.triage.playbook import INSPECT
from netra.agents.triage.results import DataFacts, Specialist, TriageAnswer, TriageResult
from netra.agents.triage.targets import phrases_of
from netra.llm.playbook import JsonObject
from netra.tools.errors import ToolCallError
from netra.tools.optimization.recall import RecalledFinding
from netra.tools.reports.create import WRITE
from netra.tools.specification import ToolResult, plain_json
from netra.tools.usage.recall_query import RecalledQueries

_NO_REPORT = "No report is written: your role in this workspace may read reports, not write them."


async def read_question(team: RunTeam, memory: JsonObject, now: datetime) -> list[TriageResult]:
    """Have the question read, and decide for each one that it holds whether the data can carry an answer."""
    agent = team.agent("triage")
    conversation = team.conversation(agent)
    brief: JsonObject = {
        "question": team.question,
        "now": now.isoformat(),
        "timezone": team.runtime.context.timezone,
        "has_findings": any(memory.get(name) for name in ("items", "drivers", "figures")),
        "earlier": memory.get("titles") or [],
        "earlier_levers": memory.get("levers") or [],
        "earlier_frame": memory.get("frame"),
    }
    output = cast(TriageAnswer, await agent.run(brief, conversation))
    facts = _facts(conversation.results)
    return [_decided(team, frame, facts, memory) for frame in output.frames]


def _decided(team: RunTeam, frame: QuestionFrame, facts: DataFacts, memory: JsonObject) -> TriageResult:
    result = decide(frame, facts, memory)
    if "report" in result.plan and WRITE not in team.runtime.context.permissions:
        kept: list[Specialist] = [name for name in result.plan if name != "report"]
        notes = [*result.notes, *([_NO_REPORT] if result.frame.wants_report else [])]
        result = result.model_copy(update={"plan": kept, "notes": notes})
    team.learn(text for missing in result.missing for text in (missing.what, missing.how))
    team.learn([*result.notes, result.frame.window.label, *phrases_of(result.frame.targets)])
    team.learn(condition.words for condition in result.frame.conditions)
    team.learn(condition.said for condition in result.frame.group_conditions)
    team.learn(result.frame.unread)
    team.learn(asked.said for asked in (result.frame.growth, result.frame.passing) if asked)
    return result


class Delegation:
    """Calls the specialists for one question, one after another, each with what those before it found."""

    def __init__(self, team: RunTeam, triage: TriageResult, memory: JsonObject) -> None:
        self._team = team
        self._triage = triage
        self._memory = memory
        self.found = HandOver(triage)

    async def delegate(self, specialist: Specialist) -> None:
        """Run one specialist; not the report, which is one for all questions. Raises AgentFailedError."""
        match specialist:
            case "data":
                await self._data()
            case "optimization":
                await self._optimization()
            case "actions":
                await self._actions()
            case "report":
                raise AssertionError("unreachable: the report comes after every question")

    def brief(self, *, show_actions: bool = False) -> JsonObject:
        """Everything found so far, as JSON for an agent's model."""
        found = self.found
        brief: JsonObject = {
            "question": self._triage.frame.said or self._team.question,
            "timezone": self._team.runtime.context.timezone,
            "triage": plain_json(found.triage),
            "failures": cast(JsonValue, list(found.failures)),
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
        self.found.data = collect_data(answer, conversation.results)
        self._note(conversation.failures)

    async def _optimization(self) -> None:
        agent = self._team.agent("optimization")
        conversation = self._team.conversation(agent)
        answer = cast(OptimizationAnswer, await agent.run(self.brief(), conversation))
        self.found.optimization = collect_optimization(answer, conversation.results)
        self._note(conversation.failures)

    async def _actions(self) -> None:
        agent = self._team.agent("actions")
        conversation = self._team.conversation(agent, self._memory)
        brief = self.brief()
        optimization = self.found.optimization
        if optimization is not None and optimization.savings is not None:
            brief["savings"] = plain_json(optimization.savings)
        frame = self._triage.frame
        if frame.kind == "follow_up":
            brief["positions"] = cast(JsonValue, frame.ordinals or [self._memory.get("focus") or 1])
            brief["asks"] = cast(JsonValue, frame.asks)
        data = self.found.data
        if data is not None:
            brief["options"] = plain_json(options_of(data.tools, frame.kind))
        self.found.actions = cast(ActionsAnswer, await agent.run(brief, conversation))
        for _, result in conversation.results:
            if isinstance(result.data, dict) and "finding" in result.data:
                self.found.recalled.append(RecalledFinding.model_validate(result.data))
            elif isinstance(result.data, dict) and "queries" in result.data:
                self.found.queries = RecalledQueries.model_validate(result.data)
        self._note(conversation.failures)

    def _note(self, failures: Iterable[ToolCallError]) -> None:
        """Failures of tools whose result nobody replaced are told to the user, once each."""
        for failure in failures:
            if not failure.retryable and failure.message not in self.found.failures:
                self.found.failures.append(failure.message)
                self._team.learn([failure.message])


def joint_brief(question: str, briefs: Sequence[JsonObject], report_id: str | None = None) -> JsonObject:
    """What is known about all questions of a text: of one its brief, of several each brief in `parts`."""
    if len(briefs) == 1:
        return {**briefs[0], "report_id": report_id}
    return {"question": question, "parts": cast(JsonValue, list(briefs)), "report_id": report_id}


async def write_report(team: RunTeam, delegations: Sequence[Delegation], now: datetime) -> str | None:
    """Have one report written about everything found: its id. None where it could not be stored, which the
    last question's failures then say. Raises AgentFailedError.
    """
    agent = team.agent("report")
    conversation = team.conversation(agent)
    brief = joint_brief(team.question, [delegation.brief() for delegation in delegations])
    answer = cast(ReportAnswer, await agent.run(brief, conversation, concluded=False))
    document = document_of(team, [delegation.found for delegation in delegations], answer, now)
    conversation.attachment = cast(JsonObject, document.model_dump(mode="json"))
    try:
        result = await team.runtime.dispatcher.call(
            CREATE, {"title": answer.title}, agent.speaker, conversation.granted, conversation.attachment
        )
    except ToolCallError as failure:
        stored, reason = None, f"No report was stored: {failure.message}"
        team.learn([reason])
        delegations[-1].found.failures.append(reason)
    else:
        stored = str(cast(JsonObject, result.data)["report_id"])
    await agent.conclude(answer)
    return stored


def _facts(results: list[tuple[str, ToolResult]]) -> DataFacts:
    for tool, result in reversed(results):
        if tool == INSPECT and isinstance(result.data, dict):
            return DataFacts.model_validate(result.data["facts"])
    return DataFacts()
