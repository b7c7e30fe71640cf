"""Answers kept in PostgreSQL, and who works on one; the only SQL of this room."""

from dataclasses import asdict, dataclass

from netra.data_access.repository import ScopedRepository

_FIND = """select result::text as result from app.optimizations
where request_hash = :request_hash and data_version = :data_version and prices_version = :prices_version"""

_PUT = """insert into app.optimizations (workspace_id, request_hash, data_version, prices_version, result)
values (:workspace_id, :request_hash, :data_version, :prices_version, cast(:result as json))
on conflict (workspace_id, request_hash) do update set data_version = excluded.data_version,
prices_version = excluded.prices_version, result = excluded.result, computed_at = now()
where app.optimizations.data_version <= excluded.data_version"""

_CLAIM = """select pg_try_advisory_xact_lock(
hashtextextended('analysis of ' || cast(:workspace_id as text) || ' ' || cast(:question as text), 0))"""

_TAKE_PLACE = """select pg_try_advisory_xact_lock(
hashtextextended('analyses of ' || cast(:machine as text) || ' ' || cast(:place as text), 0))"""

_STAY = "set local idle_in_transaction_session_timeout = 0"
"""Locks are held for as long as an analysis takes, and nothing else is asked of their connection."""


@dataclass(frozen=True, slots=True)
class Question:
    """What names an answer of a workspace: digest of what was asked, of which data, with which prices."""

    request_hash: str
    data_version: int
    prices_version: str

    @property
    def name(self) -> str:
        """One text for all of it."""
        return f"{self.request_hash} {self.data_version} {self.prices_version}"


class OptimizationRepository(ScopedRepository):
    """The last answer to each question of the current workspace, inside one open transaction."""

    async def find(self, question: Question) -> str | None:
        """The stored answer as JSON, None where it is not there or no longer good."""
        found = await self.transaction.execute(_FIND, asdict(question))
        row = found.mappings().first()
        return None if row is None else str(row["result"])

    async def put(self, question: Question, result: str) -> None:
        """Keep an answer, unless one over newer data is there."""
        values = {**asdict(question), "workspace_id": self.workspace_id, "result": result}
        await self.transaction.execute(_PUT, values)

    async def claim(self, question: Question) -> bool:
        """Be the only one who works on a question until the transaction ends; False if somebody else is."""
        return await self._got(_CLAIM, {"workspace_id": self.workspace_id, "question": question.name})

    async def take_place(self, machine: str, places: int) -> bool:
        """Hold one of the places for analyses on a machine until the transaction ends; False without one."""
        for place in range(places):
            if await self._got(_TAKE_PLACE, {"machine": machine, "place": str(place)}):
                await self.transaction.execute(_STAY)
                return True
        return False

    async def _got(self, lock: str, values: dict[str, str]) -> bool:
        return bool((await self.transaction.execute(lock, values)).scalar_one())
