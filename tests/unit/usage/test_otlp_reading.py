"""Export requests are read as their sender wrote them, and refused when they are broken."""

import gzip
import zlib

import orjson
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from netra.errors.kinds import TooLargeError
from netra.usage.otlp import packed, requests
from netra.usage.otlp.json_spans import read_json
from netra.usage.otlp.names import WANTED
from netra.usage.otlp.other_signals import LOGS, METRICS, answer_to
from netra.usage.otlp.packed import MalformedError
from netra.usage.otlp.protobuf import read_protobuf
from netra.usage.otlp.requests import (
    UnreadableExportError,
    UnsupportedMediaError,
    accepted,
    read_export,
    refused,
)
from netra.usage.otlp.spans import Spans
from testkit.otlp_wire import Span, json_of, request_of

PROTOBUF, JSON = "application/x-protobuf", "application/json"

values = st.one_of(
    st.text(st.characters(exclude_categories=("Cs",)), max_size=40),
    st.booleans(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False, allow_infinity=False),
)
spans = st.builds(
    Span,
    trace_id=st.binary(min_size=16, max_size=16),
    span_id=st.binary(min_size=8, max_size=8),
    start=st.integers(0, 2**62),
    end=st.integers(0, 2**62),
    attributes=st.dictionaries(
        st.one_of(st.sampled_from(sorted(WANTED)), st.text(max_size=12)), values, max_size=8
    ),
    name=st.text(st.characters(exclude_categories=("Cs",)), max_size=10),
    parent_id=st.one_of(st.just(b""), st.binary(min_size=8, max_size=8)),
    status=st.integers(0, 2),
    message=st.text(st.characters(exclude_categories=("Cs",)), max_size=10),
    events=st.lists(
        st.tuples(st.sampled_from(["x", "First Token Stream Event"]), st.integers(0, 2**62)), max_size=3
    ),
)


def seen(read: Spans) -> list[dict[str, object]]:
    """The spans as rows, to compare readers."""
    n = len(read)
    columns = {key: attribute.series(n).to_list() for key, attribute in read.attributes.items()}
    return [
        {
            "ids": (read.trace_id[row], read.span_id[row], read.parent_id[row]),
            "times": (int(read.start[row]), int(read.end[row])),
            "status": (int(read.status[row]), read.message[row]),
            "where": (read.scope[row], read.service[row]),
            "attributes": {key: values[row] for key, values in columns.items() if values[row] is not None},
            "first_token": read.first_token.get(row),
        }
        for row in range(n)
    ]


def wanted(span: Span) -> dict[str, object]:
    firsts = [at for name, at in span.events if name == "First Token Stream Event"]
    return {
        "ids": (span.trace_id.hex(), span.span_id.hex(), span.parent_id.hex()),
        "times": (span.start, span.end),
        "status": (span.status, span.message),
        "where": ("a.scope", "a-service"),
        "attributes": {key: value for key, value in span.attributes.items() if key in WANTED},
        "first_token": min(firsts) if firsts else None,
    }


def same(found: list[dict[str, object]], expected: list[dict[str, object]]) -> None:
    """Where the spans of a request give an attribute different types, its column is text."""
    for one, other in zip(found, expected, strict=True):
        got, want = one.pop("attributes"), other.pop("attributes")
        assert one == other
        assert isinstance(got, dict)
        assert isinstance(want, dict)
        assert got.keys() == want.keys()
        for key, value in want.items():
            assert got[key] == value or got[key] == str(value), key


@given(st.lists(spans, max_size=6))
def test_protobuf_is_read_as_it_was_written(sent: list[Span]) -> None:
    same(seen(read_protobuf(request_of(sent))), [wanted(span) for span in sent])


@given(st.lists(spans, max_size=4))
def test_json_is_read_as_it_was_written(sent: list[Span]) -> None:
    same(seen(read_json(orjson.dumps(json_of(sent)))), [wanted(span) for span in sent])


@given(st.binary(max_size=200))
def test_junk_is_read_or_refused_and_nothing_else(junk: bytes) -> None:
    for read in (read_protobuf, read_json):
        try:
            read(junk)
        except MalformedError:
            continue


@given(st.lists(spans, min_size=1, max_size=3), st.data())
def test_a_request_with_a_wrong_byte_is_read_or_refused(sent: list[Span], data: st.DataObject) -> None:
    body = bytearray(request_of(sent))
    for _ in range(data.draw(st.integers(1, 4))):
        body[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(0, 255))
    try:
        read_protobuf(bytes(body[: data.draw(st.integers(0, len(body)))]))
    except MalformedError:
        return


