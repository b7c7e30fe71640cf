"""What operators and the page ask about the installation itself."""

import asyncio
from typing import Literal

import structlog
from fastapi import APIRouter
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from netra import __version__
from netra.assembly.apex import Apex
from netra.assembly.lifecycle import LifecycleManager
from netra.errors.kinds import NetraError
from netra.llm.playbook import ANALYST_NAME
from netra.telemetry.metrics import CONTENT_TYPE

READY_DEADLINE_S = 3.0
_log = structlog.get_logger("netra.system")


class AnalystOut(BaseModel):
    """Who plans and words answers."""

    kind: Literal["built-in", "provider"]
    model: str


class SystemOut(BaseModel):
    """The installation as its users may know it."""

    version: str
    analyst: AnalystOut
    timezone: str


def build_system_router(apex: Apex) -> APIRouter:
    """`/healthz` (the process lives), `/readyz` (what it needs answers), `/metrics`, `/v1/system`."""
    router = APIRouter(tags=["system"])

    @router.get("/healthz", operation_id="health")
    async def health() -> dict[str, str]:  # pyright: ignore[reportUnusedFunction]
        """The process lives."""
        return {"status": "ok", "version": __version__}

    @router.get("/readyz", operation_id="readiness")
    async def readiness(request: Request) -> JSONResponse:  # pyright: ignore[reportUnusedFunction]
        """Whether each store answers and, under `netra up`, the worker is there; 503 while one is not."""
        components = await check_components(apex)
        lifecycle: LifecycleManager | None = getattr(request.app.state, "lifecycle", None)
        if lifecycle is not None:
            worker = (await lifecycle.health())["worker"]
            components["worker"] = "ok" if worker.status == "up" else worker.detail or worker.status
        ready = all(state == "ok" for state in components.values())
        content = {"status": "ok" if ready else "unavailable", "components": components}
        return JSONResponse(content, status_code=200 if ready else 503)

    @router.get("/metrics", operation_id="metrics", include_in_schema=False)
    async def metrics() -> Response:  # pyright: ignore[reportUnusedFunction]
        """Counters of this process in the Prometheus text format; no tenant's data is in them."""
        return Response(apex.metrics.render(), media_type=CONTENT_TYPE)

    @router.get("/v1/system", operation_id="system")
    async def system() -> SystemOut:  # pyright: ignore[reportUnusedFunction]
        """Version, who answers questions, and the display time zone."""
        settings = apex.settings
        provider = settings.llm_base_url is not None and settings.llm_model is not None
        analyst = (
            AnalystOut(kind="provider", model=settings.llm_model or "")
            if provider
            else AnalystOut(kind="built-in", model=ANALYST_NAME)
        )
        return SystemOut(version=__version__, analyst=analyst, timezone=settings.timezone)

    return router


async def check_components(apex: Apex) -> dict[str, str]:
    """`ok` or the code of what is wrong, by component."""
    stores = apex.stores
    checks = {
        "postgres": stores.database.ping("app"),
        "valkey": stores.hot.ping(),
        "analytics": stores.analytics.ping(),
    }

    async def state(check: object) -> str:
        try:
            async with asyncio.timeout(READY_DEADLINE_S):
                await check  # type: ignore[misc]
        except NetraError as error:
            # Anybody may ask: the message names addresses and belongs into the log.
            _log.warning("component_unavailable", failure=error.message)
            return error.code
        except TimeoutError:
            return f"no answer within {READY_DEADLINE_S:g} s"
        return "ok"

    states = await asyncio.gather(*(state(check) for check in checks.values()))
    return dict(zip(checks, states, strict=True))
