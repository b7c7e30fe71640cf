"""One user's attack on another's data through every client frame, generated from the protocol."""

import json
import secrets
import uuid
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any, cast, get_args

import msgspec
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from netra.ids.manager import UnifiedIDManager
from netra.realtime.protocol import SUBPROTOCOL, Command
from testkit.http_attack import normal_text
from testkit.tenants import Tenant

FRAME_S = 10.0
# What a field of a frame names; None: nothing that belongs to anybody.
FIELDS: dict[str, str | None] = {
    "thread_id": "thr",
    "run_id": "run",
    "approval_id": "run",
    "client_message_id": "message",
    "cursor": "cursor",
    "text": None,
    "attachments": None,
    "strategy": None,
    "decision": None,
}
_ids = UnifiedIDManager()


class Socket:
    """An authenticated socket; everything it ever received is kept."""

    def __init__(self, connection: ClientConnection) -> None:
        self._connection = connection
        self.received: list[str] = []

    def send(self, frame: dict[str, Any]) -> None:
        """Send a frame."""
        self._connection.send(json.dumps(frame))

    def until(self, wanted: Callable[[dict[str, Any]], bool]) -> list[str]:
        """The frames up to the first one that is wanted."""
        got: list[str] = []
        while True:
            text = str(self._connection.recv(timeout=FRAME_S))
            got.append(text)
            self.received.append(text)
            if wanted(json.loads(text)):
                return got

    def answers(self, frame: dict[str, Any]) -> list[str]:
        """What came between a command and the answer to a ping sent after it."""
        self.send(frame)
        if frame["type"] != "ping":
            self.send({"type": "ping"})
        return self.until(lambda got: got["type"] == "pong")[:-1]


@contextmanager
def socket_of(tenant: Tenant, workspace: str | None = None) -> Generator[Socket]:
    """A socket with the tenant's ticket, ready in its own workspace or the one named."""
    ticket = tenant.call("POST", "/v1/ws-tickets")["ticket"]
    with _opened(tenant) as connection:
        frame = {"type": "authenticate", "ticket": ticket, "workspace_id": workspace or tenant.workspace_id}
        connection.send(json.dumps(frame))
        socket = Socket(connection)
        socket.until(lambda got: got["type"] == "ready")
        yield socket


def refusal(tenant: Tenant, frame: dict[str, Any]) -> tuple[int, str]:
    """Code and reason with which the server closes after a first frame; (0, what came) when it does not."""
    with _opened(tenant) as connection:
        connection.send(json.dumps({"type": "authenticate", **frame}))
        try:
            return 0, str(connection.recv(timeout=FRAME_S))
        except ConnectionClosed as closed:
            return (closed.rcvd.code, closed.rcvd.reason) if closed.rcvd else (1006, "")


