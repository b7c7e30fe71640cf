"""The HTTP application: every router with the services it needs, sockets, the LLM gateway and the page."""

from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from fastapi import FastAPI

from netra import __version__
from netra.assembly.apex import Apex
from netra.assembly.page import mount_page
from netra.assembly.system_endpoints import build_system_router
from netra.auth.administration_endpoints import build_administration_router
from netra.auth.dependencies import build_principal_dependency
from netra.auth.endpoints import build_router as build_auth_router
from netra.auth.invitation_endpoints import build_invitation_router
from netra.auth.models import Membership, Principal
from netra.auth.workspace_endpoints import build_workspace_router
from netra.context.dependencies import ContextDependency, build_context, build_context_dependency
from netra.context.models import UserExecutionContext
from netra.conversations.endpoints import build_router as build_threads_router
from netra.http.idempotency import IdempotencyStore
from netra.http.middleware import BodyLimits, RequestMiddleware
from netra.http.origins import OriginPolicy
from netra.http.problems import install_problem_handlers
from netra.llm_gateway.endpoints import build_router as build_gateway_router
from netra.llm_gateway.forwarding import ChatForwarder
from netra.llm_gateway.recorder import CallRecorder
from netra.llm_gateway.upstream import ProviderAddress, Upstream
from netra.optimization.endpoints import build_router as build_optimization_router
from netra.pricing.endpoints import build_router as build_prices_router
from netra.realtime.endpoint import build_websocket_router
from netra.realtime.event_router import WebSocketEventRouter
from netra.realtime.websocket_auth import UnifiedWebSocketAuth
from netra.realtime.websocket_manager import UnifiedWebSocketManager
from netra.reports.endpoints import build_router as build_reports_router
from netra.runs.endpoints import build_router as build_runs_router
from netra.runs.snapshot import SnapshotService
from netra.usage.calls.endpoints import build_calls_router
from netra.usage.endpoints import build_router as build_usage_router
from netra.usage.insights.endpoints import build_insight_router
from netra.usage.otlp.credentials import build_exporter_context
from netra.usage.otlp.endpoints import build_router as build_ingestion_router
from netra.usage.otlp.export import TraceExport
from netra.usage.outbox.status import IngestStatusService
from netra.usage.repricing.endpoints import build_price_router

MEBIBYTE = 1024 * 1024
BODY_LIMITS = BodyLimits(
    default=MEBIBYTE,
    # A file is streamed to disk and never held in memory; a prompt may carry images.
    by_prefix={
        "/v1/imports": None,
        "/v1/prices/reconcile": 64 * MEBIBYTE,
        "/v1/traces": 32 * MEBIBYTE,
        "/v1/logs": 32 * MEBIBYTE,
        "/v1/metrics": 32 * MEBIBYTE,
        "/api/public/otel/": 32 * MEBIBYTE,
        "/openai/": 64 * MEBIBYTE,
    },
)


@dataclass(frozen=True, slots=True)
class Live:
    """Sockets of this process."""

    gate: UnifiedWebSocketAuth
    manager: UnifiedWebSocketManager
    router: WebSocketEventRouter


@dataclass(frozen=True, slots=True)
class Gateway:
    """The LLM gateway of this process."""

    upstream: Upstream
    recorder: CallRecorder
    forwarder: ChatForwarder


def build_http_app(apex: Apex) -> FastAPI:
    """The application; serving it begins and ends the sockets' subscription and the gateway's recording."""
    origins = OriginPolicy(
        public_url=apex.settings.public_url,
        allowed=apex.settings.allowed_origins,
        host=apex.settings.host,
    )
    live, gateway = build_live(apex, origins), build_gateway(apex)
    app = FastAPI(
        title="Netra Apex",
        version=__version__,
        lifespan=_lifespan(apex, live, gateway),
        docs_url=None,
        redoc_url=None,
        openapi_url="/v1/openapi.json",
    )
    install_problem_handlers(app)
    current = build_context_dependency(
        apex.auth.authentication, apex.auth.workspaces, apex.ids, apex.settings
    )
    _include_accounts(app, apex, origins)
    _include_rooms(app, apex, current)
    at_gateway = build_context_dependency(apex.auth.run_tokens, apex.auth.workspaces, apex.ids, apex.settings)
    app.include_router(build_gateway_router(gateway.forwarder, gateway.upstream, at_gateway))
    app.include_router(build_websocket_router(live.gate, live.manager, live.router, apex.dialogue.runs))
    app.include_router(build_system_router(apex))
    mount_page(app)
    app.state.drain_sockets = live.manager.drain
    app.add_middleware(RequestMiddleware, ids=apex.ids, metrics=apex.metrics, limits=BODY_LIMITS)
    return app


