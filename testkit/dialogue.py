"""Fixtures for conversations: the services over real engines, a real worker, a served socket endpoint.

A folder of tests takes them with `from testkit.dialogue import *`, together with `testkit.stores` and
`testkit.accounts`.
"""

import asyncio
import contextlib
import os
import socket
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass

import pytest
import uvicorn
from fastapi import FastAPI

from netra.auth.dependencies import build_principal_dependency
from netra.auth.endpoints import build_router as build_auth_router
from netra.auth.models import Membership, Principal
from netra.auth.services import AuthServices
from netra.client.http import NetraClient
from netra.config.settings import Settings
from netra.context.dependencies import build_context, build_context_dependency
from netra.context.models import UserExecutionContext
from netra.conversations.endpoints import build_router as build_threads_router
from netra.conversations.service import ThreadService
from netra.data_access.factory import DataAccessFactory
from netra.events.log import EventLog
from netra.events.publisher import EventPublisher
from netra.events.types import Envelope
from netra.http.idempotency import IdempotencyStore
from netra.http.origins import OriginPolicy
from netra.http.problems import install_problem_handlers
from netra.ids.manager import UnifiedIDManager
from netra.realtime.endpoint import build_websocket_router
from netra.realtime.event_router import WebSocketEventRouter
from netra.realtime.websocket_auth import UnifiedWebSocketAuth
from netra.realtime.websocket_manager import UnifiedWebSocketManager
from netra.runs.durability import migrate_durable_engine
from netra.runs.endpoints import build_router as build_runs_router
from netra.runs.models import IN_PROGRESS, Accepted, Run, SendRequest
from netra.runs.service import RunService
from netra.runs.snapshot import SnapshotService
from netra.storage.embedded.engines import EngineUrls
from netra.storage.postgres.sessions import DatabaseSessionManager
from netra.storage.valkey.hot_store import HotStore
from testkit.accounts import NewUser
from testkit.real_services import SharedEngines
from testkit.run_worker import worker_command
from testkit.stores import open_database

__all__ = ["dialogue", "durable_schema", "live_server", "new_server", "worker"]

PATIENCE_S = 30.0


@dataclass(frozen=True)
class Dialogue:
    """The services of conversations and runs, as the API process has them."""

    ids: UnifiedIDManager
    access: DataAccessFactory
    sessions: DatabaseSessionManager
    log: EventLog
    publisher: EventPublisher
    threads: ThreadService
    runs: RunService
    snapshots: SnapshotService

    async def ask(
        self,
        context: UserExecutionContext,
        text: str,
        *,
        thread_id: str | None = None,
        strategy: str = "enqueue",
    ) -> Accepted:
        """Send a question under a new message id."""
        request = SendRequest(thread_id, self.ids.new("msg"), text, strategy)  # type: ignore[arg-type]
        return await self.runs.send(context, request)

    async def ended(self, context: UserExecutionContext, run_id: str) -> Run:
        """The run, once it has ended."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                run = await self.runs.access_run(context, run_id)
                if run.status not in IN_PROGRESS:
                    return run
                await asyncio.sleep(0.01)

    async def events(self, context: UserExecutionContext, thread_id: str) -> list[Envelope]:
        """Every event of a thread."""
        events, _ = await self.snapshots.access_events(context, thread_id, after=0, limit=1000)
        return events

    async def until(
        self, context: UserExecutionContext, thread_id: str, wanted: Callable[[list[Envelope]], bool]
    ) -> list[Envelope]:
        """The thread's events, once they satisfy `wanted`."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                events = await self.events(context, thread_id)
                if wanted(events):
                    return events
                await asyncio.sleep(0.01)


@dataclass(frozen=True)
class LiveServer:
    """A served application with the socket endpoint."""

    url: str
    manager: UnifiedWebSocketManager
    router: WebSocketEventRouter

    @asynccontextmanager
    async def client(self, user: NewUser) -> AsyncGenerator[NetraClient]:
        """A client that acts as the user."""
        async with NetraClient(self.url, access_token=user.session.access_token) as client:
            yield client


