"""Trellis, a platform with AI features for many customers, one API key each.

- draft: the same rules in front of every customer's texts, but a cache of its own for each key: the large
  customers come often enough (prompt caching pays)
- form-fill: doubled by a page that submits twice
- summary: a large model where a small one does as well (switching pays)
- sync: nightly work that nobody waits for (batch pays); one customer's migration doubles it in the last week
- insight: the premium feature; the cheaper model is worse (switching must be refused)
"""

from netra.generator.company import Company, Examination, Spread, Undecided, Workload

_WORKLOADS = (
    Workload(
        code="DR",
        app="trellis-write",
        feature="draft",
        provider="anthropic",
        model="claude-sonnet-4-5",
        share=0.38,
        prompt=Spread(500, 0.6),
        answer=Spread(300, 0.6),
        speed=75,
        first_token_ms=Spread(850, 0.35),
        users=500,
        turns=(2, 7),
        growth=Spread(300, 0.5),
        shared_blocks=9,
        tenants=24,
    ),
    Workload(
        code="FF",
        app="trellis-forms",
        feature="form-fill",
        provider="mistral",
        model="mistral-large-latest",
        share=0.17,
        prompt=Spread(1_300, 0.4),
        answer=Spread(160, 0.4),
        speed=110,
        first_token_ms=Spread(420, 0.3),
        users=500,
        tenants=24,
        doubles=0.15,
    ),
    Workload(
        code="SU",
        app="trellis-write",
        feature="summary",
        provider="openai",
        model="gpt-4o",
        share=0.22,
        prompt=Spread(2_100, 0.5),
        answer=Spread(140, 0.4),
        speed=90,
        first_token_ms=Spread(450, 0.3),
        users=500,
        tenants=24,
    ),
    Workload(
        code="SY",
        app="trellis-sync",
        feature="sync",
        provider="openai",
        model="gpt-4.1-mini",
        share=0.18,
        prompt=Spread(2_600, 0.5),
        answer=Spread(350, 0.4),
        speed=110,
        first_token_ms=Spread(600, 0.3),
        users=24,
        hours="night",
        interactive=False,
        tenants=24,
        surge=2.0,
    ),
    Workload(
        code="IN",
        app="trellis-insight",
        feature="insight",
        provider="openai",
        model="gpt-5",
        share=0.05,
        prompt=Spread(4_800, 0.4),
        answer=Spread(1_300, 0.5),
        speed=85,
        first_token_ms=Spread(2_200, 0.5),
        users=60,
        reasoning=0.6,
        effort="medium",
        tenants=24,
    ),
)

COMPANY = Company(
    name="Trellis",
    mark="tr",
    domain="trellis.example",
    workloads=_WORKLOADS,
    examinations=(
        Examination("summaries", "gpt-4o", "gpt-4o-mini", 2_000, 0.920, 0.920, 0.03),
        Examination("insight", "gpt-5", "gpt-5-mini", 1_400, 0.860, 0.790, 0.07),
    ),
    undecided=(Undecided("context-growth", "draft", "no evaluations of shortened histories"),),
    trend=0.2,
)
