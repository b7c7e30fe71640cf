"""Logs, metrics and trace ids.

Owns the set-up of structured logging (JSON lines, secrets masked, trace id on every line), the metrics of a
process in their own registry, and the trace id of the work at hand. Must not know rooms above it. Logging is
set up once per process; a `Metrics` lives as long as its process and is passed explicitly. Invariants: no
password, token or key appears in a log line, also not inside a URL or a header; a metric has no user id in
its labels.
"""
