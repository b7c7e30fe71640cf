"""What the report endpoints answer."""

from pydantic import AwareDatetime, BaseModel

from netra.reports.document import Answer, Money, ReportDocument


class ReportSummary(BaseModel):
    """One line of the list of reports. `savings_usd` is the joint saving, null when there is none."""

    id: str
    title: str
    question: str
    answer: Answer
    savings_usd: Money | None
    data_version: int
    run_id: str | None
    created_by: str
    created_at: AwareDatetime


class StoredReport(BaseModel):
    """A report with its document."""

    id: str
    created_by: str
    document: ReportDocument


class ReportContent(BaseModel):
    """A report as its endpoint gives it: the summary's fields and the whole document."""

    id: str
    created_by: str
    document: ReportDocument
    unpriced_share: float
