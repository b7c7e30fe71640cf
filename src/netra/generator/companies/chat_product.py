"""Murmur, a chat assistant for consumers.

- chat: conversations of several turns behind one long set of rules (prompt caching pays)
- help-answer: the same few hundred questions of the help centre again and again (response caching pays)
- moderation: a large model sorts messages into five classes, which a small one does as well (switching pays)
- title-writer: a small model already, hardly worth a look
- companion: the dear model that people pay for; the cheaper one is worse (switching must be refused)

Evenings are busy, and the product grows by a third within the period.
"""

from netra.generator.company import Company, Examination, Spread, Undecided, Workload

_WORKLOADS = (
    Workload(
        code="CH",
        app="murmur",
        feature="chat",
        provider="anthropic",
        model="claude-sonnet-4-5",
        share=0.40,
        prompt=Spread(180, 0.7),
        answer=Spread(240, 0.6),
        speed=75,
        first_token_ms=Spread(850, 0.35),
        users=400,
        hours="extended",
        turns=(2, 10),
        growth=Spread(160, 0.6),
        shared_blocks=8,
        surge=1.6,
    ),
    Workload(
        code="HA",
        app="help-centre",
        feature="help-answer",
        provider="openai",
        model="gpt-4.1",
        share=0.25,
        prompt=Spread(1_500, 0.4),
        answer=Spread(220, 0.4),
        speed=95,
        first_token_ms=Spread(520, 0.3),
        users=300,
        hours="extended",
        questions=250,
    ),
    Workload(
        code="MO",
        app="murmur",
        feature="moderation",
        provider="openai",
        model="gpt-4o",
        share=0.20,
        prompt=Spread(380, 0.5),
        answer=Spread(6, 0.2),
        speed=90,
        first_token_ms=Spread(400, 0.3),
        users=400,
        hours="extended",
        max_output_tokens=16,
    ),
    Workload(
        code="TW",
        app="murmur",
        feature="title-writer",
        provider="google",
        model="gemini-2.5-flash-lite",
        share=0.10,
        prompt=Spread(700, 0.5),
        answer=Spread(9, 0.3),
        speed=200,
        first_token_ms=Spread(300, 0.3),
        users=400,
        hours="extended",
    ),
    Workload(
        code="CO",
        app="murmur",
        feature="companion",
        provider="openai",
        model="gpt-5",
        share=0.05,
        prompt=Spread(2_400, 0.5),
        answer=Spread(900, 0.6),
        speed=85,
        first_token_ms=Spread(1_900, 0.5),
        users=40,
        hours="extended",
        reasoning=0.5,
        effort="medium",
    ),
)

COMPANY = Company(
    name="Murmur",
    mark="mu",
    domain="murmur.example",
    workloads=_WORKLOADS,
    examinations=(
        Examination("moderation", "gpt-4o", "gpt-4o-mini", 2_000, 0.965, 0.965, 0.02),
        Examination("companion", "gpt-5", "gpt-5-mini", 1_200, 0.840, 0.780, 0.08),
    ),
    undecided=(Undecided("context-growth", "chat", "no evaluations of shortened histories"),),
    trend=1 / 3,
)
