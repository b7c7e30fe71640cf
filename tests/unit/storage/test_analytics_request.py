"""From an HTTP request of the ClickHouse interface to a statement."""

import gzip
import zlib

import lz4.frame
import pytest
from backports import zstd

from netra.storage.embedded import analytics_request
from netra.storage.embedded.analytics_request import BadRequestError, read_statement

PACKERS = {"gzip": gzip.compress, "lz4": lz4.frame.compress, "zstd": zstd.compress, "deflate": zlib.compress}


def test_parameters_and_settings_are_told_apart() -> None:
    query = [
        ("param_x", "a\\tb"),
        ("max_threads", "2"),
        ("session_id", "s"),
        ("database", "default"),
        ("a", ""),
    ]
    statement = read_statement("POST", query, {}, b"SELECT {x:String} FORMAT JSON")
    assert statement.parameters == {"x": "a\\tb"}
    assert statement.settings == {"max_threads": "2"}
    assert statement.database == "default"
    assert statement.output == "JSON"
    assert not statement.reader


def test_get_is_for_readers() -> None:
    assert read_statement("GET", [("query", "SELECT 1")], {}, b"").reader


@pytest.mark.parametrize("encoding", PACKERS)
def test_packed_bodies(encoding: str) -> None:
    body = PACKERS[encoding](b"INSERT INTO t FORMAT Native\n" + b"\x01" * 100_000)
    statement = read_statement("POST", [], {"content-encoding": encoding}, body)
    assert (statement.sql, statement.data_format, b"".join(statement.data)) == (
        "INSERT INTO t ",
        "Native",
        b"\x01" * 100_000,
    )


@pytest.mark.parametrize("encoding", [*PACKERS, "unknown"])
def test_bodies_that_cannot_be_unpacked(encoding: str) -> None:
    with pytest.raises(BadRequestError):
        read_statement("POST", [], {"content-encoding": encoding}, b"not packed at all")


@pytest.mark.parametrize("encoding", PACKERS)
def test_bodies_that_unpack_to_too_much(encoding: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(analytics_request, "LARGEST_PLAIN_BYTES", 1000)
    with pytest.raises(BadRequestError, match="too large"):
        read_statement("POST", [], {"content-encoding": encoding}, PACKERS[encoding](b"x" * 1001))


def test_the_query_of_the_address_comes_first() -> None:
    statement = read_statement("POST", [("query", "INSERT INTO t FORMAT CSV")], {}, b"1,2")
    assert (statement.sql, statement.data_format, statement.data) == ("INSERT INTO t ", "CSV", (b"1,2",))


def test_data_that_comes_in_parts_is_not_put_together() -> None:
    query, parts = [("query", "INSERT INTO t FORMAT Native")], (b"1\n", b"", b"2")
    assert read_statement("POST", query, {}, *parts).data == parts
    assert read_statement("POST", [], {}, b"INSERT INTO t FORMAT ", b"CSV\n1", b",2").data == (b"1,2",)
    inline = [("query", "INSERT INTO t FORMAT CSV\n1")]
    assert read_statement("POST", inline, {}, b"2", b"\n3").data == (b"1\n2\n3",)


def test_forms_carry_long_parameters() -> None:
    body = (
        b'--x\r\nContent-Disposition: form-data; name="query"\r\n\r\nSELECT {p:String}\r\n'
        b'--x\r\nContent-Disposition: form-data; name="param_p"\r\n\r\nlong\r\n--x--\r\n'
    )
    statement = read_statement("POST", [], {"content-type": "multipart/form-data; boundary=x"}, body)
    assert statement.sql == "SELECT {p:String}"
    assert statement.parameters == {"p": "long"}


def test_a_query_that_is_no_text() -> None:
    with pytest.raises(BadRequestError, match="UTF-8"):
        read_statement("POST", [], {}, b"SELECT '\xff'")
