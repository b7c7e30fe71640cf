"""A full report document for tests of the report room."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from netra.optimization.findings import CacheGroup, CacheMiss, JointStep
from netra.reports.charts import (
    Bar,
    BarChart,
    LineChart,
    LinePoint,
    SavingBar,
    SavingsChart,
    SpendChart,
    SpendPoint,
    WaterfallChart,
    WaterfallStep,
)
from netra.reports.document import (
    Action,
    Baseline,
    FindingRow,
    Joint,
    Missing,
    ReportDocument,
    Section,
    Table,
)
from netra.reports.figures import Figure

SINCE = datetime(2026, 10, 1, tzinfo=UTC)
UNTIL = datetime(2026, 10, 31, 23, 59, tzinfo=UTC)
SQL = (
    "SELECT model, sum(cost_usd) AS cost_usd\nFROM llm_calls\nWHERE workspace_id = {workspace:String}\n"
    "GROUP BY model ORDER BY cost_usd DESC"
)
QUERY: dict[str, object] = {"measures": ["cost_usd"], "dimensions": ["model"]}


def make_figure(figure_id: str, value: object, unit: str, label: str) -> Figure:
    """A figure over October with the sample query."""
    return Figure.model_validate(
        {
            "id": figure_id,
            "value": value,
            "unit": unit,
            "label": label,
            "query": QUERY,
            "sql": SQL,
            "rows": 128_400,
            "since": SINCE,
            "until": UNTIL,
        }
    )


def make_document(**changes: object) -> ReportDocument:
    """A report with every part filled; `changes` replace fields."""
    models = ("claude-sonnet-4-5", "gpt-5-mini", "gemini-3-flash-preview")
    days = [date(2026, 10, 1) + timedelta(days=n) for n in range(31)]
    points = tuple(
        SpendPoint(
            day=day, series=model, cost_usd=f"{(9 - 3 * rank) + (day.day * (rank + 2)) % 5 + 0.37:.2f}"
        )
        for day in days
        for rank, model in enumerate(models)
    )
    fields: dict[str, object] = {
        "title": "Where the spend of October can shrink",
        "question": "Cut our spend by 30 % while quality stays where it is. <b>What first?</b>",
        "created": datetime(2026, 11, 2, 9, 30, tzinfo=UTC),
        "workspace": "default",
        "summary": (
            "October cost **{{f:1}}** over {{f:2}} calls. Replayed together, the recommended changes save "
            "{{f:3}}, {{f:4}} of the spend, with no measurable loss of quality.\n\n"
            "- **Cache the prompts of `support-chat`**: {{f:5}}.\n"
            "- Move nightly summaries to the batch tier: {{f:6}}.\n\n"
            "Switching `gpt-4` to a smaller model is refused: it would lose {{f:7}} of quality."
        ),
        "baseline": Baseline(
            calls=128_400, cost_usd="612.448210000000001", unpriced_calls=321, since=SINCE, until=UNTIL
        ),
        "charts": (
            SpendChart(
                title="Spend a day, by model",
                caption="{{f:1}} in all.",
                figure="1",
                points=points,
            ),
            BarChart(
                title="What drives the cost",
                figure="1",
                bars=(
                    Bar(label="support-chat", value="301.22", share_pct=49.2),
                    Bar(label="nightly-summaries", value="140.10", share_pct=22.9),
                    Bar(label="code-review & <docs>", value="98.00", share_pct=16.0),
                    Bar(label="search $1 and $2", value="0.0042", share_pct=0.0),
                ),
            ),
            SavingsChart(
                title="Saving of each change, with its 95 % interval",
                bars=(
                    SavingBar(label="prompt-cache", savings_usd="142.10", low_usd="131.0", high_usd="153.9"),
                    SavingBar(label="batch", savings_usd="70.05", low_usd="61.2", high_usd="79.8"),
                    SavingBar(
                        label="model-switch gpt-4 to mixtral",
                        savings_usd="52.00",
                        low_usd="40.0",
                        high_usd="66.0",
                        verdict="refuse",
                    ),
                    SavingBar(
                        label="prompt-cache ttl=1h",
                        savings_usd="-21.4",
                        low_usd="-30.0",
                        high_usd="-11.0",
                        verdict="refuse",
                    ),
                ),
            ),
            WaterfallChart(
                title="From today's spend to the spend after the changes",
                baseline_usd="612.45",
                steps=(
                    WaterfallStep(label="prompt-cache", change_usd="-142.10"),
                    WaterfallStep(label="batch", change_usd="-66.20"),
                ),
                after_usd="404.15",
                figure="3",
            ),
            LineChart(
                title="Latency",
                unit="ms",
                points=tuple(
                    LinePoint(day=day, series=name, value=base + (day.day * 37) % 140)
                    for day in days
                    for name, base in (("p50", 640), ("p95", 1830))
                ),
            ),
        ),
        "sections": (
            Section(
                heading="Cost drivers",
                text="One feature makes half of it.",
                table=Table(
                    columns=("Feature", "Spend", "Share"),
                    rows=(("support-chat", "{{f:8}}", "{{f:9}}"),),
                    numeric=frozenset({1, 2}),
                ),
            ),
        ),
        "findings": (
            FindingRow(
                id="fnd_1",
                lever="prompt-cache",
                params={"ttl": "5m", "model": "claude-sonnet-4-5"},
                verdict="recommend",
                baseline_usd="301.22",
                counterfactual_usd="159.12",
                savings_usd="142.10",
                savings_pct=47.17,
                interval_95=("131.0", "153.9"),
                risk="low",
                effort="low",
                quality_effect="none",
                latency_effect={"ttft_ms": -120.5},
                assumptions=("the provider keeps blocks for the stated time",),
                query=QUERY,
                sql=SQL,
                rows=60_210,
                figure="5",
                diagnosis=(
                    CacheGroup(
                        feature="support-chat",
                        calls=60_210,
                        tokens=180_000_000,
                        read_pct=52.4,
                        shared_tokens=2048,
                        misses=[
                            CacheMiss(
                                cause="differs",
                                tokens=60_000_000,
                                share_pct=33.1,
                                why="prompts differ after 2,048 tokens",
                                advice="Move the date below the instructions.",
                                worth_usd="12.5",
                                at_most=True,
                            )
                        ],
                    ),
                ),
            ),
            FindingRow(
                id="fnd_2",
                lever="model-switch",
                params={"from": "gpt-4", "to": "mixtral-8x7b"},
                verdict="refuse",
                baseline_usd="80.00",
                counterfactual_usd="28.00",
                savings_usd="52.00",
                savings_pct=65.0,
                interval_95=("40.0", "66.0"),
                risk="high",
                effort="low",
                quality_effect={
                    "drop_points": 12.5,
                    "interval_95": [11.74, 13.27],
                    "from_score": 81.0,
                    "to_score": 68.5,
                    "upper_95": 13.15,
                    "margin_points": 2.0,
                    "items": 480,
                    "gate": "refuse",
                },
                reason="The observed drop of quality is beyond the margin of 2 points.",
                query=QUERY,
                sql=SQL,
                rows=4_100,
            ),
            FindingRow(
                id="fnd_3",
                lever="output-cap",
                verdict="insufficient_data",
                missing=(
                    Missing(what="evaluations", how="send them with `netra import FILE --format evals`"),
                ),
            ),
        ),
        "joint": Joint(
            levers=("prompt-cache", "batch"),
            findings=("fnd_1", "fnd_4"),
            steps=(
                JointStep(finding="fnd_1", savings_usd="142.10"),
                JointStep(finding="fnd_4", savings_usd="66.20"),
            ),
            baseline_usd="612.45",
            counterfactual_usd="404.15",
            savings_usd="208.30",
            savings_pct=34.01,
            interval_95=("190.10", "226.9"),
        ),
        "actions": (
            Action(
                title="Cache the prompts of support-chat",
                lever="prompt-cache",
                why="Its prompts share long beginnings: {{f:9}} of the spend.",
                steps=("Put the fixed part of the prompt first.", "Mark its end with `cache_control`."),
                saving_figure="5",
                verify="The share of cached input in `netra usage --by feature`.",
                roll_back="Remove the mark.",
            ),
        ),
        "assumptions": ("Prices of today hold.",),
        "missing": (Missing(what="evaluations of gpt-5-mini", how="`netra import FILE --format evals`"),),
        "figures": (
            make_figure("1", Decimal("612.448210000000001"), "usd", "spend in October"),
            make_figure("2", 128_400, "count", "calls in October"),
            make_figure("3", "208.30", "usd", "joint saving"),
            make_figure("4", 34.01, "percent", "joint saving, share of spend"),
            make_figure("5", "142.10", "usd", "saving of prompt-cache"),
            make_figure("6", "70.05", "usd", "saving of batch"),
            make_figure("7", 12.5, "points", "quality drop of mixtral-8x7b"),
            make_figure("8", "301.22", "usd", "spend of support-chat"),
            make_figure("9", 49.18, "percent", "share of support-chat"),
        ),
        "data_version": 7,
    }
    return ReportDocument.model_validate(fields | changes)
