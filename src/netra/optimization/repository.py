"""Answers kept in PostgreSQL; the only SQL of this room."""

from netra.data_access.repository import ScopedRepository

_FIND = """select result::text as result from app.optimizations
where request_hash = :request_hash and data_version = :data_version and prices_version = :prices_version"""

_PUT = """insert into app.optimizations (workspace_id, request_hash, data_version, prices_version, result)
values (:workspace_id, :request_hash, :data_version, :prices_version, cast(:result as json))
on conflict (workspace_id, request_hash) do update set data_version = excluded.data_version,
prices_version = excluded.prices_version, result = excluded.result, computed_at = now()
where app.optimizations.data_version <= excluded.data_version"""


class OptimizationRepository(ScopedRepository):
    """The last answer to each question of the current workspace, inside one open transaction."""

    async def find(self, request_hash: str, data_version: int, prices_version: str) -> str | None:
        """The stored answer as JSON, None where it is not there or no longer good."""
        found = await self.transaction.execute(
            _FIND,
            {"request_hash": request_hash, "data_version": data_version, "prices_version": prices_version},
        )
        row = found.mappings().first()
        return None if row is None else str(row["result"])

    async def put(self, request_hash: str, data_version: int, prices_version: str, result: str) -> None:
        """Keep an answer, unless one over newer data is there."""
        await self.transaction.execute(
            _PUT,
            {
                "workspace_id": self.workspace_id,
                "request_hash": request_hash,
                "data_version": data_version,
                "prices_version": prices_version,
                "result": result,
            },
        )
