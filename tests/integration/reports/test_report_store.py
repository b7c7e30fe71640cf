"""Reports in the store: kept whole, once a run, listed newest first, seen by their workspace only."""

from collections.abc import Callable
from decimal import Decimal

import pytest

from netra.context.models import UserExecutionContext
from netra.data_access.factory import DataAccessFactory
from netra.ids.manager import UnifiedIDManager
from netra.reports.errors import ReportNotFoundError
from netra.reports.service import ReportService
from testkit.report_samples import make_document

FreshContext = Callable[[], UserExecutionContext]


@pytest.fixture
def reports(data_access: DataAccessFactory, ids: UnifiedIDManager) -> ReportService:
    return ReportService(data_access, ids)


async def test_a_report_comes_back_exactly_as_it_went_in(
    reports: ReportService, fresh_context: FreshContext
) -> None:
    context, document = fresh_context(), make_document(run_id="run_1")
    report_id = await reports.create(context, document)
    stored = await reports.get(context, report_id)
    assert stored.document == document
    assert stored.created_by == context.user_id
    assert stored.document.figures[0].decimal() == Decimal("612.448210000000001")


async def test_a_run_leaves_one_report_however_often_its_step_is_done(
    reports: ReportService, fresh_context: FreshContext
) -> None:
    context = fresh_context()
    first = await reports.create(context, make_document(run_id="run_1"))
    again = await reports.create(context, make_document(run_id="run_1", title="again"))
    other = await reports.create(context, make_document(run_id="run_2"))
    assert first == again != other
    assert [row.id for row in await reports.list(context)] == [other, first]


async def test_the_list_is_paged_newest_first(reports: ReportService, fresh_context: FreshContext) -> None:
    context = fresh_context()
    made = [await reports.create(context, make_document(title=f"report {n}")) for n in range(3)]
    page = await reports.list(context, limit=2)
    rest = await reports.list(context, before=page[-1].id, limit=2)
    assert [row.id for row in [*page, *rest]] == made[::-1]
    assert page[0].savings_usd == "208.30"


async def test_another_workspace_sees_nothing_of_it(
    reports: ReportService, fresh_context: FreshContext
) -> None:
    mine, foreign = fresh_context(), fresh_context()
    report_id = await reports.create(mine, make_document(run_id="run_1"))
    for attempt in (reports.get, reports.html, reports.markdown):
        with pytest.raises(ReportNotFoundError):
            await attempt(foreign, report_id)
    assert await reports.list(foreign) == []


async def test_the_page_of_a_report_names_it(reports: ReportService, fresh_context: FreshContext) -> None:
    context = fresh_context()
    report_id = await reports.create(context, make_document())
    assert report_id in await reports.html(context, report_id)
