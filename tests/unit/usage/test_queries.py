"""Compiled questions: always of one workspace, values always bound, nothing that reaches outside."""

import re
from datetime import UTC, datetime, timedelta, timezone
from importlib.resources import files
from itertools import chain
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from netra.http.pagination import encode_cursor
from netra.usage.calls.question import CallsQuery, compile_calls
from netra.usage.dimensions import DIMENSIONS, FILTER_COLUMNS
from netra.usage.errors import InvalidQueryError
from netra.usage.measures import MEASURES
from netra.usage.queries import UsageQuery, compile_query
from netra.usage.schema import CALL_COLUMNS, EVALUATION_COLUMNS, LEDGER_COLUMNS, PRICE_COLUMNS
from testkit.properties import examples

FORBIDDEN = re.compile(
    r"\b(file|url|remote|remoteSecure|merge|loop|executable|s3|hdfs|jdbc|odbc|mysql|postgresql|sqlite|mongodb|"
    r"input|cluster|clusterAllReplicas|dictionary|system|information_schema|INTO\s+OUTFILE|INSERT|ALTER|DROP)\b\s*[(.]?",
    re.IGNORECASE,
)
HOSTILE = "x' OR 1=1 UNION ALL SELECT * FROM system.tables, file('/etc/passwd') -- {workspace:String} `"


def compiled(**question: Any) -> Any:
    return compile_query(UsageQuery.model_validate({"measures": ["calls"], **question}))


filters = st.one_of(
    st.builds(
        lambda column, operator, value: {"column": column, "operator": operator, "value": value},
        st.sampled_from([name for name, kind in FILTER_COLUMNS.items() if kind == "String"]),
        st.sampled_from(["=", "!=", "contains"]),
        st.one_of(st.text(max_size=20), st.just(HOSTILE)),
    ),
    st.builds(
        lambda column, value: {"column": column, "operator": ">=", "value": value},
        st.sampled_from([name for name, kind in FILTER_COLUMNS.items() if kind == "Int64"]),
        st.integers(0, 10**9),
    ),
)


@settings(max_examples=examples(60))
@given(
    st.lists(st.sampled_from(list(MEASURES)), min_size=1, max_size=8),
    st.lists(st.sampled_from(list(DIMENSIONS)), max_size=4),
    st.lists(filters, max_size=4),
    st.lists(st.sampled_from(list(MEASURES)), max_size=3),
)
def test_any_question_names_the_workspace_and_binds_its_values(
    measures: list[str], dimensions: list[str], chosen: list[dict[str, Any]], kept: list[str]
) -> None:
    having = [{"measure": name, "operator": ">=", "value": "12.5"} for name in kept] if dimensions else []
    query = compiled(measures=measures, dimensions=dimensions, filters=chosen, having=having)
    kept = kept if dimensions else []
    for sql in (query.sql, query.totals_sql):
        assert sql.count("workspace_id = {workspace:String}") == 1
        assert sql.count("FROM") == (2 if kept and sql is query.totals_sql else 1)
        assert "FROM llm_calls" in sql
        assert not FORBIDDEN.search(sql)
        assert "--" not in sql
        assert HOSTILE not in sql
    assert "workspace" not in query.params
    placeholders = set(re.findall(r"\{(\w+):", query.sql)) - {"workspace", "zone"}
    assert placeholders <= set(query.params)
    for order in ("-ts", "latency_ms"):
        cursor = encode_cursor(order, "", 5, HOSTILE)
        calls = compile_calls(
            CallsQuery.model_validate({"filters": chosen, "order_by": order, "cursor": cursor})
        )
        assert calls.sql.count("workspace_id = {workspace:String}") == calls.sql.count("FROM") == 1
        assert not FORBIDDEN.search(calls.sql)
        assert HOSTILE not in calls.sql
        assert set(re.findall(r"\{(\w+):", calls.sql)) - {"workspace"} == set(calls.params)


def test_every_sql_of_the_room_is_free_of_reaching_functions() -> None:
    expressions = chain(
        (measure.sql for measure in MEASURES.values()), (dimension.sql for dimension in DIMENSIONS.values())
    )
    for sql in expressions:
        assert not FORBIDDEN.search(sql)


