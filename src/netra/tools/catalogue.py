"""The tools of the product by name: gathered at start, immutable afterwards."""

from __future__ import annotations

from collections.abc import Iterable

from netra.errors.kinds import ConflictError
from netra.tools.specification import AnyToolSpec


class ToolCatalogue:
    """An immutable set of tools. Raises ConflictError when two have one name."""

    def __init__(self, tools: Iterable[AnyToolSpec]) -> None:
        self._tools: dict[str, AnyToolSpec] = {}
        for tool in tools:
            if tool.name in self._tools:
                raise ConflictError(f"two tools are named {tool.name}")
            self._tools[tool.name] = tool

    def find(self, name: str) -> AnyToolSpec | None:
        """The tool of that name, None when there is none."""
        return self._tools.get(name)

    def names(self) -> list[str]:
        """Every name, sorted."""
        return sorted(self._tools)
