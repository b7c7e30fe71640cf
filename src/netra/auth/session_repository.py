"""The SQL of sessions, refresh tokens and tickets."""

from dataclasses import dataclass
from datetime import datetime

from netra.auth.models import User
from netra.auth.repository import USER_COLUMNS, user_of
from netra.storage.postgres.sessions import Transaction

SESSION_DAYS = 30
TICKET_SECONDS = 30


@dataclass(frozen=True, slots=True)
class SessionState:
    """A session as it stands: whose, until when, still good."""

    user: User
    expires_at: datetime
    is_good: bool


@dataclass(frozen=True, slots=True)
class TokenState:
    """A refresh token as it stands; `spent_s` are the seconds since it was spent, None while it is fresh."""

    spent_s: float | None
    successor_is_fresh: bool


class SessionRepository:
    """Sessions and what they hand out, within one transaction."""

    def __init__(self, transaction: Transaction) -> None:
        self._tx = transaction

    async def add_session(self, session_id: str, user_id: str, *, client: str, token_hash: bytes) -> datetime:
        """Open a session with its first refresh token; when it ends at the latest."""
        await self._tx.execute(
            "delete from auth.sessions where id in (select id from auth.sessions "
            "where expires_at < now() - interval '7 days' "
            "order by expires_at limit 20 for update skip locked)"
        )
        made = await self._tx.execute(
            "insert into auth.sessions (id, user_id, client, expires_at) "
            f"values (:id, :user, :client, now() + interval '{SESSION_DAYS} days') returning expires_at",
            {"id": session_id, "user": user_id, "client": client[:40]},
        )
        await self.add_token(token_hash, session_id)
        return made.one().expires_at

    async def add_token(self, token_hash: bytes, session_id: str) -> None:
        """A fresh refresh token of a session."""
        await self._tx.execute(
            "insert into auth.refresh_tokens (token_hash, session_id) values (:hash, :session)",
            {"hash": token_hash, "session": session_id},
        )

    async def find_session_of_token(self, token_hash: bytes) -> str | None:
        """The session a refresh token belongs to."""
        found = await self._tx.execute(
            "select session_id from auth.refresh_tokens where token_hash = :hash", {"hash": token_hash}
        )
        row = found.one_or_none()
        return None if row is None else row.session_id

    async def find_session(self, session_id: str, *, lock: bool = False) -> SessionState | None:
        """A session with its user; `lock` holds it until the transaction ends, so its steps
        come one by one.
        """
        found = await self._tx.execute(
            f"select {USER_COLUMNS}, s.expires_at, "
            "(s.revoked_at is null and s.expires_at > clock_timestamp() "
            "and u.disabled_at is null) as is_good "
            "from auth.sessions s join auth.users u on u.id = s.user_id "
            f"where s.id = :id{' for update of s' if lock else ''}",
            {"id": session_id},
        )
        row = found.one_or_none()
        return None if row is None else SessionState(user_of(row), row.expires_at, row.is_good)

    async def token_state(self, token_hash: bytes) -> TokenState:
        """Whether a refresh token is fresh, or since when and in whose favour it is spent."""
        found = await self._tx.execute(
            "select extract(epoch from clock_timestamp() - t.spent_at)::float8 as spent_s, "
            "coalesce(n.spent_at is null and n.token_hash is not null, false) as successor_is_fresh "
            "from auth.refresh_tokens t left join auth.refresh_tokens n on n.token_hash = t.successor_hash "
            "where t.token_hash = :hash",
            {"hash": token_hash},
        )
        row = found.one()
        return TokenState(row.spent_s, row.successor_is_fresh)

    async def spend_token(self, token_hash: bytes, successor_hash: bytes) -> None:
        """Mark a refresh token as spent in favour of its successor."""
        await self._tx.execute(
            "update auth.refresh_tokens set spent_at = clock_timestamp(), successor_hash = :next "
            "where token_hash = :hash",
            {"hash": token_hash, "next": successor_hash},
        )

    async def revoke_session(self, session_id: str, reason: str) -> None:
        """End a session and every refresh token of it."""
        await self._tx.execute(
            "update auth.sessions set revoked_at = now(), revoked_for = :reason "
            "where id = :id and revoked_at is null",
            {"id": session_id, "reason": reason},
        )

    async def revoke_sessions_of(self, user_id: str, reason: str) -> list[str]:
        """End all sessions of a user; the ids of those that were open."""
        ended = await self._tx.execute(
            "update auth.sessions set revoked_at = now(), revoked_for = :reason "
            "where user_id = :user and revoked_at is null returning id",
            {"user": user_id, "reason": reason},
        )
        return [row.id for row in ended]

    async def add_ticket(
        self, ticket_hash: bytes, *, user_id: str, session_id: str | None, key_id: str | None
    ) -> None:
        """A ticket that can be redeemed once within half a minute; expired ones are swept out."""
        await self._tx.execute(
            "delete from auth.tickets where ticket_hash in (select ticket_hash from auth.tickets "
            "where expires_at < clock_timestamp() limit 50 for update skip locked)"
        )
        await self._tx.execute(
            "insert into auth.tickets (ticket_hash, user_id, session_id, key_id, expires_at) values "
            f"(:hash, :user, :session, :key, clock_timestamp() + interval '{TICKET_SECONDS} seconds')",
            {"hash": ticket_hash, "user": user_id, "session": session_id, "key": key_id},
        )

    async def take_ticket(self, ticket_hash: bytes) -> tuple[str | None, str | None] | None:
        """Remove a ticket and say whose it was (session id, key id); None when unknown, used or expired."""
        taken = await self._tx.execute(
            "delete from auth.tickets where ticket_hash = :hash "
            "returning session_id, key_id, expires_at > clock_timestamp() as is_good",
            {"hash": ticket_hash},
        )
        row = taken.one_or_none()
        return (row.session_id, row.key_id) if row is not None and row.is_good else None
