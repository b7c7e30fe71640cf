"""What a socket does with each frame after `ready`."""

from __future__ import annotations

from netra.errors.kinds import InvalidInputError, NetraError, NotFoundError
from netra.events.types import Cursor
from netra.realtime.connection import Connection
from netra.realtime.event_router import WebSocketEventRouter
from netra.realtime.protocol import (
    Approve,
    Cancel,
    Command,
    Ping,
    Send,
    Subscribe,
    Unsubscribe,
    error_frame,
    server_frame,
)
from netra.runs.models import SendRequest
from netra.runs.service import RunService


class ApprovalNotFoundError(NotFoundError):
    """Nothing waits for this decision."""

    code = "approval_not_found"


class AttachmentsRefusedError(InvalidInputError):
    """A message came with attachments, which a question cannot carry."""

    code = "attachments_refused"


class SocketCommands:
    """Carries out commands through the same services as HTTP; each is authorised by the store it touches."""

    def __init__(self, router: WebSocketEventRouter, runs: RunService) -> None:
        self._router = router
        self._runs = runs

    async def carry_out(self, connection: Connection, command: Command) -> None:
        """Do it; a refusal is told in an `error` frame that names the command's id."""
        try:
            await self._dispatch(connection, command)
        except NetraError as refused:
            connection.offer(error_frame(refused, ref=_ref(command)))

    async def _dispatch(self, connection: Connection, command: Command) -> None:
        match command:
            case Ping():
                connection.offer(server_frame("pong", {}))
            case Subscribe():
                await self._router.subscribe(connection, command.thread_id, command.cursor)
            case Unsubscribe():
                self._router.unsubscribe(connection, command.thread_id)
            case Send():
                await self._send(connection, command)
            case Cancel():
                await self._runs.cancel(connection.context, command.run_id)
            case Approve():
                raise ApprovalNotFoundError("there is no such approval to decide")

    async def _send(self, connection: Connection, command: Send) -> None:
        if command.attachments:
            raise AttachmentsRefusedError("a question carries no attachments", hint="import the data instead")
        request = SendRequest(
            command.thread_id, command.client_message_id, command.text, strategy=command.strategy
        )
        accepted = await self._runs.send(connection.context, request)
        if not self._router.is_subscribed(connection, accepted.thread_id):
            # Who asks follows: from just before the question's first event, so that none is missed.
            cursor = Cursor(epoch=accepted.epoch, seq=accepted.seq - 1)
            await self._router.subscribe(connection, accepted.thread_id, cursor)


def _ref(command: Command) -> str | None:
    match command:
        case Send():
            return command.client_message_id
        case Subscribe() | Unsubscribe():
            return command.thread_id
        case Cancel():
            return command.run_id
        case Approve():
            return command.approval_id
        case Ping():
            return None
