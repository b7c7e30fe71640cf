"""HTTP doors for asking, following and cancelling."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query

from netra.context.dependencies import ContextDependency
from netra.context.models import UserExecutionContext
from netra.runs.models import SendRequest
from netra.runs.schemas import (
    AcceptedOut,
    CursorOut,
    EnvelopeOut,
    EventsOut,
    FiguresOut,
    MessageIn,
    RunOut,
    SnapshotOut,
)
from netra.runs.service import RunService
from netra.runs.snapshot import SnapshotService

After = Annotated[int, Query(ge=0, le=2**53, description="The last seq that is known.")]
Limit = Annotated[int, Query(ge=1, le=1000, description="How many at most.")]


def build_router(runs: RunService, snapshots: SnapshotService, current: ContextDependency) -> APIRouter:
    """Routes under `/v1/threads/{id}`, `/v1/messages` and `/v1/runs`."""
    router = APIRouter(prefix="/v1", tags=["runs"])

    @router.post("/messages", operation_id="ask", status_code=202)
    async def ask(body: MessageIn, context: UserExecutionContext = Depends(current)) -> AcceptedOut:
        """Ask in a new thread."""
        request = SendRequest(None, body.client_message_id, body.text, body.strategy)
        return AcceptedOut.of(await runs.send(context, request))

    @router.post("/threads/{thread_id}/messages", operation_id="ask_in_thread", status_code=202)
    async def ask_in_thread(
        thread_id: str, body: MessageIn, context: UserExecutionContext = Depends(current)
    ) -> AcceptedOut:
        """Ask in a thread."""
        request = SendRequest(thread_id, body.client_message_id, body.text, body.strategy)
        return AcceptedOut.of(await runs.send(context, request))

    @router.get("/threads/{thread_id}", operation_id="get_thread")
    async def get_thread(thread_id: str, context: UserExecutionContext = Depends(current)) -> SnapshotOut:
        """The thread as it is now, with the cursor from which its events continue."""
        return SnapshotOut.of(await snapshots.access_snapshot(context, thread_id))

    @router.get("/threads/{thread_id}/events", operation_id="list_events")
    async def list_events(
        thread_id: str, context: UserExecutionContext = Depends(current), after: After = 0, limit: Limit = 500
    ) -> EventsOut:
        """Events of the thread after a position, in order."""
        events, cursor = await snapshots.access_events(context, thread_id, after=after, limit=limit)
        return EventsOut(items=[EnvelopeOut.of(event) for event in events], cursor=CursorOut.of(cursor))

    @router.get("/runs/{run_id}", operation_id="get_run")
    async def get_run(run_id: str, context: UserExecutionContext = Depends(current)) -> RunOut:
        """A run."""
        return RunOut.of(await runs.access_run(context, run_id))

    @router.post("/runs/{run_id}/cancel", operation_id="cancel_run")
    async def cancel_run(run_id: str, context: UserExecutionContext = Depends(current)) -> RunOut:
        """Ask for the end of a run; a run that has ended stays as it is."""
        return RunOut.of(await runs.cancel(context, run_id))

    @router.get("/runs/{run_id}/figures", operation_id="list_run_figures")
    async def list_run_figures(run_id: str, context: UserExecutionContext = Depends(current)) -> FiguresOut:
        """The figures that the run has computed so far."""
        return FiguresOut(figures=await runs.figures(context, run_id))

    return router
