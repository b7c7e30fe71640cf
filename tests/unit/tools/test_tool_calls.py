"""One tool call: permitted or denied, always a pair of events, one durable step, figures numbered in
order.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from pydantic import JsonValue

from netra.context.models import RunLimits, UserExecutionContext
from netra.errors.kinds import ConflictError, NotFoundError, UnavailableError
from netra.tools.catalogue import ToolCatalogue
from netra.tools.dispatcher import UnifiedToolDispatcher
from netra.tools.errors import ToolCallError
from netra.tools.execution_engine import InlineStepRunner, Speaker, StepAttempt, ToolExecutionEngine
from netra.tools.figure_sheet import Source
from netra.tools.specification import AnyToolSpec, ToolArguments, ToolCall, ToolResult, ToolSpec
from testkit.kept_events import KeptEvents

pytestmark = pytest.mark.protects("W9")

SPEAKER = Speaker("data", "data", "supervisor")


class Arguments(ToolArguments):
    n: int = 1


def context(**changes: Any) -> UserExecutionContext:
    values: dict[str, Any] = {
        "user_id": "usr_1", "workspace_id": "wsp_1", "role": "viewer",
        "request_id": "req_1", "run_id": "run_1",
        "permissions": frozenset({"usage:read"}),
    }  # fmt: skip
    return UserExecutionContext(**{**values, **changes})


def tool(run: Callable[[ToolCall, Arguments], Awaitable[ToolResult]], **changes: Any) -> AnyToolSpec:
    values: dict[str, Any] = {
        "name": "count", "description": "counts", "arguments": Arguments, "permission": "usage:read",
        "timeout_s": 5.0,
    }  # fmt: skip
    return ToolSpec(**{**values, **changes}, run=run)


async def counted(call: ToolCall, arguments: Arguments) -> ToolResult:
    names = [call.figures.add(number, "count", "n", Source()) for number in range(arguments.n)]
    return ToolResult(f"counted {arguments.n}", {"figures": [*names]})


class Kit:
    """A dispatcher over one tool, with its events kept."""

    def __init__(self, spec: AnyToolSpec, who: UserExecutionContext | None = None, steps: Any = None) -> None:
        self.events = KeptEvents()
        self.engine = ToolExecutionEngine(who or context(), self.events, steps or InlineStepRunner())
        self.dispatcher = UnifiedToolDispatcher(who or context(), ToolCatalogue([spec]), self.engine)

    async def call(
        self, name: str = "count", granted: frozenset[str] = frozenset({"count"}), **arguments: Any
    ) -> ToolResult:
        return await self.dispatcher.call(name, arguments, SPEAKER, granted)

    async def failing(self, **arguments: Any) -> ToolCallError:
        with pytest.raises(ToolCallError) as caught:
            await self.call(**arguments)
        return caught.value

    def pairs(self) -> list[tuple[str, str]]:
        """(tool, status) of each pair; fails when an executing has no completed right after it."""
        kinds = [kind for kind, _ in self.events.kept]
        assert kinds == ["tool_executing", "tool_completed"] * (len(kinds) // 2)
        executing, completed = self.events.of("tool_executing"), self.events.of("tool_completed")
        assert [e["call_id"] for e in executing] == [c["call_id"] for c in completed]
        return [(event["tool"], event["status"]) for event in completed]


async def test_a_call_gives_its_result_and_one_pair() -> None:
    kit = Kit(tool(counted))
    result = await kit.call(n=2)
    assert (result.summary, result.data, [f.id for f in result.figures]) == (
        "counted 2",
        {"figures": ["1", "2"]},
        ["1", "2"],
    )
    assert kit.pairs() == [("count", "ok")]
    completed = kit.events.of("tool_completed")[0]
    assert (completed["summary"], completed["parent"], len(completed["figures"])) == (
        "counted 2",
        "supervisor",
        2,
    )


async def test_figures_are_numbered_through_the_run() -> None:
    kit = Kit(tool(counted))
    await kit.call(n=2)
    assert [figure.id for figure in (await kit.call(n=2)).figures] == ["3", "4"]
    assert sorted(kit.dispatcher.ledger.by_id()) == ["1", "2", "3", "4"]


@pytest.mark.parametrize(
    ("who", "name", "granted", "said"),
    [
        (context(), "missing", {"missing"}, "no tool named"),
        (context(), "count", set[str](), "not among this agent's tools"),
        (context(permissions=frozenset()), "count", {"count"}, "needs the permission usage:read"),
        (context(limits=RunLimits(max_steps=0)), "count", {"count"}, "has used its 0 tool calls"),
    ],
)
async def test_what_is_not_permitted_does_not_run(
    who: UserExecutionContext, name: str, granted: set[str], said: str
) -> None:
    ran: list[int] = []

    async def run(call: ToolCall, arguments: Arguments) -> ToolResult:
        ran.append(arguments.n)
        return ToolResult("ran")

    kit = Kit(tool(run), who)
    with pytest.raises(ToolCallError, match=said) as caught:
        await kit.call(name, frozenset(granted))
    assert (caught.value.outcome, ran, kit.pairs()) == ("denied", [], [(name, "denied")])


async def test_a_tool_that_changes_something_waits_for_a_person() -> None:
    kit = Kit(tool(counted, needs_approval=True))
    assert (await kit.failing()).outcome == "denied"


@pytest.mark.parametrize("arguments", [{"n": "many"}, {"m": 1}])
async def test_arguments_that_do_not_fit_are_named_and_may_be_mended(arguments: dict[str, Any]) -> None:
    kit = Kit(tool(counted))
    failure = await kit.failing(**arguments)
    assert next(iter(arguments)) in failure.message
    assert (failure.retryable, kit.pairs()) == (True, [("count", "error")])


async def test_a_call_that_takes_too_long_is_stopped() -> None:
    async def run(call: ToolCall, arguments: Arguments) -> ToolResult:
        await asyncio.Event().wait()
        return ToolResult("never")

    kit = Kit(tool(run, timeout_s=0.01, timeout_hint="ask again later"))
    failure = await kit.failing()
    assert (failure.outcome, failure.message) == (
        "timeout",
        "count did not finish within 0.01 s (ask again later)",
    )
    assert kit.pairs() == [("count", "timeout")]


@pytest.mark.parametrize(
    ("failure", "retryable"), [(RuntimeError("boom"), False), (NotFoundError("no such thing"), True)]
)
async def test_a_failing_tool_still_pairs(failure: Exception, retryable: bool) -> None:
    async def run(call: ToolCall, arguments: Arguments) -> ToolResult:
        raise failure

    kit = Kit(tool(run))
    caught = await kit.failing()
    assert (caught.outcome, caught.retryable, kit.pairs()) == ("error", retryable, [("count", "error")])
    assert "boom" not in caught.message, "an unexpected failure's text stays in the log"


async def test_an_unavailable_store_is_tried_again_and_its_figures_count_once() -> None:
    tries: list[int] = []

    async def run(call: ToolCall, arguments: Arguments) -> ToolResult:
        call.figures.add(1, "count", "n", Source())
        tries.append(1)
        if len(tries) < 3:
            raise UnavailableError("away")
        return ToolResult("there")

    kit = Kit(tool(run))
    result = await kit.call()
    assert (len(tries), [figure.id for figure in result.figures], kit.pairs()) == (
        3,
        ["1"],
        [("count", "ok")],
    )


async def test_a_cancelled_call_still_pairs() -> None:
    started = asyncio.Event()

    async def run(call: ToolCall, arguments: Arguments) -> ToolResult:
        started.set()
        await asyncio.Event().wait()
        return ToolResult("never")

    kit = Kit(tool(run))
    task = asyncio.create_task(kit.call())
    await started.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert kit.pairs() == [("count", "error")]


class Replaying:
    """Steps whose results are kept: a second run of the same code repeats none of them."""

    def __init__(self) -> None:
        self.kept: dict[str, JsonValue] = {}

    async def run_step(self, name: str, body: Callable[[StepAttempt], Awaitable[JsonValue]]) -> JsonValue:
        if name not in self.kept:
            self.kept[name] = await body(StepAttempt(1))
        return self.kept[name]


async def test_a_recovered_run_repeats_no_finished_call_and_keeps_its_figures() -> None:
    ran: list[int] = []

    async def run(call: ToolCall, arguments: Arguments) -> ToolResult:
        ran.append(arguments.n)
        return await counted(call, arguments)

    steps = Replaying()
    first = Kit(tool(run), steps=steps)
    before = [await first.call(n=1), await first.call(n=2)]
    second = Kit(tool(run), steps=steps)
    after = [await second.call(n=1), await second.call(n=2)]
    assert ran == [1, 2]
    assert after == before
    assert second.events.kept == []


async def test_the_key_of_a_call_is_the_same_in_every_attempt() -> None:
    keys: list[str] = []

    async def run(call: ToolCall, arguments: Arguments) -> ToolResult:
        keys.append(call.key)
        if len(keys) == 1:
            raise UnavailableError("away")
        return ToolResult("there")

    await Kit(tool(run)).call()
    assert keys[0] == keys[1] == "run_1:data:1:count"


def test_two_tools_of_one_name_are_refused() -> None:
    with pytest.raises(ConflictError, match="count"):
        ToolCatalogue([tool(counted), tool(counted)])
