"""The team over a month of a made-up company, and what holds for each of its answers."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

from netra.agents.runtime import SupervisorResult
from netra.context.models import UserExecutionContext
from netra.generator.generating import Profile, generate
from netra.generator.writing import write_files
from netra.pricing.catalogue import PriceCatalogue
from netra.reports.figures import Figure
from testkit.agents_bench import AgentsBench

__all__ = ["company", "company_workspace", "team"]

UNTIL = datetime(2026, 11, 21, tzinfo=UTC)


@pytest.fixture(scope="session")
def company(tmp_path_factory: pytest.TempPathFactory, catalogue: PriceCatalogue) -> tuple[bytes, bytes]:
    """A month of a fictitious company: calls and evaluations, as files."""
    usage = generate(Profile(calls=6_000, until=UNTIL), catalogue)
    files = write_files(usage, tmp_path_factory.mktemp("company"), "parquet")
    return Path(files.calls).read_bytes(), Path(files.evaluations).read_bytes()


@pytest.fixture(scope="session")
def company_workspace() -> list[UserExecutionContext]:
    """Where that month is stored, once it is."""
    return []


@pytest.fixture
async def team(
    agents: AgentsBench, company: tuple[bytes, bytes], company_workspace: list[UserExecutionContext]
) -> AgentsBench:
    """The agents over a workspace that holds that month, and nothing of what they were asked before. Tests
    share the workspace, since they only ask.
    """
    if not company_workspace:
        await agents.bench.load(company[0])
        await agents.bench.load(company[1], "evals")
        company_workspace.append(agents.bench.context)
    agents.bench.context = company_workspace[0]
    return agents


def check_events(agents: AgentsBench) -> None:
    """The order of the five events: starts and ends nest, every tool call pairs, the supervisor's end is not
    ours.
    """
    open_agents: list[str] = []
    open_call: str | None = None
    for kind, payload in agents.events.kept:
        if kind == "agent_started":
            assert payload["parent"] == (open_agents[-1] if open_agents else None)
            open_agents.append(payload["agent_id"])
        elif kind == "agent_completed":
            assert open_agents.pop() == payload["agent_id"]
        elif kind == "tool_executing":
            assert open_call is None
            open_call = payload["call_id"]
        elif kind == "tool_completed":
            assert open_call == payload["call_id"]
            open_call = None
        elif kind == "agent_thinking":
            assert payload["agent_id"] == open_agents[-1]
    assert open_agents == ["supervisor"]
    assert open_call is None


def check_figures(result: SupervisorResult) -> None:
    """Every figure of the answer opens its query, row count and time range."""
    for item in result.figures:
        figure = Figure.model_validate(item)
        assert figure.query.get("measures") or figure.query.get("compare")
        assert "workspace_id = {workspace:String}" in figure.sql
        assert figure.rows > 0
        assert figure.since is not None
    assert "{{f:" not in result.message


async def check_answers(team: AgentsBench, answers: Sequence[tuple[str, list[str]]]) -> None:
    """Each question, asked by itself, is answered with figures and these words."""
    for question, expected in answers:
        result = await team.ask(question, history=[])
        check_events(team)
        check_figures(result)
        assert result.outcome == "completed", question
        assert result.answer == "answered", (question, result.message)
        assert result.figures, question
        for words in expected:
            assert words in result.message, (question, words, result.message)
