"""The SQL of invitations."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from netra.auth.models import Membership, Role, known_role
from netra.storage.postgres.sessions import Transaction

INVITATION_DAYS = 14
_COLUMNS = "i.id, i.email, i.role, i.expires_at"
# Who invited must still be allowed to: an owner to any role, an admin to those below admin.
_COUNTS = (
    "i.expires_at > clock_timestamp() and exists (select 1 from auth.memberships m "
    "join auth.users u on u.id = m.user_id and u.disabled_at is null "
    "where m.workspace_id = i.workspace_id and m.user_id = i.invited_by "
    "and (m.role = 'owner' or (m.role = 'admin' and i.role in ('analyst', 'viewer'))))"
)


@dataclass(frozen=True, slots=True)
class Invitation:
    """An invitation without its token."""

    id: str
    email: str
    role: Role
    expires_at: datetime


class InvitationRepository:
    """Invitations, within one transaction."""

    def __init__(self, transaction: Transaction) -> None:
        self._tx = transaction

    async def put(self, values: dict[str, Any]) -> Invitation:
        """Insert in place of the earlier one of the address: id, workspace, email, role, hash, by."""
        row = await self._tx.execute(
            "insert into auth.invitations as i "
            "(id, workspace_id, email, role, token_hash, invited_by, expires_at) values "
            f"(:id, :workspace, :email, :role, :hash, :by, now() + interval '{INVITATION_DAYS} days') "
            "on conflict (workspace_id, email) do update set id = excluded.id, role = excluded.role, "
            "token_hash = excluded.token_hash, invited_by = excluded.invited_by, created_at = now(), "
            f"expires_at = excluded.expires_at returning {_COLUMNS}",
            values,
        )
        return _invitation(row.one())

    async def open_of(self, workspace_id: str) -> list[Invitation]:
        """The invitations into a workspace that can still be accepted, oldest first."""
        rows = await self._tx.execute(
            f"select {_COLUMNS} from auth.invitations i where i.workspace_id = :workspace and {_COUNTS} "
            "order by i.created_at, i.id",
            {"workspace": workspace_id},
        )
        return [_invitation(row) for row in rows]

    async def withdraw(self, workspace_id: str, invitation_id: str) -> bool:
        """Delete an invitation; False when there is none."""
        gone = await self._tx.execute(
            "delete from auth.invitations where id = :id and workspace_id = :workspace returning id",
            {"id": invitation_id, "workspace": workspace_id},
        )
        return gone.one_or_none() is not None

    async def accept(self, token_hash: bytes, *, user_id: str, email: str) -> Membership | None:
        """Spend an invitation of this address and make the user a member; None when it does not count.

        Who is a member already stays what they are.
        """
        spent = await self._tx.execute(
            f"delete from auth.invitations i where i.token_hash = :hash and i.email = :email and {_COUNTS} "
            "returning i.workspace_id, i.role",
            {"hash": token_hash, "email": email},
        )
        row = spent.one_or_none()
        if row is None:
            return None
        member = {"workspace": row.workspace_id, "user": user_id}
        await self._tx.execute(
            "insert into auth.memberships (workspace_id, user_id, role) values (:workspace, :user, :role) "
            "on conflict (workspace_id, user_id) do nothing",
            {**member, "role": row.role},
        )
        found = await self._tx.execute(
            "select w.id, w.name, m.role from auth.memberships m join auth.workspaces w "
            "on w.id = m.workspace_id where m.workspace_id = :workspace and m.user_id = :user",
            member,
        )
        joined = found.one()
        return Membership(joined.id, joined.name, known_role(joined.role))


def _invitation(row: Any) -> Invitation:
    return Invitation(row.id, row.email, known_role(row.role), row.expires_at)
