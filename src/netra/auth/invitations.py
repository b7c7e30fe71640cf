"""InvitationService: letting somebody into a workspace without learning whether they have an account."""

from netra.audit.service import AuditLog
from netra.auth import opaque
from netra.auth.database import AuthDatabaseManager
from netra.auth.errors import InvitationNotFoundError, MemberExistsError
from netra.auth.invitation_repository import Invitation, InvitationRepository
from netra.auth.models import Membership, Principal, Role
from netra.auth.names import normal_email
from netra.auth.workspace_repository import WorkspaceRepository
from netra.auth.workspaces import WorkspaceService, check_unbound
from netra.ids.manager import UnifiedIDManager


class InvitationService:
    """Makes, lists, withdraws and accepts invitations.

    An invitation is made for any address in the same way: no account is looked up. Its token goes to who
    invites, who passes it on; it counts for who is signed in with that address, so that neither a stranger
    with the token nor a stranger who signs up with the address comes in.
    """

    def __init__(
        self,
        database: AuthDatabaseManager,
        ids: UnifiedIDManager,
        audit: AuditLog,
        workspaces: WorkspaceService,
        *,
        secret: bytes,
    ) -> None:
        self._database = database
        self._ids = ids
        self._audit = audit
        self._workspaces = workspaces
        self._secret = secret

    async def invite(
        self, principal: Principal, workspace: str, email: str, role: Role, *, seed: str
    ) -> Invitation:
        """An invitation for two weeks, in place of an earlier one of the same address.

        Owners and admins may; only owners make owners and admins. Its token is `token_of(id, seed)`. Raises
        NotPermittedError, WorkspaceNotFoundError, InvalidEmailError, MemberExistsError.
        """
        membership = await self._workspaces.access_to_manage(
            principal, workspace, "member.invite", granted=role
        )
        email = normal_email(email)
        invitation_id = self._ids.new("inv")
        async with self._database.transaction() as transaction:
            # Members are listed for everybody in the workspace: saying this tells nothing new.
            members = await WorkspaceRepository(transaction).members(membership.workspace_id)
            if any(one.user.email == email for one in members):
                raise MemberExistsError(
                    "this workspace has a member with this address",
                    hint="`PATCH /v1/workspaces/{workspace_id}/members/{user_id}` changes a role",
                )
            made = await InvitationRepository(transaction).put(
                {
                    "id": invitation_id,
                    "workspace": membership.workspace_id,
                    "email": email,
                    "role": role,
                    "hash": opaque.credential_hash(self.token_of(invitation_id, seed)),
                    "by": principal.user_id,
                }
            )
        await self._audit.record(
            "member.invite", "allowed", actor_user_id=principal.user_id, workspace_id=membership.workspace_id,
            subject=made.id, details={"role": role},
        )  # fmt: skip
        return made

    def token_of(self, invitation_id: str, seed: str) -> str:
        """The token of an invitation made with this seed."""
        return opaque.derived_credential(opaque.INVITATION, self._secret, f"{invitation_id} {seed}")

    async def list_open(self, principal: Principal, workspace: str) -> list[Invitation]:
        """Invitations that can still be accepted, for who may invite. Raises as `invite`."""
        membership = await self._workspaces.access_to_manage(principal, workspace, "member.invitations")
        async with self._database.transaction() as transaction:
            return await InvitationRepository(transaction).open_of(membership.workspace_id)

    async def withdraw(self, principal: Principal, workspace: str, invitation_id: str) -> None:
        """Take an invitation back. Raises InvitationNotFoundError, and as `invite`."""
        membership = await self._workspaces.access_to_manage(principal, workspace, "member.uninvite")
        async with self._database.transaction() as transaction:
            gone = await InvitationRepository(transaction).withdraw(membership.workspace_id, invitation_id)
        if not gone:
            raise InvitationNotFoundError("this workspace has no such invitation")
        await self._audit.record(
            "member.uninvite", "allowed", actor_user_id=principal.user_id,
            workspace_id=membership.workspace_id, subject=invitation_id,
        )  # fmt: skip

    async def accept(self, principal: Principal, token: str) -> Membership:
        """Enter the workspace one is invited to.

        Raises InvitationNotFoundError, the same for a token that is unknown, spent, withdrawn or too old, for
        another's address, and when who invited may not any more.
        """
        check_unbound(principal)
        joined = None
        if opaque.looks_like(token, opaque.INVITATION):
            async with self._database.transaction() as transaction:
                joined = await InvitationRepository(transaction).accept(
                    opaque.credential_hash(token), user_id=principal.user_id, email=principal.email
                )
        await self._audit.record(
            "member.join", "denied" if joined is None else "allowed", actor_user_id=principal.user_id,
            workspace_id=None if joined is None else joined.workspace_id,
        )  # fmt: skip
        if joined is None:
            raise InvitationNotFoundError(
                "this invitation does not count for you (any more)",
                hint="sign in with the address it was made for, or ask for a new one",
            )
        return joined
