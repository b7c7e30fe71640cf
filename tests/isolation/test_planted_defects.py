"""The proof proves itself: each planted defect turns the same checks red that are green without it."""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from netra.auth.errors import InvalidTokenError
from netra.auth.key_repository import ApiKeyRepository
from netra.auth.models import Membership, Principal
from netra.auth.service import UnifiedAuthenticationService
from netra.auth.workspaces import WorkspaceService
from netra.context.models import UserExecutionContext
from netra.conversations.service import ThreadService
from netra.data_access.analytics import ScopedAnalytics
from netra.data_access.factory import DataAccessFactory
from netra.errors.kinds import ForbiddenError
from netra.http import middleware
from netra.http.idempotency import KeyedWrite
from netra.realtime import event_router
from netra.realtime.connection import Connection
from netra.realtime.event_router import WebSocketEventRouter
from netra.realtime.websocket_auth import Admitted, UnifiedWebSocketAuth
from netra.runs.service import RunService
from netra.runs.snapshot import SnapshotService
from netra.storage.clickhouse.store import AnalyticsStore
from netra.storage.embedded.engines import EngineUrls
from netra.usage.importing.service import ImportService
from testkit.http_attack import HttpAttack
from testkit.served_apex import ServedApex
from testkit.socket_attack import SocketAttack
from testkit.stores import *  # noqa: F403
from testkit.table_attack import TableAttack, digest_of
from testkit.tenants import Tenant, ask_first_question, new_tenant

pytestmark = pytest.mark.protects("W2")


@dataclass
class Scene:
    """A fresh victim and attacker on the served application, and where a defect is planted."""

    server: ServedApex
    victim: Tenant
    attacker: Tenant
    patch: pytest.MonkeyPatch

    def complaints(self, check: str, *, first_only: bool = False) -> list[str]:
        """What one of the checks finds; the first finding ends the longest of them when `first_only`."""
        if check == "tables":
            attack = TableAttack(self.server.apex.stores.database, self.victim, self.attacker)
            return self.server.call(attack.run())
        before = self._digest()
        if check == "http":
            found = HttpAttack(self.victim.http, self.victim, self.attacker).run(first_only=first_only)
        else:
            found = SocketAttack(self.victim, self.attacker).run()
        # The socket's attack has the victim ask in its own thread.
        if check == "http" and self._digest() != before:
            found.append("the victim's data has changed")
        return found

    def statement(self, sql: str) -> None:
        """Change the schema as its owner."""

        async def change() -> None:
            async with self.server.apex.stores.database.connection("admin") as connection:
                await connection.execute(text(sql))
                await connection.commit()

        self.server.call(change())

    def context_of_victim(self) -> Callable[[UserExecutionContext], UserExecutionContext]:
        """Turns any context into one of the victim's."""
        victim = self.victim
        return lambda context: replace(context, user_id=victim.user_id, workspace_id=victim.workspace_id)

    def _digest(self) -> dict[str, str]:
        return self.server.call(digest_of(self.server.apex.stores.database, self.victim))


@pytest.fixture(scope="module")
def server(engine_urls: EngineUrls, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedApex]:
    with ServedApex(engine_urls, tmp_path_factory.mktemp("served")).running() as served:
        yield served


@pytest.fixture
def scene(server: ServedApex, monkeypatch: pytest.MonkeyPatch) -> Iterator[Scene]:
    with httpx.Client(base_url=server.url, timeout=60, trust_env=False) as http:
        tenants = new_tenant(http), new_tenant(http)
        for tenant in tenants:
            ask_first_question(tenant)
        yield Scene(server, *tenants, monkeypatch)


@pytest.mark.parametrize("check", ["http", "socket", "tables"])
def test_without_a_defect_the_checks_are_green(scene: Scene, check: str) -> None:
    assert scene.complaints(check) == []


@contextmanager
def row_security_off(scene: Scene) -> Iterator[None]:
    scene.statement("alter table app.threads disable row level security")
    yield
    scene.statement("alter table app.threads enable row level security")


@contextmanager
def policy_reads_everything(scene: Scene) -> Iterator[None]:
    scene.statement("create policy planted on app.imports for select to public using (true)")
    yield
    scene.statement("drop policy planted on app.imports")


@contextmanager
def policy_takes_any_row(scene: Scene) -> Iterator[None]:
    scene.statement("create policy planted on app.data_versions for insert to public with check (true)")
    yield
    scene.statement("drop policy planted on app.data_versions")


@contextmanager
def policy_forgets_the_user(scene: Scene) -> Iterator[None]:
    rule = "workspace_id = (select app.current_workspace())"
    scene.statement(
        f"create policy planted on app.messages for all to public using ({rule}) with check ({rule})"
    )
    yield
    scene.statement("drop policy planted on app.messages")


