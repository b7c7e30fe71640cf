"""The credential of an exporter: an API key, as the exporters in use send one."""

import base64
import binascii
from typing import Annotated

from fastapi import Header

from netra.auth.dependencies import MissingCredentialError
from netra.auth.run_tokens import BearerVerifier
from netra.auth.workspaces import WorkspaceService
from netra.config.settings import Settings
from netra.context.dependencies import ContextDependency, build_context
from netra.context.models import UserExecutionContext
from netra.ids.manager import UnifiedIDManager


def build_exporter_context(
    auth: BearerVerifier, workspaces: WorkspaceService, ids: UnifiedIDManager, settings: Settings
) -> ContextDependency:
    """A dependency: `Authorization: Bearer <key>`, `Basic <anything:key>` (as the Langfuse SDK sends its
    pair), or `x-api-key: <key>`; the workspace is the key's own, or the one named by `Netra-Workspace`.
    """

    async def exporter_context(
        authorization: Annotated[str, Header(max_length=2_000)] = "",
        x_api_key: Annotated[str, Header(max_length=300)] = "",
        workspace: Annotated[str | None, Header(alias="Netra-Workspace", max_length=200)] = None,
    ) -> UserExecutionContext:
        key = key_of(authorization) or x_api_key
        if not key:
            raise MissingCredentialError(
                "this needs an API key", hint="set OTEL_EXPORTER_OTLP_HEADERS=Authorization=Bearer%20ntr_..."
            )
        principal = await auth.verify_bearer(key)
        membership = await workspaces.access_workspace(principal, workspace)
        return build_context(principal, membership, request_id=ids.new("req"), settings=settings)

    return exporter_context


def key_of(authorization: str) -> str:
    """The key in an Authorization header; empty where there is none."""
    scheme, _, rest = authorization.strip().partition(" ")
    if scheme.lower() == "bearer":
        return rest.strip()
    if scheme.lower() == "basic":
        try:
            return base64.b64decode(rest.strip(), validate=True).decode().partition(":")[2]
        except (binascii.Error, UnicodeDecodeError):
            return ""
    return ""
