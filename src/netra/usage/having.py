"""Conditions on groups: "users who spent over $100", "models with more than 5 % errors"."""

from collections.abc import Callable, Sequence
from typing import Literal

from pydantic import BaseModel, ConfigDict

from netra.usage.errors import InvalidQueryError
from netra.usage.filter_values import typed_value
from netra.usage.measures import MEASURES, Measure
from netra.usage.suggestions import hint_of

_KINDS = {"money": "Decimal(38, 15)", "count": "Float64", "percent": "Float64", "number": "Float64"}


class Having(BaseModel):
    """`measure operator value`: which groups stay. Any measure, also one that is not asked for, in its unit:
    dollars, percents of 0 to 100, milliseconds, tokens, counts. A group without a value of it stays out.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    measure: str
    operator: Literal["=", "!=", ">", ">=", "<", "<="] = ">"
    value: str | int | float


def having_sql(
    entries: Sequence[Having], sql_of: Callable[[Measure], str], bind: Callable[[object, str], str]
) -> str:
    """The HAVING clause, empty without conditions. `bind` gives the placeholder of a value of a type.

    Amounts are compared exactly: one divided by a count afterwards, times that count. Raises
    InvalidQueryError for a measure there is not and a value that is no number.
    """
    return "HAVING " + " AND ".join(_condition(entry, sql_of, bind) for entry in entries) if entries else ""


def _condition(entry: Having, sql_of: Callable[[Measure], str], bind: Callable[[object, str], str]) -> str:
    measure = measure_of(entry.measure)
    kind = _KINDS[measure.kind]
    value = bind(typed_value(entry.value, kind, entry.measure), kind)
    if measure.per is None:
        return f"{sql_of(measure)} {entry.operator} {value}"
    times = f" * {measure.times}" if measure.times != 1 else ""
    return f"({measure.per} > 0 AND {sql_of(measure)}{times} {entry.operator} {value} * {measure.per})"


def measure_of(name: str) -> Measure:
    """The measure of that name. Raises InvalidQueryError with the ones that may have been meant."""
    if name not in MEASURES:
        raise InvalidQueryError(
            f"There is no measure {name[:60]!r}.",
            hint=hint_of(name, "Measures", MEASURES, {m.name: m.label for m in MEASURES.values()}),
        )
    return MEASURES[name]
