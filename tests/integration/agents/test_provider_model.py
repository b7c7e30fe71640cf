"""The same agents on a provider's model, over the OpenAI wire format."""

import json
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from netra.agents.team import playbooks
from netra.context.models import UserExecutionContext
from netra.llm.manager import LLMManager, ProviderAccess
from testkit.agents_bench import AgentsBench
from testkit.scripted_provider import JsonObject, Reply, ScriptedProvider, playing, role_of

pytestmark = pytest.mark.protects("W20")

QUESTION = "How many calls by model in all?"
CALLS = "\n".join(
    json.dumps(
        {
            "call_id": f"c{n}",
            "ts": f"2026-11-{1 + n % 20:02d}T10:00:00Z",
            "provider": "openai",
            "model": ("gpt-4o", "gpt-4o-mini")[n % 2],
            "input_tokens": 1000,
            "output_tokens": 100,
            "latency_ms": 900,
            "feature": "chat",
        }
    )
    for n in range(60)
).encode()


async def _credential(context: UserExecutionContext) -> str:
    return f"key-of-{context.user_id}"


def _manager(url: str) -> LLMManager:
    return LLMManager(
        playbooks(), ProviderAccess(url, "scripted-1", _credential), lambda model, usage, at: Decimal("0.001")
    )


@pytest.fixture
def provider() -> ScriptedProvider:
    return ScriptedProvider(playing(playbooks()))


async def test_a_provider_model_answers_as_the_built_in_analyst_does(
    provider: ScriptedProvider, new_agents: Callable[..., AgentsBench]
) -> None:
    async with provider.running() as url:
        manager = _manager(url)
        agents = new_agents(manager)
        await agents.bench.load(CALLS)
        over_the_wire = await agents.ask(QUESTION)
        await manager.close()
    agents.llm, agents.factory = LLMManager(playbooks()), None
    built_in = await agents.ask(QUESTION, history=[])
    assert over_the_wire.message == built_in.message
    assert "gpt-4o-mini: 30" in over_the_wire.message
    assert over_the_wire.usage["requests"] == len(provider.requests) > 3
    assert Decimal(over_the_wire.cost_usd or "") == Decimal("0.001") * len(provider.requests)
    assert set(provider.keys) == {f"Bearer key-of-{agents.bench.context.user_id}"}


async def test_a_number_the_model_made_up_is_sent_back(new_agents: Callable[..., AgentsBench]) -> None:
    honest = playing(playbooks())
    refused: list[str] = []

    def script(request: JsonObject) -> Reply:
        if role_of(request) == "supervisor":
            returned = [m["content"] for m in request["messages"] if m["role"] == "tool"]
            refused.extend(str(content) for content in returned)
            if not returned:
                return Reply(tool_calls=(("final_answer", {"message": "There were 4711 calls."}),))
        return honest(request)

    provider = ScriptedProvider(script)
    async with provider.running() as url:
        manager = _manager(url)
        agents = new_agents(manager)
        await agents.bench.load(CALLS)
        result = await agents.ask(QUESTION)
        await manager.close()
    assert "4711" in refused[0]
    assert "4711" not in result.message
    assert "gpt-4o: 30" in result.message


async def test_when_the_provider_fails_the_analyst_takes_over_and_says_so(
    new_agents: Callable[..., AgentsBench],
) -> None:
    provider = ScriptedProvider(lambda _: Reply(status=503, error={"error": {"message": "overloaded"}}))
    async with provider.running() as url:
        manager = _manager(url)
        agents = new_agents(manager)
        await agents.bench.load(CALLS)
        result = await agents.ask(QUESTION)
        await manager.close()
    assert result.outcome == "completed"
    assert "gpt-4o: 30" in result.message
    assert "built-in analyst" in result.message


async def test_the_budget_of_a_run_stops_the_provider(
    provider: ScriptedProvider, new_agents: Callable[..., AgentsBench]
) -> None:
    async with provider.running() as url:
        manager = _manager(url)
        agents = new_agents(manager)
        await agents.bench.load(CALLS)
        limits = replace(agents.bench.context.limits, max_requests=2)
        agents.bench.context = agents.bench.context.child(limits=limits)
        result = await agents.ask(QUESTION)
        await manager.close()
    assert len(provider.requests) == 2
    assert result.outcome == "completed"


async def test_instructions_in_the_data_reach_no_tool_beyond_the_agent(
    new_agents: Callable[..., AgentsBench],
) -> None:
    """A model that obeys an attacker calls a tool its agent was not given: it is denied, the pair
    recorded.
    """
    honest = playing(playbooks())

    def script(request: JsonObject) -> Reply:
        if role_of(request) == "data" and not any(m["role"] == "tool" for m in request["messages"]):
            return Reply(tool_calls=(("create_report", {"title": "owned"}),))
        return honest(request)

    provider = ScriptedProvider(script)
    async with provider.running() as url:
        manager = _manager(url)
        agents = new_agents(manager)
        await agents.bench.load(CALLS)
        await agents.ask(QUESTION)
        await manager.close()
    completed: list[Any] = agents.events.of("tool_completed")
    assert all(event["tool"] != "create_report" or event["agent"] == "report" for event in completed)
    assert await agents.reports.list(agents.bench.context) == []
