"""Every command and every option of the command line stands in docs/commands.md, and nothing else does."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer

from netra.cli.main import app

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "commands.md"
EVERYWHERE = {"--help"}


def commands(group: Any, path: str = "netra") -> Iterator[tuple[str, Any]]:
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, f"{path} {name}")
        else:
            yield f"{path} {name}", command


def sections() -> dict[str, str]:
    text = DOCUMENT.read_text(encoding="utf-8")
    parts = re.split(r"^### `(netra [a-z -]+)`$", text, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def shared_options() -> set[str]:
    text = DOCUMENT.read_text(encoding="utf-8")
    return set(re.findall(r"`(--[a-z0-9-]+)", text.split("## Options of most commands")[1].split("\n## ")[0]))


def test_every_command_has_a_section_and_every_section_a_command() -> None:
    existing = {path for path, _ in commands(typer.main.get_command(app))}
    assert existing == set(sections())


def test_every_option_is_documented() -> None:
    known, shared = sections(), shared_options() | EVERYWHERE
    undocumented = [
        f"{path} {option}"
        for path, command in commands(typer.main.get_command(app))
        for parameter in command.params
        for option in [name for name in parameter.opts if name.startswith("--")][:1]
        if option not in shared and f"`{option}" not in known.get(path, "")
    ]
    assert undocumented == []


def test_every_documented_option_exists() -> None:
    by_path = dict(commands(typer.main.get_command(app)))
    invented = [
        f"{path} {option}"
        for path, text in sections().items()
        for option in re.findall(r"^\| `(--[a-z0-9-]+)", text, flags=re.MULTILINE)
        if option not in {name for parameter in by_path[path].params for name in parameter.opts}
    ]
    assert invented == []


def test_every_command_tells_what_it_does() -> None:
    silent = [
        path for path, command in commands(typer.main.get_command(app)) if not (command.help or "").strip()
    ]
    assert silent == []
