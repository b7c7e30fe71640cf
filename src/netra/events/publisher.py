"""EventPublisher: committed events and deltas on their way to every process that holds sockets."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Protocol

import structlog

from netra.events.types import Envelope, encode_envelope

REST_S = 1.0


class PublishDoor(Protocol):
    """The part of the hot store that publishing needs."""

    async def publish(self, channel: str, payload: bytes) -> object:
        """Hand `payload` to whoever is subscribed to `channel` at this moment."""
        ...


def user_channel(workspace_id: str, user_id: str) -> str:
    """The one channel on which everything of a user in a workspace is published."""
    return f"netra:events:{workspace_id}:{user_id}"


def pack(envelope: Envelope) -> bytes:
    """A published message: the routing line `thread_id seq epoch`, then the frame as sockets get it.

    `seq` is 0 for frames that are not durable. Routers read the line and never parse the frame.
    """
    head = f"{envelope.thread_id} {envelope.seq or 0} {envelope.epoch or '-'}\n"
    return head.encode() + encode_envelope(envelope)


def unpack(message: bytes) -> tuple[str, int, str, bytes]:
    """Thread id, seq (0: not durable), epoch and frame of a published message; ValueError for anything
    else.
    """
    head, separator, frame = message.partition(b"\n")
    parts = head.decode("ascii").split(" ")
    if not separator or len(parts) != 3:
        raise ValueError("not a published event")
    return parts[0], int(parts[1]), parts[2], frame


class EventPublisher:
    """Publishes; a hot store that is away costs liveness, never an event: readers fill the gap from the
    log.
    """

    def __init__(self, door: PublishDoor) -> None:
        self._door = door
        self._silent_until = 0.0
        self._log = structlog.get_logger("netra.events.publisher")

    async def publish(self, workspace_id: str, user_id: str, envelopes: Sequence[Envelope]) -> None:
        """Publish in order. Never raises for an unreachable hot store, and then lets it rest for a second:
        a run must not wait for a timeout at each of its events.
        """
        if time.monotonic() < self._silent_until:
            return
        channel = user_channel(workspace_id, user_id)
        for envelope in envelopes:
            try:
                await self._door.publish(channel, pack(envelope))
            except Exception as failure:
                self._silent_until = time.monotonic() + REST_S
                self._log.warning("publish_failed", thread_id=envelope.thread_id, failure=repr(failure))
                return
