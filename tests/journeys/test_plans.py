"""Questions with a target: each is answered yes or no by replaying sets of changes together."""

import pytest

from testkit.agents_bench import AgentsBench
from testkit.team import check_answers

pytestmark = pytest.mark.protects("W20")

ANSWERS: list[tuple[str, list[str]]] = [
    ("what happens in a 10x spike of traffic?", ["A 10x spike"]),
    (
        "Cut spend by 30% while quality stays above 0.9",
        ["Quality above 90:", "Yes: saving 30 % and quality above 90"],
    ),
    ("Halve our LLM bill", ["No: saving 50 % cannot hold", "Saving 50 %: missed by", "Switching gpt-4o"]),
    ("Meet a p99 of 1 second at the least cost", ["Shorter answers alone do not reach it"]),
    ("save $100,000 a year", ["No: saving $100,000 a year cannot hold", "missed by"]),
]


async def test_each_target_gets_a_yes_or_a_no(team: AgentsBench) -> None:
    await check_answers(team, ANSWERS)
