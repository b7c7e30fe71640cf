"""One connection that listens to many channels, and says when it may have missed something."""

import asyncio
import contextlib
import uuid
from collections.abc import Awaitable, Callable
from typing import Any

import structlog
from redis.exceptions import RedisError

from netra.storage.valkey.errors import HotStoreUnavailableError

MessageCallback = Callable[[str, bytes], Awaitable[None]]
GapCallback = Callable[[], Awaitable[None]]
ValkeyClient = Any
"""A `redis.asyncio.Redis`, whose types are partly unknown."""
CONFIRM_TIMEOUT_S = 5.0
LISTEN_S = 5.0
LONGEST_PAUSE_S = 1.0

_log = structlog.get_logger(__name__)


class Subscription:
    """Channels can be added and removed while it runs; it reconnects by itself.

    Messages are handed over one after another, so a slow callback slows the reading. A callback that
    raises is logged and does not end the subscription.
    """

    def __init__(self, client: ValkeyClient, on_message: MessageCallback, on_gap: GapCallback | None) -> None:
        self._client = client
        self._on_message = on_message
        self._on_gap = on_gap
        # The driver can only listen while it is subscribed to something.
        self._anchor = f"netra:subscription:{uuid.uuid4().hex}"
        self._channels: set[str] = set()
        self._confirmed: dict[str, asyncio.Event] = {}
        self._pubsub: Any = None
        self._task: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Connect and start listening. Raises HotStoreUnavailableError when Valkey is away now."""
        try:
            await self._attach()
        except (RedisError, OSError, TimeoutError) as failure:
            await self.close()
            raise HotStoreUnavailableError(
                "Valkey does not answer", hint="`netra doctor` says more"
            ) from failure
        self._task = asyncio.create_task(self._listen(), name="valkey-subscription")

    async def add_channel(self, channel: str) -> None:
        """Listen to a channel; returns once Valkey has confirmed it, so nothing published later is missed.

        While Valkey is away this waits, at most CONFIRM_TIMEOUT_S, then raises HotStoreUnavailableError; the
        channel stays wanted and is subscribed with the next connection.
        """
        self._channels.add(channel)
        confirmed = self._confirmed.setdefault(channel, asyncio.Event())
        if confirmed.is_set():
            return
        with contextlib.suppress(RedisError, OSError, AttributeError):
            await self._pubsub.subscribe(channel)
        try:
            await asyncio.wait_for(confirmed.wait(), CONFIRM_TIMEOUT_S)
        except TimeoutError:
            raise HotStoreUnavailableError(
                "Valkey does not answer", hint="the subscription is made as soon as it is back"
            ) from None

    async def remove_channel(self, channel: str) -> None:
        """Stop listening to a channel."""
        self._channels.discard(channel)
        self._confirmed.pop(channel, None)
        with contextlib.suppress(RedisError, OSError, AttributeError):
            await self._pubsub.unsubscribe(channel)

    async def close(self) -> None:
        """Stop listening and close the connection."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        await self._detach()
        await self._client.aclose()

    async def _listen(self) -> None:
        while True:
            try:
                while True:
                    message = await self._pubsub.get_message(timeout=LISTEN_S)
                    if message is not None:
                        await self._take(message)
            except (RedisError, OSError, TimeoutError) as failure:
                _log.warning("subscription lost", reason=str(failure)[:200])
            for event in self._confirmed.values():
                event.clear()
            await self._reattach()

    async def _take(self, message: dict[str, Any]) -> None:
        channel: str = message["channel"].decode()
        if message["type"] == "subscribe":
            if channel in self._confirmed:
                self._confirmed[channel].set()
        elif message["type"] == "message" and channel in self._channels:
            try:
                await self._on_message(channel, message["data"])
            except Exception:
                _log.exception("subscription callback failed", channel=channel)

    async def _attach(self) -> None:
        self._pubsub = self._client.pubsub()
        await self._pubsub.subscribe(self._anchor, *self._channels)

    async def _detach(self) -> None:
        if self._pubsub is not None:
            with contextlib.suppress(RedisError, OSError):
                await self._pubsub.aclose()
            self._pubsub = None

    async def _reattach(self) -> None:
        pause = 0.02
        while True:
            await self._detach()
            try:
                await self._attach()
                break
            except (RedisError, OSError, TimeoutError):
                await asyncio.sleep(pause)
                pause = min(pause * 2, LONGEST_PAUSE_S)
        if self._on_gap is not None:
            try:
                await self._on_gap()
            except Exception:
                _log.exception("gap callback failed")
