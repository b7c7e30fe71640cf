"""The call fact: one row per LLM call, how it comes in and how it is asked about.

Owns: the columns of `llm_calls` (`schema`), files in (`importers` over `reading`, stored by `importing`),
spans in (`otlp`, through the `outbox`), the only writer of the table (`writer`), the typed query and its
compiler (`queries`, `measures`, `dimensions`), what is asked of the sums (`insights`), prices over time
(`repricing`, `reconciliation`) and the export to finance (`focus`). Must not know: levers, agents,
evaluations (a sibling; its writer arrives as a sink), prices (a callable prices a frame), sockets, the
command line. Lifetime: services live as long as the process and hold no state between calls; one import
holds one parsed chunk and the one being read ahead, never the file. Invariants: a row is stored once per
(workspace, call_id); read = stored + duplicates + rejected + ignored; no SQL reaches the store that does
not name the workspace; no SQL text comes from outside this room.
"""
