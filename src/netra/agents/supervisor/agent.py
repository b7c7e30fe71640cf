"""SupervisorAgent: plans, delegates, concludes."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import structlog
from pydantic_ai.usage import RunUsage

from netra.agents.base_agent import BaseAgent, usage_as_json
from netra.agents.errors import AgentFailedError
from netra.agents.gaps import gaps_of
from netra.agents.runtime import AgentRuntime, Answer, SupervisorResult, Turn
from netra.agents.specialists import SUPERVISOR_ID, HandOver, RunTeam
from netra.agents.supervisor.delegation import Delegation, joint_brief, read_question, write_report
from netra.agents.supervisor.memory import latest_memory, remember_drivers, remember_savings
from netra.agents.supervisor.results import Conclusion
from netra.agents.triage.results import Specialist, TriageResult
from netra.errors.kinds import InvalidInputError
from netra.ids.manager import UnifiedIDManager
from netra.llm.playbook import JsonObject
from netra.reports.citations import agreeing, cited_ids, fill_prose
from netra.tools.specification import figures_as_json, plain_json
from netra.tools.usage.outputs import DriversOutput

_log = structlog.get_logger(__name__)

PLAN = ["understand the question", "look at the data", "compute", "conclude"]
_DOING: dict[Specialist, str] = {
    "data": "Asking the data agent what the stored calls show.",
    "optimization": "Asking the optimization agent what could be saved.",
    "actions": "Asking the actions agent what exactly to change.",
    "report": "Asking the report agent to write it up.",
}
_CHUNK = 48
LONGEST_QUESTION = 20_000


class SupervisorAgent:
    """Answers one question. Emits every event of the run except the terminal one, which the run commits.

    A specialist that fails is named in the answer, which is then partial; only when nothing at all could be
    found does the run fail.
    """

    def __init__(self, runtime: AgentRuntime) -> None:
        self._runtime = runtime

    async def run(self, question: str, history: Sequence[Turn]) -> SupervisorResult:
        """The answer to `question` in a thread whose earlier messages are `history`, oldest first."""
        started = time.monotonic()
        asked = question[:LONGEST_QUESTION]
        team = RunTeam(self._runtime, asked)
        memory = latest_memory(history)
        supervisor = team.agent(SUPERVISOR_ID)
        await self._started(asked)
        await supervisor.think(1, 2, "Reading the question and looking at which data exists.")
        now = _now(self._runtime)
        try:
            questions = await read_question(team, memory, now)
        except AgentFailedError as failure:
            return self._failed(team, failure.message, started)
        delegations = [Delegation(team, triage, memory) for triage in questions]
        report_id = await self._delegated(team, supervisor, delegations, now)
        briefs = [one.brief(show_actions=one.found.optimization is None) for one in delegations]
        try:
            output = await supervisor.answer(
                joint_brief(asked, briefs, report_id), team.conversation(supervisor)
            )
        except AgentFailedError as failure:
            return self._failed(team, failure.message, started)
        message = output.message if isinstance(output, Conclusion) else ""
        ended = _Ended([one.found for one in delegations], report_id, memory, started)
        return await self._concluded(team, ended, message)

    async def _delegated(
        self, team: RunTeam, supervisor: BaseAgent, delegations: Sequence[Delegation], now: datetime
    ) -> str | None:
        """Have the specialists answer each question in turn, then one report written; its id."""
        steps: list[tuple[Delegation, Specialist]] = [
            (one, specialist)
            for one in delegations
            for specialist in one.found.triage.plan
            if specialist != "report"
        ]
        reported = any("report" in one.found.triage.plan for one in delegations)
        last = len(steps) + reported + 2
        for step, (one, specialist) in enumerate(steps, start=2):
            await supervisor.think(step, last, _DOING[specialist])
            try:
                await one.delegate(specialist)
            except AgentFailedError as failure:
                _note(team, one, specialist, failure)
        report_id = None
        if reported:
            await supervisor.think(last - 1, last, _DOING["report"])
            try:
                report_id = await write_report(team, delegations, now)
            except AgentFailedError as failure:
                _note(team, delegations[-1], "report", failure)
        await supervisor.think(last, last, "Putting the answer together.")
        return report_id

    async def _started(self, question: str) -> None:
        limits = self._runtime.context.limits
        await self._runtime.emitter.with_step("agent:supervisor:start", 1).agent_started(
            agent_id=SUPERVISOR_ID,
            agent=SUPERVISOR_ID,
            question=question,
            plan=PLAN,
            limits={
                "timeout_s": limits.timeout_s,
                "max_steps": limits.max_steps,
                "max_requests": limits.max_requests,
                "max_tokens": limits.max_tokens,
                "max_cost_usd": format(limits.max_cost_usd, "f"),
                "analyst": self._runtime.llm.kind,
            },
            parent=None,
        )

    async def _concluded(self, team: RunTeam, ended: _Ended, message: str) -> SupervisorResult:
        ledger = self._runtime.dispatcher.ledger.by_id()
        if any(agent.fell_back for agent in team.agents):
            message += (
                "\n\nThe configured model did not answer, so the built-in analyst did part of this; no "
                "figure is "
                "affected."
            )
        message = agreeing(message, ledger)
        text = fill_prose(message, ledger)
        await self._stream(text)
        shown = [ledger[name] for name in dict.fromkeys(cited_ids(message))]
        return SupervisorResult(
            agent_id=SUPERVISOR_ID,
            outcome="completed",
            answer=_together([_answer(found) for found in ended.found]),
            message=text,
            prose=message,
            missing=[{"what": what, "how": how} for what, how in gaps_of(ended.found)],
            figures=figures_as_json(shown),
            report_id=ended.report_id,
            usage=usage_as_json(_total(team)),
            cost_usd=None if team.budget.cost_usd is None else format(team.budget.cost_usd, "f"),
            memory=self._remembered(ended),
            ms=int((time.monotonic() - ended.started) * 1000),
        )

    async def _stream(self, text: str) -> None:
        """The text in pieces that end at a space, so that a reader sees whole words appear."""
        offset = 0
        while offset < len(text):
            end = text.find(" ", offset + _CHUNK)
            end = len(text) if end < 0 else end + 1
            await self._runtime.emitter.delta(part=0, offset=offset, text=text[offset:end])
            offset = end

    def _remembered(self, ended: _Ended) -> JsonObject:
        """What a follow-up may refer to: the last thing listed, and the last question."""
        kept: JsonObject = {}
        for found in ended.found:
            memory = self._memory(found, ended.memory)
            listed = any(name in memory for name in ("items", "drivers"))
            kept = memory if listed else {**kept, **memory}
        return kept

    def _memory(self, hand_over: HandOver, earlier: JsonObject) -> JsonObject:
        asked = hand_over.triage.frame
        # What is no question of its own changes nothing about what the next one may refer to.
        passing = asked.kind in {"follow_up", "outside", "greeting", "capabilities"}
        frame: JsonObject = {"frame": earlier.get("frame") if passing else plain_json(asked)}
        if hand_over.savings is not None:
            ledger = self._runtime.dispatcher.ledger.by_id()
            return {**remember_savings(hand_over.savings, ledger), **frame}
        if hand_over.recalled or hand_over.queries is not None:
            listed = {name: value for name, value in earlier.items() if name != "figures"}
            return {**listed, "focus": hand_over.recalled[0].position} if hand_over.recalled else listed
        ranked = hand_over.data.tools.get("rank_drivers") if hand_over.data is not None else None
        if ranked is not None and ranked.get("drivers"):
            return {**remember_drivers(DriversOutput.model_validate(ranked)), **frame}
        return frame

    def _failed(self, team: RunTeam, reason: str, started: float) -> SupervisorResult:
        _log.warning("run failed", run_id=self._runtime.context.run_id, reason=reason)
        return SupervisorResult(
            agent_id=SUPERVISOR_ID,
            outcome="failed",
            answer="partial",
            message=f"I could not answer: {reason}",
            usage=usage_as_json(_total(team)),
            cost_usd=None if team.budget.cost_usd is None else format(team.budget.cost_usd, "f"),
            ms=int((time.monotonic() - started) * 1000),
        )


@dataclass(frozen=True, slots=True)
class _Ended:
    """A run whose specialists have finished: what they found about each question."""

    found: list[HandOver]
    report_id: str | None
    memory: JsonObject
    started: float


def _note(team: RunTeam, one: Delegation, specialist: Specialist, failure: AgentFailedError) -> None:
    """A specialist that failed is named in the answer to its question."""
    said = f"The {specialist} agent did not finish: {failure.message}"
    team.learn([said])
    one.found.failures.append(said)


def _together(answers: Sequence[Answer]) -> Answer:
    """The answer to several questions: whole or lacking where each is, else partial."""
    return answers[0] if len({*answers}) == 1 else "partial"


def _answer(hand_over: HandOver) -> Answer:
    triage = hand_over.triage
    if triage.sufficiency == "insufficient":
        return "insufficient_data"
    if hand_over.data is not None and hand_over.data.missing:
        return "insufficient_data" if triage.frame.kind == "anomalies" else "partial"
    savings = hand_over.savings
    verdicts = {finding.verdict for finding in savings.findings} if savings is not None else set[str]()
    open_only = "insufficient_data" in verdicts and "recommend" not in verdicts
    if verdicts == {"insufficient_data"} or (open_only and _asks_how_to_save(triage)):
        found = hand_over.data is not None and triage.frame.kind == "audit"
        return "partial" if found else "insufficient_data"
    return "partial" if hand_over.failures or triage.sufficiency == "partial" else "answered"


def _asks_how_to_save(triage: TriageResult) -> bool:
    """Whether the choice of changes is ours: with none proved and some open, the answer is not known."""
    return triage.frame.kind == "cost" and not triage.frame.levers


def _total(team: RunTeam) -> RunUsage:
    total = RunUsage()
    for agent in team.agents:
        total = total + agent.usage
    return total


def _now(runtime: AgentRuntime) -> datetime:
    """When the run was asked for, which a recovered run reads the same; the present without a run."""
    run_id = runtime.context.run_id
    if run_id is None:
        return datetime.now(UTC)
    try:
        return UnifiedIDManager().parse(run_id).created_at
    except InvalidInputError:
        return datetime.now(UTC)
