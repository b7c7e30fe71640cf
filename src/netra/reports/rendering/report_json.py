"""A report as JSON: the document, its queries, and the shares the page shows."""

from netra.reports.document import ReportDocument
from netra.reports.queries import QueryAppendix


def report_json(document: ReportDocument, *, report_id: str | None = None) -> dict[str, object]:
    """The report as plain JSON values: money as strings, percents and counts as numbers.

    Has every field of the document and further `report_id`, `unpriced_share` (percent) and `queries`
    (`id`, `query`, `sql`, `rows`, `since`, `until`, ids of `figures` and `findings` that came out of it).
    """
    content: dict[str, object] = document.model_dump(mode="json")
    content["report_id"] = report_id
    content["unpriced_share"] = document.baseline.unpriced_share
    content["queries"] = [
        {
            "id": entry.id,
            "query": dict(entry.query),
            "sql": entry.sql,
            "rows": entry.rows,
            "since": entry.since.isoformat() if entry.since else None,
            "until": entry.until.isoformat() if entry.until else None,
            "figures": entry.figures,
            "findings": entry.findings,
        }
        for entry in QueryAppendix(document).entries
    ]
    return content
