"""WebSocketEventRouter: from published events to the sockets that follow their threads."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Iterable
from dataclasses import dataclass, field
from typing import Protocol, TypeAlias

import structlog

from netra.context.models import UserExecutionContext
from netra.conversations.service import thread_not_found
from netra.data_access.factory import DataAccessFactory
from netra.errors.kinds import UnavailableError
from netra.events.log import EventLog
from netra.events.publisher import unpack, user_channel
from netra.events.types import Cursor, Envelope, encode_envelope
from netra.realtime.connection import Connection
from netra.realtime.protocol import server_frame
from netra.realtime.thread_feed import Subscriber, ThreadFeed

Owner: TypeAlias = tuple[str, str]

CHECK_S = 3.0
REPLAY_LIMIT = 20_000
FILL_BATCH = 1_000


class Channels(Protocol):
    """The process's one subscription to the hot store."""

    async def add_channel(self, channel: str) -> None:
        """Returns when messages of the channel arrive."""
        ...

    async def remove_channel(self, channel: str) -> None:
        """Stop receiving."""
        ...


@dataclass(slots=True)
class _Audience:
    """A user in a workspace with live sockets here: their sockets and the threads they follow."""

    context: UserExecutionContext
    connections: set[int] = field(default_factory=set[int])
    feeds: dict[str, ThreadFeed] = field(default_factory=dict[str, ThreadFeed])
    filling: set[str] = field(default_factory=set[str])


