"""Sign-up, sign-in, refresh, sign-out, keys' public halves, who I am, tickets."""

from typing import Annotated, Any

from fastapi import APIRouter, Cookie, Depends, Header, Request, Response

from netra.auth import opaque
from netra.auth.cookies import DEVICE_COOKIE, REFRESH_COOKIE, clear_session_cookie, set_session_cookies
from netra.auth.dependencies import PrincipalDependency
from netra.auth.errors import InvalidTokenError
from netra.auth.models import Principal, Session
from netra.auth.names import normal_email
from netra.auth.schemas import (
    MeOut,
    RefreshRequest,
    SessionOut,
    SignedUpOut,
    SignInRequest,
    SignUpRequest,
    TicketOut,
    UserOut,
    WorkspaceOut,
)
from netra.auth.service import UnifiedAuthenticationService
from netra.auth.session_repository import TICKET_SECONDS
from netra.auth.signing_keys import SigningKeyRing
from netra.auth.workspaces import WorkspaceService
from netra.http.origins import OriginPolicy

ClientHeader = Annotated[str | None, Header(alias="Netra-Client", max_length=40)]
DeviceHeader = Annotated[str | None, Header(alias="Netra-Device", max_length=200)]
DeviceCookie = Annotated[str | None, Cookie(alias=DEVICE_COOKIE, max_length=200, include_in_schema=False)]
RefreshCookie = Annotated[str | None, Cookie(alias=REFRESH_COOKIE, max_length=200, include_in_schema=False)]


def build_router(
    authentication: UnifiedAuthenticationService,
    workspaces: WorkspaceService,
    signing_keys: SigningKeyRing,
    origins: OriginPolicy,
    current: PrincipalDependency,
) -> APIRouter:
    """Routes of accounts and sessions."""
    router = APIRouter(tags=["auth"])
    _session_routes(router, authentication, origins)
    _identity_routes(router, authentication, workspaces, current)

    @router.get("/.well-known/jwks.json", operation_id="jwks")
    async def jwks(response: Response) -> dict[str, Any]:
        response.headers["cache-control"] = "public, max-age=300"
        return signing_keys.public_set()

    return router


def _session_routes(
    router: APIRouter, authentication: UnifiedAuthenticationService, origins: OriginPolicy
) -> None:
    same_site = Depends(_origin_check(origins))

    @router.post("/v1/auth/sign-up", status_code=201, operation_id="sign_up", dependencies=[same_site])
    async def sign_up(body: SignUpRequest) -> SignedUpOut:
        await authentication.sign_up(body.email, body.password, body.name)
        return SignedUpOut(email=normal_email(body.email))

    @router.post("/v1/auth/sign-in", operation_id="sign_in", dependencies=[same_site])
    async def sign_in(
        body: SignInRequest,
        response: Response,
        client: ClientHeader = None,
        device: DeviceHeader = None,
        device_cookie: DeviceCookie = None,
    ) -> SessionOut:
        session = await authentication.sign_in(
            body.email, body.password, device_token=device or device_cookie, client=client or "web"
        )
        return _reply(response, session, client)

    @router.post("/v1/auth/refresh", operation_id="refresh", dependencies=[same_site])
    async def refresh(
        response: Response,
        body: RefreshRequest | None = None,
        client: ClientHeader = None,
        cookie: RefreshCookie = None,
    ) -> SessionOut:
        token = body.refresh_token if body and body.refresh_token else cookie
        if token is None:
            raise InvalidTokenError("there is no session to refresh", hint="sign in")
        return _reply(response, await authentication.refresh(token), client)

    @router.post("/v1/auth/sign-out", status_code=204, operation_id="sign_out", dependencies=[same_site])
    async def sign_out(
        request: Request, response: Response, body: RefreshRequest | None = None, cookie: RefreshCookie = None
    ) -> None:
        principal = await _session_of(authentication, request)
        token = body.refresh_token if body and body.refresh_token else cookie
        await authentication.sign_out(principal, refresh_token=token)
        clear_session_cookie(response)


def _identity_routes(
    router: APIRouter,
    authentication: UnifiedAuthenticationService,
    workspaces: WorkspaceService,
    current: PrincipalDependency,
) -> None:
    @router.get("/v1/me", operation_id="me")
    async def me(principal: Annotated[Principal, Depends(current)]) -> MeOut:
        memberships = await workspaces.list_for(principal)
        user = await authentication.user_of(principal)
        return MeOut(
            user=UserOut.of(user),
            workspaces=[
                WorkspaceOut(id=one.workspace_id, name=one.workspace_name, role=one.role)
                for one in memberships
            ],
            is_installation_owner=principal.is_installation_owner,
        )

    @router.post("/v1/ws-tickets", status_code=201, operation_id="issue_ticket")
    async def issue_ticket(principal: Annotated[Principal, Depends(current)]) -> TicketOut:
        ticket = await authentication.issue_ticket(principal)
        return TicketOut(ticket=ticket, expires_in=TICKET_SECONDS)


def _origin_check(origins: OriginPolicy) -> Any:
    # These routes act on cookies: a page of another origin must not be able to use them.
    async def check(request: Request) -> None:
        origins.check(request.headers.get("origin"), request.headers.get("host"))

    return check


async def _session_of(authentication: UnifiedAuthenticationService, request: Request) -> Principal | None:
    scheme, _, credential = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not credential or credential.startswith(opaque.API_KEY):
        return None
    try:
        return await authentication.verify_access_token(credential)
    except InvalidTokenError:
        return None


def _reply(response: Response, session: Session, client: str | None) -> SessionOut:
    out = SessionOut(
        user=UserOut.of(session.user), access_token=session.access_token, expires_in=session.expires_in
    )
    if client == "cli":
        return out.model_copy(
            update={"refresh_token": session.refresh_token, "device_token": session.device_token}
        )
    set_session_cookies(response, session)
    return out
