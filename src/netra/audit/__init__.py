"""The record of who was let in, and who was not.

Owns the chain of audit entries (`app.audit_entries`): appending, verifying. Must not know accounts or
workspaces, only their ids as text. `AuditLog` lives as long as its process; `close` writes out what waits.
Invariants: entries are only ever appended, each holds the hash of the one before; an entry is durable before
`record` returns; no secret and no raw control character is in it; the product's database role cannot read
entries, nor change or delete one.
"""
