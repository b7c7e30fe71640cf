"""The one door from a context to the stores.

Owns `DataAccessFactory`: out of a `UserExecutionContext` it makes a `DataAccess` whose PostgreSQL
transactions, analytics queries and hot keys all carry the workspace (and user). Must not know tables, events
or rooms above it. A `DataAccess` lives as long as the context it was made from. Invariants: nothing is
reached without a context; SQL for the analytics store that does not filter by the bound workspace is refused
before it leaves the process; a hot value found under a key must name its owner, else it counts as absent.
"""
