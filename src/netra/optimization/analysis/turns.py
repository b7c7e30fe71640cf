"""Whose turn it is: over all processes a large question is answered once, and a machine does few at a time.

Two advisory locks of PostgreSQL, held by one open transaction for as long as an analysis takes: one names the
question, one is a place on this machine. Both are free again at the moment the process that holds them ends,
however it ends. What is told of an analysis (`SharedNotes`) lies in Valkey and may be lost: those who wait
then hear nothing, and an error that is lost they find for themselves.
"""

import asyncio
import platform
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from netra.data_access.factory import DataAccess
from netra.errors.kinds import NetraError, UnavailableError
from netra.optimization.analysis.job import Tell
from netra.optimization.analysis.notes import SharedNotes
from netra.optimization.errors import AnalysisDeadlineError
from netra.optimization.repository import OptimizationRepository, Question
from netra.optimization.schemas import OptimizeProgress, OptimizeResult

POLL_S = 0.25
PATIENCE_S = 1800.0
WAITING = "waiting for another analysis"
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


@dataclass(frozen=True, slots=True)
class Work:
    """One analysis to be done: its name, how many steps it tells of, and what computes and keeps the answer.

    `carry_out` is given where to tell its progress, from any thread.
    """

    question: Question
    steps: int
    carry_out: Callable[[Tell], Awaitable[OptimizeResult]]


class AnalysisTurns:
    """Lets analyses begin. `at_once`: how many large ones a machine does together, over all processes;
    `machine`: its name among those that share a database, by default one that it keeps until it is restarted.
    """

    def __init__(self, at_once: int = 1, machine: str | None = None) -> None:
        self._at_once = at_once
        self._machine = machine or _machine()

    async def answer(self, access: DataAccess, work: Work, tell: Tell) -> OptimizeResult:
        """The answer: kept, of another process that works on the same question, or of `work`.

        Raises what `work` raises, here or there; AnalysisDeadlineError where no turn comes in half an hour.
        """
        notes = SharedNotes(access.hot, work.question.name)
        before = await notes.failed_attempt()
        until = time.monotonic() + PATIENCE_S
        heard = None
        while time.monotonic() < until:
            outcome = await self._attempt(access, work, notes, before, tell)
            if isinstance(outcome, OptimizeResult):
                return outcome
            news = outcome or OptimizeProgress(step=WAITING, done=0, of=work.steps)
            if news != heard:
                heard = news
                tell(news)
            await asyncio.sleep(POLL_S)
        raise AnalysisDeadlineError(
            f"other analyses did not end within {PATIENCE_S:.0f} s",
            hint="ask again later, or let more of them run at once (NETRA_ANALYSES_AT_ONCE)",
        )

    async def _attempt(
        self, access: DataAccess, work: Work, notes: SharedNotes, before: str | None, tell: Tell
    ) -> OptimizeResult | OptimizeProgress | None:
        """The answer, or how far the process is that works on it; None while others come first."""
        answer = None
        try:
            async with access.transaction() as transaction:
                repository = OptimizationRepository(transaction, access.context)
                ours = await repository.claim(work.question)
                # Looked up after the lock: who held it has kept his answer before he let go.
                kept = await repository.find(work.question)
                if kept is not None:
                    return OptimizeResult.model_validate_json(kept)
                note = await notes.read()
                if note is not None and note.error is not None and note.attempt != before:
                    raise note.error
                if not ours:
                    return None if note is None else note.progress
                if await repository.take_place(self._machine, self._at_once):
                    answer = await _carried_out(work, notes, tell)
        except UnavailableError:
            # The locks go with their connection; the answer has been kept on another.
            if answer is None:
                raise
        return answer


async def _carried_out(work: Work, notes: SharedNotes, tell: Tell) -> OptimizeResult:
    try:
        async with notes.written(tell) as tell_all:
            return await work.carry_out(tell_all)
    except NetraError as error:
        # After the last progress is written: what is written later is what those who wait hear.
        await notes.fail(error)
        raise


def _machine() -> str:
    """What the processes that share memory have in common."""
    with suppress(OSError):
        return _BOOT_ID.read_text(encoding="ascii").strip()
    return platform.node()
