"""The rendered report: self-contained, safe, every number with its query."""

import re
from concurrent.futures import ThreadPoolExecutor
from html.parser import HTMLParser

import pytest
from pydantic import ValidationError

from netra.reports.document import FindingRow, ReportDocument
from netra.reports.formatting import format_figure
from netra.reports.rendering.html import render_html
from netra.reports.rendering.markdown import render_markdown
from netra.reports.rendering.prose import prose_html
from netra.reports.rendering.report_json import report_json
from netra.reports.rendering.view import show_latency, show_quality
from testkit import report_samples as samples

VOID = {"meta", "link", "br", "hr", "img", "input"}


class Page(HTMLParser):
    """Ids, links, attributes and balance of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.links: list[str] = []
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.open: list[str] = []
        self.text: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        for name, value in attrs:
            self.attributes.add(name)
            if name == "id":
                self.ids.append(value or "")
            if name in {"href", "xlink:href", "src"}:
                self.links.append(value or "")
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)


@pytest.fixture(scope="module")
def document() -> ReportDocument:
    return samples.make_document()


@pytest.fixture(scope="module")
def page(document: ReportDocument) -> str:
    return render_html(document, report_id="rep_1")


def test_the_page_loads_nothing_and_runs_nothing(page: str) -> None:
    assert re.findall(r"(?:https?:)?//[a-z0-9.-]+\.[a-z]+", page) == []
    parsed = Page(page)
    assert parsed.tags.isdisjoint({"script", "link", "iframe", "object", "img", "base"})
    assert not any(name.startswith("on") for name in parsed.attributes)
    assert "@import" not in page


def test_the_page_is_well_formed_with_unique_ids_and_no_dead_link(page: str) -> None:
    parsed = Page(page)
    assert parsed.open == []
    assert len(parsed.ids) == len(set(parsed.ids))
    assert all(link.startswith("#") for link in parsed.links)
    assert {link[1:] for link in parsed.links} <= set(parsed.ids)


def test_every_cited_figure_stands_in_the_page_and_leads_to_its_query(
    page: str, document: ReportDocument
) -> None:
    links = set(Page(page).links)
    for figure in document.figures:
        assert f'href="#figure-{figure.id}" title=' in page
        assert format_figure(figure) in page
    assert "#q1" in links
    assert "GROUP BY model" in page
    assert "{{f:" not in page


def test_text_of_users_is_escaped(page: str) -> None:
    assert "<b>What first?</b>" not in page
    assert "&lt;b&gt;What first?&lt;/b&gt;" in page
    assert "&lt;docs&gt;" in page


def test_refusals_are_in_the_findings_and_undecided_changes_are_folded(page: str) -> None:
    assert 'class="badge refuse"' in page
    findings, folded = page.split('<details class="undecided">')
    assert 'id="finding-fnd_3"' not in findings
    assert 'id="finding-fnd_3"' in folded
    assert 'class="badge insufficient_data"' in folded
    assert "details.undecided::details-content" in findings  # opens in print
    assert "beyond the margin" in page
    assert "netra import FILE --format evals" in page


@pytest.mark.parametrize(
    ("verdict", "saving", "quality", "latency", "why"),
    [
        ("recommend", "5", "none", "", "The whole 95 % interval of the saving is above zero."),
        ("refuse", "-1.5", "none", "", "It would cost $1.50 more."),
        ("refuse", "0.000", "none", "", "It would save nothing."),
        (
            "refuse",
            "9",
            {"gate": "refuse", "drop_points": 8.0, "margin_points": 2.0},
            "",
            "The observed drop of quality, 8.00 points of 100, is beyond the margin of 2.00.",
        ),
        (
            "recommend",
            "-2",
            "none",
            {"goal": {"percentile": "p95", "target_ms": 2000.0, "upper_ms": 1800.4, "gate": "recommend"}},
            "The p95 stays inside the 2,000 ms asked for: with 95 % confidence it is at most 1,800 ms.",
        ),
        ("insufficient_data", None, "none", "", ""),
    ],
)
def test_each_verdict_says_why(
    verdict: str, saving: str | None, quality: object, latency: object, why: str
) -> None:
    row = {
        "id": "fnd_9",
        "lever": "hedging",
        "verdict": verdict,
        "savings_usd": saving,
        "quality_effect": quality,
        "latency_effect": latency,
    }
    found = FindingRow.model_validate(row)
    assert found.why == why
    assert FindingRow.model_validate(found.model_dump(mode="json")) == found
    said = FindingRow.model_validate(row | {"assumptions": ["0 of 9 calls repeat one", "more"]})
    assert said.why == why.replace("save nothing.", "save nothing: 0 of 9 calls repeat one.")


def test_a_finding_can_be_checked_gate_diagnosis_and_steps_of_the_joint_saving(
    page: str, document: ReportDocument
) -> None:
    text = " ".join(" ".join(Page(page).text).split())
    gate = (
        "Quality gate not passed: 81.00 to 68.50 of 100 points on 480 items both models answered; with 95 % "
        "confidence a drop of at most 13.15 points, allowed are 2.00"
    )
    steps = "model=claude-sonnet-4-5 adds $142.10, $142.10 so far fnd_4 adds $66.20, $208.30 so far"
    miss = "prompts differ after 2,048 tokens 33.1 % Move the date below the instructions. at most $12.50"
    assert gate in text
    assert steps in text
    assert miss in text
    assert page.count('<a class="figure" href="#figure-3">$208.30</a>') == 2
    markdown = render_markdown(document)
    assert gate in markdown
    assert "2. fnd_4 adds $66.20, $208.30 so far" in markdown
    assert "- output-cap: evaluations: send them with" in markdown


def test_charts_keep_their_text_and_have_a_table_and_a_description(page: str) -> None:
    assert page.count('<svg class="chart"') == 5
    assert page.count("The same as a table") == 5
    assert "nightly-summaries</text>" in page
    assert "var(--series-1)" in page
    assert "#0a0a01" not in page


def test_dark_print_and_language_are_taken_care_of(page: str) -> None:
    for part in ("prefers-color-scheme: dark", "@media print", '<html lang="en">', 'name="viewport"'):
        assert part in page


def test_rendering_is_the_same_each_time_and_in_several_threads(document: ReportDocument, page: str) -> None:
    with ThreadPoolExecutor(4) as pool:
        pages = list(pool.map(lambda _: render_html(document, report_id="rep_1"), range(4)))
    assert set(pages) == {page}


def test_insufficient_data_says_what_is_missing_first() -> None:
    document = samples.make_document(
        answer="insufficient_data", joint=None, findings=(), charts=(), actions=(), sections=()
    )
    page = render_html(document)
    assert "Insufficient data" in page
    assert page.index("this is missing") < page.index("Executive summary")


def test_json_has_the_same_figures_and_the_queries_behind_them(document: ReportDocument) -> None:
    content = report_json(document, report_id="rep_1")
    assert content["figures"] == [figure.model_dump(mode="json") for figure in document.figures]
    queries = content["queries"]
    assert isinstance(queries, list)
    assert queries[0]["figures"] == [figure.id for figure in document.figures]
    assert sorted(queries[1]["findings"] + queries[2]["findings"]) == ["fnd_1", "fnd_2"]
    fields = {name: content[name] for name in ReportDocument.model_fields}
    assert ReportDocument.model_validate(fields) == document


def test_markdown_has_every_citation_as_a_footnote(document: ReportDocument) -> None:
    text = render_markdown(document)
    for reference in set(re.findall(r"\[\^f(\w+)\]", text)):
        assert f"[^f{reference}]: " in text
    assert "{{f:" not in text
    assert "$612.45[^f1]" in text


def test_a_document_with_an_unresolved_citation_is_refused() -> None:
    with pytest.raises(ValidationError, match="without a figure: 99"):
        samples.make_document(assumptions=("as {{f:99}} says",))


def test_two_figures_of_one_id_are_refused() -> None:
    twice = samples.make_figure("1", 1, "count", "a")
    with pytest.raises(ValidationError, match="two figures"):
        samples.make_document(figures=(*samples.make_document().figures, twice))


def test_prose_has_paragraphs_and_both_kinds_of_lists() -> None:
    text = "Saved:\n1. **first** {{f:1}}\n2. second,\n   still second\n- other\n\nThe `end` & <more>."
    figures = {"1": samples.make_figure("1", 3, "count", "calls")}
    assert re.sub(r"<a [^>]*>(.*?)</a>", r"\1", str(prose_html(text, figures))).splitlines() == [
        "<p>Saved:</p>",
        "<ol><li><strong>first</strong> 3</li><li>second, still second</li></ol>",
        "<ul><li>other</li></ul>",
        "<p>The <code>end</code> &amp; &lt;more&gt;.</p>",
    ]


def test_a_measured_effect_on_quality_is_signed_with_its_interval() -> None:
    effect = {"drop_points": 12.5, "interval_95": [11.74, 13.27], "items": 14_042}
    assert show_quality(effect) == "-12.50 points (95 %: -13.27 to -11.74), 14,042 items"
    assert show_quality({"drop_points": 0.0}) == "0.00 points"
    assert show_quality("none") == "none"
    assert show_quality(None) == "\u2013"


def test_latency_effects_are_shown_by_percentile() -> None:
    change = {"before_ms": 1_500.0, "after_ms": 900.0, "interval_95": [450.0, 700.0]}
    effect = {"calls": 100, "p50": None, "p95": change, "goal": None}
    assert show_latency(effect) == "p95 1,500 to 900 ms (95 %: -700 to -450 ms)"
    assert show_latency("lower") == "lower"
