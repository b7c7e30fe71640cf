"""ThreadFeed: what one process knows of one thread's live events, put in order for its subscribers."""

from __future__ import annotations

from typing import Protocol


class Sink(Protocol):
    """Where frames go; a Connection."""

    def offer(self, frame: str, *, droppable: bool = False) -> None:
        """Take a frame without waiting."""
        ...


class Subscriber:
    """One socket's place in a thread.

    While its gap is being read from the log, live frames wait in its backlog; `go_live` delivers those that
    the log did not already give.
    """

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._position = 0
        self._backlog: list[tuple[int, str]] | None = []

    @property
    def position(self) -> int:
        """The last seq handed over."""
        return self._position

    def start(self, position: int) -> None:
        """Everything up to `position` counts as seen."""
        self._position = position

    def go_live(self) -> None:
        """Deliver the backlog, and from now on directly."""
        backlog, self._backlog = self._backlog or [], None
        for seq, frame in backlog:
            self.take(seq, frame)

    def take(self, seq: int, frame: str) -> None:
        """A durable frame, in order; one that was seen already is left out."""
        if self._backlog is not None:
            self._backlog.append((seq, frame))
        elif seq > self._position:
            self._sink.offer(frame)
            self._position = seq

    def take_passing(self, frame: str) -> None:
        """A frame that may be lost; while the gap is open it is, because its text follows."""
        if self._backlog is None:
            self._sink.offer(frame, droppable=True)

    def tell(self, frame: str) -> None:
        """A frame about the subscription itself."""
        self._sink.offer(frame)


class ThreadFeed:
    """Orders what is published about a thread and hands it to each subscriber.

    `offer` returns whether a hole opened: the caller then reads the missing events from the log and offers
    them too. The feed begins at the first position it is told; what is published before is held.
    """

    def __init__(self) -> None:
        self.subscribers: dict[int, Subscriber] = {}
        self.epoch: str | None = None
        self.position: int | None = None
        self._held: dict[int, str] = {}

    def begin(self, epoch: str, position: int) -> None:
        """Tell where the log stands, unless the feed already knows."""
        if self.position is None:
            self.epoch, self.position = epoch, position
            self._drain()

    def offer(self, seq: int, frame: str) -> bool:
        """Take a durable frame from anywhere, in any order and any number of times; whether events are
        missing before it.
        """
        if self.position is not None and seq <= self.position:
            return False
        self._held[seq] = frame
        if self.position is None:
            return False
        self._drain()
        return bool(self._held)

    def pass_on(self, frame: str) -> None:
        """Hand over a frame that is not durable."""
        for subscriber in self.subscribers.values():
            subscriber.take_passing(frame)

    @property
    def has_hole(self) -> bool:
        """Whether later events wait for earlier ones."""
        return self.position is not None and bool(self._held)

    def _drain(self) -> None:
        position = self.position or 0
        for seq in [seq for seq in self._held if seq <= position]:
            del self._held[seq]
        while (frame := self._held.pop(position + 1, None)) is not None:
            position += 1
            for subscriber in self.subscribers.values():
                subscriber.take(position, frame)
        self.position = position
