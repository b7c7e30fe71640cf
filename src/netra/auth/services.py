"""Puts the services of this room together."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from netra.audit.service import AuditLog
from netra.auth.access_tokens import AccessTokens
from netra.auth.administration import AccountAdministration
from netra.auth.api_keys import ApiKeyService
from netra.auth.database import AuthDatabaseManager
from netra.auth.guesses import GuessLimiter
from netra.auth.invitations import InvitationService
from netra.auth.passwords import PasswordHashing, PasswordPolicy
from netra.auth.run_tokens import RunTokens, gateway_tokens
from netra.auth.service import AuthParts, UnifiedAuthenticationService
from netra.auth.sessions import SessionService
from netra.auth.signing_keys import SigningKeyRing
from netra.auth.workspaces import WorkspaceService
from netra.config.instance_secret import derive
from netra.ids.manager import UnifiedIDManager
from netra.storage.postgres.manager import DatabaseManager


@dataclass(frozen=True, slots=True)
class AuthServices:
    """What other rooms and the endpoints use."""

    authentication: UnifiedAuthenticationService
    workspaces: WorkspaceService
    invitations: InvitationService
    keys: ApiKeyService
    administration: AccountAdministration
    signing_keys: SigningKeyRing
    database: AuthDatabaseManager
    run_tokens: RunTokens


@asynccontextmanager
async def auth_services(
    database: DatabaseManager,
    *,
    ids: UnifiedIDManager,
    audit: AuditLog,
    secret: bytes,
    secrets_directory: Path,
    hashing: PasswordHashing | None = None,
) -> AsyncGenerator[AuthServices]:
    """The services of this room, as long as the block lasts.

    `secret` is the installation's secret; keys for single purposes are derived from it. The schema `auth`
    must be migrated.
    """
    auth_database = AuthDatabaseManager(database)
    signing_keys = SigningKeyRing(secrets_directory)
    issuer = f"netra:{derive(secret, 'token issuer')[:16]}"
    tokens = AccessTokens(signing_keys, issuer=issuer)
    hashing = hashing or PasswordHashing()
    parts = AuthParts(
        database=auth_database,
        ids=ids,
        audit=audit,
        hashing=hashing,
        policy=PasswordPolicy(),
        guesses=GuessLimiter(auth_database, secret=derive(secret, "sign-in buckets").encode()),
        tokens=tokens,
        sessions=SessionService(
            auth_database, tokens, ids, audit, secret=derive(secret, "refresh tokens").encode()
        ),
        keys=ApiKeyService(auth_database, ids, audit, secret=derive(secret, "api keys").encode()),
    )
    authentication = UnifiedAuthenticationService(parts)
    workspaces = WorkspaceService(auth_database, ids, audit)
    try:
        yield AuthServices(
            authentication=authentication,
            workspaces=workspaces,
            invitations=InvitationService(
                auth_database, ids, audit, workspaces, secret=derive(secret, "invitations").encode()
            ),
            keys=parts.keys,
            administration=AccountAdministration(
                parts, authentication, secret=derive(secret, "first passwords").encode()
            ),
            signing_keys=signing_keys,
            database=auth_database,
            run_tokens=RunTokens(gateway_tokens(signing_keys, issuer), auth_database, authentication),
        )
    finally:
        hashing.close()
