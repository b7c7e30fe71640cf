"""A feed puts what is published in order; each subscriber gets everything once."""

import random
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from netra.realtime.thread_feed import Subscriber, ThreadFeed


class Sink:
    def __init__(self) -> None:
        self.frames: list[str] = []

    def offer(self, frame: str, *, droppable: bool = False) -> None:
        self.frames.append(frame)


def live(feed: ThreadFeed, position: int = 0) -> Sink:
    sink = Sink()
    subscriber = feed.subscribers[id(sink)] = Subscriber(sink)
    subscriber.start(position)
    subscriber.go_live()
    return sink


def test_order_is_kept_and_repeats_are_left_out() -> None:
    feed = ThreadFeed()
    feed.begin("e", 0)
    sink = live(feed)
    assert feed.offer(1, "1") is False
    assert feed.offer(1, "1") is False
    assert feed.offer(2, "2") is False
    assert sink.frames == ["1", "2"]


def test_a_hole_is_reported_and_what_follows_waits() -> None:
    feed = ThreadFeed()
    feed.begin("e", 3)
    sink = live(feed, 3)
    assert feed.offer(6, "6") is True
    assert feed.has_hole
    assert sink.frames == []
    assert feed.offer(4, "4") is True
    assert feed.offer(5, "5") is False
    assert sink.frames == ["4", "5", "6"]


def test_what_comes_before_the_beginning_is_known_waits() -> None:
    feed = ThreadFeed()
    sink = live(feed)
    for seq in (4, 2, 3):
        assert feed.offer(seq, str(seq)) is False
    feed.begin("e", 2)
    assert sink.frames == ["3", "4"]


def test_live_events_wait_while_the_gap_is_read() -> None:
    feed = ThreadFeed()
    feed.begin("e", 0)
    sink = Sink()
    subscriber = feed.subscribers[1] = Subscriber(sink)
    for seq in (1, 2, 3):
        feed.offer(seq, f"live {seq}")
    subscriber.take_passing("delta")
    subscriber.start(2)
    subscriber.tell("replayed 1")
    subscriber.tell("replayed 2")
    subscriber.go_live()
    assert sink.frames == ["replayed 1", "replayed 2", "live 3"]
    assert subscriber.position == 3


def test_passing_frames_reach_live_subscribers_only() -> None:
    feed = ThreadFeed()
    feed.begin("e", 0)
    sink = live(feed)
    waiting = Sink()
    feed.subscribers[2] = Subscriber(waiting)
    feed.pass_on("delta")
    assert (sink.frames, waiting.frames) == (["delta"], [])


@given(count=st.integers(1, 30), seed=st.randoms(use_true_random=False), lost=st.sets(st.integers(1, 30)))
def test_any_order_any_loss_any_repeat(count: int, seed: random.Random, lost: set[int]) -> None:
    feed = ThreadFeed()
    feed.begin("e", 0)
    sink = live(feed)
    published = [seq for seq in range(1, count + 1) for _ in range(seed.randint(1, 2)) if seq not in lost]
    seed.shuffle(published)
    for seq in published:
        feed.offer(seq, str(seq))
    for seq in range(1, count + 1):  # the log fills what is missing
        feed.offer(seq, str(seq))
    got = [int(frame) for frame in sink.frames]
    assert got == list(range(1, count + 1))
    assert all(second == first + 1 for first, second in pairwise(got))
    assert not feed.has_hole
