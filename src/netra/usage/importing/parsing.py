"""A file of some format to rows of the fact, chunk by chunk: rename, convert, fill, check, name.

Pure: the same file, format and options give the same chunks, ids and rejects every time, which is what makes
an interrupted import repeatable.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import polars as pl

from netra.usage.errors import EmptyFileError, InvalidOptionError, MissingColumnsError
from netra.usage.first_token import outside_call
from netra.usage.identity import OccurrenceCounter, content_hashes, derived_ids, id_hashes
from netra.usage.importers.catalogue import get_format
from netra.usage.importers.formats import ImportFormat
from netra.usage.importing.normalising import Problem, normalise, with_tags
from netra.usage.importing.quality_watch import QualityWatch
from netra.usage.importing.unknown_words import set_aside, tell_words
from netra.usage.reading.chunks import LINE, RawChunk, Reject, shortened
from netra.usage.reading.files import RowShape, read_file
from netra.usage.reading.lines import BLOCK_BYTES
from netra.usage.schema import REPORTED_CURRENCY, Column, columns_by_name

_NAMES_TOLD = 1_000


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """How to read one file: format, constant values for columns it lacks, and our names for its columns."""

    format: str
    name: str = ""
    values: Mapping[str, str] = field(default_factory=dict[str, str])
    names: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, slots=True)
class ParsedChunk:
    """Good rows in the columns of the schema plus position, id_hash, content_hash; and what was not good.

    `number` counts chunks of the file from 0.
    """

    number: int
    frame: pl.DataFrame
    rejects: list[Reject]
    ignored: int

    @property
    def read(self) -> int:
        """Rows seen."""
        return self.frame.height + len(self.rejects) + self.ignored


class FileParser:
    """Parses one file once."""

    def __init__(self, options: ImportOptions, *, now: datetime | None = None) -> None:
        """Check the options. Raises UnknownFormatError, InvalidOptionError."""
        self.format: ImportFormat = get_format(options.format)
        self._now = now or datetime.now(UTC)
        self._columns = columns_by_name(self.format.columns)
        self._readable = columns_by_name(self.format.readable())
        self._source_names = _source_names(self.format, options.names)
        self._renamed = frozenset(options.names)
        self._values = _fixed_values(self.format, options.values, self._now)
        self._occurrences = OccurrenceCounter()
        self._columns_checked = False
        self.quality = QualityWatch(self.format.columns, self._now, relative_time=self.format.relative_time)

    def parse(self, path: Path, *, block_bytes: int = BLOCK_BYTES) -> Iterator[ParsedChunk]:
        """Chunks in file order.

        Raises EmptyFileError, UnreadableFileError, MissingColumnsError; rows that are wrong by themselves are
        rejects instead.
        """
        wanted = frozenset(self._source_names.values())
        read = 0
        shape = RowShape(self.format.adapter, self.format.block, self.format.fold)
        for number, raw in enumerate(read_file(path, wanted, shape=shape, block_bytes=block_bytes)):
            chunk = self._parse_chunk(number, raw)
            read += chunk.read
            self.quality.reject(chunk.rejects)
            if raw.cut is not None:
                self.quality.cut(raw.cut)
            yield chunk
        if read == 0:
            raise EmptyFileError(
                "The file holds no rows; nothing was imported.", hint="Check the export that wrote it."
            )

    def _parse_chunk(self, number: int, raw: RawChunk) -> ParsedChunk:
        if raw.frame.height and not self._columns_checked:
            self._check_columns(raw.names)
            self._columns_checked = True
        if not raw.frame.height:
            return ParsedChunk(number, pl.DataFrame(), raw.rejects, raw.ignored)
        source: dict[str, pl.Series] = {}
        problems: list[Problem] = []
        for name, foreign in self._source_names.items():
            if foreign in raw.frame.columns:
                source[name] = raw.frame[foreign]
        lines = raw.frame[LINE]
        converted: list[pl.Series] = []
        for name, series in source.items():
            result = normalise(series, self._readable[name], self._now)
            if name in self.format.assumed:
                result, words = set_aside(result, series, self.format.assumed[name])
                converted.append(words)
            converted.append(result.series)
            measured = name in self.format.measured
            problems += [one for one in result.problems if not (measured and one.code == "negative")]
        own = self._in_dollars(pl.DataFrame([*converted, lines.alias("position")]))
        full = self._filled(own)
        problems += self._missing(full) + _contradictions(full, self.format)
        rejects, good = _rejects(problems, source, lines)
        if good is not None:
            own, full = own.filter(good), full.filter(good)
        own, full = tell_words(own, full, self.format.assumed, self.quality)
        own, full = self._without_skew(own, full)
        self.quality.rows(full)
        rejects = sorted(raw.rejects + rejects, key=lambda reject: reject.line)
        return ParsedChunk(number, self._identified(own, full), rejects, raw.ignored)

    def _without_skew(self, own: pl.DataFrame, full: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
        """Times that only say that clocks differ are left out, and counted: a span that ends before it
        begins, a first token outside its call.
        """
        for name in self.format.measured:
            if name not in full.columns:
                continue
            time = pl.col(name)
            skewed = outside_call(time, pl.col("latency_ms")) if name == "ttft_ms" else time < 0
            rows = full.select(skewed.fill_null(value=False)).to_series().arg_true()
            if not len(rows):
                continue
            line, example = int(full["position"][rows[0]]), f"{name} {full[name][rows[0]]}"
            self.quality.skew(name, len(rows), line, example)
            full = full.with_columns(full[name].scatter(rows, None))
            if name in own.columns:
                # What a row is known by holds late first tokens: it did before they were left out.
                own = own.with_columns(pl.when(time >= 0).then(time).alias(name))
        return own, full

    def _in_dollars(self, own: pl.DataFrame) -> pl.DataFrame:
        """Reported costs in another currency move to the tags: they are no amount of USD."""
        name = REPORTED_CURRENCY.name
        fixed = self._values.get(name)
        if name not in own.columns:
            if fixed is None or "reported_cost_usd" not in own.columns:
                return own
            own = own.with_columns(pl.lit(fixed[0], dtype=pl.String).alias(name))
        own = own.with_columns(pl.col(name).str.strip_chars().str.to_uppercase())
        if "reported_cost_usd" not in own.columns:
            return own.drop(name)
        foreign = ((~pl.col(name).is_in(["USD", ""])) & pl.col("reported_cost_usd").is_not_null()).fill_null(
            value=False
        )
        rows = own.with_row_index("row").filter(foreign)
        if not rows.height:
            return own.drop(name)
        counts = dict(rows[name].value_counts().iter_rows())
        self.quality.currency(counts, int(rows["position"][0]))
        tags = (
            own["tags"] if "tags" in own.columns else pl.Series("tags", [None] * own.height, dtype=pl.String)
        )
        tagged = [
            with_tags(tags[row], {"reported_cost": str(cost), name: currency})
            for row, cost, currency in rows.select("row", "reported_cost_usd", name).iter_rows()
        ]
        kept = pl.when(foreign).then(None).otherwise(pl.col("reported_cost_usd")).alias("reported_cost_usd")
        return (own.with_columns(kept, tags.scatter(rows["row"], pl.Series(tagged, dtype=pl.String)))).drop(
            name
        )

    def _check_columns(self, names: tuple[str, ...]) -> None:
        told = [shortened(name) for name in names[:_NAMES_TOLD]]
        present = ", ".join(told[:40]) or "none"
        for ours in sorted(self._renamed):
            theirs = self._source_names[ours]
            if theirs not in names:
                raise MissingColumnsError(
                    f"--map {ours}={theirs}: the file has no column {theirs!r}.",
                    hint=f"Columns of the file: {present}.",
                    details={"missing": [theirs], "columns": told},
                )
        missing = [
            name
            for name in self.format.required()
            if name not in self._values and self._source_names[name] not in names
        ]
        if missing:
            theirs = ", ".join(self._source_names[name] for name in missing)
            raise MissingColumnsError(
                f"Format {self.format.name} needs {theirs}, which the file lacks. It has: {present}.",
                hint=f"Name the file's own column with --map {missing[0]}=THEIRS, or give one value for all "
                f"rows with --set {missing[0]}=VALUE; is --format {self.format.name} right?",
                details={"missing": missing, "columns": told},
            )

    def _filled(self, own: pl.DataFrame) -> pl.DataFrame:
        """All columns of the format: the file's value, else `--set`, else the default."""
        expressions: list[pl.Expr] = []
        for name, column in self._columns.items():
            value = pl.col(name) if name in own.columns else pl.lit(None, dtype=column.dtype)
            fixed = self._values.get(name)
            if fixed is not None:
                value = value.fill_null(pl.lit(fixed[0], dtype=column.dtype))
            elif column.default is not None:
                value = value.fill_null(pl.lit(column.default, dtype=column.dtype))
            elif column.kind == "hashes":
                value = value.fill_null(pl.lit([], dtype=column.dtype))
            expressions.append(value.alias(name))
        return own.select([*expressions, pl.col("position")])

    def _missing(self, full: pl.DataFrame) -> list[Problem]:
        problems: list[Problem] = []
        for name in self.format.required():
            column = self._columns[name]
            mask = full[name].is_null() if column.default is None else full[name] == column.default
            if mask.any():
                reason = f"{name} is missing"
                problems.append(Problem(name, "missing_value", mask, lambda _, reason=reason: reason))
        return problems

    def _identified(self, own: pl.DataFrame, full: pl.DataFrame) -> pl.DataFrame:
        """Add id_hash and content_hash, and call_id where the file gives none."""
        name = self.format.name
        if self.format.identity:
            identity = [self._columns[part] for part in self.format.identity]
            content = [c for c in self.format.columns if c.name not in self.format.identity]
            return full.with_columns(
                pl.Series("id_hash", content_hashes(full, identity, name)),
                pl.Series("content_hash", content_hashes(own, content, "content")),
            )
        content_columns = self.format.content_columns()
        content_hash = content_hashes(own, content_columns, name)
        call_ids = full["call_id"]
        nameless = (call_ids == "").arg_true()
        if len(nameless):
            rows = nameless.to_numpy()
            second = content_hashes(own[nameless], content_columns, f"{name}/2")
            derived = derived_ids(content_hash[rows], second, self._occurrences.number(content_hash[rows]))
            call_ids = derived if len(rows) == full.height else call_ids.scatter(nameless, derived)
        full = full.with_columns(
            call_ids,
            pl.Series("id_hash", id_hashes(call_ids)),
            pl.Series("content_hash", content_hash),
        )
        self.quality.blocks(full)
        return _whole_blocks(full)