@pytest.fixture(scope="session")
def durable_schema(shared_engines: SharedEngines, migrated: EngineUrls) -> EngineUrls:
    """The engines with the durable engine's schema too."""

    def migrate() -> None:
        migrate_durable_engine(open_database(migrated).url("dbos").libpq_url())

    shared_engines.once("migrate-durable", migrate)
    return migrated


@pytest.fixture(scope="session")
def worker(durable_schema: EngineUrls, shared_engines: SharedEngines) -> None:
    """A worker process of the whole run that carries out scripted runs."""
    command = worker_command(durable_schema.database_url, durable_schema.valkey_url)
    shared_engines.lasting("worker", command, os.environ)


@pytest.fixture(scope="session")
def dialogue(
    durable_schema: EngineUrls,
    data_access: DataAccessFactory,
    sessions: DatabaseSessionManager,
    hot: HotStore,
    ids: UnifiedIDManager,
) -> Dialogue:
    """Conversations and runs over the real stores."""
    log, publisher = EventLog(ids), EventPublisher(hot)
    return Dialogue(
        ids=ids,
        access=data_access,
        sessions=sessions,
        log=log,
        publisher=publisher,
        threads=ThreadService(data_access, log, publisher, ids),
        runs=RunService(data_access, log, publisher, ids, hot),
        snapshots=SnapshotService(data_access, log),
    )


@pytest.fixture(scope="session")
def new_server(
    dialogue: Dialogue, auth: AuthServices, hot: HotStore, settings: Settings
) -> Callable[[], AbstractAsyncContextManager[LiveServer]]:
    """Serves the application for the length of a block; for tests that harm it."""
    return lambda: _serving(dialogue, auth, hot, settings)


@pytest.fixture(scope="session")
async def live_server(
    new_server: Callable[[], AbstractAsyncContextManager[LiveServer]],
) -> AsyncGenerator[LiveServer]:
    """One served application for all tests of this process."""
    async with new_server() as server:
        yield server


@asynccontextmanager
async def _serving(
    dialogue: Dialogue, auth: AuthServices, hot: HotStore, settings: Settings
) -> AsyncGenerator[LiveServer]:
    """The socket endpoint and the HTTP doors beside it, served on a loopback port."""
    origins = OriginPolicy(public_url=None, allowed=["https://page.example"])

    def make_context(principal: Principal, membership: Membership) -> UserExecutionContext:
        return build_context(principal, membership, request_id=dialogue.ids.new("req"), settings=settings)

    gate = UnifiedWebSocketAuth(auth.authentication, auth.workspaces, origins, make_context)
    manager = UnifiedWebSocketManager(gate)
    router = WebSocketEventRouter(dialogue.access, dialogue.log)
    app = FastAPI()
    install_problem_handlers(app)
    principal = build_principal_dependency(auth.authentication)
    current = build_context_dependency(auth.authentication, auth.workspaces, dialogue.ids, settings)
    app.include_router(
        build_auth_router(auth.authentication, auth.workspaces, auth.signing_keys, origins, principal)
    )
    idempotency = IdempotencyStore(dialogue.sessions)
    app.include_router(build_threads_router(dialogue.threads, idempotency, current))
    app.include_router(build_runs_router(dialogue.runs, dialogue.snapshots, current))
    app.include_router(build_websocket_router(gate, manager, router, dialogue.runs))
    subscription = await hot.subscribe(router.on_message, router.on_gap)
    async with router.running(subscription), manager.running(), _served(app) as url:
        yield LiveServer(url, manager, router)
    await subscription.close()


@asynccontextmanager
async def _served(app: FastAPI) -> AsyncGenerator[str]:
    listener = socket.create_server(("127.0.0.1", 0))
    # Small, and inherited by connections: a client that does not read is felt before megabytes wait.
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 64 * 1024)
    config = uvicorn.Config(
        app, ws="websockets-sansio", ws_per_message_deflate=False, log_level="warning", lifespan="off"
    )
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        server.force_exit = True
        with contextlib.suppress(asyncio.CancelledError):
            await serving
        listener.close()