@contextmanager
def role_reads_accounts(scene: Scene) -> Iterator[None]:
    scene.statement("grant usage on schema auth to netra_app")
    scene.statement("grant select on auth.users to netra_app")
    yield
    scene.statement("revoke select on auth.users from netra_app")
    scene.statement("revoke usage on schema auth from netra_app")


@contextmanager
def analytics_bound_to_another(scene: Scene) -> Iterator[None]:
    right = ScopedAnalytics._bind
    foreign = scene.victim.workspace_id
    scene.patch.setattr(
        ScopedAnalytics, "_bind", lambda self, sql, params: {**right(self, sql, params), "workspace": foreign}
    )
    yield


@contextmanager
def analytics_without_workspace(scene: Scene) -> Iterator[None]:
    for name in ("query_rows", "query_arrow"):
        right = getattr(AnalyticsStore, name)

        async def everything(
            self: Any, sql: str, params: Any = None, settings: Any = None, *, right: Any = right
        ) -> Any:
            wide = sql.replace("workspace_id = {workspace:String}", "{workspace:String} != ''")
            return await right(self, wide, params, settings)

        scene.patch.setattr(AnalyticsStore, name, everything)
    yield


@contextmanager
def membership_not_checked(scene: Scene) -> Iterator[None]:
    right = WorkspaceService._find
    victim = scene.victim

    async def anybody(self: WorkspaceService, user_id: str, workspace: str | None) -> Membership | None:
        if workspace == victim.workspace_id:
            return Membership(victim.workspace_id, victim.workspace_name, "viewer")
        return await right(self, user_id, workspace)

    scene.patch.setattr(WorkspaceService, "_find", anybody)
    yield


@contextmanager
def membership_cached_by_name_alone(scene: Scene) -> Iterator[None]:
    known: dict[str | None, Membership | None] = {}
    right = WorkspaceService._find

    async def cached(self: WorkspaceService, user_id: str, workspace: str | None) -> Membership | None:
        if known.get(workspace) is None:
            known[workspace] = await right(self, user_id, workspace)
        return known[workspace]

    scene.patch.setattr(WorkspaceService, "_find", cached)
    scene.victim.call("GET", "/v1/usage/overview")
    yield


@contextmanager
def principal_cached_for_everybody(scene: Scene) -> Iterator[None]:
    right = UnifiedAuthenticationService.verify_bearer
    first: list[Principal] = []

    async def cached(self: UnifiedAuthenticationService, credential: str) -> Principal:
        if not first:
            first.append(await right(self, credential))
        return first[0]

    scene.patch.setattr(UnifiedAuthenticationService, "verify_bearer", cached)
    scene.victim.call("GET", "/v1/me")
    yield


@contextmanager
def any_token_is_somebody(scene: Scene) -> Iterator[None]:
    right = UnifiedAuthenticationService.verify_bearer
    token = scene.attacker.access_token

    async def lenient(self: UnifiedAuthenticationService, credential: str) -> Principal:
        try:
            return await right(self, credential)
        except InvalidTokenError:
            return await right(self, token)

    scene.patch.setattr(UnifiedAuthenticationService, "verify_bearer", lenient)
    yield


@contextmanager
def transactions_keep_the_last_tenant(scene: Scene) -> Iterator[None]:
    right = DataAccessFactory.for_context
    last: dict[str, UserExecutionContext] = {}

    def sticky(self: DataAccessFactory, context: UserExecutionContext) -> Any:
        return right(self, last.setdefault("context", context))

    scene.patch.setattr(DataAccessFactory, "for_context", sticky)
    scene.victim.call("GET", "/v1/threads")
    yield


@contextmanager
def any_key_can_be_revoked(scene: Scene) -> Iterator[None]:
    right = ApiKeyRepository.revoke
    victim = scene.victim

    async def revoke(self: ApiKeyRepository, key_id: str, *, user_id: str) -> bool:
        return await right(self, key_id, user_id=victim.user_id)

    scene.patch.setattr(ApiKeyRepository, "revoke", revoke)
    yield


def as_the_victim(owner: Any, name: str) -> Callable[[Scene], Any]:
    """A service that does not look whose object it is asked about."""

    @contextmanager
    def plant(scene: Scene) -> Iterator[None]:
        right: Callable[..., Awaitable[Any]] = getattr(owner, name)
        victim, become = scene.victim, scene.context_of_victim()

        async def careless(self: Any, context: UserExecutionContext, *given: Any, **named: Any) -> Any:
            about_victim = any(value in given for value in victim.ids.values())
            return await right(self, become(context) if about_victim else context, *given, **named)

        scene.patch.setattr(owner, name, careless)
        yield

    plant.__name__ = f"{owner.__name__}.{name}_without_owner"
    return plant


@contextmanager
def rejects_by_path_alone(scene: Scene) -> Iterator[None]:
    async def by_path(self: ImportService, context: UserExecutionContext, import_id: str) -> Path | None:
        return next(self._reject_directory.rglob(f"{import_id}.jsonl"), None)

    scene.patch.setattr(ImportService, "access_rejects", by_path)
    yield


