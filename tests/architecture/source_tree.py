"""What the architecture tests read: the parsed product source."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src" / "netra"
FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class SourceFile:
    """One product file: its path below the checkout, text and syntax tree."""

    path: str
    text: str
    tree: ast.Module


@cache
def source_files() -> tuple[SourceFile, ...]:
    """Every Python file of the product."""
    return tuple(
        SourceFile(str(path.relative_to(ROOT)), text, ast.parse(text))
        for path in sorted(SOURCE.rglob("*.py"))
        for text in [path.read_text(encoding="utf-8")]
    )


def functions(tree: ast.AST) -> Iterator[FunctionNode]:
    """Every function, nested ones included."""
    return (node for node in ast.walk(tree) if isinstance(node, FunctionNode))


def classes(tree: ast.AST) -> Iterator[ast.ClassDef]:
    """Every class, nested ones included."""
    return (node for node in ast.walk(tree) if isinstance(node, ast.ClassDef))
