"""Where an analysis runs: small ones here, large ones in a process of their own that gives its memory back.

An analysis needs memory in proportion to its calls, and allocators keep what a long-lived process has once
used. So a large one is refused with a hint where the machine has not enough free, and otherwise runs in a
child that ends with its answer. A child ends when its parent does (its standard input closes), when its
caller is cancelled, and at its deadline. Who may begin is decided before (`turns`).
"""

import asyncio
import json
import signal
import sys
from contextlib import suppress
from typing import Any

import structlog

from netra.data_access.analytics import ScopedAnalytics
from netra.optimization.analysis.job import AnalysisJob, Tell, carry_out
from netra.optimization.analysis.memory import available_bytes
from netra.optimization.analysis.process import error_from, write_job
from netra.optimization.errors import AnalysisDeadlineError, AnalysisEndedError, AnalysisTooLargeError
from netra.optimization.schemas import OptimizeProgress, OptimizeResult
from netra.pricing.catalogue import PriceCatalogue
from netra.storage.embedded.child_process import python_environment
from netra.usage.loading import CallSelection, Extent, newest_days

SMALL_CALLS = 100_000
SMALL_BLOCKS = 2_000_000
DEADLINE_S = 900.0
BYTES_PER_CALL = 420
BYTES_PER_BLOCK = 32
BYTES_AT_LEAST = 300 * 2**20
LONGEST_LINE = 256 * 2**20


def bytes_needed(extent: Extent) -> int:
    """Memory that an analysis of that many calls and prefix blocks takes at its peak, measured and rounded
    up.
    """
    return BYTES_AT_LEAST + extent.calls * BYTES_PER_CALL + extent.blocks * BYTES_PER_BLOCK


class AnalysisRunner:
    """Runs analyses. `url` of the analytics store is what a child is told; without it all run here."""

    def __init__(self, url: str | None = None, *, small: int = SMALL_CALLS) -> None:
        self._url = url
        self._small = small

    def is_large(self, extent: Extent) -> bool:
        """Whether an analysis of that many calls takes seconds and much memory."""
        return extent.calls > self._small or extent.blocks > SMALL_BLOCKS

    async def run(
        self,
        job: AnalysisJob,
        extent: Extent,
        analytics: ScopedAnalytics,
        catalogue: PriceCatalogue,
        tell: Tell,
    ) -> OptimizeResult:
        """The answer over calls of that extent. `tell` may be called on any thread.

        Raises AnalysisTooLargeError, AnalysisDeadlineError, AnalysisEndedError, and what the levers raise.
        """
        if self._url is None or not self.is_large(extent):
            return await carry_out(job, analytics, catalogue, tell)
        await _check_room(analytics, job.selection, extent)
        try:
            async with asyncio.timeout(DEADLINE_S):
                return await _apart(self._url, job, tell)
        except TimeoutError:
            raise AnalysisDeadlineError(
                f"the analysis of {extent.calls:,} calls took longer than {DEADLINE_S:.0f} s",
                hint="ask about a shorter period (--since) or fewer levers",
            ) from None


async def _check_room(analytics: ScopedAnalytics, selection: CallSelection, extent: Extent) -> None:
    needed, free = bytes_needed(extent), available_bytes()
    if needed <= free:
        return
    share = max(0.0, (free - BYTES_AT_LEAST) / (needed - BYTES_AT_LEAST))
    since = await newest_days(analytics, selection, int(extent.calls * share))
    raise AnalysisTooLargeError(
        f"an analysis of {extent.calls:,} calls needs about {needed / 2**30:.1f} GB of memory, "
        f"{free / 2**30:.1f} GB are free",
        hint="more memory, or a shorter period"
        + (f": --since {since:%Y-%m-%d} fits" if since is not None else " with --since and --until"),
        details={"calls": extent.calls, "needed_bytes": needed, "free_bytes": free}
        | ({"since": since.isoformat()} if since is not None else {}),
    )


async def _apart(url: str, job: AnalysisJob, tell: Tell) -> OptimizeResult:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-P", "-m", "netra.optimization.analysis.process"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        env=python_environment(),
        limit=LONGEST_LINE,
        start_new_session=True,
    )
    try:
        return await _conversation(process, write_job(url, job), tell)
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()


async def _conversation(process: asyncio.subprocess.Process, order: bytes, tell: Tell) -> OptimizeResult:
    if process.stdin is None or process.stdout is None:
        raise AnalysisEndedError("the analysis could not be started")
    with suppress(BrokenPipeError, ConnectionResetError):  # it ended already: its exit code says why
        process.stdin.write(order)
        await process.stdin.drain()
    async for line in process.stdout:
        said: dict[str, Any] = json.loads(line)
        if "progress" in said:
            tell(OptimizeProgress(**said["progress"]))
        elif "result" in said:
            return OptimizeResult.model_validate(said["result"])
        else:
            raise error_from(said["error"])
    code = await process.wait()
    structlog.get_logger("netra.optimization").error("analysis_process_ended", code=code)
    raise AnalysisEndedError(
        f"the process of the analysis ended before its answer ({_ending(code)})",
        hint="ask again, or about a shorter period (--since): memory may have run out",
        details={"exit_code": code},
    )


def _ending(code: int) -> str:
    if code >= 0:
        return f"exit code {code}"
    with suppress(ValueError):
        return f"killed by {signal.Signals(-code).name}"
    return f"killed by signal {-code}"
