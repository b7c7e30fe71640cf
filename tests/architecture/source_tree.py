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
    """One product file: its path below the checkout, text, syntax tree and every node of that."""

    path: str
    text: str
    tree: ast.Module
    nodes: tuple[ast.AST, ...]


@cache
def source_files() -> tuple[SourceFile, ...]:
    """Every Python file of the product."""
    return tuple(
        SourceFile(str(path.relative_to(ROOT)), text, tree, tuple(ast.walk(tree)))
        for path in sorted(SOURCE.rglob("*.py"))
        for text in [path.read_text(encoding="utf-8")]
        for tree in [ast.parse(text)]
    )


def functions(file: SourceFile) -> Iterator[FunctionNode]:
    """Every function, nested ones included."""
    return (node for node in file.nodes if isinstance(node, FunctionNode))


def classes(file: SourceFile) -> Iterator[ast.ClassDef]:
    """Every class, nested ones included."""
    return (node for node in file.nodes if isinstance(node, ast.ClassDef))
