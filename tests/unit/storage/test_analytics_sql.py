"""What the analytics bridge lets through."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netra.storage.embedded.analytics_sql import (
    RefusedStatementError,
    check,
    output_format,
    split_insert,
    tokens,
)

TABLE_FUNCTIONS = frozenset(
    ["file", "url", "remote", "s3", "merge", "loop", "numbers", "format", "values", "python", "sqlite"]
)


def run(sql: str, *, reader: bool = False) -> None:
    check(sql, reader=reader, table_functions=TABLE_FUNCTIONS)


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM file('/etc/passwd', 'LineAsString')",
        "SELECT * FROM FILE ('/etc/passwd')",
        "SELECT * FROM /* x */ `file`/* y */('/etc/passwd')",
        "SELECT * FROM \"url\"('http://x')",
        "SELECT file('/etc/passwd')",
        "SELECT * FROM s3('x')",
        "INSERT INTO FUNCTION file('/tmp/x') SELECT 1",
        "INSERT INTO t FROM INFILE '/etc/passwd' FORMAT LineAsString",
        "SELECT 1 INTO OUTFILE '/tmp/x'",
        "CREATE TABLE t (a Int8) ENGINE = URL('http://x')",
        "CREATE TABLE t AS remote('x', 'y', 'z')",
        "DESCRIBE TABLE sqlite('x', 'y')",
        "SYSTEM SHUTDOWN",
        "BACKUP TABLE t TO Disk('x', 'y')",
        "ATTACH TABLE t FROM '/x' (a Int8) ENGINE = MergeTree ORDER BY a",
        "SET readonly = 0",
        "",
        "SELECT $$ ' $$, file('x') --'",
        "SELECT \u2018 \u2019, 1",
        "SELECT 'unended",
        "SELECT `a\\x60`",
        "SELECT merge(REGEXP('x'))",
        "WITH (SELECT * FROM python(x)) AS y SELECT y",
        "SELECT addressToLine(1)",
    ],
)
def test_ways_out_are_refused(sql: str) -> None:
    with pytest.raises(RefusedStatementError):
        run(sql)


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT 'file(1)', `remote` FROM t -- file('x')",
        "SELECT url, file FROM t WHERE url = 'http://x' AND file IN ('a', 'b')",
        "SELECT count() FROM numbers(10)",
        "SELECT format('{} {}', a, b), 'it''s' || '\\'' FROM t",
        "(SELECT 1) UNION ALL (SELECT 2)",
        "WITH 1 AS x SELECT x",
        "INSERT INTO t (url, file) VALUES (1, 2)",
        "SELECT {workspace:String}, map('a', 1)['a'], tuple(1, 2).1, a % 2 = 0 ? 1 : 2",
        "CREATE TABLE t (a DateTime64(6, 'UTC')) ENGINE = MergeTree ORDER BY a",
        "SELECT 'Grüße \u2014 \u2018quoted\u2019' FROM t /* ümläut */",
    ],
)
def test_ordinary_statements_pass(sql: str) -> None:
    run(sql, reader=True)


def test_readers_see_only_the_settings() -> None:
    run("SELECT name, value, readonly FROM system.settings LIMIT 10000", reader=True)
    run("SELECT 1 FROM system.tables")
    for table in ("system.tables", "`system`.parts", "SYSTEM . query_log", "information_schema.tables"):
        with pytest.raises(RefusedStatementError):
            run(f"SELECT * FROM {table}", reader=True)


@given(st.text(alphabet=st.sampled_from(list("ab'\"`\\/*-# \n;(${})é\u2019")), max_size=30))
def test_a_call_cannot_hide_behind_quotes_and_comments(noise: str) -> None:
    """However strings and comments are arranged: the call is read as code, or the text is refused."""
    sql = f"SELECT {noise}, file('x')"
    try:
        read = tokens(sql)
    except RefusedStatementError:
        return
    texts = [token.text for token in read]
    if "file" in texts:
        with pytest.raises(RefusedStatementError):
            run(sql)
    else:
        quoted_or_commented = "'" in noise or '"' in noise or "`" in noise or "--" in noise
        assert quoted_or_commented or "/*" in noise or "#" in noise


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"INSERT INTO t FORMAT Native\n\x00\x01", ("INSERT INTO t ", "Native", b"\x00\x01")),
        (b"insert into t (`format`, a) format ArrowStream\nFORMAT", None),
        (b"INSERT INTO t (a) FORMAT CSV 1,2\n3,4", ("INSERT INTO t (a) ", "CSV", b"1,2\n3,4")),
        (b"INSERT INTO t VALUES (1, 'FORMAT CSV')", None),
        (b"INSERT INTO t SELECT 1 FORMAT CSV", None),
        (b"SELECT 1 FORMAT Native", None),
    ],
)
def test_inserts_are_split_from_their_data(body: bytes, expected: tuple[str, str, bytes] | None) -> None:
    found = split_insert(body)
    if b"`format`" in body:
        assert found == ("insert into t (`format`, a) ", "ArrowStream", b"FORMAT")
    else:
        assert found == expected


def test_the_last_format_counts() -> None:
    assert output_format("SELECT 1\n FORMAT Native") == "Native"
    assert output_format("SELECT 1 format JSON ;") == "JSON"
    assert output_format("SELECT format('{}', 1)") is None
