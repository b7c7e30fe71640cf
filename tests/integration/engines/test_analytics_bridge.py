"""The embedded analytics engine behind ClickHouse's HTTP interface, through the unmodified client and
plain HTTP.
"""

import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

import clickhouse_connect
import httpx
import pytest
from clickhouse_connect.driver.exceptions import ClickHouseError, DatabaseError

from netra.storage.embedded.engines import EngineUrls


@pytest.fixture
def client(engine_urls: EngineUrls) -> Iterator[Any]:
    with clickhouse_connect.get_client(dsn=engine_urls.clickhouse_url) as opened:
        yield opened


@pytest.fixture
def http(engine_urls: EngineUrls) -> Iterator[httpx.Client]:
    parts = urlsplit(engine_urls.clickhouse_url)
    address = f"http://{parts.hostname}:{parts.port}"
    with httpx.Client(base_url=address, auth=(parts.username or "", parts.password or "")) as opened:
        yield opened


@pytest.fixture
def table(client: Any, ids) -> str:
    name = f"b_{ids.new('req')}"
    client.command(f"CREATE TABLE {name} (n UInt64, word String) ENGINE = MergeTree ORDER BY n")
    return name


def test_types_survive_the_way(client: Any) -> None:
    values = {
        "text": "it's\t\n\\ 'ü' 💶",
        "number": 2**64 - 1,
        "money": Decimal("-12345678901234567890123.000000000000001"),
        "list": ["a'b", "c\\d"],
        "at": datetime(2026, 11, 21, 3, 4, 5, 678901, tzinfo=UTC),
    }
    row = client.query(
        "SELECT {text:String}, {number:UInt64}, {money:Decimal(38, 15)}, {list:Array(String)},"
        " {at:DateTime64(6)}",
        parameters={**values, "at": "2026-11-21 03:04:05.678901"},
    ).result_rows[0]
    assert row[:4] == (values["text"], values["number"], values["money"], values["list"])
    assert row[4].replace(tzinfo=UTC) == values["at"]


@pytest.mark.parametrize("compress", [False, "lz4", "zstd", "gzip"])
def test_inserts_packed_and_plain(engine_urls: EngineUrls, table: str, compress: bool | str) -> None:
    with clickhouse_connect.get_client(dsn=engine_urls.clickhouse_url, compress=compress) as client:
        summary = client.insert(table, [[n, f"w{n}'\n"] for n in range(1000)], column_names=["n", "word"])
        assert summary.written_rows == 1000
        assert client.query(f"SELECT count(), max(word) FROM {table}").result_rows == [(1000, "w999'\n")]


def test_text_formats(client: Any, http: httpx.Client, table: str) -> None:
    client.raw_insert(table, ["n", "word"], b'1,"a,b"\n2,c\n', fmt="CSV")
    assert client.raw_query(f"SELECT * FROM {table} ORDER BY n", fmt="JSONEachRow") == (
        b'{"n":1,"word":"a,b"}\n{"n":2,"word":"c"}\n'
    )
    reply = http.post("/", params={"query": f"INSERT INTO {table} FORMAT JSONEachRow"}, content=b'{"n":3}')
    assert reply.status_code == 200
    assert json.loads(reply.headers["x-clickhouse-summary"])["written_rows"] == "1"
    reply = http.post("/", content=f"SELECT sum(n) AS s FROM {table} FORMAT JSON".encode())
    assert reply.json()["data"] == [{"s": 6}]


def test_a_failed_insert_stores_nothing(client: Any, http: httpx.Client, table: str) -> None:
    body = b"1,a\n2,b\nnot a number,c\n"
    reply = http.post("/", params={"query": f"INSERT INTO {table} FORMAT CSV"}, content=body)
    assert reply.status_code == 500
    assert reply.headers["x-clickhouse-exception-code"] == "27"
    assert client.query(f"SELECT count() FROM {table}").result_rows == [(0,)]


@pytest.mark.parametrize(
    ("sql", "settings", "code"),
    [
        ("SELECT nope", {}, 47),
        ("SELECT * FROM nowhere", {}, 60),
        ("SELEC 1", {}, 497),
        ("SELECT (", {}, 62),
        ("SELECT 1; SELECT 2", {}, 62),
        ("SELECT 1", {"no_such_setting": "1"}, 115),
        ("SELECT * FROM file('/etc/passwd', 'LineAsString')", {}, 497),
        ("SELECT * FROM `url`('http://127.0.0.1:1', 'CSV', 'a String')", {"readonly": 1}, 497),
        ("SELECT name FROM system.tables", {"readonly": 1}, 497),
        ("DROP TABLE IF EXISTS anything", {"readonly": 1}, 164),
        ("CREATE TABLE anything (a Int8) ENGINE = Memory", {"readonly": 1}, 164),
        ("SELECT 1 SETTINGS max_threads = 1", {"readonly": 1}, 164),
        ("SELECT sum(cityHash64(number)) FROM numbers(100000000000)", {"max_execution_time": 0.1}, 159),
        ("SELECT groupArray(number) FROM numbers(10000000)", {"max_memory_usage": 10_000_000}, 241),
    ],
)
def test_refusals_have_their_numbers(client: Any, sql: str, settings: dict[str, Any], code: int) -> None:
    with pytest.raises(DatabaseError) as caught:
        client.query(sql, settings=settings)
    assert caught.value.code == code