class SocketAttack:
    """Sends every frame about the victim's things; `complaints` collects what should not be."""

    def __init__(self, victim: Tenant, attacker: Tenant) -> None:
        self.victim = victim
        self.attacker = attacker
        self.frames = 0
        self.complaints: list[str] = []

    def run(self) -> list[str]:
        """Handshakes, commands, and what is overheard while the victim is at work; what was wrong."""
        self._handshakes()
        with socket_of(self.attacker) as attacking, socket_of(self.victim) as own:
            for command in cast("tuple[type[msgspec.Struct], ...]", get_args(Command)):
                for foreign, unknown in frame_pairs(command, self.victim, self.attacker):
                    self._compare(attacking, foreign, unknown)
            self._overhear(attacking, own)
            leaks = self.victim.canaries.found_in(
                "\n".join(attacking.received), but={*self.victim.ids.values(), self.victim.client_message_id}
            )
        if leaks:
            self.complaints.append(f"frames show {leaks[:5]}")
        return self.complaints

    def _handshakes(self) -> None:
        for named, other in (
            (self.victim.workspace_id, _ids.new("wsp")),
            (self.victim.workspace_name, secrets.token_hex(8)),
        ):
            answers: list[tuple[int, str]] = []
            for workspace in (named, other):
                frame = {"access_token": self.attacker.access_token, "workspace_id": workspace}
                code, reason = refusal(self.attacker, frame)
                answers.append((code, reason.replace(workspace, "<sent>")))
            if answers[0] != answers[1] or answers[0][0] != 4403:
                self.complaints.append(f"authenticate in a foreign workspace: {answers}")
        ticket = self.victim.call("POST", "/v1/ws-tickets")["ticket"]
        frame = {"ticket": ticket, "workspace_id": self.victim.workspace_id}
        refusal(self.victim, frame)
        if (again := refusal(self.attacker, frame))[0] != 4401:
            self.complaints.append(f"a spent ticket opens a socket: {again}")

    def _compare(self, socket: Socket, foreign: dict[str, Any], unknown: dict[str, Any]) -> None:
        self.frames += 1
        told = json.dumps(foreign)[:200]
        got, other = socket.answers(foreign), socket.answers(unknown)
        sent = [str(value) for value in foreign.values()]
        leaks = self.victim.canaries.found_in("\n".join(got), but=sent)
        if leaks:
            self.complaints.append(f"{told}: shows {leaks[:5]}")
        if foreign["type"] != "send" or foreign["thread_id"]:
            ours, theirs = _normal(got, foreign), _normal(other, unknown)
            if ours != theirs:
                self.complaints.append(
                    f"{told}: a foreign value is told from an unknown one: {ours} / {theirs}"
                )

    def _overhear(self, attacking: Socket, own: Socket) -> None:
        """The victim asks in its own thread; the attacker, who has tried to follow it, must hear nothing."""
        victim = self.victim
        for cursor in (None, {"epoch": victim.epoch, "seq": 0}):
            # Anew: the frames before have ended what a first attempt may have begun.
            attacking.answers({"type": "subscribe", "thread_id": victim.ids["thr"], "cursor": cursor})
        own.answers({"type": "subscribe", "thread_id": victim.ids["thr"], "cursor": None})
        message = victim.canaries.text("client message id")
        own.send(
            {
                "type": "send",
                "thread_id": victim.ids["thr"],
                "client_message_id": message,
                "text": f"How many calls? {victim.canaries.text('later question')}",
            }
        )
        own.until(lambda got: got["data"].get("client_message_id") == message)
        attacking.answers({"type": "ping"})
        if not victim.canaries.found_in(own.received[-1]):
            self.complaints.append("the victim does not see its own events: this check is blind")


def frame_pairs(
    command: type[msgspec.Struct], victim: Tenant, attacker: Tenant
) -> Generator[tuple[dict[str, Any], dict[str, Any]]]:
    """Frames of a type with the victim's values, each with its twin of values that nobody has."""
    names = [one.name for one in msgspec.structs.fields(command)]
    cursors: list[tuple[Any, Any]] = [(None, None)]
    if "cursor" in names:
        nobody = secrets.token_hex(8)
        for seq in (0, 1, 10**9, -1):
            cursors.append(({"epoch": victim.epoch, "seq": seq}, {"epoch": nobody, "seq": seq}))
    for cursor in cursors:
        yield _frame(command, names, victim, cursor[0]), _frame(command, names, None, cursor[1])
    if {"thread_id", "cursor"} <= set(names):
        for cursor in cursors[1:]:
            # One's own thread with the epoch of another's.
            pair = [_frame(command, names, attacker, one) for one in cursor]
            yield pair[0], pair[1]


def _frame(command: type[msgspec.Struct], names: list[str], of: Tenant | None, cursor: Any) -> dict[str, Any]:
    frame: dict[str, Any] = {"type": command.__struct_config__.tag}
    plain: dict[str, Any] = {"text": "How many calls?", "strategy": "interrupt", "decision": "approve"}
    for name in names:
        kind = FIELDS[name]
        if kind is None:
            frame[name] = plain.get(name)
        elif kind == "cursor":
            frame[name] = cursor
        elif kind == "message":
            frame[name] = of.client_message_id if of else str(uuid.uuid4())
        else:
            frame[name] = of.ids[kind] if of else _ids.new(cast("Any", kind))
    return frame


def _normal(frames: list[str], sent: dict[str, Any]) -> list[str]:
    values = [value for value in sent.values() if isinstance(value, str) and len(value) > 12]
    return [normal_text(frame, values) for frame in frames]


@contextmanager
def _opened(tenant: Tenant) -> Generator[ClientConnection]:
    url = str(tenant.http.base_url).rstrip("/").replace("http", "ws", 1) + "/ws"
    with connect(url, subprotocols=[cast("Any", SUBPROTOCOL)], compression=None, proxy=None) as connection:
        yield connection
