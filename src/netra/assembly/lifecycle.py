"""LifecycleManager: ordered start, readiness, health by component, drain, stop in reverse."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal

import structlog

from netra.errors.kinds import UnavailableError

DRAIN_LIMIT_S = 25.0
STOP_LIMIT_S = 20.0
CHECK_LIMIT_S = 3.0

Step = Callable[[], Awaitable[None]]
HealthCheck = Callable[[], Awaitable[str | None]]
State = Literal["new", "starting", "ready", "draining", "stopping", "stopped", "failed"]

_log = structlog.get_logger(__name__)


class LifecycleOrderError(ValueError):
    """Components need each other in a circle, need one that does not exist, or share a name."""


class ComponentStartError(UnavailableError):
    """A component raised something unplanned at start; what had been started before was stopped again."""

    code = "component_start_failed"


@dataclass(frozen=True, slots=True)
class Component:
    """One part of a process: how it starts, drains and stops, what must be up before it.

    `check` returns None when it is well, else what is wrong; a check that raises or takes longer than
    CHECK_LIMIT_S counts as wrong.
    """

    name: str
    start: Step | None = None
    drain: Step | None = None
    stop: Step | None = None
    check: HealthCheck | None = None
    needs: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class ComponentHealth:
    """State of one component: `up`, `down` or `stopped`; what is wrong; seconds its start took."""

    status: Literal["up", "down", "stopped"]
    detail: str | None = None
    start_s: float | None = None


@dataclass(slots=True)
class _Started:
    component: Component
    seconds: float
    stopped: bool = field(default=False)


class LifecycleManager:
    """Starts each component as soon as what it needs is up, and stops them in reverse.

    A start that fails or is cancelled stops what had come up and raises; a stop goes on over failures, which
    are logged. Not reusable: once stopped it stays stopped.
    """

    def __init__(self) -> None:
        self._components: dict[str, Component] = {}
        self._started: dict[str, _Started] = {}
        self._state: State = "new"

    @property
    def state(self) -> State:
        """Where the process is in its life."""
        return self._state

    @property
    def is_ready(self) -> bool:
        """Whether everything was started and nothing is ending; health of components is `health`."""
        return self._state == "ready"

    def add(self, component: Component) -> None:
        """Register a component before `start`."""
        if self._state != "new":
            raise LifecycleOrderError(f"{component.name} was added after the start")
        if component.name in self._components:
            raise LifecycleOrderError(f"two components are called {component.name}")
        self._components[component.name] = component

    async def start(self) -> None:
        """Start everything. Raises what the first failing component raised (ComponentStartError for
        unplanned failures), after everything that was up has been stopped.
        """
        order = self._order()
        self._state = "starting"
        try:
            await self._start_all(order)
        except BaseException:
            await self._stop_started()
            self._state = "failed"
            raise
        self._state = "ready"

    async def drain(self, limit_s: float = DRAIN_LIMIT_S) -> None:
        """Let every component finish what it has and take no more; not longer than `limit_s` altogether."""
        if self._state not in {"ready", "starting"}:
            return
        self._state = "draining"
        steps = [
            self._guarded(one.component.name, one.component.drain)
            for one in reversed(self._started.values())
            if one.component.drain is not None
        ]
        try:
            await asyncio.wait_for(asyncio.gather(*steps), min(limit_s, DRAIN_LIMIT_S))
        except TimeoutError:
            _log.warning("drain cut short", seconds=limit_s)

    async def stop(self) -> None:
        """Stop everything in reverse order of the start; harmless twice."""
        if self._state in {"stopped", "failed"}:
            return
        self._state = "stopping"
        await self._stop_started()
        self._state = "stopped"

    async def health(self) -> dict[str, ComponentHealth]:
        """State of each component, asked now and at once."""
        answers = await asyncio.gather(
            *(self._health_of(component) for component in self._components.values())
        )
        return dict(zip(self._components, answers, strict=True))

    def _order(self) -> list[Component]:
        """Components, each behind what it needs."""
        ordered: dict[str, Component] = {}
        while len(ordered) < len(self._components):
            before = len(ordered)
            for name, component in self._components.items():
                unknown = set(component.needs) - self._components.keys()
                if unknown:
                    raise LifecycleOrderError(f"{name} needs {', '.join(sorted(unknown))}, unknown here")
                if name not in ordered and ordered.keys() >= set(component.needs):
                    ordered[name] = component
            if len(ordered) == before:
                circle = sorted(self._components.keys() - ordered.keys())
                raise LifecycleOrderError(f"these need each other in a circle: {', '.join(circle)}")
        return list(ordered.values())

    async def _start_all(self, order: Sequence[Component]) -> None:
        """Start each component as soon as what it needs is up; the first failure cancels the rest."""
        up = {component.name: asyncio.Event() for component in order}

        async def start(component: Component) -> None:
            for need in component.needs:
                await up[need].wait()
            await self._start_one(component)
            up[component.name].set()

        tasks = [asyncio.create_task(start(component)) for component in order]
        try:
            if tasks:
                await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
        finally:
            for task in tasks:
                task.cancel()
            outcomes = await asyncio.gather(*tasks, return_exceptions=True)
        failures = [outcome for outcome in outcomes if isinstance(outcome, Exception)]
        if failures:
            raise failures[0]

    async def _start_one(self, component: Component) -> None:
        begun = time.perf_counter()
        try:
            if component.start is not None:
                await component.start()
        except asyncio.CancelledError:
            await self._guarded(component.name, component.stop)
            raise
        except Exception as failure:
            await self._guarded(component.name, component.stop)
            if hasattr(failure, "code"):
                raise
            raise ComponentStartError(
                f"{component.name} could not be started: {failure}", details={"component": component.name}
            ) from failure
        self._started[component.name] = _Started(component, time.perf_counter() - begun)
        _log.debug("started", component=component.name, seconds=round(time.perf_counter() - begun, 3))

    async def _stop_started(self) -> None:
        for one in reversed(self._started.values()):
            if not one.stopped:
                one.stopped = True
                await self._guarded(one.component.name, one.component.stop)

    async def _guarded(self, name: str, step: Step | None) -> None:
        if step is None:
            return
        try:
            await asyncio.wait_for(step(), STOP_LIMIT_S + DRAIN_LIMIT_S)
        except Exception as failure:
            _log.error("component did not end cleanly", component=name, error=repr(failure))

    async def _health_of(self, component: Component) -> ComponentHealth:
        started = self._started.get(component.name)
        if started is None or started.stopped:
            return ComponentHealth("stopped")
        try:
            trouble = (
                None if component.check is None else await asyncio.wait_for(component.check(), CHECK_LIMIT_S)
            )
        except TimeoutError:
            trouble = f"no answer within {CHECK_LIMIT_S:.0f} s"
        except Exception as failure:
            trouble = str(failure) or type(failure).__name__
        return ComponentHealth("down" if trouble else "up", trouble, round(started.seconds, 3))
