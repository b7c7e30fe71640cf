"""Renderings of a report document: HTML, Markdown, JSON, and charts as inline SVG.

Owns: how a document looks. Must not know: stores, HTTP, who asks. Lifetime: pure functions over a document.
Invariants: deterministic for one document; matplotlib is imported only when a chart is drawn, and only
through its object interface, so two threads may render at once.
"""
