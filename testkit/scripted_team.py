"""An agent that does what the question says, through the real seams: emitter, durable steps, result.

The question is a line of `word=value` pairs: `steps=3` tool calls, each of `pause=0.2` seconds; `fail=1`
raises after them; `mark=FILE` appends a line to FILE at each execution of a step and at its end;
`text=WORDS` is the answer; `deltas=N` pieces of it are streamed.
"""

import asyncio
from collections.abc import Sequence
from pathlib import Path

from pydantic import JsonValue

from netra.agents.runtime import SupervisorResult, Turn
from netra.runs.engine import RunParts
from netra.tools.execution_engine import StepAttempt

SUPERVISOR_ID = "supervisor"
SPECIALIST_ID = "data"


class ScriptedAgent:
    """One run's agent."""

    def __init__(self, parts: RunParts) -> None:
        self._emitter = parts.emitter
        self._steps = parts.steps

    async def run(self, question: str, history: Sequence[Turn]) -> SupervisorResult:
        """Emit the events of a run with one specialist, then answer."""
        script = _script(question)
        count = int(script.get("steps", "1"))
        await self._emitter.agent_started(
            agent_id=SUPERVISOR_ID,
            parent=None,
            agent="supervisor",
            question=question,
            plan=["look"],
            limits={},
        )
        await self._emitter.agent_thinking(
            agent_id=SUPERVISOR_ID, parent=None, agent="supervisor", step=1, of=1, text="looking"
        )
        await self._emitter.agent_started(
            agent_id=SPECIALIST_ID, parent=SUPERVISOR_ID, agent="data", question=question, plan=[], limits={}
        )
        for number in range(count):
            await self._tool(number, script)
        if "fail" in script:
            raise RuntimeError("the script wants a failure")
        await self._emitter.agent_completed(
            agent_id=SPECIALIST_ID, parent=SUPERVISOR_ID, agent="data", outcome="completed", answer=None,
            missing=[], report_id=None, message="done", figures=[], usage={}, cost="0", ms=1,
        )  # fmt: skip
        text = script.get("text", "answered").replace("+", " ")
        await self._stream(text, int(script.get("deltas", "1")))
        return SupervisorResult(
            agent_id=SUPERVISOR_ID, outcome="completed", answer="answered", message=text,
            figures=[_figure(number) for number in range(count)], memory={"turns": len(history)}, ms=1,
        )  # fmt: skip

    async def _tool(self, number: int, script: dict[str, str]) -> JsonValue:
        name = f"data:{number}:count"

        async def body(attempt: StepAttempt) -> JsonValue:
            events = self._emitter.with_step(name, attempt.attempt)
            call_id = f"{name}:{attempt.attempt}"
            await events.tool_executing(
                agent_id=SPECIALIST_ID, parent=SUPERVISOR_ID, agent="data", tool="count", call_id=call_id,
                arguments={"number": number},
            )  # fmt: skip
            _mark(script, f"begin {number} {attempt.attempt}")
            await asyncio.sleep(float(script.get("pause", "0")))
            await events.tool_completed(
                agent_id=SPECIALIST_ID, parent=SUPERVISOR_ID, agent="data", tool="count", call_id=call_id,
                status="ok", summary="counted", figures=[_figure(number)], ms=1,
            )  # fmt: skip
            _mark(script, f"end {number} {attempt.attempt}")
            return {"number": number}

        return await self._steps.run_step(name, body)

    async def _stream(self, text: str, pieces: int) -> None:
        size = max(1, len(text) // max(pieces, 1))
        for offset in range(0, len(text), size):
            await self._emitter.delta(part=0, offset=offset, text=text[offset : offset + size])


def scripted_team(parts: RunParts) -> ScriptedAgent:
    """A Team whose agents follow their questions."""
    return ScriptedAgent(parts)


def _script(question: str) -> dict[str, str]:
    pairs = (word.split("=", 1) for word in question.split() if "=" in word)
    return {pair[0]: pair[1] for pair in pairs}


def _mark(script: dict[str, str], line: str) -> None:
    if "mark" in script:
        with Path(script["mark"]).open("a", encoding="utf-8") as file:
            file.write(line + "\n")


def _figure(number: int) -> dict[str, JsonValue]:
    return {"id": f"fig_{number}", "value": str(number), "unit": "calls", "label": "Calls"}
