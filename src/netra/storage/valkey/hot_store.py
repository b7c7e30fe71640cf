"""HotStore: short-lived keys, counters, streams and publishing in Valkey."""

import time
from collections.abc import Awaitable
from typing import Any, cast

import redis.asyncio as valkey_client
from redis.asyncio.retry import Retry
from redis.backoff import ExponentialBackoff, NoBackoff
from redis.exceptions import RedisError

from netra.storage.valkey.errors import HotStoreUnavailableError
from netra.storage.valkey.subscription import GapCallback, MessageCallback, Subscription

CONNECTIONS = 32
CALL_TIMEOUT_S = 2.0

_COUNT = """
local count = redis.call('INCRBY', KEYS[1], ARGV[2])
if redis.call('PTTL', KEYS[1]) < 0 then redis.call('PEXPIRE', KEYS[1], ARGV[1]) end
return count
"""
_APPEND_AND_PUBLISH = """
local id = redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[1], '*', 'p', ARGV[2])
redis.call('PUBLISH', ARGV[3], ARGV[2])
return id
"""


class HotStore:
    """One Valkey, reached by URL (`redis://`, `rediss://`, `valkey://`, `valkeys://`, `unix://`).

    Calls are tried again over a restart of about a second. A cancelled call gives up its connection, so
    that the next caller never reads its reply. Raises HotStoreUnavailableError.
    """

    def __init__(self, url: str) -> None:
        self._url = url.replace("valkeys://", "rediss://", 1).replace("valkey://", "redis://", 1)
        self._client: Any = self._connect(Retry(ExponentialBackoff(cap=0.4, base=0.02), 6))
        self._count = self._client.register_script(_COUNT)
        self._append = self._client.register_script(_APPEND_AND_PUBLISH)

    async def get(self, key: str) -> bytes | None:
        """The value, None when absent or expired."""
        return await _told(self._client.get(key))

    async def set(self, key: str, value: bytes, *, ttl_s: float) -> None:
        """Store for at most `ttl_s` seconds."""
        await _told(self._client.set(key, value, px=max(1, round(ttl_s * 1000))))

    async def set_if_absent(self, key: str, value: bytes, *, ttl_s: float) -> bool:
        """Store unless there is a value; whether it was stored."""
        return bool(await _told(self._client.set(key, value, px=max(1, round(ttl_s * 1000)), nx=True)))

    async def delete(self, key: str) -> None:
        """Remove; no error when absent."""
        await _told(self._client.delete(key))

    async def take(self, key: str) -> bytes | None:
        """Return the value and remove it in one step: of several callers one gets it."""
        return await _told(self._client.getdel(key))

    async def incr_with_ttl(self, key: str, ttl_s: float, *, by: int = 1) -> int:
        """Add to a counter that disappears `ttl_s` seconds after its first increment; the new count."""
        return int(await _told(self._count(keys=[key], args=[max(1, round(ttl_s * 1000)), by])))

    async def publish(self, channel: str, payload: bytes) -> int:
        """Hand `payload` to whoever is subscribed at this moment; how many those were."""
        return int(await _told(self._client.publish(channel, payload)))

    async def append_and_publish(self, stream: str, channel: str, payload: bytes, maxlen: int) -> str:
        """Append to a stream of about `maxlen` entries and publish, as one step; the id of the entry."""
        identity: bytes = await _told(self._append(keys=[stream], args=[maxlen, payload, channel]))
        return identity.decode()

    async def read_stream(
        self, stream: str, *, after: str = "-", limit: int = 1000
    ) -> list[tuple[str, bytes]]:
        """Entries of a stream behind the id `after` ("-": from the start), oldest first."""
        start = "-" if after == "-" else f"({after}"
        found = await _told(self._client.xrange(stream, min=start, count=limit))
        rows = cast(list[tuple[bytes, dict[bytes, bytes]]], found)
        return [(identity.decode(), fields[b"p"]) for identity, fields in rows]

    async def subscribe(self, on_message: MessageCallback, on_gap: GapCallback | None = None) -> Subscription:
        """Open the subscription connection of this process; channels are added to what is returned.

        `on_gap` is awaited after the connection was lost and is back: messages in between are gone.
        """
        # Without the driver's own retries: it would reconnect silently, and nobody would hear of the gap.
        subscription = Subscription(self._connect(Retry(NoBackoff(), 0)), on_message, on_gap)
        await subscription.open()
        return subscription

    async def ping(self) -> float:
        """Ask Valkey something; the seconds it took."""
        started = time.perf_counter()
        await _told(self._client.ping())
        return time.perf_counter() - started

    async def close(self) -> None:
        """Close all connections; subscriptions are closed by who opened them."""
        await self._client.aclose()

    def _connect(self, retry: Retry) -> Any:
        # Blocking: more callers than connections wait their turn instead of failing.
        pool = cast(Any, valkey_client.BlockingConnectionPool).from_url(
            self._url,
            timeout=CALL_TIMEOUT_S,
            socket_timeout=CALL_TIMEOUT_S,
            socket_connect_timeout=CALL_TIMEOUT_S,
            max_connections=CONNECTIONS,
            health_check_interval=15,
            retry=retry,
            client_name="netra",
            protocol=2,
        )
        return valkey_client.Redis.from_pool(pool)


async def _told(call: Awaitable[Any]) -> Any:
    try:
        return await call
    except (RedisError, OSError, TimeoutError) as failure:
        reason = str(failure)[:300]
        if reason.startswith("MISCONF"):
            raise HotStoreUnavailableError(
                "Valkey cannot write its file", hint="make room on its disk", details={"reason": reason}
            ) from failure
        raise HotStoreUnavailableError(
            "Valkey does not answer",
            hint="it restarts by itself when it is the embedded one; `netra doctor` says more",
            details={"reason": reason},
        ) from failure
