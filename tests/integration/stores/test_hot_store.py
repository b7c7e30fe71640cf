"""HotStore: keys, counters, streams, publishing; what the product's user may not do."""

import asyncio
from collections.abc import AsyncGenerator

import pytest
import redis
import redis.asyncio

from netra.errors.kinds import UnavailableError
from netra.storage.embedded.engines import EngineUrls
from netra.storage.valkey.hot_store import HotStore
from netra.storage.valkey.subscription import Subscription


class Inbox:
    """Collects what a subscription hands over."""

    def __init__(self) -> None:
        self.messages: asyncio.Queue[tuple[str, bytes]] = asyncio.Queue()
        self.gaps = 0
        self.gap = asyncio.Event()

    async def on_message(self, channel: str, payload: bytes) -> None:
        if payload == b"raise":
            raise RuntimeError("a callback that fails")
        self.messages.put_nowait((channel, payload))

    async def on_gap(self) -> None:
        self.gaps += 1
        self.gap.set()

    async def next(self) -> tuple[str, bytes]:
        return await asyncio.wait_for(self.messages.get(), 5)


async def gone(hot: HotStore, key: str) -> None:
    while await hot.get(key) is not None:  # noqa: ASYNC110 - the condition is in another process
        await asyncio.sleep(0.01)


@pytest.fixture
def inbox() -> Inbox:
    return Inbox()


@pytest.fixture
async def subscription(hot: HotStore, inbox: Inbox) -> AsyncGenerator[Subscription]:
    opened = await hot.subscribe(inbox.on_message, inbox.on_gap)
    yield opened
    await opened.close()


async def test_values_are_bytes_and_expire(hot: HotStore, ids) -> None:
    key = ids.new("req")
    assert await hot.get(key) is None
    await hot.set(key, b"\x00\xff", ttl_s=60)
    assert await hot.get(key) == b"\x00\xff"
    assert await hot.set_if_absent(key, b"no", ttl_s=60) is False
    assert await hot.take(key) == b"\x00\xff"
    assert await hot.take(key) is None
    await hot.set(key, b"soon gone", ttl_s=0.01)
    await gone(hot, key)


async def test_a_counter_keeps_the_end_of_its_first_increment(hot: HotStore, ids) -> None:
    key = ids.new("req")
    assert await hot.incr_with_ttl(key, 0.2) == 1
    assert await hot.incr_with_ttl(key, 3600, by=4) == 5
    await gone(hot, key)
    assert await hot.incr_with_ttl(key, 60) == 1


async def test_counting_at_once_loses_nothing(hot: HotStore, ids) -> None:
    key = ids.new("req")
    counts = await asyncio.gather(*(hot.incr_with_ttl(key, 60) for _ in range(100)))
    assert sorted(counts) == list(range(1, 101))


async def test_appending_publishes(hot: HotStore, ids, subscription: Subscription, inbox: Inbox) -> None:
    stream, channel = ids.new("req"), ids.new("req")
    await subscription.add_channel(channel)
    first = await hot.append_and_publish(stream, channel, b"one", 100)
    await hot.append_and_publish(stream, channel, b"two", 100)
    assert [await inbox.next(), await inbox.next()] == [(channel, b"one"), (channel, b"two")]
    assert [payload for _, payload in await hot.read_stream(stream)] == [b"one", b"two"]
    assert [payload for _, payload in await hot.read_stream(stream, after=first)] == [b"two"]


async def test_a_confirmed_channel_misses_nothing(
    hot: HotStore, ids, subscription: Subscription, inbox: Inbox
) -> None:
    for number in range(50):
        channel = ids.new("req")
        await subscription.add_channel(channel)
        assert await hot.publish(channel, str(number).encode()) == 1
        assert await inbox.next() == (channel, str(number).encode())
        await subscription.remove_channel(channel)


async def test_a_failing_callback_does_not_end_the_subscription(
    hot: HotStore, ids, subscription: Subscription, inbox: Inbox
) -> None:
    channel = ids.new("req")
    await subscription.add_channel(channel)
    await hot.publish(channel, b"raise")
    await hot.publish(channel, b"after")
    assert await inbox.next() == (channel, b"after")


async def test_a_cancelled_call_leaves_no_reply_for_the_next(hot: HotStore, ids) -> None:
    keys = [ids.new("req") for _ in range(40)]
    for key in keys:
        await hot.set(key, key.encode(), ttl_s=60)
    for key in keys:
        call = asyncio.create_task(hot.get(key))
        await asyncio.sleep(0)
        call.cancel()
        await asyncio.gather(call, return_exceptions=True)
        assert await hot.get(keys[0]) == keys[0].encode()


@pytest.mark.usefixtures("engines_that_come_along")
@pytest.mark.parametrize(
    "command",
    [
        "KEYS *",
        "SCAN 0",
        "RANDOMKEY",
        "PUBSUB CHANNELS",
        "CONFIG GET *",
        "FLUSHALL",
        "FLUSHDB",
        "ACL LIST",
        "SHUTDOWN",
        "CLIENT LIST",
        "MONITOR",
        "SAVE",
        "FUNCTION LIST",
        "SELECT 1",
    ],
)
def test_the_product_cannot_look_around(engine_urls: EngineUrls, command: str) -> None:
    with redis.Redis.from_url(engine_urls.valkey_url) as client, pytest.raises(redis.RedisError) as caught:
        client.execute_command(*command.split())
    assert "no permissions" in str(caught.value)


async def test_an_absent_store_is_said_to_be_absent(tmp_path) -> None:
    store = HotStore(f"unix://u:p@{tmp_path}/nobody.sock")
    try:
        with pytest.raises(UnavailableError, match="does not answer"):
            await store.get("a")
        with pytest.raises(UnavailableError):
            await store.subscribe(Inbox().on_message)
    finally:
        await store.close()
