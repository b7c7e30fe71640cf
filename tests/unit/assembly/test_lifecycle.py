"""LifecycleManager: order, unwinding, drain, health."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from netra.assembly import lifecycle
from netra.assembly.lifecycle import Component, ComponentStartError, LifecycleManager, LifecycleOrderError
from netra.errors.kinds import ConflictError

pytestmark = pytest.mark.protects("W11")


class Story:
    """Writes down what happened, in order."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def step(self, line: str, failure: BaseException | None = None) -> Callable[[], Awaitable[None]]:
        async def run() -> None:
            self.lines.append(line)
            if failure is not None:
                raise failure

        return run

    def component(self, name: str, *needs: str, failure: BaseException | None = None) -> Component:
        return Component(
            name,
            start=self.step(f"start {name}", failure),
            drain=self.step(f"drain {name}"),
            stop=self.step(f"stop {name}"),
            needs=needs,
        )


@pytest.fixture
def story() -> Story:
    return Story()


async def test_needs_come_first_and_stop_last(story: Story) -> None:
    manager = LifecycleManager()
    for component in (
        story.component("http", "apex"),
        story.component("apex", "postgres", "valkey"),
        story.component("postgres"),
        story.component("valkey"),
    ):
        manager.add(component)
    await manager.start()
    assert manager.is_ready
    assert story.lines == ["start postgres", "start valkey", "start apex", "start http"]
    story.lines.clear()
    await manager.drain()
    assert set(story.lines) == {"drain http", "drain apex", "drain postgres", "drain valkey"}
    story.lines.clear()
    await manager.stop()
    await manager.stop()
    assert story.lines == ["stop http", "stop apex", "stop valkey", "stop postgres"]
    assert manager.state == "stopped"


async def test_a_failed_start_unwinds(story: Story) -> None:
    manager = LifecycleManager()
    manager.add(story.component("first"))
    manager.add(story.component("second", "first", failure=ValueError("broken")))
    manager.add(story.component("third", "second"))
    with pytest.raises(ComponentStartError, match="second could not be started: broken"):
        await manager.start()
    assert story.lines == ["start first", "start second", "stop second", "stop first"]
    assert manager.state == "failed"
    assert {health.status for health in (await manager.health()).values()} == {"stopped"}


async def test_a_told_failure_stays_as_it_was_told(story: Story) -> None:
    manager = LifecycleManager()
    manager.add(story.component("lock", failure=ConflictError("held by process 7", hint="stop it")))
    with pytest.raises(ConflictError, match="held by process 7"):
        await manager.start()


async def test_one_failure_cancels_what_starts_beside_it(story: Story) -> None:
    waiting = asyncio.Event()

    async def forever() -> None:
        waiting.set()
        await asyncio.Event().wait()

    async def fail_when_other_waits() -> None:
        await waiting.wait()
        raise ConflictError("no")

    manager = LifecycleManager()
    manager.add(Component("slow", start=forever, stop=story.step("stop slow")))
    manager.add(Component("failing", start=fail_when_other_waits))
    with pytest.raises(ConflictError):
        await asyncio.wait_for(manager.start(), 5)
    assert story.lines == ["stop slow"]


async def test_a_cancelled_start_unwinds(story: Story) -> None:
    waiting = asyncio.Event()

    async def forever() -> None:
        waiting.set()
        await asyncio.Event().wait()

    manager = LifecycleManager()
    manager.add(story.component("first"))
    manager.add(Component("slow", start=forever, stop=story.step("stop slow"), needs=("first",)))
    start = asyncio.create_task(manager.start())
    await waiting.wait()
    start.cancel()
    with pytest.raises(asyncio.CancelledError):
        await start
    assert story.lines == ["start first", "stop slow", "stop first"]


async def test_stopping_goes_on_over_a_failure(story: Story) -> None:
    manager = LifecycleManager()
    manager.add(story.component("first"))
    manager.add(Component("second", stop=story.step("stop second", RuntimeError("no")), needs=("first",)))
    await manager.start()
    await manager.stop()
    assert story.lines == ["start first", "stop second", "stop first"]


async def test_a_drain_ends_at_its_limit(story: Story) -> None:
    async def forever() -> None:
        await asyncio.Event().wait()

    manager = LifecycleManager()
    manager.add(Component("stuck", drain=forever, stop=story.step("stop stuck")))
    await manager.start()
    await asyncio.wait_for(manager.drain(0.01), 5)
    assert manager.state == "draining"
    await manager.stop()
    assert story.lines == ["stop stuck"]


@pytest.mark.parametrize(
    ("components", "told"),
    [
        ([Component("a", needs=("b",)), Component("b", needs=("a",))], "circle: a, b"),
        ([Component("a", needs=("ghost",))], "ghost"),
        ([Component("a"), Component("a")], "two components"),
    ],
)
async def test_impossible_orders_are_refused(components: list[Component], told: str) -> None:
    manager = LifecycleManager()

    async def build() -> None:
        for component in components:
            manager.add(component)
        await manager.start()

    with pytest.raises(LifecycleOrderError, match=told):
        await build()


async def test_health_tells_each_component(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lifecycle, "CHECK_LIMIT_S", 0.01)

    async def well() -> None:
        return None

    async def ill() -> str:
        return "disk full"

    async def broken() -> str:
        raise OSError("gone")

    async def stuck() -> str:
        await asyncio.Event().wait()
        return ""

    manager = LifecycleManager()
    for name, check in {
        "well": well,
        "ill": ill,
        "broken": broken,
        "stuck": stuck,
        "unchecked": None,
    }.items():
        manager.add(Component(name, check=check))
    await manager.start()
    health = await manager.health()
    assert {name: one.status for name, one in health.items()} == {
        "well": "up", "ill": "down", "broken": "down", "stuck": "down", "unchecked": "up",
    }  # fmt: skip
    assert health["ill"].detail == "disk full"
    assert health["broken"].detail == "gone"
    assert "no answer" in (health["stuck"].detail or "")
    await manager.stop()


async def test_nothing_is_added_after_the_start() -> None:
    manager = LifecycleManager()
    await manager.start()
    with pytest.raises(LifecycleOrderError, match="after the start"):
        manager.add(Component("late"))
