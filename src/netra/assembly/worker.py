"""The worker process: runs with the durable engine and the team of agents, and the drain of the outbox."""

import asyncio
import os
import signal
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager

import structlog

from netra.assembly.apex import Apex, assemble
from netra.assembly.team import build_team
from netra.assembly.worker_process import say_ready
from netra.config.settings import Settings
from netra.runs.cancellation import CancellationWatch
from netra.runs.durability import APPLICATION_VERSION, DurableEngine
from netra.runs.engine_factory import ExecutionEngineFactory
from netra.runs.waking import CHANNELS, hearing
from netra.runs.worker import RunWorker, WorkerParts, new_executor_id
from netra.runs.workflows import RunWorkflow
from netra.usage.outbox.draining import OutboxDrain


async def run_worker(settings: Settings) -> None:
    """Work until SIGTERM or SIGINT, then drain; runs that do not end in time go to another worker."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with assemble(settings) as apex, working(apex):
        say_ready(settings, os.getpid())
        structlog.get_logger("netra.worker").info("worker_ready")
        await stop.wait()


@asynccontextmanager
async def working(apex: Apex) -> AsyncGenerator[DurableEngine]:
    """Take runs from the queue, and calls from the outbox, as long as the block lasts."""
    async with AsyncExitStack() as closing:
        drain = OutboxDrain(apex.stores.sessions, apex.stores.access, apex.savings.call_writer)
        await closing.enter_async_context(drain.running())
        watch = CancellationWatch()
        team = await closing.enter_async_context(build_team(apex))
        workflow = build_workflow(apex, ExecutionEngineFactory(
            apex.stores.access, apex.dialogue.log, apex.dialogue.publisher, team
        ), watch)  # fmt: skip
        durable = DurableEngine(
            apex.stores.database.url("dbos").libpq_url(),
            new_executor_id(),
            workflow.execute,
            concurrency=apex.settings.worker_concurrency,
        )
        subscription = await apex.stores.hot.subscribe(hearing(watch, durable.wake))
        closing.push_async_callback(subscription.close)
        for channel in CHANNELS:
            await subscription.add_channel(channel)
        parts = WorkerParts(durable, workflow.abandon, apex.stores.sessions, APPLICATION_VERSION)
        await closing.enter_async_context(RunWorker(parts).running())
        yield durable


def build_workflow(apex: Apex, engines: ExecutionEngineFactory, watch: CancellationWatch) -> RunWorkflow:
    """What the durable engine does with one run."""
    dialogue = apex.dialogue
    return RunWorkflow(apex.stores.access, dialogue.log, dialogue.publisher, apex.ids, engines, watch)
