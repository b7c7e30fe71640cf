"""ExportTraceServiceRequest in JSON: ids in hexadecimal, 64-bit numbers as texts, names in lowerCamelCase."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any, cast

import numpy as np
import orjson

from netra.usage.otlp.names import (
    ANSWER,
    ANSWER_BEGINNING,
    FIRST_TOKEN_EVENTS,
    WANTED,
    ContentOrder,
    content_order,
)
from netra.usage.otlp.packed import MalformedError, TooManyItemsError
from netra.usage.otlp.spans import FAILED, Attribute, Spans

JsonObject = dict[str, Any]
_LONGEST_NAME = 200
_CAPITAL = re.compile("[A-Z]")


def read_json(content: bytes, most_spans: int = 50_000) -> Spans:
    """The spans of one request. Raises MalformedError, TooManyItemsError."""
    outer = OuterObjects(most_spans)
    reading = _Reading()
    for resource_spans in outer.listed(request_of(content), "resourceSpans"):
        resource = _pairs(object_of(resource_spans, "resource"))
        for scope_spans in outer.listed(resource_spans, "scopeSpans"):
            scope = str(object_of(scope_spans, "scope").get("name") or "")
            for span in outer.listed(scope_spans, "spans"):
                reading.add(span, scope, resource)
    return reading.spans()


def request_of(content: bytes) -> JsonObject:
    """What a body says, which must be an object. Raises MalformedError."""
    try:
        request: object = orjson.loads(content)
    except orjson.JSONDecodeError as failure:
        raise MalformedError(f"no JSON: {failure}") from None
    if not isinstance(request, dict):
        raise MalformedError("an export request is a JSON object")
    return cast(JsonObject, request)


class OuterObjects:
    """The lists around and of the items of a request: no more than `most` objects of a name in all."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._found = Counter[str]()

    def listed(self, holder: JsonObject, name: str) -> list[JsonObject]:
        """The objects in a list; none where it is left out. Raises MalformedError, TooManyItemsError."""
        if name not in holder and (other := _CAPITAL.sub(r"_\g<0>", name).lower()) in holder:
            raise MalformedError(f"keys are in lowerCamelCase: {name}, not {other}")
        found = _objects(holder, name)
        self._found[name] += len(found)
        if self._found[name] > self._most:
            raise TooManyItemsError
        return found


class _Reading:
    def __init__(self) -> None:
        self._texts: dict[str, list[str]] = {
            name: [] for name in ("trace_id", "span_id", "parent_id", "message", "scope", "service")
        }
        self._numbers: dict[str, list[int]] = {name: [] for name in ("start", "end", "status")}
        self._values: dict[str, tuple[list[int], list[object]]] = {}
        self._contents: dict[int, list[tuple[str, str]]] = {}
        self._first_token: dict[int, int] = {}
        self._bare_names: dict[int, str] = {}

    def add(self, span: JsonObject, scope: str, resource: JsonObject) -> None:
        row = len(self._numbers["start"])
        status = object_of(span, "status")
        texts = {
            "trace_id": str(span.get("traceId") or "").lower(),
            "span_id": str(span.get("spanId") or "").lower(),
            "parent_id": str(span.get("parentSpanId") or "").lower(),
            "message": str(status.get("message") or "")[:300],
            "scope": scope,
            "service": str(resource.get("service.name") or ""),
        }
        for name, text in texts.items():
            self._texts[name].append(text)
        self._numbers["start"].append(_whole(span.get("startTimeUnixNano")))
        self._numbers["end"].append(_whole(span.get("endTimeUnixNano")))
        self._numbers["status"].append(_status_code(status.get("code")))
        contents: list[tuple[ContentOrder, str, str]] = []
        own = _pairs(span)
        if not own and self._numbers["status"][row] == FAILED:
            self._bare_names[row] = str(span.get("name") or "")[:_LONGEST_NAME]
        for key, value in {**resource, **own}.items():
            order = content_order(key)
            if order is not None:
                contents.append((order, key, str(value)))
            elif key in WANTED:
                rows, values = self._values.setdefault(key, ([], []))
                rows.append(row)
                values.append(_beginning(value) if key == ANSWER else value)
        if contents:
            self._contents[row] = [(key, text) for _, key, text in sorted(contents, key=lambda one: one[0])]
        marks = [e for e in _objects(span, "events") if e.get("name") in FIRST_TOKEN_EVENTS]
        if marks:
            self._first_token[row] = min(_whole(event.get("timeUnixNano")) for event in marks)

    def spans(self) -> Spans:
        attributes = {
            key: Attribute(np.array(rows, dtype=np.int64), values)
            for key, (rows, values) in self._values.items()
        }
        return Spans(
            **self._texts,
            start=np.array(self._numbers["start"], dtype=np.int64),
            end=np.array(self._numbers["end"], dtype=np.int64),
            status=np.array(self._numbers["status"], dtype=np.int64),
            attributes=attributes,
            contents=self._contents,
            first_token=self._first_token,
            bare_names=self._bare_names,
        )


def _pairs(holder: JsonObject) -> JsonObject:
    return {str(pair.get("key")): _value(object_of(pair, "value")) for pair in _objects(holder, "attributes")}


def _value(value: JsonObject) -> object:
    for name, read in (("stringValue", str), ("boolValue", bool), ("intValue", _whole)):
        if name in value:
            return read(value[name])
    if "doubleValue" in value:
        try:
            return float(value["doubleValue"])
        except (TypeError, ValueError):
            raise MalformedError("a doubleValue is no number") from None
    return ""


def _beginning(value: object) -> object:
    if not isinstance(value, str) or len(value) <= ANSWER_BEGINNING // 4:
        return value
    return value.encode()[:ANSWER_BEGINNING].decode("utf-8", "replace")


def _status_code(code: object) -> int:
    named = {"STATUS_CODE_OK": 1, "STATUS_CODE_ERROR": 2}
    return named.get(code, 0) if isinstance(code, str) else _whole(code)


def _whole(value: object) -> int:
    if value is None:
        return 0
    try:
        number = int(cast(Any, value))
    except (TypeError, ValueError):
        raise MalformedError(f"{str(value)[:40]!r} is no whole number") from None
    if not -(2**63) <= number < 2**63:
        raise MalformedError("a whole number has more than 64 bits")
    return number


def object_of(holder: JsonObject, name: str) -> JsonObject:
    """The object of this name; an empty one where it is left out. Raises MalformedError."""
    value = holder.get(name)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise MalformedError(f"{name} must be an object")
    return cast(JsonObject, value)


def _objects(holder: JsonObject, name: str) -> list[JsonObject]:
    value: object = holder.get(name)
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(one, dict) for one in cast(list[object], value)):
        raise MalformedError(f"{name} must be a list of objects")
    return cast(list[JsonObject], value)
