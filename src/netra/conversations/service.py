"""ThreadService: what a user does with threads besides asking."""

from __future__ import annotations

from datetime import datetime

from netra.context.models import UserExecutionContext
from netra.conversations import repository
from netra.conversations.errors import InvalidTitleError, ThreadNotFoundError
from netra.conversations.models import TITLE_LIMIT, Message, Thread
from netra.data_access.factory import DataAccessFactory
from netra.events.errors import StreamGoneError
from netra.events.log import EventLog, NewEvent, Writer
from netra.events.publisher import EventPublisher
from netra.events.types import StateChanged
from netra.ids.manager import UnifiedIDManager


class ThreadService:
    """Create, list, read, rename and delete one's own threads."""

    def __init__(
        self, access: DataAccessFactory, log: EventLog, publisher: EventPublisher, ids: UnifiedIDManager
    ) -> None:
        self._access = access
        self._log = log
        self._publisher = publisher
        self._ids = ids

    async def create(self, context: UserExecutionContext, title: str | None = None) -> Thread:
        """An empty thread; without a title its first question gives it one. Raises InvalidTitleError."""
        clean = None if title is None else _clean(title)
        async with self._access.for_context(context).transaction() as tx:
            thread = await repository.insert_thread(tx, self._ids.new("thr"), clean)
            await self._log.open_stream(tx, thread.id)
        return thread

    async def list_recent(
        self, context: UserExecutionContext, *, before: tuple[datetime, str] | None, limit: int
    ) -> list[Thread]:
        """Threads by last change, newest first, those after (updated_at, id) `before`, at most `limit`."""
        async with self._access.for_context(context).transaction() as tx:
            return await repository.list_threads(tx, before=before, limit=limit)

    async def access_thread(self, context: UserExecutionContext, thread_id: str) -> Thread:
        """The user's own thread; ThreadNotFoundError for every other id, whoever's it is."""
        async with self._access.for_context(context).transaction() as tx:
            thread = await repository.find_thread(tx, thread_id)
        if thread is None:
            raise thread_not_found()
        return thread

    async def rename(self, context: UserExecutionContext, thread_id: str, title: str) -> Thread:
        """Give the thread another title. Raises ThreadNotFoundError, InvalidTitleError."""
        clean = _clean(title)
        async with self._access.for_context(context).transaction() as tx:
            change = StateChanged(subject="thread", changes={"title": clean})
            try:
                appended = await self._log.append(tx, Writer(thread_id), [NewEvent(change)])
            except StreamGoneError as gone:
                raise thread_not_found() from gone
            await repository.update_thread(tx, thread_id, at=appended.envelopes[0].ts, title=clean)
            thread = await repository.find_thread(tx, thread_id)
        if thread is None:
            raise thread_not_found()
        await self._publisher.publish(context.workspace_id, context.user_id, appended.fresh)
        return thread

    async def delete(self, context: UserExecutionContext, thread_id: str) -> None:
        """Delete a thread with its messages, runs and events; a run in progress stops within a second.

        Raises ThreadNotFoundError.
        """
        async with self._access.for_context(context).transaction() as tx:
            if not await repository.delete_thread(tx, thread_id):
                raise thread_not_found()

    async def history(self, context: UserExecutionContext, thread_id: str) -> list[Message]:
        """Everything said in the thread, oldest first. Raises ThreadNotFoundError."""
        async with self._access.for_context(context).transaction() as tx:
            if await repository.find_thread(tx, thread_id) is None:
                raise thread_not_found()
            return await repository.list_messages(tx, thread_id)


def thread_not_found() -> ThreadNotFoundError:
    """The one answer for a thread that is not there and for one that is somebody else's."""
    return ThreadNotFoundError("there is no such thread", hint="list your threads to find its id")


def _clean(title: str) -> str:
    words = " ".join(title.replace("\x00", " ").split())
    if not words or len(words) > TITLE_LIMIT:
        raise InvalidTitleError(f"a title has 1 to {TITLE_LIMIT} characters")
    return words
