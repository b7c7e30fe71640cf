"""Workspaces, members, API keys."""

from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Path, Response

from netra.auth import opaque
from netra.auth.api_keys import ApiKeyService
from netra.auth.dependencies import PrincipalDependency
from netra.auth.key_repository import StoredKey
from netra.auth.models import Principal
from netra.auth.schemas import (
    ApiKeyMadeOut,
    ApiKeyOut,
    ApiKeyRequest,
    MemberOut,
    RoleRequest,
    UserOut,
    WorkspaceOut,
    WorkspaceRequest,
)
from netra.auth.workspace_repository import Member
from netra.auth.workspaces import WorkspaceService
from netra.http.idempotency import IdempotencyKey, IdempotencyStore
from netra.http.pagination import Page

WorkspaceHeader = Annotated[str | None, Header(alias="Netra-Workspace", max_length=200)]
WorkspaceId = Annotated[str, Path(max_length=200)]
UserId = Annotated[str, Path(max_length=200)]


def build_workspace_router(
    workspaces: WorkspaceService,
    keys: ApiKeyService,
    idempotency: IdempotencyStore,
    current: PrincipalDependency,
) -> APIRouter:
    """Routes of workspaces, members and API keys."""
    router = APIRouter(tags=["workspaces"])
    _workspace_routes(router, workspaces, idempotency, current)
    _member_routes(router, workspaces, current)
    _key_routes(router, WorkspaceKeys(workspaces, keys), idempotency, current)
    return router


@dataclass(frozen=True, slots=True)
class WorkspaceKeys:
    """API keys and the workspaces they are for."""

    workspaces: WorkspaceService
    keys: ApiKeyService


def _workspace_routes(
    router: APIRouter,
    workspaces: WorkspaceService,
    idempotency: IdempotencyStore,
    current: PrincipalDependency,
) -> None:
    @router.get("/v1/workspaces", operation_id="list_workspaces")
    async def list_workspaces(principal: Annotated[Principal, Depends(current)]) -> Page[WorkspaceOut]:
        found = await workspaces.list_for(principal)
        return Page(
            items=[WorkspaceOut(id=one.workspace_id, name=one.workspace_name, role=one.role) for one in found]
        )

    @router.post("/v1/workspaces", status_code=201, operation_id="create_workspace")
    async def create_workspace(
        body: WorkspaceRequest,
        principal: Annotated[Principal, Depends(current)],
        key: IdempotencyKey = None,
    ) -> WorkspaceOut:
        async def create() -> dict[str, Any]:
            made = await workspaces.create(principal, body.name)
            return {"id": made.workspace_id, "name": made.workspace_name, "role": made.role}

        answer = await idempotency.answer(
            key,
            create,
            scope=principal.user_id,
            user_id=principal.user_id,
            operation="create_workspace",
            request=body.model_dump(mode="json"),
        )
        return WorkspaceOut.model_validate(answer)


def _member_routes(router: APIRouter, workspaces: WorkspaceService, current: PrincipalDependency) -> None:
    @router.get("/v1/workspaces/{workspace_id}/members", operation_id="list_members")
    async def list_members(
        workspace_id: WorkspaceId, principal: Annotated[Principal, Depends(current)]
    ) -> Page[MemberOut]:
        return Page(items=[_member(one) for one in await workspaces.members(principal, workspace_id)])

    @router.patch("/v1/workspaces/{workspace_id}/members/{user_id}", operation_id="change_role")
    async def change_role(
        workspace_id: WorkspaceId,
        user_id: UserId,
        body: RoleRequest,
        principal: Annotated[Principal, Depends(current)],
    ) -> MemberOut:
        return _member(await workspaces.change_role(principal, workspace_id, user_id, body.role))

    @router.delete(
        "/v1/workspaces/{workspace_id}/members/{user_id}", status_code=204, operation_id="remove_member"
    )
    async def remove_member(
        workspace_id: WorkspaceId,
        user_id: UserId,
        principal: Annotated[Principal, Depends(current)],
    ) -> None:
        await workspaces.remove_member(principal, workspace_id, user_id)


def _key_routes(
    router: APIRouter, parts: WorkspaceKeys, idempotency: IdempotencyStore, current: PrincipalDependency
) -> None:
    workspaces, keys = parts.workspaces, parts.keys

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
        key: IdempotencyKey = None,
    ) -> ApiKeyMadeOut:
        membership = await workspaces.access_workspace(principal, workspace)
        seed = key or opaque.new_seed()

        async def create() -> dict[str, Any]:
            stored, _ = await keys.create(
                principal, membership, name=body.name, days=body.days, role=body.role, seed=seed
            )
            return _key(stored).model_dump(mode="json")

        made = ApiKeyOut.model_validate(
            await idempotency.answer(
                key,
                create,
                scope=membership.workspace_id,
                user_id=principal.user_id,
                operation="create_api_key",
                request=body.model_dump(mode="json"),
            )
        )
        response.headers["cache-control"] = "no-store"
        return ApiKeyMadeOut(**made.model_dump(), key=keys.secret_of(made.id, seed))

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
