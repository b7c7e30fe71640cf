"""Fixtures for users: the real auth services, and contexts of users who signed up with them.

A folder of tests takes them with `from testkit.accounts import *`, together with `testkit.stores`.
"""

from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass

import pytest

from netra.audit.service import AuditLog
from netra.auth.models import Session
from netra.auth.passwords import PasswordHashing
from netra.auth.services import AuthServices, auth_services
from netra.config.instance_secret import load_instance_secret
from netra.config.settings import Settings
from netra.context.dependencies import build_context
from netra.context.models import UserExecutionContext
from netra.ids.manager import UnifiedIDManager
from netra.storage.postgres.manager import DatabaseManager
from netra.storage.postgres.sessions import DatabaseSessionManager
from netra.telemetry.metrics import Metrics

__all__ = ["auth", "new_user", "new_user_context"]

PASSWORD = "correct horse battery staple 7"


@dataclass(frozen=True)
class NewUser:
    """A user who has just signed up and in, with the context of the personal workspace."""

    email: str
    password: str
    session: Session
    context: UserExecutionContext


@pytest.fixture(scope="session")
async def auth(
    database: DatabaseManager, sessions: DatabaseSessionManager, ids: UnifiedIDManager, settings: Settings
) -> AsyncGenerator[AuthServices]:
    """The real auth services of this test."""
    audit = AuditLog(sessions, Metrics())
    try:
        async with auth_services(
            database,
            ids=ids,
            audit=audit,
            secret=load_instance_secret(settings),
            secrets_directory=settings.secrets_directory,
            hashing=PasswordHashing(memory_kib=256),
        ) as services:
            yield services
    finally:
        await audit.close()


@pytest.fixture(scope="session")
def new_user(
    auth: AuthServices, ids: UnifiedIDManager, settings: Settings
) -> Callable[[], Awaitable[NewUser]]:
    """Sign up and in somebody new, each time it is called."""

    async def make() -> NewUser:
        email = f"{ids.new('usr')}@example.com".replace("_", ".")
        await auth.authentication.sign_up(email, PASSWORD)
        session = await auth.authentication.sign_in(email, PASSWORD)
        principal = await auth.authentication.verify_access_token(session.access_token)
        membership = await auth.workspaces.access_workspace(principal, None)
        context = build_context(principal, membership, request_id=ids.new("req"), settings=settings)
        return NewUser(email, PASSWORD, session, context)

    return make


@pytest.fixture(scope="session")
def new_user_context(
    new_user: Callable[[], Awaitable[NewUser]],
) -> Callable[[], Awaitable[UserExecutionContext]]:
    """The context of a new user with a workspace of its own, each time it is awaited."""

    async def make() -> UserExecutionContext:
        return (await new_user()).context

    return make
