"""ScopedHotStore: hot keys that belong to one workspace or one user in it."""

from typing import Literal

from netra.data_access.stores import HotKeys

Scope = Literal["user", "workspace"]


class ScopedHotStore:
    """Keys of one user (default) or of the whole workspace; values carry their owner.

    A value found under the right key that names another owner is a defect somewhere (a reply that went to the
    wrong caller, a colliding key): it counts as absent.
    """

    def __init__(self, store: HotKeys, *, workspace_id: str, user_id: str) -> None:
        self._store = store
        self._owners: dict[Scope, str] = {
            "workspace": f"w:{workspace_id}",
            "user": f"w:{workspace_id}:u:{user_id}",
        }

    async def get(self, key: str, *, scope: Scope = "user") -> bytes | None:
        """The value, None when absent, expired or somebody else's."""
        owner = self._owners[scope]
        stored = await self._store.get(self.key(key, scope=scope))
        if stored is None:
            return None
        head = owner.encode() + b"\0" + key.encode() + b"\0"
        return stored.removeprefix(head) if stored.startswith(head) else None

    async def set(self, key: str, value: bytes, *, ttl_s: float, scope: Scope = "user") -> None:
        """Store for at most `ttl_s` seconds."""
        owner = self._owners[scope]
        head = owner.encode() + b"\0" + key.encode() + b"\0"
        await self._store.set(self.key(key, scope=scope), head + value, ttl_s=ttl_s)

    async def delete(self, key: str, *, scope: Scope = "user") -> None:
        """Remove; no error when absent."""
        await self._store.delete(self.key(key, scope=scope))

    def key(self, key: str, *, scope: Scope = "user") -> str:
        """The key in the store. Owner ids have a fixed form without separators, so two owners
        never share one.
        """
        return f"{self._owners[scope]}:k:{key}"
