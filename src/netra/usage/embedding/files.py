"""Files of calls in which the prompt is replaced by its vector."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO, cast

import orjson
import polars as pl

from netra.errors.kinds import InvalidInputError
from netra.usage.embedding.encoder import MODEL, Encoder, quantised

TAG = "embedding"
"""The tag that carries a vector: base64 of one signed byte a dimension."""
MODEL_TAG = "embedding_model"
_ROWS_AT_ONCE = 512
_TEXTS_KEPT = 50_000

Progress = Callable[[int], None]


class NoPromptTextError(InvalidInputError):
    """No row of a file has text in the field named."""

    code = "no_prompt_text"


def write_embedded(source: Path, target: BinaryIO, field: str, encoder: Encoder, progress: Progress) -> int:
    """Write the rows of a JSONL, CSV or Parquet file as JSON lines, with the text of `field` replaced by its
    vector in the tags; returns how many rows got one. `progress` is told the rows written so far.

    The text may be a string, or a list of messages of which the last one of the user counts. Raises
    NoPromptTextError where no row has any.
    """
    known: dict[str, str] = {}
    embedded = written = 0
    for rows in _in_parts(_rows(source)):
        texts = [prompt_text(row.pop(field, None)) for row in rows]
        new = list(dict.fromkeys(text for text in texts if text and text not in known))
        if len(known) > _TEXTS_KEPT:
            known.clear()
            new = list(dict.fromkeys(filter(None, texts)))
        if new:
            known.update(zip(new, quantised(encoder.vectors(new)), strict=True))
        for row, text in zip(rows, texts, strict=True):
            if text:
                row["tags"] = {**_tags(row.get("tags")), TAG: known[text], MODEL_TAG: MODEL}
                embedded += 1
            target.write(orjson.dumps(row, default=str) + b"\n")
        written += len(rows)
        progress(written)
    if not embedded:
        raise NoPromptTextError(
            f"no row of {source.name} has text in {field!r}", hint="--text names the field"
        )
    return embedded


def prompt_text(value: object) -> str:
    """What the user asked: a string itself, of messages the last one of the user; empty where none is."""
    if isinstance(value, str):
        if value.lstrip()[:1] in ("[", "{"):
            try:
                return prompt_text(orjson.loads(value)) or value.strip()
            except orjson.JSONDecodeError:
                return value.strip()
        return value.strip()
    if isinstance(value, dict):
        message = cast("dict[str, object]", value)
        return prompt_text(message.get("messages") or message.get("content") or message.get("text"))
    if isinstance(value, list):
        parts = cast("list[object]", value)
        asked = [part for part in parts if _role(part) == "user"]
        if asked:
            return prompt_text(asked[-1])
        return "\n".join(filter(None, (prompt_text(part) for part in parts if _role(part) == "")))
    return ""


def _role(part: object) -> str:
    return str(cast("dict[str, object]", part).get("role", "")) if isinstance(part, dict) else ""


def _tags(value: object) -> dict[str, Any]:
    if isinstance(value, str) and value:
        value = orjson.loads(value)
    if isinstance(value, list):
        return {str(tag): True for tag in cast("list[object]", value)}
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def _rows(source: Path) -> Iterator[dict[str, Any]]:
    suffix = source.suffix.lower()
    if suffix in (".csv", ".parquet"):
        frame = pl.read_csv(source, infer_schema=False) if suffix == ".csv" else pl.read_parquet(source)
        for row in frame.iter_rows(named=True):
            yield {name: value for name, value in row.items() if value is not None}
        return
    with source.open("rb") as lines:
        for number, line in enumerate(lines, start=1):
            if line.strip():
                yield _object(line, number, source)


def _object(line: bytes, number: int, source: Path) -> dict[str, Any]:
    try:
        row: object = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        raise InvalidInputError(f"{source.name}, line {number}: {error}") from error
    if not isinstance(row, dict):
        raise InvalidInputError(f"{source.name}, line {number} is no JSON object")
    return cast("dict[str, Any]", row)


def _in_parts(rows: Iterator[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    part: list[dict[str, Any]] = []
    for row in rows:
        part.append(row)
        if len(part) == _ROWS_AT_ONCE:
            yield part
            part = []
    if part:
        yield part
