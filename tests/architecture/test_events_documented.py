"""Every event and client frame stands in docs/realtime.md with each of its fields."""

import re
from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest

from netra.events.types import DURABLE_TYPES, EPHEMERAL_TYPES
from netra.realtime import protocol

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "realtime.md").read_text(encoding="utf-8")
FRAMES: tuple[Any, ...] = get_args(protocol.ClientFrame)


def documented(type_name: str) -> str:
    """The row of the page that describes a type."""
    rows = [line for line in PAGE.splitlines() if re.match(rf"\| `{type_name}`", line)]
    assert len(rows) == 1, f"{type_name} has {len(rows)} rows in docs/realtime.md"
    return rows[0]


@pytest.mark.parametrize("name", [*DURABLE_TYPES, *EPHEMERAL_TYPES])
def test_event_is_documented(name: str) -> None:
    model = {**DURABLE_TYPES, **EPHEMERAL_TYPES}[name]
    row = documented(name)
    assert [field for field in model.__struct_fields__ if f"`{field}`" not in row] == []


@pytest.mark.parametrize("model", FRAMES, ids=lambda model: model.__name__)
def test_client_frame_is_documented(model: type[msgspec.Struct]) -> None:
    row = documented(str(model.__struct_config__.tag))
    assert [field for field in model.__struct_fields__ if f"`{field}`" not in row] == []


def test_close_codes_are_documented() -> None:
    codes = [value for name, value in vars(protocol).items() if name.startswith("CLOSE_")]
    assert [code for code in codes if str(code) not in PAGE] == []
