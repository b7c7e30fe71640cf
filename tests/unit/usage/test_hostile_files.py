"""Files made to cost more than they hold end soon, in little memory, with what to do."""

import asyncio
import gzip
import io
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from starlette.requests import ClientDisconnect

from netra.usage.arrow import arrow
from netra.usage.errors import MissingColumnsError, UnreadableFileError, UploadBrokenOffError
from netra.usage.importing.spool import Spool
from netra.usage.reading import json_lines, json_types, streams
from netra.usage.reading.nested_columns import decode_nested
from testkit.foreign_exports import jsonl, parse, rows_of

GOOD: dict[str, Any] = {"ts": 1_750_000_000_000, "model": "m", "input_tokens": 10, "output_tokens": 1}
ROW = orjson.dumps(GOOD) + b"\n"


def test_rows_with_names_of_their_own_are_not_decoded_together(tmp_path: Path) -> None:
    """A column for each of 60,000 names would have a cell for each of 600 rows."""
    content = jsonl(*({**GOOD, **{f"k{n}_{i}": 1 for i in range(100)}} for n in range(600)))
    assert not json_types.inferable(content)
    assert rows_of(parse(tmp_path, content, "calls")).height == 600
    few = json_types.PIECES * json_types.PIECE_BYTES // len(content) + 2
    assert not json_types.inferable(json_types.spread_over(content * few), 600 * few)
    generation = {
        "id": "g",
        "startTime": "2025-10-02T09:00:00Z",
        "model": "m",
        "usage": {"input": 1, "output": 2},
    }
    nested = jsonl(*({**generation, "metadata": {f"k{n}_{i}": 1 for i in range(100)}} for n in range(600)))
    assert decode_nested(nested) is None
    assert sum(chunk.read for chunk in parse(tmp_path, nested, "langfuse")) == 600
    wide = jsonl({**GOOD, **{f"c{i}": 1 for i in range(100_000)}})
    assert json_types.inferable(wide)
    assert rows_of(parse(tmp_path, wide, "calls")).height == 1


