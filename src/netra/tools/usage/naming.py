"""Names of the data as prose may carry them: whoever sends calls must not write citations into answers."""

from __future__ import annotations

import re
from typing import TypeVar

from pydantic import BaseModel

_BREAKS = re.compile(r"[\x00-\x1f\x7f\u2028\u2029]+")
ModelT = TypeVar("ModelT", bound=BaseModel)


def shown(value: object, dimension: str = "") -> str:
    """A value of a dimension on one line, with no citation in it; `(no feature)` for an empty one."""
    text = plain_text(str(value)) if value is not None else ""
    return text or (f"(no {dimension})" if dimension else "(none)")


def plain_text(text: str) -> str:
    """Text in which no citation can be read."""
    return _BREAKS.sub(" ", text).replace("{{", "{ {").strip()


def plain_model(model: ModelT) -> ModelT:
    """The same model with every citation in its texts made unreadable; line breaks stay."""
    # Two opening braces in a row stand in JSON only within a text.
    escaped = model.model_dump_json().replace("{{", "{ {")
    return type(model).model_validate_json(escaped)
