"""Nested rows of JSON lines a block at a time: their values as columns, for formats that can say by rule what
they make of plain rows.

A row is plain where each value that a rule asks for has the one type that it has in exports of the tool. All
others are left to the format's adapter, row by row, which says what is wrong with them; so is a whole block
whose columns are of mixed types, or that names a key twice.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping

import polars as pl

from netra.usage.reading.json_types import inferable, nested_deeply, spread_over
from netra.usage.schema import MAX_TOKENS

BlockAdapter = Callable[["NestedColumns"], dict[str, pl.Expr]]
"""What a format makes of plain rows, by our columns; the same as its adapter makes of each of them."""

_TIME = r"^\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d{1,6})?(Z|\+00(:?00)?)?$"
_SIGNS = ['" :', '"\t:', '"  ', '" \t', '"\t\t', '"\t ', '"\r', "\\u0022", '\\\\":', "\\ud", "\\uD"]
_MISLEADING = re.compile(
    rb'"\s+:|\\u0022|(?<!\\)(?:\\\\)+":'
    rb"|\\u[dD][89aAbB]..(?!\\u[dD][c-fC-F])|(?<!\\u[dD][89aAbB]..)\\u[dD][c-fC-F]",
    re.DOTALL,
)
"""Spellings that would mislead the count of names, and halves of a pair, of which decoders make different
texts; without one of the signs, which are found sooner, there is none.
"""


MOST_NAMES = 400
"""Of all values in a block: each becomes a column as long as the block, names that are ids fill memory."""

_SINGLE: tuple[type[pl.DataType], ...] = (pl.String, pl.Int64, pl.Float64, pl.Boolean)


class MixedTypesError(Exception):
    """A column of the block is not of the type that rules for plain rows rest on."""


class NestedShape:
    """What a block of rows holds, each value named by its path (`usage.total`)."""

    def __init__(self, frame: pl.DataFrame) -> None:
        self._whole = pl.Struct(frame.schema)

    def type_of(self, path: str) -> pl.DataType | None:
        """The type of a value, None where no row has one."""
        known: pl.DataType | None = self._whole
        for name in path.split("."):
            if not isinstance(known, pl.Struct):
                return None
            known = pl.Schema(known.to_schema()).get(name)
        return None if known == pl.Null else known

    def value(self, path: str) -> pl.Expr:
        """A value that `type_of` knows of."""
        head, *rest = path.split(".")
        found = pl.col(head)
        for name in rest:
            found = found.struct.field(name)
        return found

    def object(self, *paths: str) -> str:
        """The path of the one of these objects that the block has."""
        known = [path for path in paths if self.type_of(path) is not None]
        if len(known) > 1 or any(not isinstance(self.type_of(path), pl.Struct) for path in known):
            raise MixedTypesError
        return known[0] if known else paths[0]

    def members(self, path: str) -> list[str]:
        """The names in an object that have values."""
        kind = self.type_of(path)
        fields = kind.fields if isinstance(kind, pl.Struct) else []
        names = [field.name for field in fields if field.dtype != pl.Null]
        if any("." in name for name in names):
            raise MixedTypesError
        return names


class NestedColumns(NestedShape):
    """The values of a block of rows as expressions over its frame.

    What is asked for adds to what a row must hold to be plain.
    """

    def __init__(self, frame: pl.DataFrame) -> None:
        super().__init__(frame)
        self._plain: list[pl.Expr] = []
        self._ignored: list[pl.Expr] = []

    def require(self, condition: pl.Expr) -> None:
        """Only rows for which this is true are plain; null counts as false."""
        self._plain.append(condition.fill_null(value=False))

    def ignore(self, condition: pl.Expr) -> None:
        """Rows for which this is true are nothing that the format counts; null counts as false."""
        self._ignored.append(condition.fill_null(value=False))

    @property
    def plain(self) -> pl.Expr:
        """Whether a row is plain."""
        return pl.all_horizontal(pl.lit(value=True), *self._plain)

    @property
    def ignored(self) -> pl.Expr:
        """Whether a plain row is ignored."""
        return pl.any_horizontal(pl.lit(value=False), *self._ignored)

    def first(self, *paths: str) -> pl.Expr:
        """The first of these values that a row has, as `foreign.first` tells; text or number as it comes."""
        known = [(path, kind) for path in paths if (kind := self.type_of(path)) is not None]
        if len({kind for _, kind in known}) > 1 or not all(isinstance(kind, _SINGLE) for _, kind in known):
            raise MixedTypesError
        found = [self._filled(path, kind) for path, kind in known]
        return pl.coalesce(found) if found else pl.lit(None)

    def as_it_is(self, path: str) -> pl.Expr:
        """A text or number as it comes, where nothing else could take its place."""
        kind = self.type_of(path)
        if kind is not None and not isinstance(kind, _SINGLE):
            raise MixedTypesError
        if kind == pl.String:
            self._require_text(self.value(path))
        return pl.lit(None) if kind is None else self.value(path)

    def written(self, *paths: str) -> pl.Expr:
        """The first of these values, to be written into a text. There a whole number must stay as it came;
        beside fractions it has become one of them.
        """
        found = self.first(*paths)
        if any(self.type_of(path) == pl.Float64 for path in paths):
            self.require(found.is_null() | (found != found.floor()))
        return found

    def text(self, *paths: str) -> pl.Expr:
        """The first of these texts."""
        return self._of_type((pl.String,), paths).cast(pl.String)

    def number(self, *paths: str) -> pl.Expr:
        """The first of these numbers."""
        return self._of_type((pl.Int64, pl.Float64), paths)

    def count(self, *paths: str) -> pl.Expr:
        """The first of these token counts."""
        found = self._of_type((pl.Int64,), paths).cast(pl.Int64)
        self.require(found.is_null() | found.is_between(0, MAX_TOKENS))
        return found

    def time(self, *paths: str) -> pl.Expr:
        """The first of these moments, which are texts of ISO 8601 in UTC."""
        found = self.text(*paths)
        moment = _moment(found)
        self.require(found.is_null() | (found.str.contains(_TIME) & moment.is_not_null()))
        return moment

    def joined(self, path: str) -> pl.Expr:
        """A list of texts, with commas between them."""
        kind = self.type_of(path)
        if kind is None:
            return pl.lit(None)
        if kind != pl.List(pl.String):
            raise MixedTypesError
        value = self.value(path)
        self.require(value.is_null() | ~value.list.eval(pl.element().is_null()).list.any())
        text = value.list.join(",")
        return pl.when(text != "").then(text)

    def _of_type(self, kinds: tuple[type[pl.DataType], ...], paths: tuple[str, ...]) -> pl.Expr:
        if any(not isinstance(self.type_of(path) or kinds[0](), kinds) for path in paths):
            raise MixedTypesError
        return self.first(*paths)

    def _filled(self, path: str, kind: pl.DataType) -> pl.Expr:
        value = self.value(path)
        if kind != pl.String:
            return value
        self._require_text(value)
        return pl.when(value != "").then(value)

    def _require_text(self, value: pl.Expr) -> None:
        # Lists and objects among texts have become texts, spelled otherwise than row by row.
        self.require(value.is_null() | ~value.str.contains(r"^[\[{]"))


def _moment(text: pl.Expr) -> pl.Expr:
    bare = text.str.replace(r"(Z|\+00(:?00)?)$", "").str.replace("T", " ", literal=True)
    return bare.str.to_datetime("%Y-%m-%d %H:%M:%S%.f", strict=False, time_unit="us")


def as_written(moment: pl.Expr) -> pl.Expr:
    """A moment as text, as `datetime.isoformat` writes it."""
    whole = moment.dt.microsecond() == 0
    return (
        pl.when(whole)
        .then(moment.dt.to_string("%Y-%m-%dT%H:%M:%S+00:00"))
        .otherwise(moment.dt.to_string("%Y-%m-%dT%H:%M:%S%.6f+00:00"))
    )


def milliseconds_between(begin: pl.Expr, end: pl.Expr) -> pl.Expr:
    """Milliseconds from one moment to another, as `foreign.milliseconds` works them out."""
    microseconds = (end - begin).dt.total_microseconds().cast(pl.Float64)
    # By a column: by a constant Polars multiplies with its inverse, which is off by a last digit.
    return microseconds / (microseconds * 0 + 1e6) * 1000


def added(counts: Iterable[pl.Expr]) -> pl.Expr:
    """The sum of token counts; what is not there counts nothing."""
    return pl.sum_horizontal(pl.lit(0, dtype=pl.Int64), *counts)


def json_of(values: Mapping[str, pl.Expr]) -> pl.Expr:
    """The values that there are as text of one JSON object; null without any."""
    some = pl.any_horizontal(*(value.is_not_null() for value in values.values()))
    whole = pl.struct([value.alias(name) for name, value in values.items()])
    return pl.when(some).then(whole.struct.json_encode())


def decode_nested(text: bytes) -> pl.DataFrame | None:
    """JSON lines with their nested values; None where polars and a decoder of single rows could differ."""
    told = pl.Series([text]).cast(pl.String, strict=False)
    if told.null_count() or (told.str.contains_any(_SIGNS)[0] and _MISLEADING.search(text)):
        return None
    if not inferable(spread_over(text), text.count(b"\n") + 1) or nested_deeply(text):
        return None
    if told.str.extract_all(r'"[^"\\]*":')[0].n_unique() > MOST_NAMES:
        return None
    try:
        frame = pl.read_ndjson(text, infer_schema_length=None)
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException):
        return None
    counts = _Counts(told)
    held = [_held(column) for column in frame]
    keys, texts = sum(keys for keys, _ in held), sum(texts for _, texts in held)
    # A number among texts has become a text, which the quotes tell.
    same = counts.keys - counts.nulls == keys and counts.quotes == 2 * (counts.keys + texts)
    return frame if same else None


class _Counts:
    """What stands in a text of JSON: names, names of nothing, and quotes around names and texts."""

    def __init__(self, told: pl.Series) -> None:
        def count(sign: str) -> int:
            return int(told.str.count_matches(sign, literal=True)[0])

        escaped = count('\\"')

        def unescaped(sign: str) -> int:
            return count(sign) - (count("\\" + sign) if escaped else 0)

        self.keys = unescaped('":')
        self.nulls = unescaped('":null') + unescaped('": null')
        self.quotes = count('"') - escaped


def _held(column: pl.Series) -> tuple[int, int]:
    """How many values stand under a name, in a column and within its values, and how many texts."""
    there = len(column) - column.null_count()
    keys, texts = _inside(column)
    return there + keys, texts + (there if column.dtype == pl.String else 0)


def _inside(column: pl.Series) -> tuple[int, int]:
    if isinstance(column.dtype, pl.Struct):
        held = [_held(column.struct.field(field.name)) for field in column.dtype.fields]
        return sum(keys for keys, _ in held), sum(texts for _, texts in held)
    if isinstance(column.dtype, pl.List):
        items = column.explode()
        texts = len(items) - items.null_count() if items.dtype == pl.String else 0
        keys, inner = _inside(items)
        return keys, texts + inner
    return 0, 0