@pytest.mark.parametrize(("begin", "end"), [(b"[", b"]"), (b'{"a":', b"}"), (b'[{"a":', b"}]")])
def test_values_nested_deeply_are_not_decoded_together(tmp_path: Path, begin: bytes, end: bytes) -> None:
    deep = b'{"tags":' + begin * 450 + b"1" + end * 450 + b"," + ROW[1:]
    assert not json_types.inferable(deep)
    assert json_types.inferable(ROW * 50)
    plain = ROW * (3 * json_types.PIECES * json_types.PIECE_BYTES // len(ROW))
    between = plain.find(b"\n", len(plain) // 2 - json_types.PIECE_BYTES) + 1
    hidden = plain[:between] + b'{"tags":' + begin * 33 + b"1" + end * 33 + b"}\n" + plain[between:]
    assert json_types.inferable(json_types.spread_over(hidden))
    assert decode_nested(plain) is not None
    assert decode_nested(hidden) is None
    chunks = parse(tmp_path, ROW + deep + ROW, "calls")
    assert [reject.line for chunk in chunks for reject in chunk.rejects] == [2]


@pytest.mark.parametrize("together", [1, 3, 5, 1_000])
def test_depth_is_that_of_each_line(together: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_types, "DEPTH_BYTES", together)
    monkeypatch.setattr(json_types, "DEEPEST", 4)
    flat, deep = b'{"a":[{"b":[1]}]}', b'{"a":[{"b":[[1]]}]}'
    for lines, found in [
        ([flat, flat], False),
        ([flat, deep, flat], True),
        ([deep], True),
        ([b"[[[", b"[[", b"", b"]]]]]", b"[[[[", b""], False),
        ([b"]]", flat, b"[[[[["], True),
        ([b"", b"no brackets", b""], False),
        ([], False),
    ]:
        assert json_types.nested_deeply(b"\n".join(lines)) is found


@pytest.mark.parametrize("late", [1.5, "7", True, None, [1], {"a": 1}, 2**64 - 1, 10**25])
@pytest.mark.parametrize("early", [1, 1.5, "x", None, True, []])
def test_a_type_that_comes_late_is_read_as_if_it_came_at_once(
    early: Any, late: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = [b'{"a":%s,"b":1}' % str(x).encode() if type(x) is int else orjson.dumps({"a": x, "b": 1})
             for x in (early, early, early, late)]  # fmt: skip

    def last(lines_looked_at: int) -> list[Any]:
        monkeypatch.setattr(json_types, "SAMPLE_LINES", lines_looked_at)
        chunk = json_lines.LineChunk.of_text(b"\n".join(lines), 1, len(lines), None)
        (found,) = json_lines.read_json_lines([chunk], frozenset({"a", "b", "c"}))
        return found.frame["a"].to_list()

    assert str(last(2)) == str(last(1_000))


def _zstd(content: bytes) -> bytes:
    packed = io.BytesIO()
    with arrow.CompressedOutputStream(packed, "zstd") as stream:
        stream.write(content)
        stream.flush()
        return packed.getvalue()


@pytest.mark.parametrize("pack", [gzip.compress, _zstd])
@pytest.mark.parametrize("filling", [b"a", b"\n", b"\x00"])
def test_what_unpacks_to_nothing_but_repetition_is_not_read_to_its_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pack: Any, filling: bytes
) -> None:
    monkeypatch.setattr(streams, "LEAST_BOMB_BYTES", 1 << 20)
    monkeypatch.setattr(streams, "MOST_TIMES", 50)
    content = ROW * 2_000 + filling * (8 << 20)
    (tmp_path / "export").write_bytes(pack(content))
    with_cut = parse(tmp_path, pack(content), "calls")
    assert sum(chunk.frame.height for chunk in with_cut) == 2_000
    stream = streams.open_stream(tmp_path / "export")
    assert len(stream.read(64 << 20)) < len(content)
    assert "more than 50 times its size" in str(stream.cut)
    stream.close()


def test_millions_of_blank_lines_cost_little_and_keep_the_numbers(tmp_path: Path) -> None:
    content = ROW + b"\n" * 300_000 + b" \t\r\n" * 2 + ROW + b"\n" * 500_000 + ROW[:-1]
    positions = [row for chunk in parse(tmp_path, content, "calls", 1 << 22) for row in _positions(chunk)]
    assert positions == [1, 300_004, 800_005]


def _positions(chunk: Any) -> list[int]:
    return chunk.frame["position"].to_list() if chunk.frame.height else []


@pytest.mark.parametrize(
    "content",
    [
        orjson.dumps({"c" * 1_000_000: 1}) + b"\n",
        orjson.dumps({f"c{i}": 1 for i in range(20_000)}) + b"\n",
        b",".join(b"c%d" % i for i in range(20_000)) + b"\n" + b"1," * 19_999 + b"1\n",
        b",".join([b"c" * 1_000] * 100) + b"\n" + b"1," * 99 + b"1\n",
    ],
)
def test_a_message_stays_short_whatever_the_columns_are_called(tmp_path: Path, content: bytes) -> None:
    with pytest.raises((MissingColumnsError, UnreadableFileError)) as caught:
        parse(tmp_path, content, "calls")
    assert len(f"{caught.value}{caught.value.hint}") < 4_000
    assert len(str(caught.value.details)) < 70_000


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (ROW.decode().encode("utf-16-le"), "iconv -f UTF-16LE"),
        (ROW.decode().encode("utf-16-be"), "iconv -f UTF-16BE"),
        (ROW.decode().encode("utf-32"), "iconv -f UTF-32"),
        (ROW + b"\x00" * 50, "tr -d"),
        (gzip.compress(gzip.compress(ROW, mtime=0), mtime=0), "Unpack it once"),
        (b"x" * 140_000 + b"\n1\n", "names the columns"),
    ],
)
def test_what_to_do_is_said(tmp_path: Path, content: bytes, words: str) -> None:
    with pytest.raises(UnreadableFileError) as caught:
        parse(tmp_path, content, "calls")
    assert words in str(caught.value.hint)


def test_an_upload_that_breaks_off_leaves_nothing_and_says_so(tmp_path: Path) -> None:
    async def arriving() -> AsyncIterator[bytes]:
        yield ROW * 100
        raise ClientDisconnect

    async def heard(size: int) -> None:
        pass

    with pytest.raises(UploadBrokenOffError, match=f"after {len(ROW) * 100:,} bytes; nothing"):
        asyncio.run(Spool(tmp_path).receive(arriving(), heard))
    assert list(tmp_path.iterdir()) == []
