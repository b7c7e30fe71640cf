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


_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_FLAGS = {"yes": "", "no": "not ", "": "not known to be "}


def group_name(value: object, dimension: str) -> str:
    """The name of a group as answers say it: a weekday by name, a flag in words, else the value itself."""
    text = str(value)
    if dimension == "weekday" and text.isdigit() and 1 <= int(text) <= 7:
        return _WEEKDAYS[int(text) - 1]
    if dimension in {"interactive", "streaming"} and text in _FLAGS:
        return f"{_FLAGS[text]}{dimension}"
    if dimension == "hour_of_day" and text.isdigit():
        return f"{text}:00"
    return shown(value, dimension.removesuffix("_id").replace("_", " "))


def plain_text(text: str) -> str:
    """Text in which no citation can be read."""
    return _BREAKS.sub(" ", text).replace("{{", "{ {").strip()


def plain_model(model: ModelT) -> ModelT:
    """The same model with every citation in its texts made unreadable; line breaks stay."""
    # Two opening braces in a row stand in JSON only within a text.
    escaped = model.model_dump_json().replace("{{", "{ {")
    return type(model).model_validate_json(escaped)
