"""Reports: the typed document a run leaves behind, its figures, and how both are shown.

Owns: `Figure` (a number with the query, row count and time range behind it), `ReportDocument`, citations
(`{{f:ID}}` in prose), the `reports` table, and the renderings (HTML, Markdown, JSON, charts as SVG).
Must not know: agents, runs, sockets, how a figure was computed, who words the prose.
Lifetime: documents and figures are immutable values; `ReportService` lives as long as the process; rendering
keeps no state between two calls.
Invariants: every citation in a stored document resolves to one of its figures; a rendering shows a number
only from a figure, a finding, the joint replay or a chart of the document; HTML loads nothing from anywhere.
"""
