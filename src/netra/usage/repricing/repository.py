"""The record of re-pricings in PostgreSQL."""

from datetime import datetime
from decimal import Decimal

from netra.data_access.repository import ScopedRepository


class RepricingRepository(ScopedRepository):
    """Re-pricings of the current workspace, inside one open transaction."""

    async def settled_version(self) -> tuple[int, bool]:
        """The data version, and whether no re-pricing has begun without having ended."""
        result = await self.transaction.execute(
            "select coalesce((select version from app.data_versions), 0) as version, "
            "not exists (select 1 from app.repricings where status = 'running') as settled"
        )
        row = result.mappings().one()
        return int(row["version"]), bool(row["settled"])

    async def begin(
        self,
        repricing_id: str,
        *,
        prices_version: str,
        period: tuple[datetime | None, datetime | None],
        calls: int,
        amounts: tuple[Decimal, Decimal],
    ) -> None:
        """Record that costs are about to be rewritten."""
        await self.transaction.execute(
            "insert into app.repricings (workspace_id, id, requested_by, status, prices_version, since, "
            "until, calls, before_usd, after_usd) "
            "values (:w, :id, :u, 'running', :prices, :since, :until, :calls, :before, :after)",
            {
                "w": self.workspace_id,
                "id": repricing_id,
                "u": self.user_id,
                "prices": prices_version,
                "since": period[0],
                "until": period[1],
                "calls": calls,
                "before": amounts[0],
                "after": amounts[1],
            },
        )

    async def unfinished(self) -> tuple[bool, datetime | None, datetime | None]:
        """Whether a re-pricing was begun and not finished, and the span that all such ones cover."""
        result = await self.transaction.execute(
            "select count(*) as number, "
            "case when bool_or(since is null) then null else min(since) end as since, "
            "case when bool_or(until is null) then null else max(until) end as until "
            "from app.repricings where status = 'running'"
        )
        row = result.mappings().one()
        return bool(row["number"]), row["since"], row["until"]

    async def finish(self) -> None:
        """Record that every re-pricing begun so far is done."""
        await self.transaction.execute(
            "update app.repricings set status = 'done', finished_at = now() where status = 'running'"
        )
