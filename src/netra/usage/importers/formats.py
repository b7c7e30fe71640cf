"""What an import format declares, and the list of formats."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from netra.usage.reading.json_lines import RowAdapter, RowFold
from netra.usage.reading.nested_columns import BlockAdapter
from netra.usage.schema import REPORTED_CURRENCY, Column

SinkName = Literal["calls", "evaluations", "usage_lines"]


@dataclass(frozen=True, slots=True)
class ImportFormat:
    """One foreign format.

    `source_names` maps our column to the file's where they differ; `constants` are facts of the format that
    the file does not spell out; `optional` names required columns this format lacks; `adapter` flattens one
    row of JSON or CSV, takes it apart or ignores it; `block` makes the same of plain rows of JSON lines, many
    at a time; `fold` puts rows together that belong together.
    `identity` names the columns that make a row's id where the id is not `call_id`; `content` those that must
    not change under one id, where others may. `grows` names counts that a source writes more than once while
    they grow, weightiest first: of two records of one id the one whose counts come later in the order of
    tuples is the more complete, takes the place of the other and is never replaced by it. `relative_time`:
    the file counts time from its own beginning. `measured` names spans between moments of clocks that may
    differ, `latency_ms` before `ttft_ms`. `assumed` says of a column with choices as which of them an unknown
    word counts (None: its default); in other columns such a word rejects its row.
    """

    name: str
    sink: SinkName
    columns: tuple[Column, ...]
    source_names: Mapping[str, str] = field(default_factory=dict[str, str])
    constants: Mapping[str, str | int] = field(default_factory=dict[str, str | int])
    optional: frozenset[str] = frozenset()
    adapter: RowAdapter | None = None
    block: BlockAdapter | None = None
    fold: Callable[[], RowFold] | None = None
    identity: tuple[str, ...] = ()
    content: tuple[str, ...] = ()
    grows: tuple[str, ...] = ()
    relative_time: bool = False
    measured: tuple[str, ...] = ("ttft_ms",)
    assumed: Mapping[str, str | None] = field(default_factory=dict[str, str | None])

    def required(self) -> tuple[str, ...]:
        """Columns that the file or `--set` must give."""
        return tuple(c.name for c in self.columns if c.required and c.name not in self.optional)

    def readable(self) -> tuple[Column, ...]:
        """Columns that a file may carry; more than are stored."""
        return (*self.columns, REPORTED_CURRENCY) if self.sink == "calls" else self.columns

    def content_columns(self) -> tuple[Column, ...]:
        """Columns whose values are the content of a row."""
        return tuple(c for c in self.columns if not self.content or c.name in self.content)

    def lasting(self) -> tuple[str, ...]:
        """Columns that must be equal in two records of one id for one to be the other, grown."""
        named = {*self.grows, *self.identity}
        return tuple(c.name for c in self.content_columns() if c.name not in named)
