"""Client frames: exactly the protocol's, nothing else."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netra.events.types import Cursor
from netra.realtime.protocol import (
    BadFrameError,
    Cancel,
    Ping,
    Send,
    Subscribe,
    error_frame,
    parse_client_frame,
    server_frame,
)
from netra.runs.errors import RunNotFoundError

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


def test_frames_become_their_models() -> None:
    assert parse_client_frame('{"type":"ping"}') == Ping()
    assert parse_client_frame('{"type":"cancel","run_id":"run_1"}') == Cancel(run_id="run_1")
    assert parse_client_frame(
        '{"type":"subscribe","thread_id":"t","cursor":{"epoch":"e","seq":4}}'
    ) == Subscribe(thread_id="t", cursor=Cursor(epoch="e", seq=4))
    assert parse_client_frame('{"type":"send","client_message_id":"m","text":"q"}') == Send(
        client_message_id="m", text="q", strategy="enqueue"
    )


@given(JSON)
def test_other_json_is_refused(value: object) -> None:
    with pytest.raises(BadFrameError):
        parse_client_frame(json.dumps(value))


@given(st.text())
def test_any_text_is_a_frame_or_refused(text: str) -> None:
    with pytest.raises(BadFrameError):
        parse_client_frame(text)


def test_deep_nesting_is_refused() -> None:
    with pytest.raises(BadFrameError):
        parse_client_frame("[" * 60_000)


def test_an_error_names_what_it_is_about() -> None:
    frame = json.loads(error_frame(RunNotFoundError("there is no such run"), ref="run_1"))
    assert frame["type"] == "error"
    assert frame["seq"] is None
    assert frame["data"]["code"] == "run_not_found"
    assert frame["data"]["status"] == 404
    assert frame["data"]["ref"] == "run_1"


def test_frames_about_the_socket_have_the_common_envelope() -> None:
    frame = json.loads(server_frame("pong", {}))
    assert set(frame) == {
        "type", "thread_id", "run_id", "seq", "epoch", "event_id", "parent", "ts", "data"
    }  # fmt: skip
