"""Figures of a run: numbered as tools make them, kept in one ledger that prose cites from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from netra.reports.figures import Figure, FigureUnit


@dataclass(frozen=True, slots=True)
class Source:
    """What stands behind figures: the typed query as JSON, its SQL, the calls read, the range they cover."""

    query: Mapping[str, object] = field(default_factory=dict[str, object])
    sql: str = ""
    rows: int = 0
    since: datetime | None = None
    until: datetime | None = None


class FigureSheet:
    """Collects the figures of one tool call; ids count on from the run's last figure."""

    def __init__(self, start: int) -> None:
        self._start = start
        self._figures: list[Figure] = []

    def restarted(self) -> FigureSheet:
        """An empty sheet with the same numbering, for another attempt of the call."""
        return FigureSheet(self._start)

    @property
    def figures(self) -> list[Figure]:
        """The figures made so far, in order."""
        return list(self._figures)

    def add(
        self, value: Decimal | float | int | str | None, unit: FigureUnit, label: str, source: Source
    ) -> str:
        """Record a computed value and return the id under which prose cites it."""
        plain: int | float | str | None
        plain = (
            format(value, "f")
            if isinstance(value, Decimal) and unit in {"usd", "text"}
            else (float(value) if isinstance(value, Decimal) else value)
        )
        figure = Figure(
            id=str(self._start + len(self._figures) + 1),
            value=plain,
            unit=unit,
            label=label,
            query=source.query,
            sql=source.sql,
            rows=source.rows,
            since=source.since,
            until=source.until,
        )
        self._figures.append(figure)
        return figure.id


class FigureLedger:
    """Every figure of one run in the order it was made; the only source of citations."""

    def __init__(self) -> None:
        self._figures: dict[str, Figure] = {}

    @property
    def last_number(self) -> int:
        """How many figures there are, which is also the id of the newest."""
        return len(self._figures)

    def extend(self, figures: Iterable[Figure]) -> None:
        """Take over the figures of a finished tool call. Raises ValueError when an id is already taken."""
        for figure in figures:
            if figure.id in self._figures:
                raise ValueError(f"figure {figure.id} exists already")
            self._figures[figure.id] = figure

    def by_id(self) -> Mapping[str, Figure]:
        """The figures by id."""
        return dict(self._figures)

    def all(self) -> list[Figure]:
        """The figures in order."""
        return list(self._figures.values())
