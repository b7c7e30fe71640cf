"""Log lines without secrets; metrics apart from each other; trace ids."""

import io
import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from netra.config.secret import Secret
from netra.telemetry.logs import configure_logging
from netra.telemetry.masking import mask_event, mask_text
from netra.telemetry.metrics import Metrics
from netra.telemetry.trace import current_trace_id, new_trace_id, trace_id_from, traced

pytestmark = pytest.mark.protects("W18")


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    stream = io.StringIO()
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    configure_logging("info", stream=stream, service="tests")
    yield stream
    root.handlers[:], root.level = handlers, level
    structlog.reset_defaults()


def read(stream: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_line_is_json_with_time_level_service_and_trace(lines: io.StringIO) -> None:
    with traced("0af7651916cd43dd8448eb211c80319c", request_id="req_1"):
        structlog.get_logger("netra.x").info("something", number=3)
    (line,) = read(lines)
    assert line["event"] == "something"
    assert (line["level"], line["service"], line["number"]) == ("info", "tests", 3)
    assert (line["trace_id"], line["request_id"]) == ("0af7651916cd43dd8448eb211c80319c", "req_1")
    assert str(line["timestamp"]).endswith("Z")


def test_lines_of_other_libraries_take_the_same_way(lines: io.StringIO) -> None:
    logging.getLogger("somebody.else").warning("connected to %s", "redis://:hunter2@h/0")
    (line,) = read(lines)
    assert line["event"] == "connected to redis://:********@h/0"
    assert line["level"] == "warning"


def test_the_level_holds_and_a_traceback_is_one_line(lines: io.StringIO) -> None:
    log = structlog.get_logger("netra.x")
    log.debug("too small")
    try:
        raise ValueError("postgresql://admin:hunter2@db/netra")
    except ValueError:
        log.exception("broke")
    (line,) = read(lines)
    assert "ValueError" in str(line["exception"])
    assert "hunter2" not in lines.getvalue()


@pytest.mark.parametrize(
    "secret",
    [
        "ntr_" + "A1b2C3d4" * 5,
        "nrt_" + "A1b2C3d4" * 5,
        "sk-proj-abcdefgh12345678",
        "eyJhbGciOiJFZDI1NTE5In0.eyJzdWIiOiJ1c3IifQ.c2lnbmF0dXJl",
    ],
)
def test_credentials_inside_texts_are_masked(secret: str) -> None:
    assert secret not in mask_text(f"the key {secret} was used")
    assert secret not in str(mask_event(None, "info", {"event": "x", "headers": [{"a": f"Bearer {secret}"}]}))


def test_values_under_secret_names_are_masked_and_counts_are_not() -> None:
    masked = mask_event(
        None,
        "info",
        {
            "event": "call",
            "password": "hunter2",
            "nested": {"api_key": "x", "deep": [{"refresh_token": "y"}]},
            "input_tokens": 17,
            "key_id": "key_1",
            "secret": Secret("z"),
        },
    )
    assert masked["password"] == "********"
    assert masked["nested"] == {"api_key": "********", "deep": [{"refresh_token": "********"}]}
    assert (masked["input_tokens"], masked["key_id"]) == (17, "key_1")
    assert "z" not in str(masked["secret"])


def test_endless_nesting_ends() -> None:
    nested: dict[str, object] = {"event": "x"}
    nested["self"] = nested
    assert "event" in mask_event(None, "info", nested)


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "0af7651916cd43dd8448eb211c80319c"),
        ("00-00000000000000000000000000000000-b7ad6b7169203331-01", None),
        ("garbage", None),
        (None, None),
    ],
)
def test_the_callers_trace_goes_on(header: str | None, expected: str | None) -> None:
    assert trace_id_from(header) == expected


def test_a_trace_ends_with_its_block() -> None:
    assert current_trace_id() is None
    with traced() as outer:
        assert current_trace_id() == outer
        assert len(outer) == 32
        with traced() as inner:
            assert inner != outer
        assert current_trace_id() == outer
    assert current_trace_id() is None
    assert new_trace_id() != new_trace_id()


def test_two_metrics_share_nothing() -> None:
    first, second = Metrics(), Metrics()
    first.auth_decisions.labels("sign_in", "denied").inc()
    first.gauge("netra_open_sockets", "Sockets.").set(3)
    assert b'netra_auth_decisions_total{action="sign_in",outcome="denied"} 1.0' in first.render()
    assert b"netra_open_sockets 3.0" in first.render()
    assert b"sign_in" not in second.render()
