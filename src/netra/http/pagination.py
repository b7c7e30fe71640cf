"""Pages with opaque cursors."""

import base64
import binascii
from collections.abc import Callable
from typing import Annotated, Any, Generic, TypeVar, cast

import orjson
from fastapi import Query
from pydantic import BaseModel, Field

from netra.errors.kinds import InvalidInputError

T = TypeVar("T")

DEFAULT_LIMIT = 50
MAX_LIMIT = 200

Limit = Annotated[int, Query(ge=1, le=MAX_LIMIT, description="How many at most.")]
Cursor = Annotated[str | None, Query(max_length=1000, description="`next_cursor` of the page before.")]


class InvalidCursorError(InvalidInputError):
    """The cursor was not made by this server."""

    code = "invalid_cursor"


class Page(BaseModel, Generic[T]):
    """Some items, and the cursor of the next page (null at the end)."""

    items: list[T]
    next_cursor: str | None = Field(default=None, description="Pass as `cursor` for the next page.")


def encode_cursor(*position: str | int) -> str:
    """A cursor that holds the position after which the next page begins."""
    return base64.urlsafe_b64encode(orjson.dumps(position)).rstrip(b"=").decode()


def decode_cursor(cursor: str, *kinds: type) -> tuple[Any, ...]:
    """The position in a cursor, one value of each kind. Raises InvalidCursorError."""
    try:
        padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
        values = orjson.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
    except (UnicodeEncodeError, binascii.Error, orjson.JSONDecodeError):
        raise InvalidCursorError("the cursor is not one of this server's") from None
    if not isinstance(values, list):
        raise InvalidCursorError("the cursor is not one of this server's")
    found = cast("list[object]", values)
    if len(found) != len(kinds) or any(
        type(value) is not kind for value, kind in zip(found, kinds, strict=True)
    ):
        raise InvalidCursorError("the cursor belongs to another list")
    return tuple(found)


def page_of(rows: list[T], limit: int, cursor_of: Callable[[T], str]) -> tuple[list[T], str | None]:
    """Split `limit + 1` fetched rows into a page and the cursor (`cursor_of(last row)`) of the next one."""
    kept = rows[:limit]
    return kept, (cursor_of(kept[-1]) if len(rows) > limit and kept else None)
