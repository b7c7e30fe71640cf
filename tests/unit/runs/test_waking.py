"""A worker with nothing to do looks seldom, and at once when it is woken or has a run."""

import threading

from netra.runs.waking import IDLE_LOOK_S, LOOK_S, QUEUED, QueuePace, announce_queued, hearing


class Waits(threading.Condition):
    """Notes how long it was asked to wait instead of waiting."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[float | None] = []

    def wait(self, timeout: float | None = None) -> bool:
        self.asked.append(timeout)
        return False


def test_often_with_a_run_or_after_a_call_else_seldom() -> None:
    runs: list[str] = []
    stop, turn = threading.Event(), Waits()
    pace = QueuePace(lambda: bool(runs))
    pace._turn = turn  # pyright: ignore[reportPrivateUsage]
    looks: list[float | None] = []

    def look(timeout: float | None = None) -> bool:
        looks.append(timeout)
        return stop.is_set()

    stop.wait = look
    pace.govern(stop)

    assert not stop.wait(LOOK_S)
    assert (turn.asked, looks) == ([IDLE_LOOK_S], [])
    runs.append("run")
    assert not stop.wait(LOOK_S)
    runs.clear()
    pace.wake()
    assert not stop.wait(LOOK_S)
    assert (turn.asked, looks) == ([IDLE_LOOK_S], [LOOK_S, LOOK_S])
    assert not stop.wait(1.0), "longer waits are no look into the queue"
    assert looks[-1] == 1.0


def test_waking_and_stopping_end_a_wait() -> None:
    stop, pace = threading.Event(), QueuePace(lambda: False)
    pace.govern(stop)
    ended: list[bool] = []
    waiting = threading.Thread(target=lambda: ended.append(stop.wait(LOOK_S)))
    waiting.start()
    stop.set()
    pace.wake()
    waiting.join(30)
    assert ended == [True]
    assert stop.wait(LOOK_S)


async def test_a_queued_run_is_told_and_a_lost_notice_is_no_failure() -> None:
    sent: list[tuple[str, bytes]] = []
    woken: list[str] = []

    class Door:
        async def publish(self, channel: str, payload: bytes) -> object:
            sent.append((channel, payload))
            if len(sent) > 1:
                raise ConnectionError("away")
            return 1

    class Watch:
        async def on_message(self, channel: str, payload: bytes) -> None:
            woken.append(f"{channel} {payload.decode()}")

    await announce_queued(Door())
    await announce_queued(Door())
    assert sent == [(QUEUED, b"")] * 2
    hear = hearing(Watch(), lambda: woken.append("queue"))  # type: ignore[arg-type]
    await hear(QUEUED, b"")
    await hear("netra:runs:cancel", b"run_1")
    assert woken == ["queue", "netra:runs:cancel run_1"]
