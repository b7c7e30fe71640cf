"""Invitations into workspaces."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Response

from netra.auth import opaque
from netra.auth.dependencies import PrincipalDependency
from netra.auth.invitation_repository import Invitation
from netra.auth.invitations import InvitationService
from netra.auth.models import Principal
from netra.auth.schemas import (
    AcceptRequest,
    InvitationMadeOut,
    InvitationOut,
    InvitationRequest,
    WorkspaceOut,
)
from netra.http.idempotency import IdempotencyKey, IdempotencyStore
from netra.http.pagination import Page

WorkspaceId = Annotated[str, Path(max_length=200)]


def build_invitation_router(
    invitations: InvitationService, idempotency: IdempotencyStore, current: PrincipalDependency
) -> APIRouter:
    """Routes of invitations."""
    router = APIRouter(tags=["workspaces"])
    _inviting_routes(router, invitations, idempotency, current)
    _open_routes(router, invitations, current)
    return router


def _inviting_routes(
    router: APIRouter,
    invitations: InvitationService,
    idempotency: IdempotencyStore,
    current: PrincipalDependency,
) -> None:
    @router.post("/v1/workspaces/{workspace_id}/members", status_code=201, operation_id="invite_member")
    async def invite_member(
        workspace_id: WorkspaceId,
        body: InvitationRequest,
        response: Response,
        principal: Annotated[Principal, Depends(current)],
        key: IdempotencyKey = None,
    ) -> InvitationMadeOut:
        """An invitation for an address, the same whether it has an account or not. Pass the token on; it is
        shown this once, and counts for who is signed in with that address.
        """
        seed = key or opaque.new_seed()

        async def invite() -> dict[str, Any]:
            made = await invitations.invite(principal, workspace_id, body.email, body.role, seed=seed)
            return _invitation(made).model_dump(mode="json")

        made = InvitationOut.model_validate(
            await idempotency.answer(
                key,
                invite,
                scope=principal.user_id,
                user_id=principal.user_id,
                operation="invite_member",
                request={"workspace": workspace_id, **body.model_dump(mode="json")},
            )
        )
        response.headers["cache-control"] = "no-store"
        return InvitationMadeOut(**made.model_dump(), token=invitations.token_of(made.id, seed))


def _open_routes(router: APIRouter, invitations: InvitationService, current: PrincipalDependency) -> None:
    @router.get("/v1/workspaces/{workspace_id}/invitations", operation_id="list_invitations")
    async def list_invitations(
        workspace_id: WorkspaceId, principal: Annotated[Principal, Depends(current)]
    ) -> Page[InvitationOut]:
        """Invitations that have not been accepted yet."""
        found = await invitations.list_open(principal, workspace_id)
        return Page(items=[_invitation(one) for one in found])

    @router.delete(
        "/v1/workspaces/{workspace_id}/invitations/{invitation_id}",
        status_code=204,
        operation_id="withdraw_invitation",
    )
    async def withdraw_invitation(
        workspace_id: WorkspaceId,
        invitation_id: Annotated[str, Path(max_length=200)],
        principal: Annotated[Principal, Depends(current)],
    ) -> None:
        """Take an invitation back."""
        await invitations.withdraw(principal, workspace_id, invitation_id)

    @router.post("/v1/invitations/accept", operation_id="accept_invitation")
    async def accept_invitation(
        body: AcceptRequest, principal: Annotated[Principal, Depends(current)]
    ) -> WorkspaceOut:
        """Enter the workspace one is invited to."""
        joined = await invitations.accept(principal, body.token)
        return WorkspaceOut(id=joined.workspace_id, name=joined.workspace_name, role=joined.role)


def _invitation(one: Invitation) -> InvitationOut:
    return InvitationOut(id=one.id, email=one.email, role=one.role, expires_at=one.expires_at)
