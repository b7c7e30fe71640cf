"""From a file to stored rows: parse, normalise, tell new from known, store, count what was odd.

Owns the import ledger's life (`service`), what a row must be (`normalising`), which rows are new
(`known_rows`) and the data quality of an import (`quality`, `quality_watch`, `cycles`). Must not know a
format (`importers` do) nor how bytes become rows (`reading` does). Lifetime: one import holds one parsed
chunk and the one being read ahead, never the file. Invariants: read = stored + duplicates + rejected +
ignored; a kill anywhere leaves an import that the same command finishes, and no row twice.
"""