def test_messages_come_in_the_order_of_the_conversation() -> None:
    """Numbered attributes follow their numbers; tools and instructions come first, however they were sent."""
    attributes = {f"gen_ai.prompt.{number}.content": f"text {number}" for number in (10, 2, 0)}
    attributes |= {"gen_ai.system_instructions": "be brief", "gen_ai.tool.definitions": "[]"}
    (contents,) = read_protobuf(request_of([Span(b"t" * 16, b"s" * 8, 1, 2, attributes)])).contents.values()
    assert [text for _, text in contents] == ["[]", "be brief", "text 0", "text 2", "text 10"]


def test_every_known_compression_is_undone() -> None:
    plain = request_of([Span(b"t" * 16, b"s" * 8, 1, 2)])
    codec = pa.Codec("zstd")
    bodies = {
        "": plain,
        "identity": plain,
        "gzip": gzip.compress(plain),
        "deflate": zlib.compress(plain),
        "GZIP": gzip.compress(plain[:7]) + gzip.compress(plain[7:]),
        " gzip": gzip.compress(plain) + bytes(500),
        "Gzip": gzip.compress(plain[:7]) + bytes(3) + gzip.compress(plain[7:]) + bytes(1),
        "zstd": codec.compress(plain, asbytes=True),
    }
    for encoding, body in bodies.items():
        assert len(read_export(body, PROTOBUF, encoding)) == 1, encoding


