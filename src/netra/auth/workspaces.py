"""WorkspaceService: which workspaces there are and who may enter."""

from netra.audit.service import AuditLog
from netra.auth.database import AuthDatabaseManager
from netra.auth.errors import NameTakenError, NotPermittedError, UserNotFoundError, WorkspaceNotFoundError
from netra.auth.expiring_cache import ExpiringCache
from netra.auth.models import Membership, Principal, Role
from netra.auth.names import normal_name
from netra.auth.permissions import permissions_of, weaker_role
from netra.auth.sessions import STATE_TTL_S
from netra.auth.workspace_repository import Member, WorkspaceRepository
from netra.ids.manager import UnifiedIDManager

PERSONAL = "default"
_NOTED_AGAIN_AFTER_S = 600.0


class WorkspaceService:
    """Workspaces and memberships. What the store said counts for three seconds, so a lost role
    is lost within five.
    """

    def __init__(self, database: AuthDatabaseManager, ids: UnifiedIDManager, audit: AuditLog) -> None:
        self._database = database
        self._ids = ids
        self._audit = audit
        self._known: ExpiringCache[tuple[str, str | None], Membership] = ExpiringCache(
            ttl_s=STATE_TTL_S, size=20_000
        )
        self._noted: ExpiringCache[tuple[str, str], bool] = ExpiringCache(
            ttl_s=_NOTED_AGAIN_AFTER_S, size=20_000
        )

    async def access_workspace(self, principal: Principal, workspace: str | None) -> Membership:
        """The membership in a workspace given by id or name; None is the one the key is bound to, else the
        personal one.

        Raises WorkspaceNotFoundError, the same whether it does not exist or the user is no member.
        """
        wanted = workspace if workspace is not None else principal.workspace_id
        membership = await self._find(principal.user_id, wanted)
        bound = principal.workspace_id
        if membership is None or (bound is not None and membership.workspace_id != bound):
            self._audit.note(
                "workspace.access",
                "denied",
                actor_user_id=principal.user_id,
                details={"wanted": wanted or ""},
            )
            raise _no_workspace()
        self._note_access(principal, membership)
        role = weaker_role(membership.role, principal.role_limit)
        return Membership(membership.workspace_id, membership.workspace_name, role)

    async def create(self, principal: Principal, name: str) -> Membership:
        """A new workspace owned by the user. Raises NameTakenError, InvalidNameError, NotPermittedError."""
        check_unbound(principal)
        name = normal_name(name, "a workspace")
        workspace_id = self._ids.new("wsp")
        async with self._database.transaction() as transaction:
            made = await WorkspaceRepository(transaction).add(
                workspace_id, owner_id=principal.user_id, name=name
            )
        if not made:
            raise NameTakenError(f"you have a workspace named {name} already")
        await self._audit.record(
            "workspace.create", "allowed", actor_user_id=principal.user_id, workspace_id=workspace_id
        )
        return Membership(workspace_id, name, "owner")

    async def list_for(self, principal: Principal) -> list[Membership]:
        """The workspaces the principal can enter: own ones first."""
        async with self._database.transaction() as transaction:
            found = await WorkspaceRepository(transaction).memberships(principal.user_id)
        return [
            Membership(one.workspace_id, one.workspace_name, weaker_role(one.role, principal.role_limit))
            for one in found
            if principal.workspace_id in (None, one.workspace_id)
        ]

    async def members(self, principal: Principal, workspace: str) -> list[Member]:
        """Who is in a workspace the principal can enter."""
        membership = await self.access_workspace(principal, workspace)
        async with self._database.transaction() as transaction:
            return await WorkspaceRepository(transaction).members(membership.workspace_id)

    async def change_role(self, principal: Principal, workspace: str, user_id: str, role: Role) -> Member:
        """Give a member another role.

        Owners and admins may; only owners make owners and admins. Raises NotPermittedError,
        UserNotFoundError, WorkspaceNotFoundError.
        """
        membership = await self.access_to_manage(principal, workspace, "member.role", granted=role)
        async with self._database.transaction() as transaction:
            repository = WorkspaceRepository(transaction)
            await self._check_target(repository, membership, user_id)
            if not await repository.set_role(membership.workspace_id, user_id, role):
                raise _no_member()
            members = await repository.members(membership.workspace_id)
        self._known.clear()
        await self._audit.record(
            "member.role", "allowed", actor_user_id=principal.user_id, workspace_id=membership.workspace_id,
            subject=user_id, details={"role": role},
        )  # fmt: skip
        return next(one for one in members if one.user.id == user_id)

    async def remove_member(self, principal: Principal, workspace: str, user_id: str) -> None:
        """End a membership; anybody may end their own. Raises as change_role."""
        if user_id == principal.user_id:
            membership = await self.access_workspace(principal, workspace)
        else:
            membership = await self.access_to_manage(principal, workspace, "member.remove")
        async with self._database.transaction() as transaction:
            repository = WorkspaceRepository(transaction)
            await self._check_target(repository, membership, user_id)
            if not await repository.remove_member(membership.workspace_id, user_id):
                raise _no_member()
        self._known.clear()
        await self._audit.record(
            "member.remove", "allowed", actor_user_id=principal.user_id, workspace_id=membership.workspace_id,
            subject=user_id,
        )  # fmt: skip

    async def access_to_manage(
        self, principal: Principal, workspace: str, action: str, *, granted: Role | None = None
    ) -> Membership:
        """The membership of who may manage members, and may grant the role; a refusal is audited as `action`.

        Raises NotPermittedError, WorkspaceNotFoundError.
        """
        membership = await self.access_workspace(principal, workspace)
        lacking = "members:manage" not in permissions_of(membership.role)
        if lacking or (granted in ("owner", "admin") and membership.role != "owner"):
            await self._audit.record(
                action, "denied", actor_user_id=principal.user_id, workspace_id=membership.workspace_id
            )
            raise NotPermittedError(
                f"your role in this workspace ({membership.role}) does not permit this",
                hint="ask an owner of the workspace",
            )
        return membership

    async def _find(self, user_id: str, workspace: str | None) -> Membership | None:
        known = self._known.get((user_id, workspace))
        if known is not None:
            return known
        if workspace is not None and len(workspace) > 200:
            return None
        read_at = self._known.now()
        async with self._database.transaction() as transaction:
            found = await WorkspaceRepository(transaction).find(user_id, workspace)
        if found is not None:
            self._known.put((user_id, workspace), found, read_at=read_at)
        return found

    async def _check_target(
        self, repository: WorkspaceRepository, membership: Membership, user_id: str
    ) -> None:
        if await repository.find_owner(membership.workspace_id) == user_id:
            raise NotPermittedError("the owner of a workspace stays its owner")
        if membership.role == "owner":
            return
        others = {one.user.id: one.role for one in await repository.members(membership.workspace_id)}
        if others.get(user_id) == "owner":
            raise NotPermittedError("only an owner may change the role of an owner")

    def _note_access(self, principal: Principal, membership: Membership) -> None:
        credential = principal.session_id or principal.key_id or principal.user_id
        key = (credential, membership.workspace_id)
        if self._noted.get(key) is None:
            self._noted.put(key, True, read_at=self._noted.now())
            self._audit.note(
                "workspace.access", "allowed", actor_user_id=principal.user_id,
                workspace_id=membership.workspace_id, subject=credential, details={"role": membership.role},
            )  # fmt: skip


def check_unbound(principal: Principal) -> None:
    """Refuse (NotPermittedError) a credential that is bound to one workspace."""
    if principal.workspace_id is not None:
        raise NotPermittedError(
            "an API key of one workspace cannot do this", hint="sign in, or use the key of the local owner"
        )


def _no_member() -> UserNotFoundError:
    return UserNotFoundError("this workspace has no such member")


def _no_workspace() -> WorkspaceNotFoundError:
    return WorkspaceNotFoundError(
        "there is no such workspace", hint="`GET /v1/workspaces` lists those you are a member of"
    )