class WebSocketEventRouter:
    """Routes by user: only sockets of the event's own user and workspace can ever see it.

    Holes (a publish lost or overtaken) are filled from PostgreSQL. Every 3 s, and after the hot store was
    away, the position of each followed thread is compared with the log's.
    """

    def __init__(self, access: DataAccessFactory, log: EventLog) -> None:
        self._access = access
        self._log = log
        self._channels: Channels | None = None
        self._audiences: dict[Owner, _Audience] = {}
        self._by_channel: dict[str, Owner] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._events = structlog.get_logger("netra.realtime.router")

    @contextlib.asynccontextmanager
    async def running(self, channels: Channels) -> AsyncGenerator[None]:
        """Route with this subscription, whose messages go to `on_message` and whose returns to `on_gap`."""
        self._channels = channels
        checking = asyncio.create_task(self._check_regularly())
        try:
            yield
        finally:
            for task in [checking, *self._tasks]:
                task.cancel()
            await asyncio.gather(checking, *self._tasks, return_exceptions=True)
            self._channels = None

    async def attach(self, connection: Connection) -> None:
        """Begin to receive what is published for the connection's user; returns when that works.

        With the hot store away it returns all the same: until it is back, events come with the checks.
        """
        owner = _owner(connection.context)
        audience = self._audiences.setdefault(owner, _Audience(connection.context))
        audience.connections.add(id(connection))
        channel = user_channel(*owner)
        self._by_channel[channel] = owner
        if self._channels is not None:
            await self._add(self._channels, channel)

    async def detach(self, connection: Connection) -> None:
        """Forget the connection; the user's channel too when it was the last one."""
        owner = _owner(connection.context)
        audience = self._audiences.get(owner)
        if audience is None:
            return
        for thread_id in list(audience.feeds):
            self.unsubscribe(connection, thread_id)
        audience.connections.discard(id(connection))
        if not audience.connections:
            del self._audiences[owner]
            channel = user_channel(*owner)
            self._by_channel.pop(channel, None)
            if self._channels is not None:
                await self._channels.remove_channel(channel)
                if owner in self._audiences:
                    # Somebody came back while the channel was being removed.
                    await self._add(self._channels, channel)

    async def _add(self, channels: Channels, channel: str) -> None:
        try:
            await channels.add_channel(channel)
        except UnavailableError as failure:
            self._events.warning("channel_not_confirmed", failure=failure.message)

    def is_subscribed(self, connection: Connection, thread_id: str) -> bool:
        """Whether the connection follows the thread."""
        audience = self._audiences.get(_owner(connection.context))
        feed = audience.feeds.get(thread_id) if audience is not None else None
        return feed is not None and id(connection) in feed.subscribers

    async def subscribe(self, connection: Connection, thread_id: str, cursor: Cursor | None) -> None:
        """Follow one's own thread: the whole gap after the cursor is replayed in order, or nothing is and the
        client is told to fetch the snapshot. Without a cursor it begins now. Raises ThreadNotFoundError.
        """
        audience = self._audiences[_owner(connection.context)]
        feed = audience.feeds.setdefault(thread_id, ThreadFeed())
        # Registered before the log is read: what is published meanwhile waits in the subscriber's backlog.
        subscriber = feed.subscribers[id(connection)] = Subscriber(connection)
        try:
            position, gap = await self._read_gap(connection.context, thread_id, cursor)
        except BaseException:
            self.unsubscribe(connection, thread_id)
            raise
        feed.begin(position.epoch, position.seq)
        recovered = gap is not None
        data = {"recovered": recovered, "cursor": {"epoch": position.epoch, "seq": position.seq}}
        subscriber.tell(server_frame("subscribed", data, thread_id=thread_id))
        if gap is None:
            self.unsubscribe(connection, thread_id)
            subscriber.tell(_resync(thread_id, "the history before this position cannot be replayed"))
            return
        subscriber.start(position.seq)
        for envelope in gap:
            subscriber.tell(encode_envelope(envelope).decode())
        subscriber.go_live()

    def unsubscribe(self, connection: Connection, thread_id: str) -> None:
        """Stop following a thread; nothing when it was not followed."""
        audience = self._audiences.get(_owner(connection.context))
        feed = audience.feeds.get(thread_id) if audience is not None else None
        if audience is None or feed is None:
            return
        feed.subscribers.pop(id(connection), None)
        if not feed.subscribers:
            del audience.feeds[thread_id]

    async def on_message(self, channel: str, payload: bytes) -> None:
        """Take one published message."""
        owner = self._by_channel.get(channel)
        audience = self._audiences.get(owner) if owner is not None else None
        if audience is None:
            return
        thread_id, seq, epoch, frame = unpack(payload)
        feed = audience.feeds.get(thread_id)
        if feed is None:
            return
        if not seq:
            feed.pass_on(frame.decode())
        elif feed.epoch is not None and feed.epoch != epoch:
            self._resynchronise(audience, thread_id, "the thread's history was replaced")
        elif feed.offer(seq, frame.decode()):
            self._start_filling(audience, thread_id)

    async def on_gap(self) -> None:
        """The subscription was away: compare every followed thread with the log."""
        await self.check_positions()

    async def check_positions(self) -> None:
        """Fill what was missed; tell followers of threads that are gone or replaced to resynchronise."""
        for audience in list(self._audiences.values()):
            if not audience.feeds:
                continue
            try:
                positions = await self._positions(audience)
            except Exception as failure:
                self._events.warning("position_check_failed", failure=repr(failure))
                continue
            for thread_id, (feed, position) in positions.items():
                if position is None or (feed.epoch is not None and feed.epoch != position.epoch):
                    self._resynchronise(audience, thread_id, "the thread was deleted or replaced")
                elif feed.position is not None and position.seq > feed.position:
                    self._start_filling(audience, thread_id)

    async def _positions(self, audience: _Audience) -> dict[str, tuple[ThreadFeed, Cursor | None]]:
        feeds = dict(audience.feeds)
        async with self._access.for_context(audience.context).transaction() as tx:
            found = await self._log.positions(tx, list(feeds))
        return {thread_id: (feed, found.get(thread_id)) for thread_id, feed in feeds.items()}

    async def _read_gap(
        self, context: UserExecutionContext, thread_id: str, cursor: Cursor | None
    ) -> tuple[Cursor, list[Envelope] | None]:
        """Where the thread stands, and the events between the cursor and there (None: not replayable)."""
        async with self._access.for_context(context).transaction() as tx:
            position = await self._log.find_position(tx, thread_id)
            if position is None:
                raise thread_not_found()
            if cursor is None:
                return position, []
            missing = position.seq - cursor.seq
            if cursor.epoch != position.epoch or cursor.seq < 0 or not 0 <= missing <= REPLAY_LIMIT:
                return position, None
            if not missing:
                return position, []
            return position, await self._log.read(tx, thread_id, after_seq=cursor.seq, limit=missing)

    def _start_filling(self, audience: _Audience, thread_id: str) -> None:
        if thread_id in audience.filling:
            return
        audience.filling.add(thread_id)
        task = asyncio.create_task(self._fill(audience, thread_id))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _fill(self, audience: _Audience, thread_id: str) -> None:
        """Read what the feed lacks. Events are committed before they are published, so the log has them."""
        try:
            while (feed := audience.feeds.get(thread_id)) is not None and feed.position is not None:
                async with self._access.for_context(audience.context).transaction() as tx:
                    events = await self._log.read(tx, thread_id, after_seq=feed.position, limit=FILL_BATCH)
                _offer_all(feed, events)
                if len(events) < FILL_BATCH:
                    return
        except Exception as failure:
            # The next check tries again.
            self._events.warning("gap_not_filled", thread_id=thread_id, failure=repr(failure))
        finally:
            audience.filling.discard(thread_id)

    def _resynchronise(self, audience: _Audience, thread_id: str, reason: str) -> None:
        feed = audience.feeds.pop(thread_id, None)
        for subscriber in feed.subscribers.values() if feed is not None else ():
            subscriber.tell(_resync(thread_id, reason))

    async def _check_regularly(self) -> None:
        while True:
            await asyncio.sleep(CHECK_S)
            await self.check_positions()


def _offer_all(feed: ThreadFeed, events: Iterable[Envelope]) -> None:
    for envelope in events:
        feed.offer(envelope.seq or 0, encode_envelope(envelope).decode())


def _resync(thread_id: str, reason: str) -> str:
    return server_frame("resync", {"reason": reason}, thread_id=thread_id)


def _owner(context: UserExecutionContext) -> Owner:
    return context.workspace_id, context.user_id
