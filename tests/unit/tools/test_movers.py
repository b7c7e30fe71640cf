"""What moved between two periods: groups and periods without a value, and what is said of them."""

from datetime import UTC, datetime, timedelta

from netra.agents.data.growth_statements import growth_statements
from netra.agents.triage.frame import Growth, QuestionFrame
from netra.reports.citations import cite
from netra.tools.figure_sheet import FigureSheet
from netra.tools.usage.movement_outputs import MoversOutput
from netra.tools.usage.movers_tool import MoversArguments, movers_output, only_chosen
from netra.usage.service import UsageResult

NOW = datetime(2026, 11, 21, tzinfo=UTC)
WEEK = timedelta(days=7)


def side(rows: dict[str, str | int | None], measure: str = "cost_usd", **more: int) -> UsageResult:
    """An answer by models, or of the whole where the only name is empty."""
    shown = [{**({"model": name} if name else {}), measure: value} for name, value in rows.items()]
    calls = more.get("calls", 30)
    return UsageResult(
        rows=shown, row_count=more.get("row_count", len(rows)), query={}, sql="", calls=calls,
        unpriced_calls=more.get("unpriced", 0), since=NOW - 2 * WEEK if calls else None, until=NOW,
        elapsed_ms=1,
    )  # fmt: skip


def moved(*answers: UsageResult, measure: str = "cost_usd") -> tuple[MoversOutput, dict[str, object]]:
    arguments = MoversArguments(
        measure=measure, by=["model"] if len(answers) > 2 else [], before_since=NOW - 2 * WEEK,
        before_until=NOW - WEEK, after_since=NOW - WEEK, after_until=NOW,
    )  # fmt: skip
    sheet = FigureSheet(0)
    output = movers_output(sheet, arguments, [*answers])
    return output, {figure.id: figure.value for figure in sheet.figures}


def said(output: MoversOutput, values: dict[str, object]) -> list[str]:
    frame = QuestionFrame(kind="usage", growth=Growth(direction="any", relative=False, said="vs"))
    lines = growth_statements(frame, output)
    for name, value in values.items():
        lines = [line.replace(cite(name), str(value)) for line in lines]
    return lines


def test_calls_without_a_price_are_told_beside_growth_and_groups_without_a_value_named() -> None:
    output, values = moved(
        side({"a": "5", "b": "1", "c": None}, unpriced=20), side({"a": "4", "b": "10", "c": "50"}),
        side({"": "6"}, unpriced=20), side({"": "64"}),
    )  # fmt: skip
    assert [group.name for group in output.groups] == ["b"]
    assert (output.valueless, values[output.compared], output.new) == (["c"], 2, [])
    assert said(output, values)[-2:] == [
        f"20 of the calls in {output.before_label} have no known price and are in no spend: prices that "
        "became known or unknown look like growth or decline here.",
        "Not compared, for want of a known value in one of the periods: c.",
    ]


def test_a_period_without_calls_is_said_beside_the_figure_of_the_other() -> None:
    output, values = moved(
        side({"": None}, "error_rate", calls=0), side({"": 5}, "error_rate"), measure="error_rate"
    )
    assert said(output, values) == [
        f"**There are no calls in {output.before_label}**, so nothing can be compared with it.",
        f"Failed calls in {output.after_label}: 5.0.",
    ]
    ended, values = moved(side({"": 30}, "calls"), side({"": 0}, "calls", calls=0), measure="calls")
    assert said(ended, values)[1] == f"Calls in {ended.before_label}: 30."
    none, values = moved(side({"": None}, calls=0), side({"": None}, calls=0))
    assert said(none, values)[0].startswith("No calls match the question: ")


def test_a_group_beyond_those_read_is_not_taken_for_one_without_calls() -> None:
    output, values = moved(
        side({"a": 9, "b": 2}, "calls", row_count=3), side({"a": 12, "d": 4}, "calls"),
        side({"": 12}, "calls"), side({"": 16}, "calls"), measure="calls",
    )  # fmt: skip
    assert ([group.name for group in output.groups], output.new, values[output.compared]) == (["a"], [], 2)
    assert output.cut


def test_only_the_groups_chosen_are_compared() -> None:
    before, after = side({"a": 9, "b": 2}, "calls", row_count=3), side({"a": 12, "b": 1}, "calls")
    kept = only_chosen(["model"], [before, after], side({"b": 1, "c": 2}, "calls"))
    assert [(answer.rows, answer.row_count) for answer in kept] == [
        ([{"model": "b", "calls": 2}], 2),
        ([{"model": "b", "calls": 1}], 1),
    ]
