"""The HTTP response of an import that reports its progress while the file is still arriving."""

import time
from collections.abc import Awaitable, Callable

import orjson
import structlog
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from netra.errors.kinds import NetraError
from netra.http.problems import problem_of, unexpected_problem
from netra.usage.importing.service import ProgressCallback
from netra.usage.schemas import ImportProgress, ImportResult

NDJSON = "application/x-ndjson"

Work = Callable[[Request, ProgressCallback], Awaitable[ImportResult]]

_INTERVAL_S = 0.2


class ProgressResponse(Response):
    """JSON lines: `{"type":"progress",...}`*, then one `{"type":"result",...}` or `{"type":"error",...}`.

    It reads the request's body itself: Starlette's streaming response would wait for a disconnect on the same
    channel and swallow the file.
    """

    media_type = NDJSON

    def __init__(self, work: Work) -> None:
        super().__init__()
        self._work = work
        self._last = 0.0
        del self.headers["content-length"]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Run the import and send its progress."""
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})

        async def line(kind: str, values: dict[str, object], *, more: bool) -> None:
            body = orjson.dumps({"type": kind, **values}) + b"\n"
            await send({"type": "http.response.body", "body": body, "more_body": more})

        async def on_progress(progress: ImportProgress) -> None:
            now = time.monotonic()
            if now - self._last >= _INTERVAL_S:
                self._last = now
                await line("progress", progress.model_dump(mode="json", exclude={"type"}), more=True)

        try:
            result = await self._work(Request(scope, receive), on_progress)
        except NetraError as error:
            await line("error", {"problem": problem_of(error).model_dump(mode="json")}, more=False)
        except Exception:
            # The response has begun: the outer layer can no longer turn this into a problem.
            structlog.get_logger("netra.usage").exception("import_crashed")
            await line("error", {"problem": unexpected_problem().model_dump(mode="json")}, more=False)
        else:
            await line("result", result.model_dump(mode="json"), more=False)
