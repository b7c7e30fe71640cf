"""One user's attack on another's data through every HTTP operation, generated from the OpenAPI document."""

import re
import secrets
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import httpx

from netra.http.pagination import encode_cursor
from netra.ids.manager import UnifiedIDManager
from testkit.tenants import PASSWORD, Tenant

# What a path parameter names; None: nothing that belongs to anybody.
PATH_POSITIONS: Mapping[str, str | None] = {
    "workspace_id": "wsp",
    "thread_id": "thr",
    "run_id": "run",
    "import_id": "imp",
    "report_id": "rep",
    "key_id": "key",
    "user_id": "usr",
    "invitation_id": "inv",
    "call_id": "call",
    "model": None,
}
HEADER_POSITIONS = ("Netra-Workspace", "Idempotency-Key")
# Open to everybody: how one comes in, and what tells nothing of a tenant.
PUBLIC = {"sign_up", "sign_in", "refresh", "sign_out", "jwks", "health", "readiness", "system"}
OUTSIDE_OPENAPI = ("/metrics", "/v1/openapi.json", "/")
# They end or replace the attacker's own session, whoever else is named.
SESSION_ENDING = {"sign_out"}

_VARYING = re.compile(
    r"\b[a-z]{3}_[0-9a-hjkmnp-tv-z]{26}\b|\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:\d\d)|\b[0-9a-f]{12,64}\b"
    # A credential just made, and the beginning of it that a list shows.
    r"|\bn(?:tr|inv)_[\w-]{6,}"
)
_ids = UnifiedIDManager()


@dataclass(frozen=True)
class Operation:
    """One operation of the document."""

    id: str
    method: str
    path: str
    parameters: list[dict[str, Any]]
    body: dict[str, Any] | None
    is_json: bool

    def names(self, where: str) -> list[str]:
        """Names of the parameters in the path, query or header."""
        return [one["name"] for one in self.parameters if one["in"] == where]


@dataclass(frozen=True)
class Position:
    """Where a foreign id goes: a parameter, the victim's value and one of the same form that nobody has."""

    where: str
    names: tuple[str, ...]
    foreign: dict[str, str]
    unknown: dict[str, str]

    @property
    def is_exact(self) -> bool:
        """Whether a foreign value must be answered with the same bytes as an unknown one."""
        return self.where != "query"


