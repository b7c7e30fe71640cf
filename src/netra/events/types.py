"""The frames of the realtime protocol that carry what happened: one typed model per payload, and the
envelope.

Durable events have a `seq`; deltas and progress do not. Every agent and tool payload names its `agent_id`;
the envelope's `parent` is the delegating agent's id, None for the supervisor. Money is a decimal string.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal, TypeAlias, TypedDict

import msgspec

JsonValue: TypeAlias = Any
JsonObject: TypeAlias = dict[str, Any]

Outcome = Literal["completed", "failed", "timed_out", "cancelled"]
Answer = Literal["answered", "partial", "insufficient_data"]
ToolStatus = Literal["ok", "error", "timeout", "denied"]


class Payload(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A payload: immutable, every field named, unknown fields refused when it is read back."""


class MessageAccepted(Payload, frozen=True):
    """The user's message and its run are stored; `title` is what a thread without a title is called now."""

    message_id: str
    client_message_id: str
    text: str
    title: str


class AgentStarted(Payload, frozen=True):
    """An agent begins; `plan` lists what it is going to do, `limits` what bounds it."""

    agent_id: str
    agent: str
    question: str
    plan: list[str]
    limits: JsonObject


class AgentThinking(Payload, frozen=True):
    """One sentence about step `step` of `of`."""

    agent_id: str
    agent: str
    step: int
    of: int
    text: str


class ToolExecuting(Payload, frozen=True):
    """A tool call begins."""

    agent_id: str
    agent: str
    tool: str
    call_id: str
    arguments: JsonObject


class ToolCompleted(Payload, frozen=True):
    """A tool call ended; `ms` is its wall time in milliseconds, `figures` are figure objects as JSON."""

    agent_id: str
    agent: str
    tool: str
    call_id: str
    status: ToolStatus
    summary: str
    figures: list[JsonObject]
    ms: int


class AgentCompleted(Payload, frozen=True):
    """An agent ended; with `parent` None it is the last event of its run.

    `cost` is in US dollars as a decimal string, None when a used model has no price. `message_id` is the
    assistant message that the run's last event stores, None for a specialist's. `prose` is `message` with its
    citations `{{f:ID}}` in place of the values, None where there is none.
    """

    agent_id: str
    agent: str
    outcome: Outcome
    answer: Answer | None
    missing: list[JsonObject]
    report_id: str | None
    message: str
    figures: list[JsonObject]
    usage: JsonObject
    cost: str | None
    ms: int
    message_id: str | None = None
    prose: str | None = None


class MessageCompleted(Payload, frozen=True):
    """The full text of a part of the answer, whatever became of its deltas."""

    part: int
    text: str


class ApprovalRequested(Payload, frozen=True):
    """A person must decide before the named call may run."""

    agent_id: str
    approval_id: str
    tool: str
    call_id: str
    arguments: JsonObject
    reason: str


class StateChanged(Payload, frozen=True):
    """Fields of a thread or of a run that have a new value, e.g. `{"title": ...}` or `{"status":
    "running"}`.
    """

    subject: Literal["thread", "run"]
    changes: JsonObject


class Superseded(Payload, frozen=True):
    """Attempts of `step` before `attempt` did not finish: their events and the named calls no longer
    count.
    """

    step: str
    attempt: int
    call_ids: list[str]


class MessageDelta(Payload, frozen=True):
    """A piece of the answer; `offset` counts Unicode code points of the part. Not durable."""

    part: int
    offset: int
    text: str


class Progress(Payload, frozen=True):
    """How far a long call is: `done` of `of` in `unit`; `of` is None when the end is unknown. Not durable."""

    agent_id: str
    call_id: str
    done: int
    of: int | None
    unit: str
    text: str = ""


DURABLE_TYPES: dict[str, type[Payload]] = {
    "message_accepted": MessageAccepted,
    "agent_started": AgentStarted,
    "agent_thinking": AgentThinking,
    "tool_executing": ToolExecuting,
    "tool_completed": ToolCompleted,
    "agent_completed": AgentCompleted,
    "message_completed": MessageCompleted,
    "approval_requested": ApprovalRequested,
    "state_changed": StateChanged,
    "superseded": Superseded,
}
EPHEMERAL_TYPES: dict[str, type[Payload]] = {"message_delta": MessageDelta, "progress": Progress}
_NAME_OF: dict[type[Payload], str] = {
    model: name for name, model in {**DURABLE_TYPES, **EPHEMERAL_TYPES}.items()
}


def type_name(payload: Payload) -> str:
    """The wire name of a payload, such as `agent_started`."""
    return _NAME_OF[type(payload)]


class Envelope(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What every server frame about a thread looks like; `seq` is None for frames that are not durable."""

    type: str
    thread_id: str | None
    run_id: str | None
    seq: int | None
    epoch: str | None
    event_id: str | None
    parent: str | None
    ts: datetime
    data: JsonObject


class Cursor(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A position in a thread: the last event seen, in the history named by `epoch`."""

    epoch: str
    seq: int


def parse_payload(type_: str, data: JsonObject) -> Payload:
    """The typed payload of a durable or ephemeral event; msgspec.ValidationError when it does not fit."""
    model = DURABLE_TYPES.get(type_) or EPHEMERAL_TYPES[type_]
    return msgspec.convert(data, model)


def payload_data(payload: Payload) -> JsonObject:
    """The payload as plain JSON values."""
    return msgspec.to_builtins(payload)


def encode_envelope(envelope: Envelope) -> bytes:
    """The frame as UTF-8 JSON; done once per event, whatever the number of sockets."""
    return msgspec.json.encode(envelope)


class ToolCompletedFields(TypedDict):
    """Keyword arguments of `tool_completed`; see ToolCompleted."""

    agent_id: str
    agent: str
    tool: str
    call_id: str
    status: str
    summary: str
    figures: list[JsonObject]
    ms: int


class AgentCompletedFields(TypedDict):
    """Keyword arguments of `agent_completed`; see AgentCompleted."""

    agent_id: str
    agent: str
    outcome: str
    answer: str | None
    missing: list[JsonObject]
    report_id: str | None
    message: str
    figures: list[JsonObject]
    usage: JsonObject
    cost: str | None
    ms: int
