"""ReportService: keeps reports and hands them out, as data or rendered."""

import asyncio

from netra.context.models import UserExecutionContext
from netra.data_access.factory import DataAccessFactory
from netra.ids.manager import UnifiedIDManager
from netra.reports.document import ReportDocument
from netra.reports.errors import ReportNotFoundError
from netra.reports.rendering.html import render_html
from netra.reports.rendering.markdown import render_markdown
from netra.reports.repository import ReportRepository
from netra.reports.schemas import ReportSummary, StoredReport


class ReportService:
    """Reports of a workspace. Every member of the workspace may read them; nobody changes one."""

    def __init__(self, data_access: DataAccessFactory, ids: UnifiedIDManager) -> None:
        self._data_access = data_access
        self._ids = ids

    async def create(self, context: UserExecutionContext, document: ReportDocument) -> str:
        """Store a report and return its id. Idempotent by the document's `run_id`."""
        async with self._data_access.for_context(context).transaction() as transaction:
            return await ReportRepository(transaction, context).add(self._ids.new("rep"), document)

    async def get(self, context: UserExecutionContext, report_id: str) -> StoredReport:
        """A report of the context's workspace. Raises ReportNotFoundError, also for a foreign one."""
        async with self._data_access.for_context(context).transaction() as transaction:
            found = await ReportRepository(transaction, context).find(report_id)
        if found is None:
            raise ReportNotFoundError
        return found

    async def list(
        self, context: UserExecutionContext, *, before: str | None = None, limit: int = 50
    ) -> "list[ReportSummary]":
        """Summaries of the workspace's reports, newest first, of those older than the id `before`."""
        async with self._data_access.for_context(context).transaction() as transaction:
            return await ReportRepository(transaction, context).page(before=before, limit=limit)

    async def html(self, context: UserExecutionContext, report_id: str) -> str:
        """The report as a self-contained page. Raises ReportNotFoundError."""
        report = await self.get(context, report_id)
        return await asyncio.to_thread(render_html, report.document, report_id=report.id)

    async def markdown(self, context: UserExecutionContext, report_id: str) -> str:
        """The report as Markdown. Raises ReportNotFoundError."""
        return render_markdown((await self.get(context, report_id)).document)
