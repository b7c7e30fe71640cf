"""Entries of the audit chain and their hashes."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, cast

import orjson

from netra.telemetry.masking import mask_text

Outcome = Literal["allowed", "denied", "failed"]

GENESIS = bytes(32)
_MAX_TEXT = 500
_MAX_ITEMS = 50


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One decision: what was asked (`action`), how it ended, by whom, where, about what."""

    action: str
    outcome: Outcome
    at: datetime
    actor_user_id: str | None = None
    workspace_id: str | None = None
    subject: str | None = None
    trace_id: str | None = None
    details: Mapping[str, object] = field(default_factory=dict[str, object])

    def canonical(self, seq: int) -> str:
        """The entry as one line of JSON with sorted keys: what is hashed and stored."""
        body = {
            "seq": seq,
            "at": self.at.isoformat(timespec="microseconds"),
            "action": clean(self.action),
            "outcome": self.outcome,
            "actor_user_id": clean(self.actor_user_id),
            "workspace_id": clean(self.workspace_id),
            "subject": clean(self.subject),
            "trace_id": clean(self.trace_id),
            "details": clean(dict(self.details)),
        }
        return orjson.dumps(body, option=orjson.OPT_SORT_KEYS).decode()


def chain_hash(previous: bytes, canonical: str) -> bytes:
    """SHA-256 over the previous entry's hash and this entry's canonical text."""
    return hashlib.sha256(previous + canonical.encode()).digest()


def clean(value: object) -> Any:
    """A JSON value without secrets, control characters or excessive length: nothing in it can
    forge a line.
    """
    if value is None or isinstance(value, (bool, int, float)):
        return value
    if isinstance(value, Mapping):
        items = list(cast(Mapping[object, object], value).items())[:_MAX_ITEMS]
        return {str(clean(str(name))): clean(inner) for name, inner in items}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [clean(inner) for inner in list(cast("list[object]", value))[:_MAX_ITEMS]]
    text = mask_text(str(value))[:_MAX_TEXT]
    return "".join(letter if letter.isprintable() else f"\\u{ord(letter):04x}" for letter in text)