class HttpAttack:
    """Sends what the attacker can send about the victim; `complaints` collects what should not be."""

    def __init__(self, http: httpx.Client, victim: Tenant, attacker: Tenant) -> None:
        self.http = http
        self.victim = victim
        self.attacker = attacker
        self.document: dict[str, Any] = http.get("/v1/openapi.json").json()
        self.requests = 0
        self.complaints: list[str] = []

    def run(self, *, first_only: bool = False) -> list[str]:
        """Every operation by the attacker and by nobody; what was wrong. With `first_only` it ends there."""
        for operation in sorted(self.operations(), key=_turn):
            if first_only and self.complaints:
                return self.complaints
            for position in self.positions(operation):
                self._compare(operation, position)
            self._plainly(operation)
            self._anonymously(operation)
            if operation.id in SESSION_ENDING:
                self.attacker.sign_in()
        for path in OUTSIDE_OPENAPI:
            self._scan(f"GET {path}", self._send(self.http.build_request("GET", path)), ())
        return self.complaints

    def operations(self) -> Iterator[Operation]:
        """The document's operations, references resolved."""
        for path, methods in self.document["paths"].items():
            for method, one in methods.items():
                content = one.get("requestBody", {}).get("content", {})
                schema = next((media["schema"] for media in content.values()), None)
                yield Operation(
                    one["operationId"], method.upper(), path, one.get("parameters", []), schema,
                    "application/json" in content,
                )  # fmt: skip

    def positions(self, operation: Operation) -> Iterator[Position]:
        """Each place of an operation that takes an id, and all places of its path at once."""
        kinds = {name: PATH_POSITIONS[name] for name in operation.names("path")}
        foreign = {name: self._of(self.victim, kind) for name, kind in kinds.items() if kind}
        unknown = {name: _nobodys(kind) for name, kind in kinds.items() if kind}
        for name in foreign:
            yield Position("path", (name,), {name: foreign[name]}, {name: unknown[name]})
        if len(foreign) > 1:
            yield Position("path", tuple(foreign), foreign, unknown)
        victim = self.victim
        if "Netra-Workspace" in operation.names("header"):
            for value, other in (
                (victim.workspace_id, _ids.new("wsp")),
                (victim.workspace_name, f"zqworkspacename{secrets.token_hex(6)}"),
            ):
                yield _in_header("Netra-Workspace", value, other)
        if "Idempotency-Key" in operation.names("header"):
            yield _in_header("Idempotency-Key", victim.idempotency_key, secrets.token_hex(8))
        if "cursor" in operation.names("query"):
            for value in victim.ids.values():
                for cursor in (encode_cursor(value), encode_cursor("2999-01-01T00:00:00+00:00", value)):
                    yield Position("query", ("cursor",), {"cursor": cursor}, {"cursor": cursor})

    def of_own(self, operation: Operation, tenant: Tenant) -> httpx.Response:
        """What a tenant gets for the operation about its own things."""
        return self._send(self._build(operation, "", {}, of=tenant))

    def _compare(self, operation: Operation, position: Position) -> None:
        told = f"{operation.method} {operation.path} [{position.where} {', '.join(position.names)}]"
        with_foreign = self._build(operation, position.where, position.foreign)
        got = self._send(with_foreign)
        self._scan(told, got, (*position.foreign.values(),))
        if not position.is_exact:
            return
        other = self._send(self._build(operation, position.where, position.unknown))
        if operation.is_json and other.status_code == 422:
            self.complaints.append(f"{told}: the request never reached the operation: {other.text[:300]}")
        ours, theirs = _normal(got, position.foreign), _normal(other, position.unknown)
        if ours != theirs:
            self.complaints.append(f"{told}: a foreign value is told from an unknown one: {ours} / {theirs}")
        reaches = position.where == "path" or "Netra-Workspace" in position.names
        if reaches and got.status_code < 400:
            self.complaints.append(f"{told}: succeeds ({got.status_code}) with what is another's")

    def _plainly(self, operation: Operation) -> None:
        """As the attacker about the attacker's own things."""
        if operation.id in SESSION_ENDING or operation.method == "DELETE":
            return
        self._scan(
            f"{operation.method} {operation.path} (own)", self._send(self._build(operation, "", {})), ()
        )

    def _anonymously(self, operation: Operation) -> None:
        told = f"{operation.method} {operation.path} (anonymous)"
        for credential in (None, "Bearer not-a-token", f"Bearer ntr_{secrets.token_urlsafe(32)}"):
            request = self._build(operation, "", {}, of=self.victim)
            del request.headers["authorization"]
            if credential is not None:
                request.headers["authorization"] = credential
            got = self._send(request)
            self._scan(told, got, self.victim.ids.values())
            if operation.id in PUBLIC:
                return
            if got.status_code not in (401, 403):
                self.complaints.append(f"{told}: {got.status_code} for the credential {credential}")

    def _build(
        self, operation: Operation, where: str, values: Mapping[str, str], *, of: Tenant | None = None
    ) -> httpx.Request:
        of = of or self.attacker
        path = operation.path
        for name in operation.names("path"):
            kind = PATH_POSITIONS[name]
            own = self._of(of, kind) if kind else "gpt-5"
            chosen = values.get(name, own) if where == "path" else own
            path = path.replace("{" + name + "}", quote(chosen, safe=""))
        query = {"format": "calls"} if "format" in operation.names("query") and operation.body else {}
        headers = {"authorization": f"Bearer {of.access_token}"}
        if "Netra-Workspace" in operation.names("header"):
            headers["netra-workspace"] = of.workspace_id
        if where == "header":
            headers.update({name.lower(): value for name, value in values.items()})
        if where == "query":
            query.update(values)
        content: dict[str, Any] = {}
        if operation.is_json and operation.body is not None:
            content = {"json": self._example(operation.body, "")}
        elif operation.body is not None:
            content = {
                "content": b'{"ts": 1764547200000, "model": "gpt-5", "input_tokens": 9, "output_tokens": 1}'
            }
        return self.http.build_request(operation.method, path, params=query, headers=headers, **content)

    def _of(self, tenant: Tenant, kind: str) -> str:
        return tenant.ids.get(kind) or _nobodys(kind)

    def _send(self, request: httpx.Request) -> httpx.Response:
        self.requests += 1
        self.http.cookies.clear()
        return self.http.send(request)

    def _scan(self, told: str, got: httpx.Response, sent: Any) -> None:
        headers = "\n".join(f"{name}: {value}" for name, value in got.headers.multi_items())
        leaks = self.victim.canaries.found_in(headers.encode() + b"\n" + got.content, but=sent)
        if leaks:
            self.complaints.append(f"{told}: {got.status_code} shows {leaks[:5]}")
        if got.status_code >= 500 and got.status_code != 503:
            self.complaints.append(f"{told}: {got.status_code} {got.text[:300]}")

    def _example(self, schema: dict[str, Any], name: str) -> Any:
        """A small valid value of a JSON schema: required fields only."""
        if "$ref" in schema:
            return self._example(self.document["components"]["schemas"][schema["$ref"].split("/")[-1]], name)
        for several in ("anyOf", "oneOf", "allOf"):
            if several in schema:
                return self._example(schema[several][0], name)
        if "const" in schema or "enum" in schema:
            return schema.get("const", schema.get("enum", [None])[0])
        match schema.get("type"):
            case "object":
                wanted = schema.get("required", [])
                return {key: self._example(schema["properties"][key], key) for key in wanted}
            case "array":
                return [self._example(schema["items"], name)]
            case "integer" | "number":
                return schema.get("minimum", 1)
            case "boolean":
                return False
            case _:
                return _example_text(name, schema)