@contextmanager
def refusal_tells_that_it_exists(scene: Scene) -> Iterator[None]:
    right = SnapshotService.access_snapshot
    victim = scene.victim

    async def telling(self: SnapshotService, context: UserExecutionContext, thread_id: str) -> Any:
        if thread_id == victim.ids["thr"] and context.user_id != victim.user_id:
            raise ForbiddenError("this thread is somebody else's")
        return await right(self, context, thread_id)

    scene.patch.setattr(SnapshotService, "access_snapshot", telling)
    yield


@contextmanager
def idempotency_without_tenant(scene: Scene) -> Iterator[None]:
    right = KeyedWrite.__init__
    victim = scene.victim

    def shared(self: KeyedWrite, workspace_id: str, user_id: str, *rest: Any) -> None:
        right(self, victim.workspace_id, victim.user_id, *rest)

    scene.patch.setattr(KeyedWrite, "__init__", shared)
    yield


@contextmanager
def header_names_the_last_user(scene: Scene) -> Iterator[None]:
    told = {**middleware._HEADERS, "x-last-user": scene.victim.email}
    scene.patch.setattr(middleware, "_HEADERS", told)
    yield


@contextmanager
def socket_reads_as_the_threads_owner(scene: Scene) -> Iterator[None]:
    right = WebSocketEventRouter._read_gap
    become = scene.context_of_victim()

    async def careless(self: Any, context: UserExecutionContext, thread_id: str, cursor: Any) -> Any:
        return await right(self, become(context), thread_id, cursor)

    scene.patch.setattr(WebSocketEventRouter, "_read_gap", careless)
    yield


@contextmanager
def channel_without_owner(scene: Scene) -> Iterator[None]:
    right = WebSocketEventRouter.subscribe

    async def lenient(self: Any, connection: Connection, thread_id: str, cursor: Any) -> None:
        try:
            await right(self, connection, thread_id, cursor)
        finally:
            # The subscription outlives its refusal, in an audience that is everybody's.
            feed = self._audiences["everybody"].feeds.setdefault(thread_id, event_router.ThreadFeed())
            if id(connection) not in feed.subscribers:
                subscriber = feed.subscribers[id(connection)] = event_router.Subscriber(connection)
                subscriber.go_live()

    scene.patch.setattr(event_router, "_owner", lambda context: "everybody")
    channel = event_router.user_channel(scene.victim.workspace_id, scene.victim.user_id)
    scene.patch.setattr(event_router, "user_channel", lambda *owner: channel)
    scene.patch.setattr(WebSocketEventRouter, "subscribe", lenient)
    yield


@contextmanager
def socket_does_not_check_the_workspace(scene: Scene) -> Iterator[None]:
    right = UnifiedWebSocketAuth._admit
    victim = scene.victim

    async def admit(self: Any, frame: Any) -> Any:
        if frame.workspace_id in {victim.workspace_id, victim.workspace_name}:
            principal = await self._credentials.verify_access_token(frame.access_token or victim.access_token)
            membership = Membership(victim.workspace_id, victim.workspace_name, "owner")  # as it is
            return Admitted(principal, membership, self._make_context(principal, membership))
        return await right(self, frame)

    scene.patch.setattr(UnifiedWebSocketAuth, "_admit", admit)
    yield


DEFECTS: list[tuple[str, Any]] = [
    ("tables", row_security_off),
    ("tables", policy_reads_everything),
    ("tables", policy_takes_any_row),
    ("tables", policy_forgets_the_user),
    ("tables", role_reads_accounts),
    ("http", analytics_bound_to_another),
    ("http", analytics_without_workspace),
    ("http", membership_not_checked),
    ("http", membership_cached_by_name_alone),
    ("http", principal_cached_for_everybody),
    ("http", any_token_is_somebody),
    ("http", transactions_keep_the_last_tenant),
    ("http", any_key_can_be_revoked),
    ("http", as_the_victim(RunService, "access_run")),
    ("http", as_the_victim(RunService, "cancel")),
    ("socket", as_the_victim(RunService, "cancel")),
    ("http", as_the_victim(ThreadService, "delete")),
    ("http", rejects_by_path_alone),
    ("http", refusal_tells_that_it_exists),
    ("http", idempotency_without_tenant),
    ("http", header_names_the_last_user),
    ("socket", socket_reads_as_the_threads_owner),
    ("socket", channel_without_owner),
    ("socket", socket_does_not_check_the_workspace),
]


@pytest.mark.parametrize(
    ("check", "plant"), DEFECTS, ids=[f"{check}-{plant.__name__}" for check, plant in DEFECTS]
)
def test_a_planted_defect_is_found(scene: Scene, check: str, plant: Any) -> None:
    with plant(scene):
        assert scene.complaints(check, first_only=True) != []
