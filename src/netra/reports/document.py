"""The report document: everything one run found out, typed, before it is rendered."""

from typing import Annotated, Literal, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, computed_field, model_validator

from netra.optimization.findings import CacheGroup, JointStep, RoutingBounds
from netra.reports.charts import Chart
from netra.reports.citations import cited_ids
from netra.reports.figures import Figure, figures_by_id
from netra.reports.verdicts import verdict_in_words

Money = str
"""A decimal number of US dollars as a string, exact."""

Verdict = Literal["recommend", "refuse", "insufficient_data"]
Answer = Literal["answered", "partial", "insufficient_data"]
Grade = Literal["none", "low", "medium", "high"]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Missing(_Part):
    """Something the data lacks, and how to send it."""

    what: str
    how: str


class Baseline(_Part):
    """What the period looked like before any change. `cost_usd` is the sum of the priced calls."""

    calls: int = Field(ge=0)
    cost_usd: Money | None = None
    unpriced_calls: int = Field(default=0, ge=0)
    since: AwareDatetime | None = None
    until: AwareDatetime | None = None

    @property
    def unpriced_share(self) -> float:
        """Percent of the calls that have no known price, 0 when there are no calls."""
        return 100.0 * self.unpriced_calls / self.calls if self.calls else 0.0


class FindingRow(BaseModel):
    """One lever's verdict, in the shape `netra optimize --json` prints; unknown further fields are ignored.

    `savings_usd` may be negative: a `refuse` says what the change would have lost. Numbers are null for
    `insufficient_data`. `figure` is the id of the figure that holds the saving, when the run made one.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    id: str
    lever: str
    params: dict[str, object] = Field(default_factory=dict)
    verdict: Verdict
    baseline_usd: Money | None = None
    counterfactual_usd: Money | None = None
    savings_usd: Money | None = None
    savings_pct: float | None = None
    interval_95: tuple[Money, Money] | None = None
    latency_effect: object = None
    quality_effect: object = None
    risk: object = None
    effort: object = None
    assumptions: tuple[str, ...] = ()
    missing: tuple[Missing, ...] = ()
    query: dict[str, object] = Field(default_factory=dict)
    sql: str = ""
    rows: int = 0
    apply: object = None
    bounds: RoutingBounds | None = None
    diagnosis: tuple[CacheGroup, ...] | None = None
    figure: str | None = None
    reason: str | None = None

    @computed_field
    @property
    def why(self) -> str:
        """Why the verdict is what it is: the stated reason, else what follows from the figures."""
        found = self.assumptions[0] if self.assumptions else ""
        known = verdict_in_words(
            self.verdict, self.savings_usd, self.quality_effect, self.latency_effect, found
        )
        return self.reason or known


class Joint(BaseModel):
    """All recommended levers replayed together; savings do not add up, so this is what a report uses.

    `findings` are those taken, `steps` what each adds to those before it: they add up to the saving.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    levers: tuple[str, ...] = ()
    findings: tuple[str, ...] = ()
    steps: tuple[JointStep, ...] = ()
    baseline_usd: Money | None = None
    counterfactual_usd: Money | None = None
    savings_usd: Money | None = None
    savings_pct: float | None = None
    interval_95: tuple[Money, Money] | None = None


class Action(_Part):
    """Something to do, in order. `saving_figure` cites what it saves; texts may carry citations."""

    title: str
    lever: str | None = None
    why: str = ""
    steps: tuple[str, ...] = ()
    effort: Grade = "low"
    risk: Grade = "low"
    saving_figure: str | None = None
    verify: str = ""
    roll_back: str = ""


class Table(_Part):
    """A table in a section. Cells are prose and may carry citations; `numeric` columns are aligned right."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numeric: frozenset[int] = frozenset()
    caption: str = ""


class Section(_Part):
    """A further part of the answer: a heading, prose with citations, and perhaps a table."""

    heading: str
    text: str = ""
    table: Table | None = None


class Analyst(_Part):
    """Who planned and worded the report: the built-in rules model, or a provider's model."""

    kind: Literal["built-in", "provider"] = "built-in"
    model: str = "built-in"


class ReportDocument(_Part):
    """A whole report. Prose (`summary`, sections, actions, assumptions) cites figures as `{{f:ID}}`.

    Prose is light Markdown: blank lines part paragraphs, lines that begin with `- ` or `1. ` are a list,
    `**bold**` and `` `code` `` are marked. Raises a validation error when a citation has no figure or two
    figures share an id.
    """

    version: Literal[1] = 1
    title: str
    question: str
    created: AwareDatetime
    answer: Answer = "answered"
    summary: str
    baseline: Baseline
    charts: tuple[Annotated[Chart, Field(discriminator="kind")], ...] = ()
    sections: tuple[Section, ...] = ()
    findings: tuple[FindingRow, ...] = ()
    joint: Joint | None = None
    actions: tuple[Action, ...] = ()
    assumptions: tuple[str, ...] = ()
    missing: tuple[Missing, ...] = ()
    figures: tuple[Figure, ...] = ()
    data_version: int = 0
    timezone: str = "UTC"
    analyst: Analyst = Analyst()
    workspace: str = ""
    thread_id: str | None = None
    run_id: str | None = None

    @model_validator(mode="after")
    def _every_citation_resolves(self) -> Self:
        known = figures_by_id(self.figures)
        cited = {citation for text in self.prose() for citation in cited_ids(text)}
        cited |= {action.saving_figure for action in self.actions if action.saving_figure}
        cited |= {row.figure for row in self.findings if row.figure}
        cited |= {chart.figure for chart in self.charts if chart.figure}
        unknown = sorted(cited - known.keys())
        if unknown:
            raise ValueError(f"citations without a figure: {', '.join(unknown)}")
        return self

    def prose(self) -> tuple[str, ...]:
        """Every text of the document in which a citation may stand."""
        texts = [self.summary, *self.assumptions]
        for section in self.sections:
            texts += [
                section.text,
                *(cell for row in (section.table.rows if section.table else ()) for cell in row),
            ]
        for action in self.actions:
            texts += [action.title, action.why, *action.steps, action.verify, action.roll_back]
        for missing in self.missing:
            texts += [missing.what, missing.how]
        texts += [chart.caption for chart in self.charts]
        texts += [text for row in self.findings for text in (*row.assumptions, row.reason or "")]
        return tuple(texts)