def _whole_blocks(full: pl.DataFrame) -> pl.DataFrame:
    """Only full blocks count: a trailing hash of a partly filled block is no prefix block."""
    blocks = pl.col("input_tokens") // pl.col("prefix_block_tokens").clip(1, None)
    return full.with_columns(pl.col("prefix_hashes").list.head(blocks))


def _source_names(kind: ImportFormat, names: Mapping[str, str]) -> dict[str, str]:
    if names and (kind.adapter or kind.fold):
        raise InvalidOptionError(
            f"--map: format {kind.name} knows its own columns.", hint="Use --set for what it lacks."
        )
    known = [column.name for column in kind.readable()]
    for ours in names:
        if ours not in known:
            raise InvalidOptionError(
                f"--map {ours}={names[ours]}: format {kind.name} has no column {ours!r}.",
                hint=f"Our columns: {', '.join(known)}.",
            )
    return {name: names.get(name, kind.source_names.get(name, name)) for name in known}


def _fixed_values(
    kind: ImportFormat, values: Mapping[str, str], now: datetime
) -> dict[str, tuple[object, Column]]:
    """Constants of the format and `--set` values, converted like values of a file."""
    columns = columns_by_name(kind.readable())
    fixed: dict[str, tuple[object, Column]] = {}
    for name, value in {**kind.constants, **values}.items():
        column = columns.get(name)
        if column is None or name == "call_id":
            raise InvalidOptionError(
                f"--set {name}={value}: format {kind.name} has no column {name!r} to fill.",
                hint=f"Columns: {', '.join(known for known in columns if known != 'call_id')}.",
            )
        result = normalise(pl.Series(name, [value]), column, now)
        if result.problems or result.series[0] is None:
            reason = result.problems[0].reason(value) if result.problems else "the value is empty"
            raise InvalidOptionError(f"--set {name}={value}: {reason}.")
        fixed[name] = (result.series[0], column)
    return fixed


