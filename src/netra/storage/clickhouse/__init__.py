"""ClickHouse, on a server or embedded: one client, bounded queries, idempotent inserts.

Owns the driver, the circuit breaker, the limits of a query and the runner of the analytics migrations.
Must not know workspaces or columns: `data_access` binds the workspace into every query. Lifetime: one
AnalyticsStore per process. Invariants: reads carry readonly=1 and limits; an insert with a token that was
stored before stores nothing; every failure of the driver leaves as a NetraError.
"""
