"""Keeps secrets out of log lines."""

import re
from collections.abc import Mapping, MutableMapping
from typing import Any, cast

from netra.config.secret import MASK, Secret, is_secret_name, mask_url

_API_KEY = re.compile(r"\bn(?:tr|rt|tk|dv)_[A-Za-z0-9_-]{8,}|\bsk-[A-Za-z0-9_-]{8,}")
_JWT = re.compile(r"\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]+")
_BEARER = re.compile(r"(?i)\b(bearer|basic)\s+[A-Za-z0-9._~+/=-]{8,}")
# Names that hold a secret by pattern but never do: counts and kinds.
_HARMLESS = re.compile(
    r"(?i)tokens$|^token_(count|kind)|_tokens_|authori[sz]ed|^author$|key_id$|^key$|tokens_per"
)
_DEPTH = 6


def mask_event(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """A structlog processor: masks values under secret names and secrets inside texts, at any depth."""
    return cast(MutableMapping[str, Any], _mask(event, _DEPTH))


def mask_text(text: str) -> str:
    """The text without API keys, tokens, credentials in URLs and headers; control characters escaped."""
    text = mask_url(text)
    text = _BEARER.sub(rf"\1 {MASK}", text)
    text = _JWT.sub(MASK, text)
    return _API_KEY.sub(MASK, text)


def _mask(value: object, depth: int) -> object:
    if isinstance(value, str):
        return mask_text(value)
    if isinstance(value, Secret):
        return MASK
    if depth == 0:
        return mask_text(repr(value))
    if isinstance(value, Mapping):
        items = cast(Mapping[object, object], value).items()
        return {name: MASK if _hides(name, inner) else _mask(inner, depth - 1) for name, inner in items}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_mask(inner, depth - 1) for inner in cast("list[object]", value)]
    return value


def _hides(name: object, value: object) -> bool:
    if value is None or isinstance(value, (bool, int, float)):
        return False
    text = str(name)
    return is_secret_name(text) and not _HARMLESS.search(text)
