"""TraceExport: one export request becomes one batch of the outbox."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from netra.context.models import UserExecutionContext
from netra.telemetry.metrics import Metrics
from netra.usage.otlp.calls import REASONS, Understood, understand
from netra.usage.otlp.requests import read_export
from netra.usage.outbox.batch import REJECTS_KEPT, NewBatch, RejectedSpan, packed
from netra.usage.outbox.intake import Intake


@dataclass(frozen=True, slots=True)
class Taken:
    """What is told to the sender: spans that were rejected, and why."""

    rejected: int
    told: str


class TraceExport:
    """Understands requests on threads and hands their calls to the intake.

    A request is read and mapped before it is answered, so that its sender learns of every span that is not
    stored, and so that text of prompts is gone before anything is written.
    """

    def __init__(self, intake: Intake, metrics: Metrics) -> None:
        self._intake = intake
        self._spans = metrics.counter(
            "netra_otlp_spans", "Spans of export requests by what became of them.", ("outcome",)
        )

    async def take(
        self, context: UserExecutionContext, body: bytes, content_type: str, encoding: str
    ) -> Taken:
        """Keep the calls of a request. Raises UnsupportedMediaError, UnreadableExportError, TooLargeError,
        OutboxFullError, and that the database is away.
        """
        await self._intake.check_room()
        batch, told = await asyncio.to_thread(_batch_of, body, content_type, encoding)
        if batch.received:
            await self._intake.accept(context, batch)
            counts = {"call": batch.calls, "ignored": batch.ignored, "rejected": batch.rejected}
            for outcome, count in counts.items():
                self._spans.labels(outcome).inc(count)
        return Taken(batch.rejected, told)


def _batch_of(body: bytes, content_type: str, encoding: str) -> tuple[NewBatch, str]:
    understood: Understood = understand(read_export(body, content_type, encoding))
    rejects = [
        RejectedSpan(one.trace_id[:64], one.span_id[:32], one.code, REASONS[one.code])
        for one in understood.rejects[:REJECTS_KEPT]
    ]
    batch = NewBatch(
        source="otlp",
        received=understood.spans,
        calls=understood.calls.height,
        # The id follows from trace and span; twice the random digits would be half of the bytes.
        body=packed(understood.calls.drop("call_id", strict=False)),
        ignored=understood.ignored,
        rejected=len(understood.rejects),
        rejects=rejects,
    )
    return batch, understood.told()
