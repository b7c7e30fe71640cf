"""Larkspur Freight, a freight forwarder with nine features of every kind.

Eight of the nine carry one habit each, good or bad:

- ticket-answer: every answer starts with the same 6,144 tokens of rules, sent anew each time (prompt caching
  pays)
- intent-router: a large model sorts mail into 12 boxes, which a small one does as well (switching pays)
- waybill-extract: a nightly job that nobody waits for, at interactive prices (batch pays)
- eta-notice: one call in six fails and is repeated (retries are wasted)
- sql-writer: hard questions for a large model; a smaller one is worse at them (switching must be refused); in
  the last seven days there are two and a half times as many (why did spend jump?)
- offer-draft: answers with a long tail of length; the provider already serves a third of the input from cache
- route-agent: an agent that sends its whole growing history with every step
- contract-review: long documents, each read once (prompt caching would lose money)
- address-parser: a model of the company's own, for which there is no price
"""

from netra.generator.company import Company, Examination, Spread, Undecided, Workload

_WORKLOADS = (
    Workload(
        "TA",
        "support-desk",
        "ticket-answer",
        "anthropic",
        "claude-sonnet-4-5",
        0.26,
        Spread(420, 0.6),
        Spread(260, 0.5),
        70,
        Spread(900, 0.35),
        60,
        hours="extended",
        turns=(1, 6),
        growth=Spread(480, 0.5),
        shared_blocks=12,
    ),
    Workload(
        "IR",
        "support-desk",
        "intent-router",
        "openai",
        "gpt-4o",
        0.22,
        Spread(640, 0.45),
        Spread(11, 0.25),
        90,
        Spread(420, 0.3),
        60,
        hours="extended",
        max_output_tokens=64,
    ),
    Workload(
        "WE",
        "document-flow",
        "waybill-extract",
        "openai",
        "gpt-4.1-mini",
        0.17,
        Spread(3_600, 0.5),
        Spread(410, 0.35),
        110,
        Spread(600, 0.3),
        3,
        hours="night",
        interactive=False,
        max_output_tokens=2_048,
    ),
    Workload(
        "EN",
        "dispatch",
        "eta-notice",
        "mistral",
        "mistral-large-latest",
        0.12,
        Spread(1_900, 0.4),
        Spread(180, 0.4),
        120,
        Spread(380, 0.4),
        25,
        hours="extended",
        fails=1 / 6,
    ),
    Workload(
        "SW",
        "analytics",
        "sql-writer",
        "openai",
        "gpt-5",
        0.07,
        Spread(5_200, 0.5),
        Spread(1_700, 0.6),
        85,
        Spread(2_400, 0.5),
        30,
        reasoning=0.7,
        effort="high",
        surge=2.5,
    ),
    Workload(
        "OD",
        "sales",
        "offer-draft",
        "google",
        "gemini-2.5-flash",
        0.095,
        Spread(2_600, 0.5),
        Spread(620, 0.95),
        180,
        Spread(500, 0.35),
        35,
        max_output_tokens=8_192,
        cached_share=1 / 3,
    ),
    Workload(
        "RA",
        "dispatch",
        "route-agent",
        "openai",
        "gpt-5-mini",
        0.05,
        Spread(2_400, 0.3),
        Spread(210, 0.5),
        130,
        Spread(700, 0.4),
        12,
        turns=(8, 25),
        growth=Spread(1_500, 0.4),
        reasoning=0.3,
        effort="medium",
    ),
    Workload(
        "CR",
        "legal",
        "contract-review",
        "anthropic",
        "claude-haiku-4-5",
        0.01,
        Spread(21_000, 0.4),
        Spread(900, 0.4),
        120,
        Spread(1_600, 0.3),
        5,
        shared_blocks=0,
    ),
    Workload(
        "AP",
        "document-flow",
        "address-parser",
        "self-hosted",
        "larkspur-address-7b",
        0.005,
        Spread(300, 0.3),
        Spread(40, 0.3),
        60,
        Spread(150, 0.3),
        2,
        hours="night",
        interactive=None,
    ),
)

COMPANY = Company(
    name="Larkspur Freight",
    mark="lf",
    domain="larkspur.example",
    workloads=_WORKLOADS,
    examinations=(
        Examination("intent", "gpt-4o", "gpt-4o-mini", 2_400, 0.955, 0.955, 0.02),
        Examination("sql", "gpt-5", "gpt-5-mini", 1_600, 0.880, 0.800, 0.06),
    ),
    undecided=(
        Undecided("context-growth", "route-agent", "no evaluations of shortened histories"),
        Undecided("output-cap", "offer-draft", "no evaluations of capped answers"),
    ),
)
