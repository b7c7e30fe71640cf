"""Tenon, whose engineers work with a coding agent all day.

- edit-session: long sessions in which every step sends the whole history again; the beginning never changes
  (prompt caching pays a lot; whether the history can be cut is undecided)
- code-review: a large model reads each change once, from the first token on something new (prompt caching
  would lose money)
- commit-message: a large model for one line, which a small one writes as well (switching pays)
- autocomplete: two requests where one was meant, as keys are hit faster than answers come
- plan: much reasoning at high effort; nobody has measured what a lower one would do
"""

from netra.generator.company import Company, Examination, Spread, Undecided, Workload

_WORKLOADS = (
    Workload(
        code="ES",
        app="tenon-agent",
        feature="edit-session",
        provider="anthropic",
        model="claude-sonnet-4-5",
        share=0.55,
        prompt=Spread(1_800, 0.6),
        answer=Spread(330, 0.7),
        speed=80,
        first_token_ms=Spread(1_100, 0.4),
        users=40,
        turns=(6, 40),
        turn_gap_s=20,
        growth=Spread(1_200, 0.8),
        shared_blocks=20,
    ),
    Workload(
        code="CR",
        app="tenon-ci",
        feature="code-review",
        provider="anthropic",
        model="claude-haiku-4-5",
        share=0.08,
        prompt=Spread(9_000, 0.5),
        answer=Spread(700, 0.5),
        speed=130,
        first_token_ms=Spread(1_300, 0.3),
        users=40,
        shared_blocks=0,
    ),
    Workload(
        code="CM",
        app="tenon-ci",
        feature="commit-message",
        provider="openai",
        model="gpt-4.1",
        share=0.12,
        prompt=Spread(2_600, 0.6),
        answer=Spread(38, 0.3),
        speed=100,
        first_token_ms=Spread(480, 0.3),
        users=40,
    ),
    Workload(
        code="AC",
        app="tenon-editor",
        feature="autocomplete",
        provider="mistral",
        model="mistral-small-latest",
        share=0.20,
        prompt=Spread(1_400, 0.4),
        answer=Spread(30, 0.5),
        speed=160,
        first_token_ms=Spread(260, 0.3),
        users=40,
        doubles=0.12,
    ),
    Workload(
        code="PL",
        app="tenon-agent",
        feature="plan",
        provider="openai",
        model="gpt-5",
        share=0.05,
        prompt=Spread(6_500, 0.4),
        answer=Spread(3_200, 0.6),
        speed=90,
        first_token_ms=Spread(9_000, 0.6),
        users=40,
        reasoning=0.8,
        effort="high",
    ),
)

COMPANY = Company(
    name="Tenon",
    mark="te",
    domain="tenon.example",
    workloads=_WORKLOADS,
    examinations=(Examination("commits", "gpt-4.1", "gpt-4.1-mini", 1_800, 0.930, 0.930, 0.03),),
    undecided=(
        Undecided("context-growth", "edit-session", "no evaluations of shortened histories"),
        Undecided("output-cap", "plan", "no evaluations of capped answers"),
    ),
)
