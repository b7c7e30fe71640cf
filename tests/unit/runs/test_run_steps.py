"""Steps of a run: named once, begun before their body, superseded when they begin again."""

from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from netra.runs.steps import RunSteps


class Remembering:
    """Checkpoints in memory."""

    def __init__(self) -> None:
        self.stored: dict[str, Any] = {}

    async def once(self, name: str, body: Callable[[], Awaitable[Any]]) -> Any:
        if name not in self.stored:
            self.stored[name] = await body()
        return self.stored[name]


class Log:
    def __init__(self, attempt: int, replaced: list[str]) -> None:
        self.answer = attempt, replaced

    async def begin_step(self, tx: Any, writer: Any, step: str) -> tuple[int, list[str]]:
        return self.answer


class Access:
    @asynccontextmanager
    async def transaction(self) -> Any:
        yield None


class Emitter:
    def __init__(self) -> None:
        self.said: list[Any] = []

    def with_step(self, step: str, attempt: int) -> Any:
        self.said.append((step, attempt))
        return self

    async def superseded(self, *, call_ids: list[str]) -> None:
        self.said.append(call_ids)


def steps(checkpoints: Any, attempt: int, replaced: list[str], emitter: Emitter) -> Any:
    made: Any = RunSteps
    return made(checkpoints, Access(), Log(attempt, replaced), None, emitter)


async def test_a_finished_step_is_not_run_again() -> None:
    checkpoints, emitter, ran = Remembering(), Emitter(), []

    async def body(attempt: Any) -> Any:
        ran.append(attempt.attempt)
        return {"n": 1}

    assert await steps(checkpoints, 1, [], emitter).run_step("look", body) == {"n": 1}
    assert await steps(checkpoints, 2, [], emitter).run_step("look", body) == {"n": 1}
    assert ran == [1]
    assert emitter.said == []


async def test_a_step_that_begins_again_says_what_it_replaces() -> None:
    emitter = Emitter()

    async def body(attempt: Any) -> Any:
        emitter.said.append(f"body {attempt.attempt}")

    await steps(Remembering(), 2, ["call-1"], emitter).run_step("look", body)
    assert emitter.said == [("look", 2), ["call-1"], "body 2"]


async def test_two_steps_of_a_run_cannot_share_a_name() -> None:
    async def body(attempt: Any) -> Any:
        return None

    runner = steps(Remembering(), 1, [], Emitter())
    await runner.run_step("look", body)
    with pytest.raises(ValueError, match="two steps"):
        await runner.run_step("look", body)
