"""What arguments become on their way to the server."""

import pytest
import typer
from hypothesis import given
from hypothesis import strategies as st

from netra.cli.constraint_options import constraints_of
from netra.cli.importing import check_file
from netra.cli.optimizing import optimize_request
from netra.cli.options import instant, listed, pairs
from netra.cli.usage import conditions
from netra.cli.usage_rows import rest_of, shown


def test_conditions_become_filters() -> None:
    filters = conditions(["feature=search", "model=a", "model=b", "latency_ms>=500", "app~bot", "status!=ok"])
    assert filters == [
        {"column": "latency_ms", "operator": ">=", "value": "500"},
        {"column": "app", "operator": "contains", "value": "bot"},
        {"column": "status", "operator": "!=", "value": "ok"},
        {"column": "feature", "operator": "=", "value": "search"},
        {"column": "model", "operator": "in", "value": ["a", "b"]},
    ]


@given(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=40).filter(lambda text: text == text.strip())
)
def test_a_value_may_hold_anything(value: str) -> None:
    assert pairs([f"column={value}"], "--set") == {"column": value}


def test_lists_are_cut_at_commas() -> None:
    assert listed(["calls, cost_usd", "model"]) == ["calls", "cost_usd", "model"]
    assert listed(None) == []


def test_days_begin_in_the_display_time_zone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NETRA_TIMEZONE", "Europe/Berlin")
    assert instant("2026-03-01", "--since") == "2026-03-01T00:00:00+01:00"
    assert instant("2026-03-01T12:00:00Z", "--since") == "2026-03-01T12:00:00+00:00"
    assert instant("2026-03-01", "--since", "Asia/Tokyo") == "2026-03-01T00:00:00+09:00"
    assert instant(None, "--since") is None


def test_one_lever_owns_its_parameters() -> None:
    body = optimize_request(["prompt-cache"], ["ttl=1h"], None, None, ["app=bot"])
    assert body == {"levers": ["prompt-cache"], "params": {"ttl": "1h"}, "where": {"app": "bot"}}
    several = optimize_request(None, ["prompt-cache.ttl=1h", "batch.x=1"], None, None, None)
    assert several == {"params": {"prompt-cache.ttl": "1h", "batch.x": "1"}}


def test_an_import_names_its_format_columns_and_file() -> None:
    from pathlib import Path

    request = check_file(Path(__file__), "mooncake", ["model=a=b"], ["ts=time"])
    name = Path(__file__).name
    assert request == {"format": "mooncake", "name": name, "set": ["model=a=b"], "map": ["ts=time"]}


def test_an_unknown_format_is_refused_with_those_there_are() -> None:
    from pathlib import Path

    with pytest.raises(typer.BadParameter, match="aider-analytics"):
        check_file(Path(__file__), "nope", None, None)


@pytest.mark.parametrize(
    ("column", "value", "text"),
    [
        ("cost_usd", "1234.5", "$1,234.50"),
        ("cost_usd", None, "unpriced"),
        ("latency_p95_ms", 1530.2, "1.53 s"),
        ("error_rate", 5.24, "5.2 %"),
        ("calls", 128400, "128,400"),
        ("model", "gpt-5-mini", "gpt-5-mini"),
        ("ttft_p50_ms", None, "\u2013"),
    ],
)
def test_cells(column: str, value: object, text: str) -> None:
    assert shown(column, value) == text


def test_no_calls_have_no_cost_rather_than_an_unknown_one() -> None:
    assert shown("cost_usd", None, calls=0) == "\u2013"


def test_constraints_are_read_as_people_write_them() -> None:
    assert constraints_of(None, None, None, None, None) is None
    assert constraints_of("30%", "90%", "2%", "2s", "350ms") == {
        "min_savings_pct": 30.0,
        "min_quality": 0.9,
        "max_quality_drop": 0.02,
        "max_p95_ms": 2_000.0,
        "max_p99_ms": 350.0,
    }
    assert constraints_of("$1,500/month", None, None, None, None) == {"min_savings_usd_per_month": "1500"}
    assert constraints_of("500", None, None, "1500", None) == {
        "min_savings_usd": "500",
        "max_p95_ms": 1_500.0,
    }
    for wrong in (("much",), (None, "good"), (None, None, "-1"), (None, None, None, "soon"), ("300%",)):
        given = [*wrong, *[None] * (5 - len(wrong))]
        with pytest.raises(typer.BadParameter):
            constraints_of(*given)


def test_rows_a_limit_cut_off_are_summed_where_sums_mean_something() -> None:
    rows = [{"calls": 3, "cost_usd": "0.10", "latency_p95_ms": 7.0, "sessions": 2, "cost_per_call": "0.1"}]
    whole = {"calls": 5, "cost_usd": "0.30", "latency_p95_ms": 9.0, "sessions": 2, "cost_per_call": "0.2"}
    assert rest_of(rows, whole, [*whole]) == {"calls": 2, "cost_usd": "0.20"}


def test_conditions_know_ranges_prefixes_and_absence() -> None:
    from netra.cli.usage import conditions

    assert conditions(
        ["input_tokens=100..2000", "model^=gpt-", "user is null", "tag:env=prod", "a=1", "a==2"]
    ) == [
        {"column": "input_tokens", "operator": "between", "value": ["100", "2000"]},
        {"column": "model", "operator": "prefix", "value": "gpt-"},
        {"column": "user", "operator": "is null"},
        {"column": "tag:env", "operator": "=", "value": "prod"},
        {"column": "a", "operator": "in", "value": ["1", "2"]},
    ]
