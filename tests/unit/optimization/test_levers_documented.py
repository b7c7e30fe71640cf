"""docs/levers.md names every lever there is, and every parameter it takes."""

import re
import sys
from pathlib import Path

import pytest

from netra.optimization.drafts import Lever
from netra.optimization.registry import LEVERS

_PAGE = (Path(__file__).parents[3] / "docs" / "levers.md").read_text()
_ROWS = dict(re.findall(r"^\| `([a-z-]+)` \|(.*)$", _PAGE, re.MULTILINE))


@pytest.mark.parametrize("lever", LEVERS, ids=lambda lever: lever.name)
def test_a_lever_has_its_row_with_its_parameters(lever: Lever) -> None:
    assert lever.name in _ROWS, "docs/levers.md lacks a row"
    missing = [name for name in lever.parameters if f"`{name}`" not in _ROWS[lever.name]]
    assert not missing, f"parameters not in the row: {missing}"


@pytest.mark.parametrize("lever", LEVERS, ids=lambda lever: lever.name)
def test_the_file_of_a_lever_begins_with_its_definition_and_source(lever: Lever) -> None:
    said = sys.modules[type(lever).__module__].__doc__ or ""
    assert said.startswith(f"{lever.name}: ")
    assert "Source: " in said
    assert len(said) > 400, "a definition that the figures can be recomputed by"


def test_no_row_is_of_a_lever_that_is_gone() -> None:
    assert set(_ROWS) <= {lever.name for lever in LEVERS}
