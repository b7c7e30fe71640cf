"""Watches the rows of a file while they are parsed and says what is odd about them.

Everything it reports depends on the file and the options alone, so an import that was interrupted and
continued reports the same.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import polars as pl

from netra.usage.digests import seed_of, text_digests
from netra.usage.importing.cycles import References
from netra.usage.importing.layers import Layers
from netra.usage.importing.quality import (
    ADVICE,
    LEVER_COLUMNS,
    DataQuality,
    Finding,
    LeverData,
    Severity,
    percent,
)
from netra.usage.reading.chunks import Reject
from netra.usage.schema import CALL_COLUMNS, Column

FAR_GAP_DAYS = 30
FAR_SHARE = 0.01
FAR_ROWS = 20
"""In a file of at least FAR_ROWS rows: rows before a gap of FAR_GAP_DAYS without any row, together at most
FAR_SHARE of all (or one), carry a clock that stood wrong rather than old data."""

LONGEST_CALL_MS = 3_600_000
LARGEST_INPUT = 20_000_000
"""Above these a call is believed but reported: no provider answers so late or takes so long a prompt."""

_BLOCKS = pl.col("prefix_hashes").list.len()
_FULL = pl.col("input_tokens") // pl.col("prefix_block_tokens").clip(1, None)
_DAY = timedelta(days=1)
_EXAMPLE = 120
_ID = seed_of("call")
_SPAN = seed_of("span")

_CHECKS: tuple[tuple[str, str, pl.Expr, str], ...] = (
    ("absurd", "latency_ms", pl.col("latency_ms") > LONGEST_CALL_MS, "took longer than an hour"),
    (
        "absurd",
        "input_tokens",
        pl.col("input_tokens") > LARGEST_INPUT,
        "have more input than any model takes",
    ),
    (
        "absurd",
        "output_tokens",
        pl.col("output_tokens") > pl.col("max_output_tokens"),
        "have more output than their own max_output_tokens allows",
    ),
    ("absurd", "temperature", pl.col("temperature") > 2, "have a temperature above 2"),
    (
        "empty_call",
        "input_tokens",
        (pl.col("status") == "ok") & (pl.col("input_tokens") == 0) & (pl.col("output_tokens") == 0),
        "succeeded with neither input nor output",
    ),
    ("missing_model", "model", pl.col("model") == "", "name no model and cannot be priced"),
    (
        "before_llms",
        "ts",
        pl.col("ts") < datetime(2018, 1, 1, tzinfo=UTC),
        "are dated before anybody sold calls of language models",
    ),
)


class QualityWatch:
    """Counts over the chunks of one file, in order."""

    def __init__(self, columns: Sequence[Column], now: datetime, *, relative_time: bool = False) -> None:
        """`relative_time`: the file counts time from its own beginning."""
        self._columns = tuple(columns)
        self._calls = columns is CALL_COLUMNS
        self._checks = tuple(check for check in _CHECKS if not (relative_time and check[0] == "before_llms"))
        self._now = now
        self._rows = 0
        self._found: dict[tuple[str, str | None], Finding] = {}
        self._filled: Counter[str] = Counter()
        self._levers: Counter[str] = Counter()
        self._days: Counter[date] = Counter()
        self._since: datetime | None = None
        self._until: datetime | None = None
        self._last: datetime | None = None
        self._spans, self._retries = References(), References()
        self._layers = Layers()
        self.currencies: Counter[str] = Counter()
        self.rejected = 0

    def reject(self, rejects: Sequence[Reject]) -> None:
        """Take note of rows that are not stored."""
        self.rejected += len(rejects)
        for reject in rejects:
            self._count((reject.code, reject.column), "rejected", 1, reject.line, reject.reason)

    def cut(self, reason: str) -> None:
        """Take note that the file breaks off."""
        message = f"{reason}: what came before is imported, the rest of the file is missing"
        self._count(("cut_off", None), "warning", 1, None, message)

    def currency(self, counts: dict[str, int], first_line: int) -> None:
        """Take note of reported costs in another currency than USD."""
        self.currencies.update(counts)
        names = ", ".join(sorted(self.currencies))
        message = f"report their cost in {names}: kept in tags, not as reported_cost_usd"
        self._count(
            ("mixed_currency", "reported_cost_usd"), "warning", sum(counts.values()), first_line, message
        )

    def skew(self, column: str, rows: int, first_line: int, example: str) -> None:
        """Take note of spans that end before they begin, and of first tokens outside their call."""
        wrong = "have a first token outside the call" if column == "ttft_ms" else "end before they begin"
        message = f"{wrong} by the clocks of the file: {column} is left out"
        self._count(("clock_skew", column), "warning", rows, first_line, message, example)

    def unknown_word(self, column: str, rows: int, first_line: int, word: str, assumed: str) -> None:
        """Take note of words that are none of a column's choices."""
        message = f"have a {column} that is not known here: counted as {assumed}, the word is in the tags"
        self._count(("unknown_word", column), "warning", rows, first_line, message, f"{column} {word}")

    def rows(self, full: pl.DataFrame) -> None:
        """Look at good rows: all columns of the format and `position`."""
        if not full.height:
            return
        self._rows += full.height
        given = full.select([_given(column) for column in self._columns])
        sums = given.sum().row(0, named=True)
        self._filled.update({name: int(count) for name, count in sums.items() if count})
        if "ts" in full.columns:
            self._times(full)
        if not self._calls:
            return
        for lever, needs in LEVER_COLUMNS.items():
            if all(sums[name] for name in needs):
                self._levers[lever] += (
                    int(sums[needs[0]])
                    if len(needs) == 1
                    else int(given.select(pl.all_horizontal(needs).sum()).item())
                )
        self._odd(full)
        self._references(full)

    def blocks(self, full: pl.DataFrame) -> None:
        """Look at the block hashes of good calls as the file has them: one for each block, of which the last
        may be partly filled.
        """
        given = full.filter(_BLOCKS > 0)
        if given.height:
            mask = given.select((_BLOCKS > _FULL + 1) | (_BLOCKS < _FULL)).to_series()
            message = "have more or fewer block hashes than their input has blocks of that many tokens"
            self._mask(given, mask, "block_mismatch", message, column="prefix_block_tokens")

    def _times(self, full: pl.DataFrame) -> None:
        ts, before = full["ts"], self._until
        for day, count in ts.dt.date().value_counts().iter_rows():
            self._days[day] += count
        low, high = full.select(low=pl.col("ts").min(), high=pl.col("ts").max()).row(0)
        self._since = low if self._since is None else min(low, self._since)
        self._until = high if before is None else max(high, before)
        earlier = ts < ts.shift(1, fill_value=low if self._last is None else self._last)
        self._last = ts[-1]
        self._mask(full, earlier, "out_of_order", "are older than the row before them in the file", "note")
        self._mask(full, ts > self._now, "clock_ahead", "are dated after the moment of the import")

    def _odd(self, full: pl.DataFrame) -> None:
        masks = full.select(
            [check.fill_null(value=False).alias(str(n)) for n, (_, _, check, _) in enumerate(self._checks)]
        )
        for number, (code, column, _, message) in enumerate(self._checks):
            self._mask(full, masks[str(number)], code, message, column=column)

    def _mask(
        self,
        full: pl.DataFrame,
        mask: pl.Series,
        code: str,
        message: str,
        severity: Severity = "warning",
        *,
        column: str = "ts",
    ) -> None:
        rows = int(mask.sum())
        if rows:
            place = int(mask.arg_true()[0])
            first = int(full["position"][place])
            example = f"{column} {full[column][place]}" if column in full.columns else None
            self._count((code, column), severity, rows, first, message, example)

    def _references(self, full: pl.DataFrame) -> None:
        spans = full.filter((pl.col("parent_span_id") != "") & (pl.col("span_id") != ""))
        if spans.height:
            names = spans.select(
                own=pl.col("trace_id") + "\x1f" + pl.col("span_id"),
                named=pl.col("trace_id") + "\x1f" + pl.col("parent_span_id"),
            )
            own, named = text_digests(names["own"], _SPAN), text_digests(names["named"], _SPAN)
            self._spans.add(own, named, spans["position"].cast(pl.Int64).to_numpy())
        self._layers.add(full)
        retries = full.filter(pl.col("retry_of") != "")
        if retries.height:
            own, named = text_digests(retries["call_id"], _ID), text_digests(retries["retry_of"], _ID)
            self._retries.add(own, named, retries["position"].cast(pl.Int64).to_numpy())

    def _count(
        self,
        key: tuple[str, str | None],
        severity: Severity,
        rows: int,
        line: int | None,
        message: str,
        example: str | None = None,
    ) -> None:
        before = self._found.get(key)
        if before is None:
            code, column = key
            found = Finding(
                code=code,
                severity=severity,
                rows=rows,
                column=column,
                first_line=line,
                message=message,
                example=None if example is None else example[:_EXAMPLE],
                hint=ADVICE.get(code, ""),
            )
        else:
            found = before.model_copy(update={"rows": before.rows + rows})
        self._found[key] = found

    def report(
        self,
        *,
        conflicts: int,
        duplicates: int,
        unpriced: dict[str, int],
        grown: int = 0,
        conflict: Reject | None = None,
    ) -> DataQuality:
        """The report; the arguments are what only the store could tell. `conflict`: the first of them."""
        self._far_before()
        nested, line = self._layers.nested()
        if nested:
            message = "stand inside another call of the same trace with the same tokens"
            self._count(("nested_call", "parent_span_id"), "warning", nested, line, message)
        self._cycles(self._spans, "span_cycle", "parent_span_id", "are spans among their own ancestors")
        self._cycles(self._retries, "retry_cycle", "retry_of", "are retries of themselves")
        told: tuple[tuple[str, str | None, Severity, int, str], ...] = (
            ("conflict", "call_id", "rejected", conflicts, "have an id that is known with other content"),
            (
                "grown",
                "call_id",
                "note",
                grown,
                "are stored records that have grown since: counts and cost were brought up to date",
            ),
            ("duplicate", "call_id", "note", duplicates, "are stored already and were not stored again"),
            (
                "unpriced",
                "model",
                "warning",
                sum(unpriced.values()),
                "have no known price: " + ", ".join(unpriced),
            ),
        )
        for code, column, severity, rows, message in told:
            line = conflict.line if conflict is not None and code == "conflict" else None
            if rows:
                self._count((code, column), severity, rows, line, message)
        return DataQuality(
            rows=self._rows,
            since=self._since,
            until=self._until,
            findings=tuple(sorted(self._found.values(), key=_weight)),
            filled={c.name: percent(self._filled[c.name], self._rows) for c in self._columns},
            levers=tuple(
                LeverData(
                    lever=name,
                    needs=needs,
                    rows=self._levers[name],
                    percent=percent(self._levers[name], self._rows),
                )
                for name, needs in (LEVER_COLUMNS.items() if self._calls else ())
            ),
            unpriced_models=unpriced,
            currencies=dict(self.currencies),
        )

    def _far_before(self) -> None:
        days = sorted(self._days)
        seen, strays, until = 0, 0, None
        for day, following in pairwise(days):
            seen += self._days[day]
            if self._rows < FAR_ROWS or seen > max(1, FAR_SHARE * self._rows):
                break
            if following - day >= FAR_GAP_DAYS * _DAY:
                strays, until = seen, following
        if until is not None:
            message = f"are dated at least {FAR_GAP_DAYS} days before all others, which begin on {until}"
            self._count(("far_before", "ts"), "warning", strays, None, message)

    def _cycles(self, references: References, code: str, column: str, message: str) -> None:
        lines = references.on_cycles()
        if len(lines):
            self._count((code, column), "warning", len(lines), int(lines[0]), message)
        if references.unchecked:
            text = "were not checked for cycles: there are too many"
            self._count((f"{code}_unchecked", column), "note", references.unchecked, None, text)


_RANK: dict[Severity, int] = {"rejected": 0, "warning": 1, "note": 2}


def _weight(found: Finding) -> tuple[int, int]:
    return _RANK[found.severity], -found.rows


def _given(column: Column) -> pl.Expr:
    value = pl.col(column.name)
    if column.kind == "hashes":
        return (value.list.len() > 0).fill_null(value=False)
    if column.default is None:
        return value.is_not_null()
    return (value != column.default).fill_null(value=False)
