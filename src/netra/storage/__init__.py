"""The stores and how they are reached: PostgreSQL, Valkey, ClickHouse, and the embedded engines.

Owns every driver (SQLAlchemy engines, asyncpg, redis, clickhouse_connect, chdb): connections, pools,
transactions, migrations, starting and stopping engines. Must not know what is stored: no table of the product
is named here. Pools live as long as the process, a transaction as long as one `async with`. Invariants:
PostgreSQL is the truth, Valkey is hot and disposable, ClickHouse is the analytics history; only
`DatabaseSessionManager` commits; tenant context is the first statement of every transaction.
"""
