"""What those who wait in other processes are told of an analysis: how far it is, or how it failed."""

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from netra.data_access.hot import ScopedHotStore
from netra.errors.kinds import NetraError, UnavailableError
from netra.optimization.analysis.job import Tell
from netra.optimization.analysis.process import error_from, error_line
from netra.optimization.schemas import OptimizeProgress

KEPT_S = 1800.0


@dataclass(frozen=True, slots=True)
class Note:
    """The last word of one attempt to answer: progress, or the error it ended with."""

    attempt: str
    progress: OptimizeProgress | None
    error: NetraError | None


class SharedNotes:
    """The note of one question of one workspace, in Valkey. Without Valkey nothing is told, and no more."""

    def __init__(self, hot: ScopedHotStore, question: str) -> None:
        self._hot = hot
        self._key = f"analysis {question}"
        self._attempt = uuid4().hex

    async def read(self) -> Note | None:
        """The last word, None where there is none."""
        with suppress(UnavailableError):
            found = await self._hot.get(self._key, scope="workspace")
            if found is not None:
                said: dict[str, Any] = json.loads(found)
                progress, error = said.get("progress"), said.get("error")
                return Note(
                    said["attempt"],
                    None if progress is None else OptimizeProgress(**progress),
                    None if error is None else error_from(error),
                )
        return None

    async def failed_attempt(self) -> str | None:
        """The attempt that failed last, where nobody has begun another one since."""
        note = await self.read()
        return None if note is None or note.error is None else note.attempt

    async def fail(self, error: NetraError) -> None:
        """Say that this attempt failed."""
        await self._write({"error": error_line(error)})

    @asynccontextmanager
    async def written(self, tell: Tell) -> AsyncGenerator[Tell]:
        """`tell` that also writes the progress of this attempt down, and can be called on any thread."""
        loop = asyncio.get_running_loop()
        news = asyncio.Event()
        latest: list[OptimizeProgress] = []

        def note(progress: OptimizeProgress) -> None:
            latest[:] = [progress]
            news.set()

        def both(progress: OptimizeProgress) -> None:
            tell(progress)
            loop.call_soon_threadsafe(note, progress)

        async def write() -> None:
            while await news.wait():
                news.clear()
                await self._write({"progress": latest[0].model_dump()})

        writing = asyncio.create_task(write())
        try:
            yield both
        finally:
            writing.cancel()
            await asyncio.wait([writing])

    async def _write(self, said: dict[str, Any]) -> None:
        value = json.dumps({"attempt": self._attempt, **said}, default=str).encode()
        with suppress(UnavailableError):
            await self._hot.set(self._key, value, ttl_s=KEPT_S, scope="workspace")
