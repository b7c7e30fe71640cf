"""From a request to a UserExecutionContext."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any

from fastapi import Depends, Header
from starlette.requests import Request

from netra.auth.dependencies import build_principal_dependency
from netra.auth.models import Membership, Principal
from netra.auth.permissions import permissions_of
from netra.auth.run_tokens import BearerVerifier
from netra.auth.workspaces import WorkspaceService
from netra.config.settings import Settings
from netra.context.models import RunLimits, UserExecutionContext
from netra.ids.manager import UnifiedIDManager
from netra.telemetry.trace import current_trace_id

ContextDependency = Callable[..., Awaitable[UserExecutionContext]]


def build_context(
    principal: Principal, membership: Membership, *, request_id: str, settings: Settings
) -> UserExecutionContext:
    """The context of a principal in a workspace, with the permissions of the role there."""
    return UserExecutionContext(
        user_id=principal.user_id,
        workspace_id=membership.workspace_id,
        role=membership.role,
        request_id=request_id,
        trace_id=current_trace_id(),
        key_id=principal.key_id,
        timezone=settings.timezone,
        permissions=permissions_of(membership.role),
        limits=RunLimits(timeout_s=float(settings.run_timeout_s)),
    )


def build_context_dependency(
    auth: BearerVerifier,
    workspaces: WorkspaceService,
    ids: UnifiedIDManager,
    settings: Settings,
) -> ContextDependency:
    """A FastAPI dependency: credential and header `Netra-Workspace` (id or name) become a context.

    Without the header it is the workspace the key is bound to, else the personal one. Raises 401 for the
    credential, 404 for a workspace that the user is no member of.
    """
    principal_dependency: Any = build_principal_dependency(auth)

    async def current_context(
        request: Request,
        principal: Annotated[Principal, Depends(principal_dependency)],
        workspace: Annotated[str | None, Header(alias="Netra-Workspace", max_length=200)] = None,
    ) -> UserExecutionContext:
        membership = await workspaces.access_workspace(principal, workspace)
        request_id = getattr(request.state, "request_id", None) or ids.new("req")
        return build_context(principal, membership, request_id=request_id, settings=settings)

    return current_context