def build_live(apex: Apex, origins: OriginPolicy) -> Live:
    """Who may open a socket, the sockets, and what reaches them."""

    def make_context(principal: Principal, membership: Membership) -> UserExecutionContext:
        return build_context(principal, membership, request_id=apex.ids.new("req"), settings=apex.settings)

    gate = UnifiedWebSocketAuth(apex.auth.authentication, apex.auth.workspaces, origins, make_context)
    manager = UnifiedWebSocketManager(gate)
    sockets = apex.metrics.gauge("netra_sockets", "Open WebSockets of this process.")
    sockets.set_function(lambda: manager.open_sockets)
    return Live(gate, manager, WebSocketEventRouter(apex.stores.access, apex.dialogue.log))


def build_gateway(apex: Apex) -> Gateway:
    """The proxy to the configured provider; the provider's key is known here and nowhere else."""
    settings = apex.settings
    address = ProviderAddress(settings.llm_base_url, settings.llm_api_key) if settings.llm_base_url else None
    upstream = Upstream(address)
    recorder = CallRecorder(apex.savings.intake)
    return Gateway(upstream, recorder, ChatForwarder(upstream, recorder, apex.ids))


def _include_accounts(app: FastAPI, apex: Apex, origins: OriginPolicy) -> None:
    auth = apex.auth
    principal = build_principal_dependency(auth.authentication)
    app.include_router(
        build_auth_router(auth.authentication, auth.workspaces, auth.signing_keys, origins, principal)
    )
    idempotency = IdempotencyStore(apex.stores.sessions)
    app.include_router(build_workspace_router(auth.workspaces, auth.keys, idempotency, principal))
    app.include_router(build_invitation_router(auth.invitations, idempotency, principal))
    app.include_router(build_administration_router(auth.administration, idempotency, principal))


def _include_rooms(app: FastAPI, apex: Apex, current: ContextDependency) -> None:
    savings, dialogue = apex.savings, apex.dialogue
    app.include_router(build_usage_router(savings.imports, savings.usage, current))
    app.include_router(build_calls_router(savings.calls, current))
    exporter = build_exporter_context(apex.auth.authentication, apex.auth.workspaces, apex.ids, apex.settings)
    status = IngestStatusService(apex.stores.access)
    app.include_router(
        build_ingestion_router(TraceExport(savings.intake, apex.metrics), status, exporter, current)
    )
    idempotency = IdempotencyStore(apex.stores.sessions)
    app.include_router(build_prices_router(savings.prices, idempotency, current))
    app.include_router(
        build_price_router(savings.differences, savings.repricing, savings.reconciliation, current)
    )
    app.include_router(build_insight_router(savings.insights, savings.focus, current))
    app.include_router(build_optimization_router(savings.optimization, current))
    app.include_router(build_reports_router(savings.reports, current))
    app.include_router(build_threads_router(dialogue.threads, idempotency, current))
    snapshots = SnapshotService(apex.stores.access, dialogue.log)
    app.include_router(build_runs_router(dialogue.runs, snapshots, current))


def _lifespan(
    apex: Apex, live: Live, gateway: Gateway
) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncGenerator[None]:
        async with AsyncExitStack() as closing:
            closing.push_async_callback(gateway.upstream.close)
            closing.push_async_callback(gateway.recorder.close)
            closing.push_async_callback(gateway.forwarder.close)
            subscription = await apex.stores.hot.subscribe(live.router.on_message, live.router.on_gap)
            closing.push_async_callback(subscription.close)
            await closing.enter_async_context(live.router.running(subscription))
            await closing.enter_async_context(live.manager.running())
            yield

    return lifespan
