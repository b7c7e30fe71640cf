"""A figure: one computed value together with the query, rows and time range behind it."""

import re
from collections.abc import Iterable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Literal, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, field_validator, model_validator

FigureUnit = Literal[
    "usd",
    "percent",
    "points",
    "count",
    "tokens",
    "ms",
    "seconds",
    "per_second",
    "per_minute",
    "days",
    "ratio",
    "text",
]
"""What a value counts. `percent` 5.24 means 5.24 %; `points` are percentage points; `text` is a name."""

FIGURE_ID_PATTERN = r"[A-Za-z0-9_]{1,40}"
"""The shape of a figure's id, which is also what stands between the braces of a citation."""


class Figure(BaseModel):
    """One computed value a reader can open: its query, the SQL that ran, the rows it read, the range covered.

    `value` is a decimal string for `usd`, a string for `text`, a number for every other unit and `None` when
    the value is unknown (an unpriced cost). `id` is unique within one run, usually `"1"`, `"2"`, ...; prose
    cites it as `{{f:1}}`. `query` is the JSON of the typed query; `rows` counts the calls read, not returned.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str = Field(pattern=f"^{FIGURE_ID_PATTERN}$")
    value: int | float | str | None
    unit: FigureUnit
    label: str
    query: Mapping[str, object] = Field(default_factory=dict)
    sql: str = ""
    rows: int = Field(default=0, ge=0)
    since: AwareDatetime | None = None
    until: AwareDatetime | None = None

    @field_validator("value", mode="before")
    @classmethod
    def _decimals_become_strings(cls, value: object) -> object:
        return format(value, "f") if isinstance(value, Decimal) else value

    @model_validator(mode="after")
    def _value_fits_unit(self) -> Self:
        if self.value is None:
            return self
        if self.unit == "usd":
            try:
                finite = Decimal(str(self.value)).is_finite() and isinstance(self.value, str)
            except InvalidOperation:
                finite = False
            if not finite:
                raise ValueError("a figure in usd carries a finite decimal string")
        elif self.unit == "text":
            if not isinstance(self.value, str):
                raise ValueError("a figure in text carries a string")
        elif isinstance(self.value, str):
            raise ValueError(f"a figure in {self.unit} carries a number")
        return self

    def decimal(self) -> Decimal | None:
        """The value as an exact decimal, or None for text and unknown values."""
        if self.value is None or self.unit == "text":
            return None
        return Decimal(str(self.value))


def figures_by_id(figures: Iterable[Figure]) -> dict[str, Figure]:
    """Index figures by id. Raises ValueError when two figures share an id."""
    index: dict[str, Figure] = {}
    for figure in figures:
        if figure.id in index:
            raise ValueError(f"two figures have the id {figure.id}")
        index[figure.id] = figure
    return index


def is_figure_id(text: str) -> bool:
    """Whether `text` may be used as a figure's id."""
    return re.fullmatch(FIGURE_ID_PATTERN, text) is not None
