"""The real auth services, and the application that serves them."""

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from fastapi import Depends, FastAPI

from netra.audit.service import AuditLog
from netra.auth.administration_endpoints import build_administration_router
from netra.auth.dependencies import build_principal_dependency
from netra.auth.endpoints import build_router
from netra.auth.invitation_endpoints import build_invitation_router
from netra.auth.models import Session
from netra.auth.passwords import PasswordHashing
from netra.auth.services import AuthServices, auth_services
from netra.auth.workspace_endpoints import build_workspace_router
from netra.config.settings import Settings
from netra.context.dependencies import build_context_dependency
from netra.context.models import UserExecutionContext
from netra.http.idempotency import IdempotencyStore
from netra.http.middleware import RequestMiddleware
from netra.http.origins import OriginPolicy
from netra.http.problems import install_problem_handlers
from netra.ids.manager import UnifiedIDManager
from netra.storage.embedded.engines import EngineUrls
from netra.storage.postgres.manager import DatabaseManager
from netra.storage.postgres.migrate import migrate
from netra.storage.postgres.sessions import DatabaseSessionManager
from netra.telemetry.metrics import Metrics
from testkit.databases import own_database

PASSWORD = "violet kettle 1984 morning"
SECRET = b"a secret of the tests, long enough to be one"


@pytest.fixture
async def database(
    request: pytest.FixtureRequest, migrated: EngineUrls, database: DatabaseManager
) -> AsyncGenerator[DatabaseManager]:
    """The database of the run; `own` by parametrisation for what there is only one of in an installation."""
    if getattr(request, "param", "shared") == "own":
        async with own_database(migrated) as own:
            await migrate(own, "app")
            await migrate(own, "auth")
            yield own
        return
    yield database


class CountingHashing(PasswordHashing):
    """Argon2id with little memory, so that tests are quick; counts the hashes it computed."""

    def __init__(self) -> None:
        super().__init__(memory_kib=256)
        self.computed = 0

    def _work(self, password: str, stored: str | None) -> str:
        self.computed += 1
        return super()._work(password, stored)


@pytest.fixture
def hashing() -> CountingHashing:
    return CountingHashing()


@pytest.fixture
async def audit(database: DatabaseManager) -> AsyncGenerator[AuditLog]:
    log = AuditLog(DatabaseSessionManager(database), Metrics())
    yield log
    await log.close()


@pytest.fixture
async def auth(
    database: DatabaseManager,
    ids: UnifiedIDManager,
    audit: AuditLog,
    settings: Settings,
    hashing: "CountingHashing",
) -> AsyncGenerator[AuthServices]:
    async with auth_services(
        database,
        ids=ids,
        audit=audit,
        secret=SECRET,
        secrets_directory=settings.secrets_directory,
        hashing=hashing,
    ) as services:
        yield services


@pytest.fixture
def new_email(ids: UnifiedIDManager) -> Callable[[], str]:
    return lambda: f"{ids.new('usr')}@example.com"


@dataclass(frozen=True)
class Person:
    """Somebody with an account who has signed in."""

    email: str
    session: Session

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.session.access_token}"}


@pytest.fixture
def new_person(auth: AuthServices, new_email: Callable[[], str]) -> Callable[[], Awaitable[Person]]:
    async def make() -> Person:
        email = new_email()
        await auth.authentication.sign_up(email, PASSWORD, "Somebody")
        return Person(email, await auth.authentication.sign_in(email, PASSWORD))

    return make


@pytest.fixture
async def person(new_person: Callable[[], Awaitable[Person]]) -> Person:
    return await new_person()


@pytest.fixture
def app(auth: AuthServices, database: DatabaseManager, ids: UnifiedIDManager, settings: Settings) -> FastAPI:
    application = FastAPI()
    install_problem_handlers(application)
    current = build_principal_dependency(auth.authentication)
    origins = OriginPolicy(public_url=None, allowed=("https://page.example.com",))
    application.include_router(
        build_router(auth.authentication, auth.workspaces, auth.signing_keys, origins, current)
    )
    keyed = IdempotencyStore(DatabaseSessionManager(database))
    application.include_router(build_workspace_router(auth.workspaces, auth.keys, keyed, current))
    application.include_router(build_invitation_router(auth.invitations, keyed, current))
    application.include_router(build_administration_router(auth.administration, keyed, current))
    context_of: Any = build_context_dependency(auth.authentication, auth.workspaces, ids, settings)

    @application.get("/context")
    async def show(context: UserExecutionContext = Depends(context_of)) -> dict[str, Any]:
        return context.to_dict()

    application.add_middleware(RequestMiddleware, ids=ids, metrics=Metrics())
    return application


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="https://localhost") as connected:
        yield connected
