"""A workspace's own prices in PostgreSQL."""

from netra.data_access.repository import ScopedRepository


class OverridesRepository(ScopedRepository):
    """The price document of the current workspace, inside one open transaction."""

    async def content(self, *, for_update: bool = False) -> str:
        """The document, empty where there is none."""
        if for_update:
            await self.transaction.execute(
                "select pg_advisory_xact_lock(hashtextextended('prices of ' || :w, 0))",
                {"w": self.workspace_id},
            )
        result = await self.transaction.execute("select content from app.price_overrides")
        return str(result.scalar() or "")

    async def put(self, content: str) -> None:
        """Replace the document."""
        await self.transaction.execute(
            "insert into app.price_overrides (workspace_id, content, changed_by) values (:w, :content, :u) "
            "on conflict (workspace_id) do update set content = excluded.content, "
            "changed_by = excluded.changed_by, changed_at = now()",
            {"w": self.workspace_id, "content": content, "u": self.user_id},
        )
