"""The SQL of reports."""

from typing import Any

from sqlalchemy import ColumnElement, and_, select
from sqlalchemy.dialects.postgresql import insert

from netra.data_access.repository import ScopedRepository
from netra.reports.document import ReportDocument
from netra.reports.schemas import ReportSummary, StoredReport
from netra.reports.tables import reports

_SUMMARY = [reports.c[name] for name in ReportSummary.model_fields]


class ReportRepository(ScopedRepository):
    """Reports of the context's workspace, inside one transaction."""

    async def add(self, report_id: str, document: ReportDocument) -> str:
        """Store a report and return its id; a second one of the same run returns the first one's id."""
        row: dict[str, Any] = {
            "workspace_id": self.workspace_id,
            "id": report_id,
            "created_by": self.user_id,
            "run_id": document.run_id,
            "title": document.title,
            "question": document.question,
            "answer": document.answer,
            "savings_usd": document.joint.savings_usd if document.joint else None,
            "data_version": document.data_version,
            "created_at": document.created,
            "document": document.model_dump(mode="json"),
        }
        inserted = await self.transaction.execute(
            insert(reports).values(**row).on_conflict_do_nothing().returning(reports.c.id)
        )
        stored: str | None = inserted.scalar_one_or_none()
        if stored is not None:
            return stored
        earlier = await self.transaction.execute(
            select(reports.c.id).where(self._mine(run_id=document.run_id))
        )
        return str(earlier.scalar_one())

    async def find(self, report_id: str) -> StoredReport | None:
        """The report, or None when this workspace has none of that id."""
        found = await self.transaction.execute(
            select(reports.c.id, reports.c.created_by, reports.c.document).where(self._mine(id=report_id))
        )
        row = found.mappings().one_or_none()
        return None if row is None else StoredReport.model_validate(dict(row))

    async def page(self, *, before: str | None, limit: int) -> list[ReportSummary]:
        """Summaries, newest first, of the reports older than the id `before`."""
        where = self._mine()
        if before is not None:
            where = and_(where, reports.c.id < before)
        found = await self.transaction.execute(
            select(*_SUMMARY).where(where).order_by(reports.c.id.desc()).limit(limit)
        )
        return [ReportSummary.model_validate(dict(row)) for row in found.mappings()]

    def _mine(self, **equal: str | None) -> ColumnElement[bool]:
        conditions = [reports.c[name] == value for name, value in equal.items()]
        return and_(reports.c.workspace_id == self.workspace_id, *conditions)
