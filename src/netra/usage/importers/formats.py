"""What an import format declares, and the list of formats."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from netra.usage.reading.json_lines import RowAdapter
from netra.usage.schema import Column

SinkName = Literal["calls", "evaluations"]


@dataclass(frozen=True, slots=True)
class ImportFormat:
    """One foreign format.

    `source_names` maps our column to the file's where they differ; `constants` are facts of the format that
    the file does not spell out; `optional` names required columns this format lacks; `adapter` flattens one
    JSON row or ignores it. `identity` names the columns that make a row's id where the id is not `call_id`.
    """

    name: str
    sink: SinkName
    columns: tuple[Column, ...]
    source_names: Mapping[str, str] = field(default_factory=dict[str, str])
    constants: Mapping[str, str | int] = field(default_factory=dict[str, str | int])
    optional: frozenset[str] = frozenset()
    adapter: RowAdapter | None = None
    identity: tuple[str, ...] = ()

    def required(self) -> tuple[str, ...]:
        """Columns that the file or `--set` must give."""
        return tuple(c.name for c in self.columns if c.required and c.name not in self.optional)
