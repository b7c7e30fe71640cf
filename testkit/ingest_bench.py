"""Live ingestion over the real engines: the way in, the drain, and what became of it.

A folder of tests takes the fixtures with `from testkit.ingest_bench import *` in its `conftest.py`, beside
those of `testkit.usage_bench`.
"""

import asyncio
from dataclasses import dataclass
from pathlib import Path

import pytest

from netra.context.models import UserExecutionContext
from netra.data_access.factory import DataAccessFactory
from netra.pricing.catalogue import PriceCatalogue
from netra.storage.postgres.sessions import DatabaseSessionManager
from netra.telemetry.metrics import Metrics
from netra.usage.otlp.export import Taken, TraceExport
from netra.usage.outbox.draining import OutboxDrain
from netra.usage.outbox.intake import Intake
from netra.usage.outbox.status import IngestStatus, IngestStatusService
from netra.usage.pricing_rows import CallPricer
from netra.usage.writer import CallWriter

__all__ = ["ingest"]

PROTOBUF = "application/x-protobuf"


@dataclass
class IngestBench:
    """The parts of live ingestion."""

    intake: Intake
    drain: OutboxDrain
    status: IngestStatusService

    async def export(
        self, context: UserExecutionContext, body: bytes, content_type: str = PROTOBUF, encoding: str = ""
    ) -> Taken:
        """Send one export request."""
        return await TraceExport(self.intake, Metrics()).take(context, body, content_type, encoding)

    async def stored(self, context: UserExecutionContext) -> IngestStatus:
        """Drain until nothing of this workspace waits. Others are left alone: their tests plant failures."""
        while (status := await self.status.status(context)).waiting_batches:
            await self.drain.drain(only=context.workspace_id)
            await asyncio.sleep(0)
        return status


@pytest.fixture
def ingest(
    data_access: DataAccessFactory,
    sessions: DatabaseSessionManager,
    catalogue: PriceCatalogue,
    tmp_path: Path,
) -> IngestBench:
    """Ingestion over the engines of the run."""
    writer = CallWriter(data_access, CallPricer(catalogue))
    return IngestBench(
        Intake(data_access, sessions, Metrics(), limit_bytes=1 << 30, home=tmp_path),
        OutboxDrain(sessions, data_access, writer),
        IngestStatusService(data_access),
    )