def _nobodys(kind: str) -> str:
    """An id of a kind that nothing has; who sends a call chooses its id."""
    return f"zqcallid{secrets.token_hex(8)}" if kind == "call" else _ids.new(kind)  # type: ignore[arg-type]


def _turn(operation: Operation) -> tuple[bool, bool]:
    """Reads come first, what ends the session last."""
    return operation.id in SESSION_ENDING, operation.method != "GET"


def _in_header(name: str, foreign: str, unknown: str) -> Position:
    return Position("header", (name,), {name: foreign}, {name: unknown})


def _example_text(name: str, schema: Mapping[str, Any]) -> str:
    nonce = secrets.token_hex(8)
    if schema.get("format") == "date-time":
        # A period comes as two instants: the first named must lie before the second.
        return "2026-01-01T00:00:00Z" if name in {"since", "before", "from"} else "2026-02-01T00:00:00Z"
    known = {
        "email": f"{nonce}@nobody.example",
        "password": PASSWORD,
        "text": "How many calls are there?",
        "model": "gpt-5",
        "measures": "calls",
        "dimensions": "app",
    }
    return known.get(name, nonce)


def _normal(got: httpx.Response, sent: Mapping[str, str]) -> tuple[int, str, list[tuple[str, str]]]:
    """What must not differ: status, body and headers without ids, times and what was sent."""
    headers = [
        (name, value)
        for name, value in got.headers.multi_items()
        if name not in {"date", "netra-request-id", "netra-trace-id", "content-length", "set-cookie"}
    ]
    return got.status_code, normal_text(got.text, sent.values()), headers


def normal_text(text: str, sent: Iterable[str]) -> str:
    """A text without what was sent and what varies from answer to answer: ids, digests and times."""
    for value in sent:
        text = text.replace(value, "<sent>")
    return _VARYING.sub("<varies>", text)