@pytest.mark.parametrize(
    ("body", "content_type", "encoding", "error"),
    [
        (b"", "text/plain", "", UnsupportedMediaError),
        (b"", PROTOBUF, "br", UnsupportedMediaError),
        (b"no gzip", PROTOBUF, "gzip", UnreadableExportError),
        (gzip.compress(b"x" * 1000, mtime=0)[:-12], PROTOBUF, "gzip", UnreadableExportError),
        (gzip.compress(b"\x0a\x00", mtime=0) + b"junk", PROTOBUF, "gzip", UnreadableExportError),
        (gzip.compress(b"\x0a\x00", mtime=0) + b"\0junk", PROTOBUF, "gzip", UnreadableExportError),
        (gzip.compress(b"", mtime=0) * 200, PROTOBUF, "gzip", UnreadableExportError),
        (b"", PROTOBUF, "gzip", UnreadableExportError),
        (b"no zstd", PROTOBUF, "zstd", UnreadableExportError),
        (b"\x0a\xff", PROTOBUF, "", UnreadableExportError),
        (b"[]", JSON, "", UnreadableExportError),
        (b'{"resource_spans": []}', JSON, "", UnreadableExportError),
        (b'{"resourceSpans": {}}', JSON, "", UnreadableExportError),
        (b'{"resourceSpans": [{"scopeSpans": [{"spans": [{"startTimeUnixNano": "soon"}]}]}]}', JSON, "",
         UnreadableExportError),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_refused(body: bytes, content_type: str, encoding: str, error: type) -> None:
    with pytest.raises(error):
        read_export(body, content_type, encoding)


@pytest.mark.parametrize("encoding", ["gzip", "zstd"])
def test_a_small_body_that_becomes_huge_is_refused(encoding: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(requests, "MAX_PLAIN_BYTES", 1 << 20)
    bomb = bytes(8 << 20)
    body = gzip.compress(bomb) if encoding == "gzip" else pa.Codec("zstd").compress(bomb, asbytes=True)
    with pytest.raises(TooLargeError):
        read_export(body, PROTOBUF, encoding)


def test_a_request_of_too_many_spans_or_fields_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(requests, "MAX_SPANS", 3)
    monkeypatch.setattr(packed, "MOST_FIELDS", 50)
    monkeypatch.setattr(requests, "MAX_JSON_BYTES", 100)
    few = [Span(b"t" * 16, bytes([n] * 8), 1, 2) for n in range(4)]
    assert len(read_export(request_of(few[:3]), PROTOBUF, "")) == 3
    with pytest.raises(TooLargeError):
        read_export(request_of(few), PROTOBUF, "")
    with pytest.raises(TooLargeError):
        read_export(orjson.dumps(json_of(few)), JSON, "")
    with pytest.raises(UnreadableExportError):
        read_export(
            request_of([Span(b"t" * 16, b"s" * 8, 1, 2, {f"k{n}": n for n in range(50)})]), PROTOBUF, ""
        )


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"\x0a\x00" * 4, PROTOBUF),
        (b"\x0a\x50" + b"\x12\x00" * 40, PROTOBUF),
        (b"\x08\x00" * 40, PROTOBUF),
        (b"\x0a\x04\x08\x00\x08\x00" * 10, PROTOBUF),
        (b'{"resourceS": [{}, {}, {}, {}]}', JSON),
        (b'{"resourceS": [{"scopeS": [{}, {}]}, {"scopeS": [{}, {}]}]}', JSON),
        (b"[" + b"{}," * 200 + b"{}]", JSON),
    ],
)
@pytest.mark.parametrize("name", ["Spans", "Logs", "Metrics"])
def test_messages_around_nothing_are_too_many_as_well(
    name: str, body: bytes, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Compressed, millions of empty messages take some kilobytes: no level of a request is without end."""
    monkeypatch.setattr(requests, "MAX_SPANS", 3)
    monkeypatch.setattr(requests, "MAX_JSON_BYTES", 500)
    with pytest.raises(TooLargeError):
        read_signal(name, body.replace(b"S", name.encode()), kind)


def test_spans_of_nothing_but_empty_fields_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packed, "MOST_AT_ONCE", 100)
    span = b"\x12\x3c" + b"\x4a\x00" * 30
    assert len(read_protobuf(b"\x0a\xbd\x01\x12\xba\x01" + span * 3)) == 3
    with pytest.raises(MalformedError):
        read_protobuf(b"\x0a\xfb\x01\x12\xf8\x01" + span * 4)


@pytest.mark.parametrize("name", ["Spans", "Logs", "Metrics"])
@pytest.mark.parametrize(
    "body",
    [b"[]", b'"x"', b"7", b'{"resourceS": 5}', b'{"resource_s": []}', b'{"resourceS": [{"scope_s": []}]}'],
)
def test_what_is_no_request_of_a_signal_is_not_taken_for_an_empty_one(name: str, body: bytes) -> None:
    body = body.replace(b"S", name.encode()).replace(b"_s", b"_" + name.lower().encode())
    with pytest.raises(UnreadableExportError):
        read_signal(name, body, JSON)


def read_signal(name: str, body: bytes, kind: str) -> None:
    """Read a request as the door of its signal does."""
    if name == "Spans":
        read_export(body, kind, "")
    else:
        answer_to({"Logs": LOGS, "Metrics": METRICS}[name], body, kind, "")


def test_points_of_all_kinds_of_metrics_are_counted() -> None:
    kinds = ("gauge", "sum", "histogram", "exponentialHistogram", "summary")
    metrics = [{kind: {"dataPoints": [{}] * (n + 1)}} for n, kind in enumerate(kinds)] + [{"name": "none"}]
    body = {"resourceMetrics": [{"scopeMetrics": [{"metrics": metrics}]}, {}]}
    assert b'"rejectedDataPoints":"15"' in answer_to(METRICS, orjson.dumps(body), JSON, "")


def test_what_a_resource_says_holds_for_its_spans_that_do_not_say_it() -> None:
    own = Span(b"t" * 16, b"a" * 8, 1, 2, {"deployment.environment": "own"})
    sent = [own, Span(b"t" * 16, b"b" * 8, 1, 2)]
    resource = {"deployment.environment": "live", "service.name": "a-service"}
    in_json = json_of(sent)
    pairs = [{"key": key, "value": {"stringValue": value}} for key, value in resource.items()]
    in_json["resourceSpans"][0]["resource"]["attributes"] = pairs
    for read in (read_protobuf(request_of(sent, resource=resource)), read_json(orjson.dumps(in_json))):
        assert read.attributes["deployment.environment"].series(2).to_list() == ["own", "live"]


def test_answers_are_those_of_the_protocol() -> None:
    assert accepted(PROTOBUF, 0, "") == b""
    assert accepted(JSON, 0, "") == b"{}"
    # partial_success (1) { rejected_spans (1) = 3, error_message (2) = "no" }
    assert accepted(PROTOBUF, 3, "no") == b"\x0a\x06\x08\x03\x12\x02no"
    partial = {"partialSuccess": {"rejectedSpans": "3", "errorMessage": "no"}}
    assert orjson.loads(accepted(JSON, 3, "no")) == partial
    # google.rpc.Status { code (1), message (2) }
    failure = UnreadableExportError("no")
    assert refused(PROTOBUF, failure) == b"\x08\x90\x03\x12\x02no"
    assert orjson.loads(refused(JSON, failure)) == {"code": 400, "message": "no"}
