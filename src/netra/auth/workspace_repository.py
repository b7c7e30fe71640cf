"""The SQL of workspaces and memberships."""

from dataclasses import dataclass
from typing import Any

from netra.auth.models import Membership, Role, User, known_role
from netra.auth.repository import USER_COLUMNS, user_of
from netra.storage.postgres.sessions import Transaction

_MEMBERSHIP = "w.id, w.name, m.role from auth.memberships m join auth.workspaces w on w.id = m.workspace_id"


@dataclass(frozen=True, slots=True)
class Member:
    """A user in a workspace."""

    user: User
    role: Role


class WorkspaceRepository:
    """Workspaces and memberships, within one transaction."""

    def __init__(self, transaction: Transaction) -> None:
        self._tx = transaction

    async def add(self, workspace_id: str, *, owner_id: str, name: str) -> bool:
        """Insert a workspace with its owner as member; False when the owner has one of that name."""
        made = await self._tx.execute(
            "insert into auth.workspaces (id, owner_id, name) select :id, :owner, :name "
            "where exists (select 1 from auth.users where id = :owner) "
            "on conflict (owner_id, lower(name)) do nothing returning id",
            {"id": workspace_id, "owner": owner_id, "name": name},
        )
        fresh = made.one_or_none() is not None
        await self._tx.execute(
            "insert into auth.memberships (workspace_id, user_id, role) "
            "select id, owner_id, 'owner' from auth.workspaces where id = :id on conflict do nothing",
            {"id": workspace_id},
        )
        return fresh

    async def memberships(self, user_id: str) -> list[Membership]:
        """Everything the user is a member of: own workspaces first, oldest first."""
        rows = await self._tx.execute(
            f"select {_MEMBERSHIP} where m.user_id = :user "
            "order by (w.owner_id = :user) desc, w.created_at, w.id",
            {"user": user_id},
        )
        return [_membership(row) for row in rows]

    async def find(self, user_id: str, workspace: str | None) -> Membership | None:
        """The membership by id or name (own ones win), or in the personal workspace when None."""
        if workspace is None:
            condition = "w.owner_id = :user"
        else:
            condition = "(w.id = :workspace or lower(w.name) = lower(:workspace))"
        rows = await self._tx.execute(
            f"select {_MEMBERSHIP} where m.user_id = :user and {condition} "
            "order by (w.id = :workspace) desc nulls last, (w.owner_id = :user) desc, "
            "(w.name = 'default') desc, w.created_at, w.id limit 1",
            {"user": user_id, "workspace": workspace},
        )
        row = rows.one_or_none()
        return None if row is None else _membership(row)

    async def members(self, workspace_id: str) -> list[Member]:
        """Who is in a workspace, in order of joining."""
        rows = await self._tx.execute(
            f"select {USER_COLUMNS}, m.role from auth.memberships m "
            "join auth.users u on u.id = m.user_id where m.workspace_id = :workspace "
            "order by m.added_at, u.id",
            {"workspace": workspace_id},
        )
        return [Member(user_of(row), known_role(row.role)) for row in rows]

    async def set_role(self, workspace_id: str, user_id: str, role: Role) -> bool:
        """Change the role of a member; False when there is none."""
        changed = await self._tx.execute(
            "update auth.memberships set role = :role where workspace_id = :workspace and user_id = :user "
            "returning role",
            {"workspace": workspace_id, "user": user_id, "role": role},
        )
        return changed.one_or_none() is not None

    async def remove_member(self, workspace_id: str, user_id: str) -> bool:
        """End a membership; False when there was none."""
        gone = await self._tx.execute(
            "delete from auth.memberships where workspace_id = :workspace and user_id = :user returning role",
            {"workspace": workspace_id, "user": user_id},
        )
        return gone.one_or_none() is not None

    async def find_owner(self, workspace_id: str) -> str | None:
        """The id of the user who owns a workspace."""
        found = await self._tx.execute(
            "select owner_id from auth.workspaces where id = :workspace", {"workspace": workspace_id}
        )
        row = found.one_or_none()
        return None if row is None else row.owner_id


def _membership(row: Any) -> Membership:
    return Membership(row.id, row.name, known_role(row.role))
