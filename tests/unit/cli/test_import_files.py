"""Which files a command means, and what several imports add up to."""

import re
from pathlib import Path

import pytest

from netra.cli.import_files import find_files
from netra.cli.import_reports import finding_text, summary
from netra.cli.importing import FORMATS
from netra.usage.importers import catalogue


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in (
        "b.jsonl",
        "a.csv.gz",
        "deep/c.parquet",
        "deep/notes.md",
        ".hidden/d.jsonl",
        "deep/e.json.zst",
    ):
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b"x")
    return tmp_path


def test_a_folder_is_searched_in_a_stable_order(folder: Path) -> None:
    found = [str(file.relative_to(folder)) for file in find_files([str(folder)], "calls")]
    assert found == ["a.csv.gz", "b.jsonl", "deep/c.parquet", "deep/e.json.zst"]
    assert [file.name for file in find_files([str(folder)], "claude-code")] == ["b.jsonl"]


def test_names_and_patterns_keep_their_order_and_each_file_counts_once(folder: Path) -> None:
    names = [str(folder / "deep" / "c.parquet"), str(folder / "**" / "*.jsonl"), str(folder / "b.jsonl")]
    assert [file.name for file in find_files(names, "calls")] == ["c.parquet", "b.jsonl"]


def test_a_file_whose_name_looks_like_a_pattern_is_that_file(tmp_path: Path) -> None:
    file = tmp_path / "calls[1].jsonl"
    file.write_bytes(b"x")
    assert find_files([str(file)], "calls") == [file]


def test_several_imports_add_up() -> None:
    one = {"read": 3, "stored": 2, "duplicates": 0, "rejected": 1, "ignored": 0, "seconds": 0.5}
    whole = summary([one, {**one, "rejected": 0, "stored": 3}], [{"file": "x", "message": "no"}])
    assert (whole["read"], whole["stored"], whole["rejected"], whole["seconds"]) == (6, 5, 1, 1.0)
    assert len(whole["files"]) == 2
    assert len(whole["failed"]) == 1


def test_a_finding_in_one_line() -> None:
    finding = {
        "code": "clock_ahead",
        "severity": "warning",
        "rows": 1_200,
        "column": "ts",
        "first_line": 7,
        "message": "are dated after the moment of the import",
    }
    text = "1,200 clock_ahead (ts): are dated after the moment of the import, first in line 7"
    assert finding_text(finding) == text


def test_command_line_page_and_document_know_the_same_formats() -> None:
    names = [known.name for known in catalogue.FORMATS]
    assert list(FORMATS) == names
    root = Path(__file__).resolve().parents[3]
    page = (root / "web" / "src" / "api" / "importing.ts").read_text(encoding="utf-8")
    assert re.findall(r'\{ id: "([a-z-]+)", label:', page) == [
        "calls", "evals", *names[2:]
    ]  # fmt: skip
    document = (root / "docs" / "import-formats.md").read_text(encoding="utf-8")
    headings = ", ".join(re.findall(r"^## (.+)$", document, re.MULTILINE)).split(", ")
    assert set(names) <= set(headings)
