"""The HTTP response of an analysis that reports its progress."""

import asyncio
from collections.abc import AsyncIterator

import orjson
import structlog
from starlette.responses import StreamingResponse

from netra.context.models import UserExecutionContext
from netra.errors.kinds import NetraError
from netra.http.problems import problem_of, unexpected_problem
from netra.optimization.schemas import OptimizeProgress, OptimizeRequest
from netra.optimization.service import OptimizationService

NDJSON = "application/x-ndjson"


class OptimizeResponse(StreamingResponse):
    """JSON lines: `{"type":"progress",...}`*, then one `{"type":"result",...}` or `{"type":"error",...}`."""

    def __init__(
        self, optimization: OptimizationService, context: UserExecutionContext, request: OptimizeRequest
    ) -> None:
        super().__init__(_lines(optimization, context, request), media_type=NDJSON)


async def _lines(
    optimization: OptimizationService, context: UserExecutionContext, request: OptimizeRequest
) -> AsyncIterator[bytes]:
    steps: asyncio.Queue[OptimizeProgress | None] = asyncio.Queue()
    task = asyncio.create_task(optimization.optimize(context, request, steps.put_nowait))
    task.add_done_callback(lambda _: steps.put_nowait(None))
    while (step := await steps.get()) is not None:
        yield _line("progress", step.model_dump())
    try:
        result = await task
    except NetraError as error:
        yield _line("error", {"problem": problem_of(error).model_dump(mode="json")})
    except Exception:
        # The response has begun: the outer layer can no longer turn this into a problem.
        structlog.get_logger("netra.optimization").exception("optimize_crashed")
        yield _line("error", {"problem": unexpected_problem().model_dump(mode="json")})
    else:
        yield _line("result", result.model_dump(mode="json"))


def _line(kind: str, values: dict[str, object]) -> bytes:
    return orjson.dumps({"type": kind, **values}) + b"\n"
