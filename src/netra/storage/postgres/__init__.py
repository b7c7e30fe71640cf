"""PostgreSQL: addresses, one pool per role, the transaction edge, roles and migrations.

Owns `DatabaseURLBuilder`, `DatabaseManager`, `DatabaseSessionManager`, the bootstrap of roles and schemas,
the runner of `netra/migrations/{app,auth}`. Must not know tables. A `DatabaseManager` lives as long as its
process, a `Transaction` as long as its `async with`. Invariants: the role `netra_app` owns nothing, lacks
BYPASSRLS and cannot read the schemas `auth` and `dbos`; a connection goes back to its pool clean or is
closed.
"""
