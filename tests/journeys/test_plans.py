"""Questions about load, audits and targets: a target is answered yes or no by replaying sets of changes."""

import pytest

from testkit.agents_bench import AgentsBench
from testkit.team import check_answers

pytestmark = pytest.mark.protects("W20")

ANSWERS: list[tuple[str, list[str]]] = [
    (
        "We expect 50 % more users next month, where do rate limits bite?",
        ["With 50 % more load", "Spend would go"],
    ),
    ("What if our traffic doubles?", ["With 100 % more load"]),
    (
        "Is gpt-5-mini good enough instead of gpt-5?",
        ["No: **Switching gpt-5 to gpt-5-mini** lowers quality from"],
    ),
    (
        "Audit prompt caching, retries and context growth",
        ["Prompt caching", "wasted retries", "re-sent context"],
    ),
    ("Is any model unpriced?", ["larkspur-address-7b"]),
    ("were there any anomalies in spend?", ["out of the ordinary in spend"]),
    ("which feature has the highest error rate?", ["Most: **eta-notice**, failed calls"]),
    ("what happens in a 10x spike of traffic?", ["A 10x spike"]),
    (
        "Cut spend by 30% while quality stays above 0.9",
        ["Quality above 90:", "Yes: saving 30 % and quality above 90"],
    ),
    ("Halve our LLM bill", ["No: saving 50 % cannot hold", "Saving 50 %: missed by", "Switching gpt-4o"]),
    ("Meet a p99 of 1 second at the least cost", ["Shorter answers alone do not reach it"]),
    ("save $100,000 a year", ["No: saving $100,000 a year cannot hold", "missed by"]),
]


async def test_each_question_gets_a_specific_answer(team: AgentsBench) -> None:
    await check_answers(team, ANSWERS)