def _contradictions(full: pl.DataFrame, kind: ImportFormat) -> list[Problem]:
    """Rows whose columns cannot all be true."""
    if kind.sink == "usage_lines":
        mask = (full["until"] <= full["ts"]).fill_null(value=False)
        reason = "until must lie after ts: a line covers a span of time"
        return [Problem("until", "contradiction", mask, lambda _: reason)] if mask.any() else []
    if kind.sink == "evaluations":
        mask = (full["score"] > 1).fill_null(False)
        reason = "score must lie between 0 and 1; divide percentages by 100"
        return [Problem("score", "invalid_value", mask, lambda _: reason)] if mask.any() else []
    cached = pl.col("cache_read_tokens") + pl.col("cache_write_tokens") + pl.col("cache_write_1h_tokens")
    checks = {
        "cache_read_tokens": (
            cached > pl.col("input_tokens"),
            "cache_read_tokens + cache_write_tokens + cache_write_1h_tokens exceed input_tokens, which must "
            "hold all input, cache reads and writes included",
        ),
        "reasoning_tokens": (
            pl.col("reasoning_tokens") > pl.col("output_tokens"),
            "reasoning_tokens exceed output_tokens, which must include them",
        ),
        "prefix_block_tokens": (
            (pl.col("prefix_hashes").list.len() > 0) & (pl.col("prefix_block_tokens") == 0),
            "prefix_hashes need prefix_block_tokens, the number of tokens in one block",
        ),
    }
    masks = full.select([test.fill_null(False).alias(name) for name, (test, _) in checks.items()])
    return [
        Problem(name, "contradiction", masks[name], lambda _, reason=reason: reason)
        for name, (_, reason) in checks.items()
        if masks[name].any()
    ]


def _rejects(
    problems: list[Problem], source: Mapping[str, pl.Series], lines: pl.Series
) -> tuple[list[Reject], pl.Series | None]:
    """The first problem of each bad row as a reject, and the mask of good rows (None: all are good)."""
    if not problems:
        return [], None
    found: dict[int, Reject] = {}
    for problem in problems:
        values = source.get(problem.column)
        for row in problem.mask.arg_true().to_list():
            if row not in found:
                value = None if values is None else values[row]
                found[row] = Reject(lines[row], problem.code, problem.reason(value), problem.column)
    bad = np.zeros(len(lines), dtype=np.bool_)
    bad[list(found)] = True
    return [found[row] for row in sorted(found)], pl.Series(~bad)
