"""Run tokens: what a worker shows at the LLM gateway on behalf of the user whose run it carries out."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

from netra.auth.access_tokens import AccessTokens
from netra.auth.database import AuthDatabaseManager
from netra.auth.errors import InvalidTokenError
from netra.auth.models import Principal
from netra.auth.repository import AccountRepository
from netra.auth.signing_keys import SigningKeyRing

AUDIENCE = "netra-gateway"


class BearerVerifier(Protocol):
    """Whoever can say who is behind the text after `Bearer`."""

    async def verify_bearer(self, credential: str) -> Principal:
        """The principal. Raises InvalidTokenError."""
        ...


@dataclass(frozen=True, slots=True)
class RunTokens:
    """Issues and verifies signed tokens of at most ten minutes, for one run of one user.

    Their audience is the gateway alone: no other door takes them, and the gateway takes them beside API keys
    and access tokens. A disabled account's tokens count no more.
    """

    tokens: AccessTokens
    database: AuthDatabaseManager
    otherwise: BearerVerifier

    def issue(self, *, user_id: str, run_id: str) -> str:
        """A token for the run."""
        token, _ = self.tokens.issue(user_id=user_id, session_id=run_id, token_id=run_id)
        return token

    async def verify_bearer(self, credential: str) -> Principal:
        """The user behind a run token, API key or access token. Raises InvalidTokenError."""
        try:
            claims = self.tokens.verify(credential)
        except InvalidTokenError:
            return await self.otherwise.verify_bearer(credential)
        async with self.database.transaction() as transaction:
            account = await AccountRepository(transaction).find_account_by_id(claims.user_id)
        if account is None or account.is_disabled:
            raise InvalidTokenError("the account of this run is closed")
        return Principal(
            user_id=account.user.id,
            email=account.user.email,
            kind="run",
            session_id=None,
            workspace_id=None,
            expires_at=datetime.fromtimestamp(claims.expires_at, UTC),
        )


def gateway_tokens(keys: SigningKeyRing, issuer: str) -> AccessTokens:
    """Tokens of the gateway's audience."""
    return AccessTokens(keys, issuer=issuer, audience=AUDIENCE)
