"""The queries behind a report: each different query once, with everything that came out of it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from netra.reports.document import ReportDocument


@dataclass(slots=True)
class QueryEntry:
    """One query of the appendix. `figures` and `findings` are the ids of what it produced."""

    id: str
    query: Mapping[str, object]
    sql: str
    rows: int
    since: datetime | None
    until: datetime | None
    figures: list[str] = field(default_factory=list[str])
    findings: list[str] = field(default_factory=list[str])


class QueryAppendix:
    """Every query of a document in order of first use, and which one is behind each figure and finding."""

    def __init__(self, document: ReportDocument) -> None:
        self._entries: dict[str, QueryEntry] = {}
        self._of_figure: dict[str, QueryEntry] = {}
        self._of_finding: dict[str, QueryEntry] = {}
        for figure in document.figures:
            if figure.query or figure.sql:
                entry = self._entry(figure.query, figure.sql, figure.rows, figure.since, figure.until)
                entry.figures.append(figure.id)
                self._of_figure[figure.id] = entry
        period = (document.baseline.since, document.baseline.until)
        for row in document.findings:
            if row.query or row.sql:
                entry = self._entry(row.query, row.sql, row.rows, *period)
                entry.findings.append(row.id)
                self._of_finding[row.id] = entry

    @property
    def entries(self) -> list[QueryEntry]:
        """The different queries, in order of first use."""
        return list(self._entries.values())

    def find_for_figure(self, figure_id: str) -> QueryEntry | None:
        """The query behind a figure, None when the figure came without one."""
        return self._of_figure.get(figure_id)

    def find_for_finding(self, finding_id: str) -> QueryEntry | None:
        """The query behind a finding, None when the finding came without one."""
        return self._of_finding.get(finding_id)

    def _entry(
        self,
        query: Mapping[str, object],
        sql: str,
        rows: int,
        since: datetime | None,
        until: datetime | None,
    ) -> QueryEntry:
        key = json.dumps([query, sql, rows], sort_keys=True, default=str)
        if key not in self._entries:
            self._entries[key] = QueryEntry(f"q{len(self._entries) + 1}", query, sql, rows, since, until)
        return self._entries[key]
