"""KeptAnswers: answers over data that has not changed, computed once however many ask."""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from typing import Any

KEPT = 512

Key = tuple[str, int, Hashable]


class KeptAnswers:
    """Keeps the newest `limit` answers by (workspace, data version, question).

    The version is part of the key, so an import makes every older answer unreachable; the workspace is part
    of it, so nobody is given another's. Askers of one question at one time share one computation, which goes
    on when one of them gives up. A failure reaches all of them and is not kept. Answers are shared: who keeps
    one here promises never to change it.
    """

    def __init__(self, limit: int = KEPT) -> None:
        self._limit = limit
        self._kept: OrderedDict[Key, Any] = OrderedDict()
        self._asked: dict[Key, asyncio.Task[Any]] = {}

    async def get(self, key: Key, compute: Callable[[], Awaitable[Any]]) -> Any:
        """The kept answer, else what `compute` gives."""
        if key in self._kept:
            self._kept.move_to_end(key)
            return self._kept[key]
        task = self._asked.get(key)
        if task is None:
            task = self._asked[key] = asyncio.ensure_future(self._computed(key, compute))
            task.add_done_callback(_heard)
        return await asyncio.shield(task)

    async def _computed(self, key: Key, compute: Callable[[], Awaitable[Any]]) -> Any:
        try:
            answer = await compute()
        finally:
            self._asked.pop(key, None)
        self._kept[key] = answer
        while len(self._kept) > self._limit:
            self._kept.popitem(last=False)
        return answer


def _heard(task: asyncio.Task[Any]) -> None:
    """Take note of a failure that every asker gave up waiting for."""
    if not task.cancelled():
        task.exception()