@pytest.mark.parametrize(
    "question",
    [
        {"measures": ["spend"]},
        {"dimensions": ["colour"]},
        {"dimensions": ["model; DROP TABLE llm_calls"]},
        {"order_by": ["-cost_usd"]},
        {"filters": [{"column": "workspace_id", "value": "other"}]},
        {"filters": [{"column": "input_tokens", "operator": ">", "value": "many"}]},
        {"filters": [{"column": "model", "operator": "=", "value": ["a", "b"]}]},
        {"filters": [{"column": "model", "operator": "in", "value": []}]},
        {"filters": [{"column": "input_tokens", "operator": "contains", "value": "1"}]},
        {"filters": [{"column": "cost_usd", "operator": ">", "value": "NaN"}]},
        {"filters": [{"column": "cost_usd", "operator": ">", "value": "1e12"}]},
        {"filters": [{"column": "cost_usd", "operator": "<", "value": "1e-16"}]},
        {"filters": [{"column": "cost_usd", "operator": "<", "value": "1e999999999"}]},
        {"filters": [{"column": "latency_ms", "operator": ">", "value": "nan"}]},
        {"filters": [{"column": "ttft_ms", "operator": "<", "value": "inf"}]},
        {"filters": [{"column": "total_tokens", "operator": ">", "value": 0.5}]},
        {"filters": [{"column": "input_tokens", "operator": "prefix", "value": "1"}]},
        {"filters": [{"column": "input_tokens", "operator": "<", "value": 2**63}]},
        {"filters": [{"column": "day", "value": "2025-01-01"}]},
        {"filters": [{"column": "input_tokens", "operator": "between", "value": [1]}]},
        {"dimensions": ["tag:a'b"]},
        {"having": [{"measure": "calls", "value": 1}]},
        {"dimensions": ["model"], "having": [{"measure": "spend", "value": 1}]},
        {"dimensions": ["model"], "having": [{"measure": "cost_usd", "value": "much"}]},
        {"timezone": "Mars/Olympus"},
        {"since": "2025-02-01T00:00:00Z", "until": "2025-01-01T00:00:00Z"},
    ],
)
def test_what_cannot_be_computed_is_refused_with_what_can(question: dict[str, Any]) -> None:
    with pytest.raises(InvalidQueryError):
        compiled(**question)


