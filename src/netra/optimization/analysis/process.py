"""The process of one large analysis: takes a job, answers, and gives all its memory back by ending.

Run as `python -m netra.optimization.analysis.process`. Standard input: one line of JSON (`url`, `bytes`),
then the pickled job of that many bytes; it stays open as long as the parent lives, and its end ends this
process.
Standard output: JSON lines, `{"progress": ...}` any number of times, then `{"result": ...}` or
`{"error": ...}`.
"""

import asyncio
import json
import os
import pickle
import sys
import threading
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import IO, Any

import structlog

from netra.data_access.analytics import ScopedAnalytics
from netra.errors.kinds import NetraError
from netra.optimization.analysis.job import AnalysisJob, carry_out
from netra.optimization.schemas import OptimizeProgress, OptimizeResult
from netra.pricing.catalogue import PriceCatalogue
from netra.storage.clickhouse.store import AnalyticsStore

NICENESS = 5
_LIKELY_VICTIM = "1000"


def write_job(url: str, job: AnalysisJob) -> bytes:
    """What the process reads from its standard input: where the calls are, and the job."""
    body = pickle.dumps(job)
    return json.dumps({"url": url, "bytes": len(body)}).encode() + b"\n" + body


def error_line(error: NetraError) -> dict[str, Any]:
    """An error as JSON values."""
    kind = type(error)
    return {
        "type": f"{kind.__module__}:{kind.__qualname__}",
        "message": error.message,
        "hint": error.hint,
        "details": error.details,
    }


def error_from(line: dict[str, Any]) -> NetraError:
    """The error of a line, of the class it had in the process."""
    module, _, name = line["type"].partition(":")
    kind = getattr(import_module(module), name, NetraError) if module.startswith("netra.") else NetraError
    kind = kind if isinstance(kind, type) and issubclass(kind, NetraError) else NetraError
    error = kind.__new__(kind)
    NetraError.__init__(error, line["message"], hint=line["hint"], details=line["details"])
    return error


async def _answer(url: str, job: AnalysisJob, say: "_Voice") -> None:
    store = AnalyticsStore(url, threads=2)
    catalogue = PriceCatalogue().without_overrides().with_overrides(job.overrides)
    try:
        analytics = ScopedAnalytics(store, job.workspace_id)
        result = await carry_out(job, analytics, catalogue, say.progress)
    except NetraError as error:
        say.line({"error": error_line(error)})
    else:
        say.result(result)
    finally:
        await store.close()


class _Voice:
    """Writes lines to the parent, from any thread."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._lock = threading.Lock()

    def progress(self, progress: OptimizeProgress) -> None:
        self.line({"progress": progress.model_dump()})

    def result(self, result: OptimizeResult) -> None:
        self.line({"result": result.model_dump(mode="json")})

    def line(self, values: dict[str, Any]) -> None:
        with self._lock:
            self._stream.write(json.dumps(values).encode() + b"\n")
            self._stream.flush()


def _end_with_parent(stream: IO[bytes]) -> None:
    """End at once when the parent has closed the pipe, by ending itself or by losing interest."""
    with suppress(OSError):
        stream.read(1)
    os._exit(1)


def _stand_back() -> None:
    """Let others go first: they answer people. Where memory runs out, the kernel takes this process."""
    with suppress(OSError):
        os.nice(NICENESS)
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text(_LIKELY_VICTIM, encoding="ascii")


def main() -> None:
    """Read the job, answer it."""
    voice = _Voice(os.fdopen(os.dup(sys.stdout.fileno()), "wb"))
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what libraries print is no answer
    _stand_back()
    commands = sys.stdin.buffer
    order = json.loads(commands.readline())
    job: AnalysisJob = pickle.loads(commands.read(order["bytes"]))  # noqa: S301 - from the parent, by a pipe nobody else holds
    threading.Thread(target=_end_with_parent, args=(commands,), daemon=True).start()
    try:
        asyncio.run(_answer(order["url"], job, voice))
    except MemoryError:
        structlog.get_logger("netra.optimization").exception("analysis_out_of_memory")
        sys.exit(1)


if __name__ == "__main__":
    main()
