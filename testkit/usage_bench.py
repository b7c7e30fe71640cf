"""One workspace with its imports and questions over the real engines.

A folder of tests takes the fixtures with `from testkit.usage_bench import *` in its `conftest.py`.
"""

import os
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import orjson
import pytest

from netra.context.models import UserExecutionContext
from netra.data_access.factory import DataAccessFactory
from netra.evaluations.service import EvaluationService
from netra.evaluations.writer import EvaluationWriter
from netra.ids.manager import UnifiedIDManager
from netra.pricing.catalogue import PriceCatalogue
from netra.usage.importing.parsing import ImportOptions
from netra.usage.importing.service import ImportService
from netra.usage.line_writer import UsageLineWriter
from netra.usage.pricing_rows import CallPricer
from netra.usage.queries import UsageQuery
from netra.usage.schemas import ImportProgress, ImportResult
from netra.usage.service import UsageResult, UsageService
from netra.usage.writer import CallWriter

BLOCK = 512

__all__ = ["bench", "catalogue", "new_bench", "real_data"]


async def stream(content: bytes, size: int = 1 << 20) -> AsyncIterator[bytes]:
    for start in range(0, len(content), size):
        yield content[start : start + size]


def call_lines(n: int, vary: Callable[[int], Mapping[str, object]] | None = None, **same: object) -> bytes:
    """JSON lines of `n` calls half a minute apart, alike and with one prompt. `same` replaces or adds values
    of all, `vary` of each by its number.
    """
    return b"\n".join(
        orjson.dumps(
            {
                "call_id": f"c{k}",
                "ts": 1_770_000_000_000 + 30_000 * k,
                "model": "claude-sonnet-4-5",
                "input_tokens": 4 * BLOCK + 52,
                "output_tokens": 100,
                "feature": "chat" if k % 2 else "search",
                "interactive": False,
                "prefix_hashes": [1, 2, 3, 4],
                "prefix_block_tokens": BLOCK,
                **same,
                **(vary(k) if vary else {}),
            }
        )
        for k in range(n)
    )


@dataclass
class UsageBench:
    """One fresh workspace with its imports and questions."""

    context: UserExecutionContext
    imports: ImportService
    usage: UsageService
    evaluations: EvaluationService
    directory: Path

    async def load(
        self,
        content: bytes,
        kind: str = "calls",
        *,
        values: dict[str, str] | None = None,
        names: dict[str, str] | None = None,
        on_progress: Callable[[ImportProgress], Awaitable[None]] | None = None,
    ) -> ImportResult:
        options = ImportOptions(kind, "file", values or {}, names or {})
        return await self.imports.import_stream(self.context, stream(content), options, on_progress)

    async def ask(self, *measures: str, **question: object) -> UsageResult:
        query = UsageQuery.model_validate({"measures": list(measures), **question})
        return await self.usage.run(self.context, query)


@pytest.fixture(scope="session")
def catalogue() -> PriceCatalogue:
    """The shipped prices."""
    return PriceCatalogue()


@pytest.fixture
def new_bench(
    data_access: DataAccessFactory,
    ids: UnifiedIDManager,
    fresh_context: Callable[..., UserExecutionContext],
    catalogue: PriceCatalogue,
    tmp_path: Path,
) -> Callable[[], UsageBench]:
    """Makes benches, each with a workspace of its own."""

    def make() -> UsageBench:
        evaluations = EvaluationService(data_access)
        imports = ImportService(
            data_access,
            ids,
            {
                "calls": CallWriter(data_access, CallPricer(catalogue)),
                "evaluations": EvaluationWriter(data_access),
                "usage_lines": UsageLineWriter(data_access),
            },
            directory=tmp_path,
        )
        usage = UsageService(data_access, count_evaluations=evaluations.count)
        return UsageBench(fresh_context(), imports, usage, evaluations, tmp_path)

    return make


@pytest.fixture
def bench(new_bench: Callable[[], UsageBench]) -> UsageBench:
    """A bench with a fresh workspace."""
    return new_bench()


@pytest.fixture
def real_data() -> Path:
    """The folder of public traces; skips where there is none."""
    folder = os.environ.get("NETRA_REAL_DATA")
    if not folder:
        pytest.skip("NETRA_REAL_DATA is not set")
    return Path(folder)
