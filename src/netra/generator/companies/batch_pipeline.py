"""Quarrystone, a data vendor whose nightly pipelines read documents in bursts.

- enrich: nobody waits for it, and it pays interactive prices (batch pays)
- classify: a large model for a small question, which a small one answers as well (switching pays); in bursts
- extract: an overloaded provider; one attempt in four fails and is repeated (retries are wasted)
- adhoc: the analysts' own questions, interactive
- ocr-fix: a model of its own, for which there is no price
"""

from netra.generator.company import Company, Examination, Spread, Undecided, Workload

_WORKLOADS = (
    Workload(
        code="EN",
        app="pipeline",
        feature="enrich",
        provider="openai",
        model="gpt-4.1-mini",
        share=0.42,
        prompt=Spread(2_900, 0.5),
        answer=Spread(520, 0.4),
        speed=110,
        first_token_ms=Spread(600, 0.3),
        users=4,
        hours="night",
        interactive=False,
        bursts=12,
        surge=1.8,
    ),
    Workload(
        code="CL",
        app="pipeline",
        feature="classify",
        provider="openai",
        model="gpt-4o",
        share=0.30,
        prompt=Spread(1_100, 0.4),
        answer=Spread(8, 0.2),
        speed=90,
        first_token_ms=Spread(420, 0.3),
        users=4,
        bursts=20,
        max_output_tokens=32,
    ),
    Workload(
        code="EX",
        app="pipeline",
        feature="extract",
        provider="mistral",
        model="mistral-large-latest",
        share=0.20,
        prompt=Spread(3_800, 0.4),
        answer=Spread(450, 0.4),
        speed=100,
        first_token_ms=Spread(500, 0.4),
        users=4,
        hours="night",
        interactive=True,
        fails=0.25,
    ),
    Workload(
        code="AH",
        app="notebook",
        feature="adhoc",
        provider="anthropic",
        model="claude-sonnet-4-5",
        share=0.07,
        prompt=Spread(3_000, 0.7),
        answer=Spread(600, 0.6),
        speed=75,
        first_token_ms=Spread(900, 0.3),
        users=9,
    ),
    Workload(
        code="OF",
        app="pipeline",
        feature="ocr-fix",
        provider="self-hosted",
        model="quarry-ocr-3b",
        share=0.01,
        prompt=Spread(900, 0.3),
        answer=Spread(900, 0.3),
        speed=200,
        first_token_ms=Spread(120, 0.3),
        users=1,
        hours="night",
        interactive=None,
    ),
)

COMPANY = Company(
    name="Quarrystone",
    mark="qs",
    domain="quarrystone.example",
    workloads=_WORKLOADS,
    examinations=(Examination("classes", "gpt-4o", "gpt-4o-mini", 2_400, 0.950, 0.950, 0.02),),
    undecided=(Undecided("output-cap", "enrich", "no evaluations of capped answers"),),
)
