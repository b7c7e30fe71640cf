"""ask(): one question over a live stream, until the run's terminal event."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, cast

from netra.client.errors import UnreachableError, api_error
from netra.client.event_stream import EventStream, Frame
from netra.client.http import NetraClient


@dataclass(slots=True)
class Asked:
    """What a question came to; `events` are the run's durable envelopes in order, `terminal` the last one's
    data.
    """

    thread_id: str = ""
    run_id: str = ""
    events: list[Frame] = field(default_factory=list[Frame])
    terminal: dict[str, Any] = field(default_factory=dict[str, Any])
    elapsed_ms: int = 0

    def to_dict(self) -> dict[str, Any]:
        """The JSON that `netra ask --json` prints, without the report's address."""
        return {
            "outcome": self.terminal.get("outcome"),
            "answer": self.terminal.get("answer"),
            "missing": self.terminal.get("missing", []),
            "thread_id": self.thread_id,
            "run_id": self.run_id,
            "message": self.terminal.get("message"),
            "prose": self.terminal.get("prose"),
            "figures": self.terminal.get("figures", []),
            "report": self.terminal.get("report_id"),
            "events": self.events,
            "elapsed_ms": self.elapsed_ms,
        }


async def ask(
    client: NetraClient,
    text: str,
    *,
    thread_id: str | None = None,
    strategy: str = "enqueue",
    on_event: Callable[[Frame], None] | None = None,
    stream: EventStream | None = None,
) -> Asked:
    """Ask and follow the run to its end.

    `on_event` gets every frame of the run as it arrives, deltas and progress included. ApiError when the
    question is refused; the run's own failure is a normal return with `terminal["outcome"]`. With `stream`
    an open stream is used and left open.
    """
    if stream is None:
        async with EventStream(client) as own:
            return await ask(
                client, text, thread_id=thread_id, strategy=strategy, on_event=on_event, stream=own
            )
    asked, started = Asked(), time.monotonic()
    message_id = str(uuid.uuid4())
    await stream.send(text, client_message_id=message_id, thread_id=thread_id, strategy=strategy)
    async for frame in stream:
        if not _concerns(asked, frame, message_id):
            continue
        if frame["seq"] is not None:
            asked.events.append(frame)
        if on_event is not None:
            on_event(frame)
        if frame["type"] == "agent_completed" and frame["parent"] is None:
            asked.terminal = cast("dict[str, Any]", frame["data"])
            asked.elapsed_ms = round((time.monotonic() - started) * 1000)
            return asked
    raise UnreachableError("The event stream ended before the run did.")


def _concerns(asked: Asked, frame: Frame, message_id: str) -> bool:
    """Whether the frame belongs to the question; learns thread and run from `message_accepted`."""
    data = cast("dict[str, Any]", frame["data"])
    if frame["type"] == "error" and data.get("ref") == message_id:
        raise api_error(int(data.get("status") or 400), data)
    if frame["type"] == "message_accepted" and data.get("client_message_id") == message_id:
        asked.thread_id, asked.run_id = str(frame["thread_id"]), str(frame["run_id"])
    return bool(asked.run_id) and frame["run_id"] == asked.run_id