def test_settings_do_not_outlive_their_query(client: Any) -> None:
    client.query("SELECT 1", settings={"readonly": 1, "max_execution_time": 7})
    changed = client.query("SELECT value FROM system.settings WHERE name = 'max_execution_time'")
    assert changed.result_rows == [("300",)]
    # Readers with equal settings are lent the same connection, one after another; it keeps nothing of theirs.
    asked = {"sql": "SELECT {n:UInt64} + 1", "settings": {"readonly": 1, "max_execution_time": 7}}
    for number in range(3):
        found = client.query(asked["sql"], parameters={"n": number}, settings=asked["settings"])
        assert found.result_rows == [(number + 1,)]
        with pytest.raises(DatabaseError):
            client.query("SELECT throwIf(1)", settings=asked["settings"])
        with pytest.raises(DatabaseError):
            client.command("CREATE TEMPORARY TABLE kept (n UInt64)", settings=asked["settings"])


def test_a_result_that_fails_half_way_is_not_taken_for_whole(http: httpx.Client) -> None:
    sql = "SELECT number, throwIf(number = 3000000) FROM numbers(10000000) FORMAT Native"

    def read() -> int:
        with http.stream("POST", "/", params={"max_threads": "1"}, content=sql.encode()) as reply:
            reply.raise_for_status()  # it may fail before the first block was sent
            return sum(len(part) for part in reply.iter_bytes())

    with pytest.raises(httpx.HTTPError):
        read()
    # Wanted whole, it is not begun before it is known to be good, so its error has a status and a number.
    whole = http.post("/", params={"max_threads": "1", "wait_end_of_query": "1"}, content=sql.encode())
    assert (whole.status_code, whole.headers["x-clickhouse-exception-code"]) == (500, "395")


@pytest.mark.usefixtures("engines_that_come_along")
def test_only_who_knows_the_password(engine_urls: EngineUrls, http: httpx.Client) -> None:
    assert http.get("/ping", auth=None).text == "Ok.\n"
    for attempt in (
        {"auth": ("netra", "wrong")},
        {"auth": None},
        {"auth": None, "params": {"user": "netra"}},
    ):
        for path in ("/", "/identity"):
            reply = http.get(path, **attempt)
            assert reply.status_code == 401
            assert reply.headers["x-clickhouse-exception-code"] == "516"
    with pytest.raises(ClickHouseError):
        clickhouse_connect.get_client(dsn=engine_urls.clickhouse_url.replace("netra:", "netra:x"))


def test_reading_by_get_cannot_write(http: httpx.Client, table: str) -> None:
    assert http.get("/", params={"query": "SELECT 1"}).text == "1\n"
    reply = http.get("/", params={"query": f"TRUNCATE TABLE {table}"})
    assert reply.headers["x-clickhouse-exception-code"] == "164"


def test_bodies_that_are_no_statement(http: httpx.Client) -> None:
    assert http.post("/", content=b"\xff\xfe").headers["x-clickhouse-exception-code"] == "62"
    assert http.post("/", content=b"").headers["x-clickhouse-exception-code"] == "497"
    reply = http.post("/", content=b"junk", headers={"content-encoding": "zstd"})
    assert reply.headers["x-clickhouse-exception-code"] == "354"


def test_long_parameters_go_as_a_form(client: Any) -> None:
    long = "ü'\\" * 50_000
    assert client.query("SELECT {long:String}", parameters={"long": long}).result_rows == [(long,)]


def test_many_clients_at_once(engine_urls: EngineUrls, table: str) -> None:
    failures: list[Exception] = []

    def work(number: int) -> None:
        try:
            with clickhouse_connect.get_client(
                dsn=engine_urls.clickhouse_url, autogenerate_session_id=False
            ) as client:
                client.insert(table, [[number, "x"]], column_names=["n", "word"])
                assert client.query("SELECT {n:UInt64}", parameters={"n": number}).result_rows == [(number,)]
        except Exception as failure:
            failures.append(failure)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


async def test_the_asynchronous_client(engine_urls: EngineUrls, table: str) -> None:
    pytest.importorskip(
        "aiohttp", reason="the client's asynchronous half needs aiohttp, which is not installed"
    )
    client = await clickhouse_connect.get_async_client(dsn=engine_urls.clickhouse_url)
    try:
        await client.insert(table, [[1, "a"]], column_names=["n", "word"])
        assert (await client.query(f"SELECT * FROM {table}")).result_rows == [(1, "a")]
    finally:
        await client.close()
