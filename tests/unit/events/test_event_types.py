"""The frames of events: every field named, nothing extra, one encoding."""

from datetime import UTC, datetime

import msgspec
import pytest

from netra.events.publisher import EventPublisher, pack, unpack, user_channel
from netra.events.types import (
    DURABLE_TYPES,
    EPHEMERAL_TYPES,
    AgentCompleted,
    Envelope,
    MessageDelta,
    Superseded,
    encode_envelope,
    parse_payload,
    payload_data,
    type_name,
)


def envelope(**changes: object) -> Envelope:
    values = {
        "type": "message_delta", "thread_id": "thr_1", "run_id": "run_1", "seq": 7, "epoch": "abc",
        "event_id": "evt_1", "parent": None,
        "ts": datetime(2026, 1, 2, tzinfo=UTC), "data": {"text": "ä\n😀"},
    }  # fmt: skip
    return Envelope(**{**values, **changes})  # type: ignore[arg-type]


def test_the_five_events_and_the_others_have_a_model() -> None:
    assert set(DURABLE_TYPES) == {
        "message_accepted", "agent_started", "agent_thinking", "tool_executing", "tool_completed",
        "agent_completed", "message_completed", "approval_requested", "state_changed", "superseded",
    }  # fmt: skip
    assert set(EPHEMERAL_TYPES) == {"message_delta", "progress"}
    for name, model in {**DURABLE_TYPES, **EPHEMERAL_TYPES}.items():
        assert model.__struct_config__.forbid_unknown_fields, name


def test_a_payload_comes_back_as_it_was() -> None:
    payload = Superseded(step="s", attempt=2, call_ids=["c"])
    assert type_name(payload) == "superseded"
    assert parse_payload("superseded", payload_data(payload)) == payload


@pytest.mark.parametrize(
    "data",
    [{"step": "s", "attempt": 2}, {"step": "s", "attempt": "2", "call_ids": []},
     {"step": "s", "attempt": 2, "call_ids": [], "more": 1}],
)  # fmt: skip
def test_a_payload_that_does_not_fit_is_refused(data: dict[str, object]) -> None:
    with pytest.raises(msgspec.ValidationError):
        parse_payload("superseded", data)


def test_an_outcome_is_one_of_four() -> None:
    fields = {
        "agent_id": "a", "agent": "a", "outcome": "exploded", "answer": None, "missing": [],
        "report_id": None, "message": "", "figures": [], "usage": {}, "cost": None, "ms": 1,
    }  # fmt: skip
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(fields, AgentCompleted)


def test_the_envelope_on_the_wire() -> None:
    decoded = msgspec.json.decode(encode_envelope(envelope()))
    assert list(decoded) == [
        "type", "thread_id", "run_id", "seq", "epoch", "event_id", "parent", "ts", "data"
    ]  # fmt: skip
    assert decoded["ts"] == "2026-01-02T00:00:00Z"
    assert decoded["data"]["text"] == "ä\n😀"


def test_a_published_message_is_routed_by_its_first_line() -> None:
    assert unpack(pack(envelope())) == ("thr_1", 7, "abc", encode_envelope(envelope()))
    passing = envelope(seq=None, epoch=None)
    assert unpack(pack(passing)) == ("thr_1", 0, "-", encode_envelope(passing))


@pytest.mark.parametrize("message", [b"", b"thr 1 e", b"thr 1\n{}", b"thr x e\n{}", b"\xff 1 e\n{}"])
def test_anything_else_is_not_a_published_message(message: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - of several kinds
        unpack(message)


def test_users_of_two_workspaces_have_two_channels() -> None:
    assert len({user_channel(w, u) for w in ("wsp_a", "wsp_b") for u in ("usr_a", "usr_b")}) == 4


class Door:
    def __init__(self) -> None:
        self.heard: list[bytes] = []
        self.broken = False
        self.calls = 0

    async def publish(self, channel: str, payload: bytes) -> int:
        self.calls += 1
        if self.broken:
            raise ConnectionError("away")
        self.heard.append(payload)
        return 1


async def test_a_hot_store_that_is_away_is_left_in_peace() -> None:
    door = Door()
    publisher = EventPublisher(door)
    door.broken = True
    for _ in range(5):
        await publisher.publish("wsp", "usr", [envelope(), envelope()])
    assert door.calls == 1


async def test_events_are_published_in_order() -> None:
    door = Door()
    await EventPublisher(door).publish("wsp", "usr", [envelope(seq=n) for n in (1, 2, 3)])
    assert [unpack(message)[1] for message in door.heard] == [1, 2, 3]


def test_a_delta_counts_code_points() -> None:
    delta = MessageDelta(part=0, offset=len("😀é"), text="x")
    assert payload_data(delta) == {"part": 0, "offset": 2, "text": "x"}
