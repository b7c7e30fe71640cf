"""Sessions: refresh tokens that rotate, and whether a session still counts."""

from dataclasses import dataclass

from netra.audit.service import AuditLog
from netra.auth import opaque
from netra.auth.access_tokens import AccessTokens
from netra.auth.database import AuthDatabaseManager
from netra.auth.errors import InvalidTokenError
from netra.auth.expiring_cache import ExpiringCache
from netra.auth.models import Session, User
from netra.auth.session_repository import SessionRepository, SessionState
from netra.ids.manager import UnifiedIDManager

RETRY_WINDOW_S = 10.0
# Revocation must be effective in five seconds everywhere; what was read from the store counts for three.
STATE_TTL_S = 3.0


@dataclass(frozen=True, slots=True)
class _Step:
    """How a refresh ended inside its transaction; the reply is made after the commit."""

    outcome: str
    session_id: str | None = None
    state: SessionState | None = None


class SessionService:
    """Opens, refreshes and ends sessions. A session is one family of refresh tokens."""

    def __init__(
        self,
        database: AuthDatabaseManager,
        tokens: AccessTokens,
        ids: UnifiedIDManager,
        audit: AuditLog,
        *,
        secret: bytes,
    ) -> None:
        self._database = database
        self._tokens = tokens
        self._ids = ids
        self._audit = audit
        self._secret = secret
        self._states: ExpiringCache[str, SessionState] = ExpiringCache(ttl_s=STATE_TTL_S, size=20_000)

    async def open(self, user: User, *, client: str) -> Session:
        """A new session of a user who has just proved who they are."""
        session_id = self._ids.new("ses")
        refresh = opaque.new_credential(opaque.REFRESH)
        async with self._database.transaction() as transaction:
            repository = SessionRepository(transaction)
            ends_at = await repository.add_session(
                session_id, user.id, client=client, token_hash=opaque.credential_hash(refresh)
            )
        return self._session(session_id, SessionState(user, ends_at, True), refresh)

    async def refresh(self, refresh_token: str) -> Session:
        """Spend a refresh token for the next one. Raises InvalidTokenError.

        A token that is spent again ends the whole session, before the caller hears of it; within ten seconds,
        and as long as the successor was not used, the same successor is given again: then only the reply was
        lost.
        """
        if not opaque.looks_like(refresh_token, opaque.REFRESH):
            raise _refused()
        # The successor follows from the token under our key: it can be told again though only hashes are
        # stored.
        successor = opaque.derived_credential(opaque.REFRESH, self._secret, refresh_token)
        step = await self._step(opaque.credential_hash(refresh_token), opaque.credential_hash(successor))
        state = step.state
        if state is None or step.session_id is None or step.outcome not in ("rotated", "repeated"):
            await self._refuse(step)
            raise _refused()
        await self._audit.record(
            "session.refresh", "allowed", actor_user_id=state.user.id, subject=step.session_id,
            details={"repeated": step.outcome == "repeated"},
        )  # fmt: skip
        return self._session(step.session_id, state, successor)

    async def revoke(self, session_id: str, reason: str) -> None:
        """End a session: at once in this process, within seconds in the others."""
        async with self._database.transaction() as transaction:
            await SessionRepository(transaction).revoke_session(session_id, reason)
        self._states.forget(session_id)

    async def revoke_all(self, user_id: str, reason: str) -> None:
        """End every session of a user."""
        async with self._database.transaction() as transaction:
            ended = await SessionRepository(transaction).revoke_sessions_of(user_id, reason)
        for session_id in ended:
            self._states.forget(session_id)

    async def session_of(self, refresh_token: str) -> str | None:
        """The session a refresh token belongs to, spent or not; None when unknown."""
        if not opaque.looks_like(refresh_token, opaque.REFRESH):
            return None
        async with self._database.transaction() as transaction:
            return await SessionRepository(transaction).find_session_of_token(
                opaque.credential_hash(refresh_token)
            )

    async def find_state(self, session_id: str) -> SessionState | None:
        """The session as it stood at most three seconds ago; None when there is none."""
        known = self._states.get(session_id)
        if known is not None:
            return known
        read_at = self._states.now()
        async with self._database.transaction() as transaction:
            state = await SessionRepository(transaction).find_session(session_id)
        if state is not None:
            self._states.put(session_id, state, read_at=read_at)
        return state

    def forget_states(self) -> None:
        """Ask the store again for every session."""
        self._states.clear()

    async def _step(self, token_hash: bytes, successor_hash: bytes) -> _Step:
        async with self._database.transaction() as transaction:
            repository = SessionRepository(transaction)
            session_id = await repository.find_session_of_token(token_hash)
            if session_id is None:
                return _Step("unknown")
            # The lock on the session makes refreshes of one family come one after the other.
            state = await repository.find_session(session_id, lock=True)
            if state is None or not state.is_good:
                return _Step("ended", session_id, state)
            token = await repository.token_state(token_hash)
            if token.spent_s is None:
                await repository.spend_token(token_hash, successor_hash)
                await repository.add_token(successor_hash, session_id)
                return _Step("rotated", session_id, state)
            if token.spent_s <= RETRY_WINDOW_S and token.successor_is_fresh:
                return _Step("repeated", session_id, state)
            await repository.revoke_session(session_id, "refresh token reused")
            return _Step("reused", session_id, state)

    async def _refuse(self, step: _Step) -> None:
        if step.session_id is not None:
            self._states.forget(step.session_id)
        await self._audit.record(
            "session.refresh",
            "denied",
            actor_user_id=step.state.user.id if step.state else None,
            subject=step.session_id,
            details={"reason": step.outcome},
        )

    def _session(self, session_id: str, state: SessionState, refresh_token: str) -> Session:
        access, lifetime = self._tokens.issue(
            user_id=state.user.id, session_id=session_id, token_id=self._ids.new("tkt")
        )
        return Session(state.user, session_id, access, lifetime, refresh_token, state.expires_at)


def _refused() -> InvalidTokenError:
    return InvalidTokenError("the session has ended", hint="sign in again")
