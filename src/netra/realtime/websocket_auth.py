"""UnifiedWebSocketAuth: who is behind a socket, from the first frame until it closes."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol, TypeAlias

from netra.auth.models import Membership, Principal
from netra.context.models import UserExecutionContext
from netra.errors.kinds import ForbiddenError, NetraError, NotFoundError, UnauthenticatedError
from netra.http.origins import OriginPolicy
from netra.realtime.protocol import (
    CLOSE_BAD_FRAME,
    CLOSE_FORBIDDEN,
    CLOSE_INTERNAL,
    CLOSE_UNAUTHENTICATED,
    Authenticate,
    BadFrameError,
    parse_client_frame,
)

FIRST_FRAME_S = 5.0

ReceiveText: TypeAlias = Callable[[], Awaitable[str]]
ContextMaker: TypeAlias = Callable[[Principal, Membership], UserExecutionContext]


class Credentials(Protocol):
    """The part of the authentication service that sockets need."""

    async def redeem_ticket(self, ticket: str) -> Principal:
        """Spend a one-time ticket."""
        ...

    async def verify_access_token(self, token: str) -> Principal:
        """The principal of an access token."""
        ...

    async def is_active(self, principal: Principal) -> bool:
        """Whether session or key and user still count."""
        ...


class Workspaces(Protocol):
    """The part of the workspace service that sockets need."""

    async def access_workspace(self, principal: Principal, workspace: str | None) -> Membership:
        """The principal's membership."""
        ...


class HandshakeError(Exception):
    """The socket must be closed with `code`; `reason` may be shown to the client."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Admitted:
    """A socket's user, in which workspace, with which context for its commands."""

    principal: Principal
    membership: Membership
    context: UserExecutionContext


class UnifiedWebSocketAuth:
    """Checks the Origin before a socket is accepted, the credential in its first frame, and from then on
    whether it still counts.
    """

    def __init__(
        self,
        credentials: Credentials,
        workspaces: Workspaces,
        origins: OriginPolicy,
        make_context: ContextMaker,
        *,
        first_frame_s: float = FIRST_FRAME_S,
    ) -> None:
        self._credentials = credentials
        self._workspaces = workspaces
        self._origins = origins
        self._make_context = make_context
        self._first_frame_s = first_frame_s

    def is_allowed_origin(self, origin: str | None, host: str | None) -> bool:
        """Whether a page of this origin may open a socket. None: not a browser."""
        return self._origins.is_allowed(origin, host)

    async def authenticate(self, receive: ReceiveText) -> Admitted:
        """Wait for the first frame, at most 5 s, and check it. Raises HandshakeError."""
        try:
            async with asyncio.timeout(self._first_frame_s):
                text = await receive()
            frame = parse_client_frame(text)
        except TimeoutError:
            raise HandshakeError(CLOSE_UNAUTHENTICATED, "no authenticate frame in time") from None
        except BadFrameError as bad:
            raise HandshakeError(CLOSE_BAD_FRAME, f"not a frame: {bad}") from bad
        if not isinstance(frame, Authenticate) or (frame.ticket is None) == (frame.access_token is None):
            raise HandshakeError(
                CLOSE_UNAUTHENTICATED, "the first frame must be authenticate with a ticket or an access token"
            )
        try:
            return await self._admit(frame)
        except UnauthenticatedError as refused:
            raise HandshakeError(CLOSE_UNAUTHENTICATED, refused.message) from refused
        except (ForbiddenError, NotFoundError) as refused:
            raise HandshakeError(CLOSE_FORBIDDEN, refused.message) from refused
        except NetraError as failure:
            raise HandshakeError(CLOSE_INTERNAL, failure.message) from failure

    async def find_objection(self, admitted: Admitted) -> HandshakeError | None:
        """Why the socket may not stay open any longer (expired, signed out, role changed); None when it may.

        A store that does not answer is no objection until the credential's own expiry.
        """
        if datetime.now(UTC) >= admitted.principal.expires_at:
            return HandshakeError(CLOSE_UNAUTHENTICATED, "the credential has expired; authenticate anew")
        try:
            if not await self._credentials.is_active(admitted.principal):
                return HandshakeError(CLOSE_UNAUTHENTICATED, "signed out")
            now = await self._workspaces.access_workspace(
                admitted.principal, admitted.membership.workspace_id
            )
        except (ForbiddenError, NotFoundError, UnauthenticatedError):
            return HandshakeError(CLOSE_FORBIDDEN, "no longer a member of this workspace")
        except NetraError:
            return None
        if now.role != admitted.membership.role:
            return HandshakeError(CLOSE_FORBIDDEN, "the role in this workspace has changed; connect anew")
        return None

    async def _admit(self, frame: Authenticate) -> Admitted:
        if frame.ticket is not None:
            principal = await self._credentials.redeem_ticket(frame.ticket)
        else:
            principal = await self._credentials.verify_access_token(frame.access_token or "")
        membership = await self._workspaces.access_workspace(principal, frame.workspace_id)
        return Admitted(principal, membership, self._make_context(principal, membership))
