"""The tool `create_report`: stores what a run found as a report."""

from __future__ import annotations

from netra.errors.kinds import InvalidInputError
from netra.reports.document import ReportDocument
from netra.reports.service import ReportService
from netra.tools.specification import AnyToolSpec, ToolArguments, ToolCall, ToolResult, ToolSpec

WRITE = "reports:write"
"""What a role must have for reports to be written."""


class ReportArguments(ToolArguments):
    """The report's title; its content is what the run found and travels with the call."""

    title: str


def create_report(reports: ReportService) -> AnyToolSpec:
    """The tool `create_report`. One report a run: a repeated call gives the same id."""

    async def run(call: ToolCall, arguments: ReportArguments) -> ToolResult:
        if call.attachment is None:
            raise InvalidInputError("a report needs the results of the run")
        document = ReportDocument.model_validate({**call.attachment, "title": arguments.title})
        report_id = await reports.create(call.context, document)
        summary = (
            f"stored the report with {len(document.findings)} findings and {len(document.figures)} figures"
        )
        return ToolResult(summary, {"report_id": report_id})

    return ToolSpec(
        name="create_report",
        description="Store the results of this run as a report.",
        arguments=ReportArguments,
        permission=WRITE,
        run=run,
    )
