"""Import formats, one file each: what a format's columns are called and which of its rows are calls.

Owns: the mapping from a foreign file to the columns of `usage.schema`.
Must not know: stores, workspaces, chunks, how bytes become rows (`usage.reading`).
Lifetime: formats are stateless values.
Invariants: a format never drops a row silently: it keeps it, rejects it with a reason, or counts it as
ignored.
"""
