"""The SQL of API keys."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from netra.auth.models import Role, User, known_role
from netra.storage.postgres.sessions import Transaction

_COLUMNS = (
    "k.id, k.workspace_id, k.name, k.display, k.role_limit, k.created_at, k.expires_at, "
    "u.id as user_id, u.email, u.name as user_name, u.is_installation_owner, "
    "(k.revoked_at is null and k.expires_at > clock_timestamp() and u.disabled_at is null) as is_good "
    "from auth.api_keys k join auth.users u on u.id = k.user_id"
)


@dataclass(frozen=True, slots=True)
class StoredKey:
    """An API key without its secret; `display` is the beginning of it, to recognise it by."""

    id: str
    user: User
    workspace_id: str | None
    name: str
    display: str
    role_limit: Role | None
    created_at: datetime
    expires_at: datetime
    is_good: bool


class ApiKeyRepository:
    """API keys, within one transaction."""

    def __init__(self, transaction: Transaction) -> None:
        self._tx = transaction

    async def add(self, values: dict[str, Any]) -> StoredKey:
        """Insert a key: id, user_id, workspace_id, name, display, key_hash, role_limit, days."""
        await self._tx.execute(
            "insert into auth.api_keys "
            "(id, user_id, workspace_id, name, display, key_hash, role_limit, expires_at) values "
            "(:id, :user_id, :workspace_id, :name, :display, :key_hash, :role_limit, "
            "now() + make_interval(days => :days))",
            values,
        )
        found = await self._tx.execute(f"select {_COLUMNS} where k.id = :id", {"id": values["id"]})
        return _stored(found.one())

    async def find_by_hash(self, key_hash: bytes) -> StoredKey | None:
        """The key with this hash."""
        found = await self._tx.execute(f"select {_COLUMNS} where k.key_hash = :hash", {"hash": key_hash})
        row = found.one_or_none()
        return None if row is None else _stored(row)

    async def find_by_id(self, key_id: str) -> StoredKey | None:
        """The key with this id."""
        found = await self._tx.execute(f"select {_COLUMNS} where k.id = :id", {"id": key_id})
        row = found.one_or_none()
        return None if row is None else _stored(row)

    async def of_workspace(self, user_id: str, workspace_id: str) -> list[StoredKey]:
        """The user's keys of one workspace that still count, newest first."""
        rows = await self._tx.execute(
            f"select {_COLUMNS} where k.user_id = :user and k.workspace_id = :workspace "
            "and k.revoked_at is null order by k.created_at desc, k.id desc",
            {"user": user_id, "workspace": workspace_id},
        )
        return [_stored(row) for row in rows]

    async def revoke(self, key_id: str, *, user_id: str) -> bool:
        """End a key of this user; False when the user has none of that id."""
        ended = await self._tx.execute(
            "update auth.api_keys set revoked_at = now() "
            "where id = :id and user_id = :user and revoked_at is null returning id",
            {"id": key_id, "user": user_id},
        )
        return ended.one_or_none() is not None

    async def revoke_unbound(self, user_id: str) -> None:
        """End the keys of this user that are bound to no workspace."""
        await self._tx.execute(
            "update auth.api_keys set revoked_at = now() "
            "where user_id = :user and workspace_id is null and revoked_at is null",
            {"user": user_id},
        )

    async def revoke_of_user(self, user_id: str) -> None:
        """End every key of this user."""
        await self._tx.execute(
            "update auth.api_keys set revoked_at = now() where user_id = :user and revoked_at is null",
            {"user": user_id},
        )


def _stored(row: Any) -> StoredKey:
    return StoredKey(
        id=row.id,
        user=User(row.user_id, row.email, row.user_name, row.is_installation_owner),
        workspace_id=row.workspace_id,
        name=row.name,
        display=row.display,
        role_limit=None if row.role_limit is None else known_role(row.role_limit),
        created_at=row.created_at,
        expires_at=row.expires_at,
        is_good=row.is_good,
    )
