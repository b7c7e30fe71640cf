"""From the Authorization header to a principal."""

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import Depends
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from netra.auth.models import Principal
from netra.auth.run_tokens import BearerVerifier
from netra.errors.kinds import UnauthenticatedError

PrincipalDependency = Callable[..., Awaitable[Principal]]

_BEARER = HTTPBearer(
    scheme_name="bearer",
    auto_error=False,
    description="An access token from sign-in, or an API key (`ntr_...`).",
)


class MissingCredentialError(UnauthenticatedError):
    """The request carries no credential."""

    code = "missing_credential"


def build_principal_dependency(authentication: BearerVerifier) -> PrincipalDependency:
    """A FastAPI dependency: who is behind `Authorization: Bearer <access token or API key>`.

    Raises MissingCredentialError or InvalidTokenError (401).
    """

    async def current_principal(
        credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_BEARER)],
    ) -> Principal:
        if credentials is None or not credentials.credentials:
            raise MissingCredentialError(
                "this needs a credential",
                hint="send `Authorization: Bearer <access token or API key>`",
            )
        return await authentication.verify_bearer(credentials.credentials)

    return current_principal
