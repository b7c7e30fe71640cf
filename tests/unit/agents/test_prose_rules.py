"""Numbers in prose: cited figures pass, literals are refused unless they are no claim about the data."""

import pytest

from netra.agents.prose import ProseRules
from netra.reports.figures import Figure

RULES = ProseRules(
    figures={"1": Figure(id="1", value="12.50", unit="usd", label="saving")},
    question="Cut spend by 30 % while p95 stays below 2,000 ms, in a dozen features",
    names=["gpt-4", "claude-sonnet-4-5", "support 24/7"],
    parameters={"1": {"ttl": "5m", "cap": 512}},
)


@pytest.mark.parametrize(
    "text",
    [
        "Caching saves {{f:1}} a month.",
        "gpt-4 and claude-sonnet-4-5 cost the most; support 24/7 too.",
        "You asked for 30 % below 2000 ms: not reached.",
        "1. Enable caching\n2) Cap the output",
        "The 1st and the 2nd finding, #3 as well.",
        "From 2026-11-01 to 2026-11-20, in November 2026, on 20 November.",
        "{{f:1}} with a ttl of 5m and a cap of 512 tokens.",
        "The 95 % interval is {{f:1}} to {{f:1}}.",
        "The p95 and the p99 of sha256 calls",
        "a dozen features",
    ],
)
def test_accepted(text: str) -> None:
    assert RULES.problems([text]) == []


@pytest.mark.parametrize(
    "text",
    [
        "Caching saves $12.50 a month.",
        "It saves 31 %.",
        "It saves 12.50.",
        "about 1,234 calls",
        "roughly twenty percent",
        "three thousand calls",
        "a cap of 512 tokens",
        "(42)",
        "x=7",
        "95 % of the calls",
        "\uff14\uff12 calls",
        "cost: -17",
        "1e6 calls",
        "half of 2001 calls",
    ],
)
def test_refused(text: str) -> None:
    assert RULES.problems([text]) != []


def test_an_unknown_citation_is_refused() -> None:
    assert RULES.problems(["It saves {{f:99}}."]) == ["{{f:99}} is not a figure of this run"]


def test_every_problem_is_named() -> None:
    assert len(RULES.problems(["7 and 8", "9 and {{f:5}}"])) == 4