@pytest.mark.parametrize(
    "question",
    [
        {"measures": []},
        {"limit": 0},
        {"limit": 10**6},
        {"since": "2025-01-01T00:00:00"},
        {"sql": "SELECT 1"},
        {"filters": [{"column": "model", "operator": "LIKE", "value": "%"}]},
    ],
)
def test_other_shapes_do_not_pass(question: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        compiled(**question)


@pytest.mark.parametrize(
    ("question", "meant"),
    [
        ({"measures": ["spend"]}, "Did you mean cost_usd"),
        ({"measures": ["cost"]}, "cost_usd"),
        ({"measures": ["latency"]}, "latency_p50_ms"),
        ({"dimensions": ["modle"]}, "Did you mean model"),
        ({"filters": [{"column": "featur", "value": "x"}]}, "Did you mean feature"),
        ({"order_by": ["-call"]}, "Did you mean calls"),
        ({"filters": [{"column": "latency", "operator": ">", "value": 1}]}, "latency_ms"),
        ({"filters": [{"column": "latency_ms", "operator": ">", "value": "10s"}]}, "Milliseconds"),
        ({"filters": [{"column": "cost_usd", "operator": ">", "value": "5 cents"}]}, "US dollars"),
        ({"filters": [{"column": "input_tokens", "operator": ">", "value": "100k"}]}, "Tokens"),
        ({"dimensions": ["zzzzzz"]}, "Dimensions: model"),
    ],
)
def test_a_name_that_does_not_exist_is_answered_with_the_one_that_was_meant(
    question: dict[str, Any], meant: str
) -> None:
    with pytest.raises(InvalidQueryError) as refused:
        compiled(**question)
    hint = refused.value.hint or ""
    assert meant in hint.split("?")[0] if "Did" in hint else hint.startswith(meant)


def test_time_limits_are_utc_and_half_open() -> None:
    berlin = timezone(timedelta(hours=2))
    limits = {"since": datetime(2025, 6, 1, tzinfo=berlin), "until": datetime(2025, 6, 2, tzinfo=UTC)}
    query = compiled(**limits, measures=["latency_p95_ms"])
    assert "2025-05-31 22:00:00.000000" in query.params.values()
    assert "ts >= {" in query.sql
    assert "ts < {" in query.sql


@pytest.mark.parametrize(
    ("question", "rollup"),
    [
        ({"measures": ["calls", "cost_usd"], "dimensions": ["model"]}, "calls_by_hour"),
        ({"grain": "day", "timezone": "Europe/Berlin"}, "calls_by_hour"),
        ({"grain": "day", "timezone": "Asia/Kolkata"}, None),
        ({"timezone": "Asia/Kolkata"}, "calls_by_hour"),
        ({"since": "2025-06-01T10:00:00Z", "until": "2025-06-01T12:00:00Z"}, "calls_by_hour"),
        ({"since": "2025-06-01T10:30:00Z"}, None),
        ({"measures": ["latency_avg_ms"]}, "calls_by_hour"),
        ({"measures": ["latency_p95_ms"]}, None),
        ({"measures": ["sessions"]}, None),
        ({"dimensions": ["user"], "measures": ["cost_usd"]}, "people_by_day"),
        ({"dimensions": ["user"], "measures": ["reasoning_tokens"]}, None),
        ({"dimensions": ["user", "model"]}, None),
        ({"dimensions": ["user"], "grain": "day"}, "people_by_day"),
        ({"dimensions": ["user"], "grain": "day", "timezone": "Europe/Berlin"}, None),
        ({"dimensions": ["user"], "grain": "hour"}, None),
        ({"dimensions": ["user"], "since": "2025-06-01T10:00:00Z"}, None),
        ({"filters": [{"column": "feature", "operator": "prefix", "value": "a"}]}, "calls_by_hour"),
        ({"filters": [{"column": "session_id", "value": "s"}]}, None),
        ({"filters": [{"column": "latency_ms", "operator": ">", "value": 1e4}]}, None),
        ({"filters": [{"column": "cost_usd", "operator": "<=", "value": "0.05"}]}, None),
        ({"filters": [{"column": "total_tokens", "operator": ">=", "value": 1e5}]}, None),
        ({"dimensions": ["team"]}, None),
    ],
)
def test_a_question_is_worded_for_kept_sums_exactly_where_they_can_answer_it(
    question: dict[str, Any], rollup: str | None
) -> None:
    assert compiled(**question).rollup == rollup


def test_percentiles_of_one_column_are_gathered_once() -> None:
    sql = compiled(measures=["latency_p99_ms", "latency_p50_ms", "ttft_p95_ms"]).sql
    assert sql.count("quantilesExactInclusive(0.5, 0.99)(latency_ms)") == 2
    assert "quantilesExactInclusive(0.5, 0.99)(latency_ms)[2]) AS `m_latency_p99_ms`" in sql


def test_a_tag_is_bound_and_never_part_of_the_text() -> None:
    query = compiled(dimensions=["tag:cost.center", "team"])
    assert {"cost.center", "team"} <= set(query.params.values())
    assert "cost.center" not in query.sql.replace("`tag:cost.center`", "")


def test_rows_follow_time_else_the_first_measure() -> None:
    assert "ORDER BY `day` ASC, `model` ASC" in compiled(dimensions=["model"], grain="day").sql
    assert "ORDER BY `m_calls` DESC NULLS LAST, `model` ASC" in compiled(dimensions=["model"]).sql
    assert compiled(grain="day", dimensions=["model"]).dimensions == ("day", "model")


def test_the_migrations_have_the_columns_of_the_schema() -> None:
    folder = files("netra").joinpath("migrations", "analytics")
    script = folder.joinpath("0001_llm_calls.sql").read_text(encoding="utf-8")
    later = "\n".join(file.read_text(encoding="utf-8") for file in folder.iterdir() if file.is_file())
    calls, evaluations = script.split("CREATE TABLE IF NOT EXISTS evaluations")
    for columns, table in ((CALL_COLUMNS, calls), (EVALUATION_COLUMNS, evaluations)):
        for column in columns:
            kind = re.escape(column.clickhouse)
            created = re.search(rf"^    `?{column.name}`? {kind},$", table, re.MULTILINE)
            assert created or re.search(rf"ADD COLUMN IF NOT EXISTS {column.name} {kind}\b", later), (
                column.name
            )
    for name, kind in {**LEDGER_COLUMNS, **PRICE_COLUMNS}.items():
        assert f"    {name} {kind}," in calls
