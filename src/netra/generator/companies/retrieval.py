"""Almanac, which answers questions over its customers' documents.

- answer: other passages stand before every question, so no prefix comes twice (prompt caching would lose
  money)
- faq: the same questions all day (response caching pays)
- rerank: a large model orders passages, which a small one does as well (switching pays)
- digest: a weekly summary that nobody waits for (batch pays)
- follow-up: conversations about one document that stays in front (prompt caching pays)
"""

from netra.generator.company import Company, Examination, Spread, Undecided, Workload

_WORKLOADS = (
    Workload(
        code="AN",
        app="almanac",
        feature="answer",
        provider="anthropic",
        model="claude-haiku-4-5",
        share=0.34,
        prompt=Spread(6_800, 0.35),
        answer=Spread(320, 0.5),
        speed=120,
        first_token_ms=Spread(900, 0.35),
        users=200,
        shared_blocks=1,
    ),
    Workload(
        code="FA",
        app="almanac",
        feature="faq",
        provider="openai",
        model="gpt-4.1",
        share=0.22,
        prompt=Spread(3_200, 0.3),
        answer=Spread(180, 0.4),
        speed=95,
        first_token_ms=Spread(560, 0.3),
        users=200,
        hours="extended",
        questions=120,
    ),
    Workload(
        code="RR",
        app="almanac",
        feature="rerank",
        provider="openai",
        model="gpt-4o",
        share=0.28,
        prompt=Spread(2_400, 0.3),
        answer=Spread(24, 0.2),
        speed=90,
        first_token_ms=Spread(430, 0.3),
        users=200,
        max_output_tokens=64,
    ),
    Workload(
        code="DI",
        app="almanac-digest",
        feature="digest",
        provider="openai",
        model="gpt-4.1-mini",
        share=0.10,
        prompt=Spread(7_500, 0.4),
        answer=Spread(900, 0.3),
        speed=110,
        first_token_ms=Spread(700, 0.3),
        users=1,
        hours="night",
        interactive=False,
    ),
    Workload(
        code="FU",
        app="almanac",
        feature="follow-up",
        provider="anthropic",
        model="claude-sonnet-4-5",
        share=0.06,
        prompt=Spread(9_500, 0.3),
        answer=Spread(260, 0.5),
        speed=75,
        first_token_ms=Spread(1_000, 0.3),
        users=60,
        turns=(3, 9),
        growth=Spread(90, 0.5),
        shared_blocks=2,
    ),
)

COMPANY = Company(
    name="Almanac",
    mark="al",
    domain="almanac.example",
    workloads=_WORKLOADS,
    examinations=(Examination("rerank", "gpt-4o", "gpt-4o-mini", 2_200, 0.940, 0.940, 0.03),),
    undecided=(Undecided("output-cap", "answer", "no evaluations of capped answers"),),
)
