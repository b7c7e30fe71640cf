"""Build hook: the wheel and the sdist carry the built page, so that an installed product needs no Node."""

from __future__ import annotations

import importlib.util
import re
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class PageBuildHook(BuildHookInterface[Any]):
    """Builds the page before it is packed, unless the built one came from these very sources."""

    PLUGIN_NAME = "page"

    def dependencies(self) -> list[str]:
        """The wheel that brings Node, where the page must be built and no Node is at hand."""
        builder = self._builder()
        if not builder.is_stale():
            return []
        try:
            builder.find_node(install=False)
        except builder.PageBuildError:
            lock = (Path(self.root) / "web" / "requirements.lock").read_text(encoding="utf-8")
            return re.findall(r"^([\w.-]+==[^\s;\\]+)", lock, re.MULTILINE)
        return []

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build when stale; a build that fails ends the packaging with its message."""
        builder = self._builder()
        if builder.is_stale():
            builder.build()

    def _builder(self) -> ModuleType:
        path = Path(self.root) / "web" / "build.py"
        spec = importlib.util.spec_from_file_location("netra_page_build", path)
        if spec is None or spec.loader is None:
            raise RuntimeError(f"{path} is missing")
        module = importlib.util.module_from_spec(spec)
        sys.modules[spec.name] = module
        spec.loader.exec_module(module)
        return module
