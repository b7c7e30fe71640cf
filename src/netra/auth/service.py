"""UnifiedAuthenticationService: sign-up, sign-in, refresh, sign-out, verify."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime

from netra.audit.service import AuditLog
from netra.auth import opaque
from netra.auth.access_tokens import AccessTokens
from netra.auth.api_keys import ApiKeyService, principal_of
from netra.auth.database import AuthDatabaseManager
from netra.auth.errors import InvalidCredentialsError, InvalidEmailError, InvalidTokenError
from netra.auth.guesses import GuessLimiter
from netra.auth.models import Principal, Session, User
from netra.auth.names import normal_email, normal_name
from netra.auth.passwords import PasswordHashing, PasswordPolicy
from netra.auth.repository import Account, AccountRepository
from netra.auth.session_repository import SessionRepository, SessionState
from netra.auth.sessions import SessionService
from netra.auth.workspace_repository import WorkspaceRepository
from netra.auth.workspaces import PERSONAL
from netra.ids.manager import UnifiedIDManager


@dataclass(frozen=True, slots=True)
class AuthParts:
    """What authentication is made of; see the module of each."""

    database: AuthDatabaseManager
    ids: UnifiedIDManager
    audit: AuditLog
    hashing: PasswordHashing
    policy: PasswordPolicy
    guesses: GuessLimiter
    tokens: AccessTokens
    sessions: SessionService
    keys: ApiKeyService


class UnifiedAuthenticationService:
    """The one answer to "who is this?". Thin: passwords, sessions, tokens and keys do the work."""

    def __init__(self, parts: AuthParts) -> None:
        self._parts = parts

    async def sign_up(self, email: str, password: str, name: str | None = None) -> None:
        """Make an account with a personal workspace, unless the address has one.

        Which of the two happened is not told, and the same work is done, so that nobody can ask who has an
        account: the caller signs in next. Raises UnacceptablePasswordError, InvalidEmailError,
        InvalidNameError.
        """
        email = normal_email(email)
        shown = normal_name(name or email.partition("@")[0], "a user")
        self._parts.policy.check(password, email=email)
        password_hash = await self._parts.hashing.hash(password)
        user = User(self._parts.ids.new("usr"), email, shown)
        made = await self.add_account(user, password_hash)
        await self._parts.audit.record(
            "account.sign_up", "allowed" if made else "denied", actor_user_id=user.id if made else None
        )

    async def add_account(self, user: User, password_hash: str) -> bool:
        """Store an account with its personal workspace; False when the address has one already."""
        async with self._parts.database.transaction() as transaction:
            made = await AccountRepository(transaction).add_account(user, password_hash)
            # Runs for a known address too, where it changes nothing: the same statements, the same time.
            await WorkspaceRepository(transaction).add(
                self._parts.ids.new("wsp"), owner_id=user.id, name=PERSONAL
            )
        return made

    async def sign_in(
        self, email: str, password: str, *, device_token: str | None = None, client: str = "web"
    ) -> Session:
        """Open a session. Raises InvalidCredentialsError (one answer for every reason) or
        TooManyGuessesError.

        `device_token` is what an earlier sign-in on this device was given.
        """
        try:
            email = normal_email(email)
        except InvalidEmailError:
            raise _wrong() from None
        device_hash = await self._known_device(email, device_token)
        guess = await self._parts.guesses.take(email, device_hash=device_hash)
        async with self._parts.database.transaction() as transaction:
            account = await AccountRepository(transaction).find_account(email)
        right = await self._parts.hashing.verify(password, account.password_hash if account else None)
        if account is None or not right or account.is_disabled:
            await self._parts.audit.record(
                "account.sign_in", "denied", actor_user_id=account.user.id if account else None,
                details={"reason": _reason(account, right)},
            )  # fmt: skip
            raise _wrong()
        await self._parts.guesses.give_back(guess)
        session = await self._open(account, password, client, remember=device_hash is None)
        await self._parts.audit.record(
            "account.sign_in", "allowed", actor_user_id=account.user.id, subject=session.session_id
        )
        return session

    async def refresh(self, refresh_token: str) -> Session:
        """The next tokens of a session. Raises InvalidTokenError; see SessionService.refresh."""
        return await self._parts.sessions.refresh(refresh_token)

    async def sign_out(self, principal: Principal | None = None, *, refresh_token: str | None = None) -> None:
        """End the session of the principal or of the refresh token; unknown ones are no error."""
        session_id = principal.session_id if principal is not None else None
        if session_id is None and refresh_token is not None:
            session_id = await self._parts.sessions.session_of(refresh_token)
        if session_id is None:
            return
        await self._parts.sessions.revoke(session_id, "signed out")
        await self._parts.audit.record("account.sign_out", "allowed", subject=session_id)

    async def verify_access_token(self, token: str) -> Principal:
        """Who is behind an access token. Raises InvalidTokenError: forged, expired, signed out, disabled."""
        try:
            claims = self._parts.tokens.verify(token)
        except InvalidTokenError:
            self._parts.audit.note("access_token.verify", "denied", details={"reason": "not valid"})
            raise
        state = await self._parts.sessions.find_state(claims.session_id)
        if state is None or not state.is_good or state.user.id != claims.user_id:
            self._parts.audit.note(
                "access_token.verify", "denied", actor_user_id=claims.user_id, subject=claims.session_id
            )
            raise InvalidTokenError("the session has ended", hint="sign in again")
        principal = _session_principal(claims.session_id, state)
        return replace(principal, expires_at=datetime.fromtimestamp(claims.expires_at, UTC))

    async def verify_api_key(self, key: str) -> Principal:
        """Who is behind an API key. Raises InvalidTokenError."""
        return await self._parts.keys.verify(key)

    async def verify_bearer(self, credential: str) -> Principal:
        """Who is behind the text after `Bearer`: an API key (`ntr_...`) or an access token."""
        if credential.startswith(opaque.API_KEY):
            return await self.verify_api_key(credential)
        return await self.verify_access_token(credential)

    async def issue_ticket(self, principal: Principal) -> str:
        """A ticket that opens one socket for this principal within half a minute."""
        ticket = opaque.new_credential(opaque.TICKET)
        async with self._parts.database.transaction() as transaction:
            await SessionRepository(transaction).add_ticket(
                opaque.credential_hash(ticket),
                user_id=principal.user_id,
                session_id=principal.session_id,
                key_id=principal.key_id,
            )
        await self._parts.audit.record("ticket.issue", "allowed", actor_user_id=principal.user_id)
        return ticket

    async def redeem_ticket(self, ticket: str) -> Principal:
        """Who got the ticket; it is spent by asking. Raises InvalidTokenError."""
        principal = await self._redeem(ticket) if opaque.looks_like(ticket, opaque.TICKET) else None
        if principal is None:
            await self._parts.audit.record("ticket.redeem", "denied")
            raise InvalidTokenError("the ticket is not valid (any more)", hint="ask for a new one")
        await self._parts.audit.record("ticket.redeem", "allowed", actor_user_id=principal.user_id)
        return principal

    async def user_of(self, principal: Principal) -> User:
        """The account behind a principal. Raises InvalidTokenError when it is gone."""
        async with self._parts.database.transaction() as transaction:
            account = await AccountRepository(transaction).find_account_by_id(principal.user_id)
        if account is None:
            raise InvalidTokenError("the account is gone")
        return account.user

    async def is_active(self, principal: Principal) -> bool:
        """Whether the session or key behind a principal still counts, as of at most three seconds ago."""
        if principal.key_id is not None:
            return await self._parts.keys.find_good(principal.key_id) is not None
        if principal.session_id is None:
            return False
        state = await self._parts.sessions.find_state(principal.session_id)
        return state is not None and state.is_good

    async def _known_device(self, email: str, device_token: str | None) -> bytes | None:
        plausible = device_token is not None and opaque.looks_like(device_token, opaque.DEVICE)
        digest = opaque.credential_hash(device_token if plausible and device_token else "")
        async with self._parts.database.transaction() as transaction:
            known = await AccountRepository(transaction).is_known_device(digest, email)
        return digest if known else None

    async def _open(self, account: Account, password: str, client: str, *, remember: bool) -> Session:
        rehashed = None
        if self._parts.hashing.needs_rehash(account.password_hash):
            rehashed = await self._parts.hashing.hash(password)
        device = opaque.new_credential(opaque.DEVICE) if remember else None
        async with self._parts.database.transaction() as transaction:
            repository = AccountRepository(transaction)
            if rehashed is not None:
                await repository.set_password(account.user.id, rehashed, changed=False)
            if device is not None:
                await repository.add_device(opaque.credential_hash(device), account.user.id)
        session = await self._parts.sessions.open(account.user, client=client)
        return replace(session, device_token=device)

    async def _redeem(self, ticket: str) -> Principal | None:
        async with self._parts.database.transaction() as transaction:
            taken = await SessionRepository(transaction).take_ticket(opaque.credential_hash(ticket))
        session_id, key_id = taken or (None, None)
        if key_id is not None:
            stored = await self._parts.keys.find_good(key_id)
            return None if stored is None else principal_of(stored)
        if session_id is None:
            return None
        state = await self._parts.sessions.find_state(session_id)
        return _session_principal(session_id, state) if state is not None and state.is_good else None


def _session_principal(session_id: str, state: SessionState) -> Principal:
    return Principal(
        user_id=state.user.id,
        email=state.user.email,
        kind="session",
        session_id=session_id,
        workspace_id=None,
        expires_at=state.expires_at,
        is_installation_owner=state.user.is_installation_owner,
    )


def _reason(account: Account | None, right: bool) -> str:
    if account is None:
        return "unknown address"
    return "disabled" if right else "wrong password"


def _wrong() -> InvalidCredentialsError:
    return InvalidCredentialsError("e-mail address or password is wrong")
