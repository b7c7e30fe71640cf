"""Frames that clients send, frames that only the socket itself sends, close codes and limits."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final, Literal, TypeAlias

import msgspec

from netra.errors.kinds import NetraError
from netra.events.types import Cursor, Envelope, encode_envelope

SUBPROTOCOL: Final = "netra.v1"
INBOUND_LIMIT: Final = 64 * 1024
QUEUE_LIMIT: Final = 1024 * 1024

CLOSE_NORMAL: Final = 1000
CLOSE_GONE: Final = 1001
CLOSE_TOO_BIG: Final = 1009
CLOSE_INTERNAL: Final = 1011
CLOSE_RESTART: Final = 1012
CLOSE_BAD_FRAME: Final = 4400
CLOSE_UNAUTHENTICATED: Final = 4401
CLOSE_FORBIDDEN: Final = 4403
CLOSE_TOO_SLOW: Final = 4408
CLOSE_TOO_MANY: Final = 4409
CLOSE_RATE: Final = 4429


class _Frame(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="type"):
    """A client frame; its `type` chooses the model, a field the model lacks refuses the frame."""


class Authenticate(_Frame, frozen=True, tag="authenticate"):
    """The first frame: a one-time ticket or an access token, and the workspace (id or name) to work in."""

    ticket: str | None = None
    access_token: str | None = None
    workspace_id: str | None = None


class Subscribe(_Frame, frozen=True, tag="subscribe"):
    """Follow a thread from a cursor, or from now on."""

    thread_id: str
    cursor: Cursor | None = None


class Unsubscribe(_Frame, frozen=True, tag="unsubscribe"):
    """Stop following a thread."""

    thread_id: str


class Send(_Frame, frozen=True, tag="send"):
    """Ask in a thread, or in a new one."""

    client_message_id: str
    text: str
    thread_id: str | None = None
    attachments: list[dict[str, Any]] | None = None
    strategy: Literal["reject", "enqueue", "interrupt"] = "enqueue"


class Cancel(_Frame, frozen=True, tag="cancel"):
    """End a run."""

    run_id: str


class Approve(_Frame, frozen=True, tag="approve"):
    """Decide about a call that waits for a person."""

    approval_id: str
    decision: Literal["approve", "deny"]


class Ping(_Frame, frozen=True, tag="ping"):
    """Ask for a `pong`."""


Command: TypeAlias = Subscribe | Unsubscribe | Send | Cancel | Approve | Ping
ClientFrame: TypeAlias = Authenticate | Command

_decoder = msgspec.json.Decoder(ClientFrame)


class BadFrameError(ValueError):
    """What came is not a frame of the protocol; the message says why, without repeating its content."""


def parse_client_frame(text: str) -> ClientFrame:
    """The typed frame. Raises BadFrameError for anything that is not exactly one."""
    try:
        return _decoder.decode(text)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as failure:
        raise BadFrameError(str(failure)[:200]) from None


def server_frame(
    type_: str, data: Mapping[str, Any], *, thread_id: str | None = None, run_id: str | None = None
) -> str:
    """A frame that is about the socket and no event: the common envelope without position."""
    envelope = Envelope(
        type=type_, thread_id=thread_id, run_id=run_id, seq=None, epoch=None, event_id=None, parent=None,
        ts=datetime.now(UTC), data=dict(data),
    )  # fmt: skip
    return encode_envelope(envelope).decode()


def error_frame(failure: NetraError, *, ref: str | None = None) -> str:
    """A refused command; `ref` is the id by which the client knows it."""
    data = {
        "code": failure.code,
        "message": failure.message,
        "hint": failure.hint,
        "status": failure.status,
        "details": failure.details,
        "ref": ref,
    }
    return server_frame("error", data)
