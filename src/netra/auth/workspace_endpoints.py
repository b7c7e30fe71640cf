"""Workspaces, members, API keys."""

from typing import Annotated

from fastapi import APIRouter, Depends, Header, Path, Response

from netra.auth.api_keys import ApiKeyService
from netra.auth.dependencies import PrincipalDependency
from netra.auth.key_repository import StoredKey
from netra.auth.models import Principal
from netra.auth.schemas import (
    ApiKeyMadeOut,
    ApiKeyOut,
    ApiKeyRequest,
    MemberOut,
    MemberRequest,
    UserOut,
    WorkspaceOut,
    WorkspaceRequest,
)
from netra.auth.workspace_repository import Member
from netra.auth.workspaces import WorkspaceService
from netra.http.pagination import Page

WorkspaceHeader = Annotated[str | None, Header(alias="Netra-Workspace", max_length=200)]
WorkspaceId = Annotated[str, Path(max_length=200)]


def build_workspace_router(
    workspaces: WorkspaceService, keys: ApiKeyService, current: PrincipalDependency
) -> APIRouter:
    """Routes of workspaces, members and API keys."""
    router = APIRouter(tags=["workspaces"])
    _workspace_routes(router, workspaces, current)
    _key_routes(router, workspaces, keys, current)
    return router


def _workspace_routes(router: APIRouter, workspaces: WorkspaceService, current: PrincipalDependency) -> None:
    @router.get("/v1/workspaces", operation_id="list_workspaces")
    async def list_workspaces(principal: Annotated[Principal, Depends(current)]) -> Page[WorkspaceOut]:
        found = await workspaces.list_for(principal)
        return Page(
            items=[WorkspaceOut(id=one.workspace_id, name=one.workspace_name, role=one.role) for one in found]
        )

    @router.post("/v1/workspaces", status_code=201, operation_id="create_workspace")
    async def create_workspace(
        body: WorkspaceRequest, principal: Annotated[Principal, Depends(current)]
    ) -> WorkspaceOut:
        made = await workspaces.create(principal, body.name)
        return WorkspaceOut(id=made.workspace_id, name=made.workspace_name, role=made.role)

    @router.get("/v1/workspaces/{workspace_id}/members", operation_id="list_members")
    async def list_members(
        workspace_id: WorkspaceId, principal: Annotated[Principal, Depends(current)]
    ) -> Page[MemberOut]:
        return Page(items=[_member(one) for one in await workspaces.members(principal, workspace_id)])

    @router.post("/v1/workspaces/{workspace_id}/members", status_code=201, operation_id="add_member")
    async def add_member(
        workspace_id: WorkspaceId, body: MemberRequest, principal: Annotated[Principal, Depends(current)]
    ) -> MemberOut:
        return _member(await workspaces.add_member(principal, workspace_id, body.email, body.role))

    @router.delete(
        "/v1/workspaces/{workspace_id}/members/{user_id}", status_code=204, operation_id="remove_member"
    )
    async def remove_member(
        workspace_id: WorkspaceId,
        user_id: Annotated[str, Path(max_length=200)],
        principal: Annotated[Principal, Depends(current)],
    ) -> None:
        await workspaces.remove_member(principal, workspace_id, user_id)


def _key_routes(
    router: APIRouter, workspaces: WorkspaceService, keys: ApiKeyService, current: PrincipalDependency
) -> None:
    @router.get("/v1/api-keys", operation_id="list_api_keys")
    async def list_api_keys(
        principal: Annotated[Principal, Depends(current)], workspace: WorkspaceHeader = None
    ) -> Page[ApiKeyOut]:
        membership = await workspaces.access_workspace(principal, workspace)
        return Page(items=[_key(one) for one in await keys.list_for(principal, membership)])

    @router.post("/v1/api-keys", status_code=201, operation_id="create_api_key")
    async def create_api_key(
        body: ApiKeyRequest,
        response: Response,
        principal: Annotated[Principal, Depends(current)],
        workspace: WorkspaceHeader = None,
    ) -> ApiKeyMadeOut:
        membership = await workspaces.access_workspace(principal, workspace)
        stored, secret = await keys.create(
            principal, membership, name=body.name, days=body.days, role=body.role
        )
        response.headers["cache-control"] = "no-store"
        return ApiKeyMadeOut(**_key(stored).model_dump(), key=secret)

    @router.delete("/v1/api-keys/{key_id}", status_code=204, operation_id="revoke_api_key")
    async def revoke_api_key(
        key_id: Annotated[str, Path(max_length=200)], principal: Annotated[Principal, Depends(current)]
    ) -> None:
        await keys.revoke(principal, key_id)


def _member(member: Member) -> MemberOut:
    return MemberOut(user=UserOut.of(member.user), role=member.role)


def _key(stored: StoredKey) -> ApiKeyOut:
    return ApiKeyOut(
        id=stored.id,
        name=stored.name,
        display=stored.display,
        workspace_id=stored.workspace_id,
        role=stored.role_limit,
        created_at=stored.created_at,
        expires_at=stored.expires_at,
    )
