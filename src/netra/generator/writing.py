"""Generated usage as files."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from netra.generator.generating import GeneratedUsage

FileFormat = Literal["jsonl", "parquet"]


@dataclass(frozen=True, slots=True)
class GeneratedFiles:
    """Where the files are."""

    calls: Path
    evaluations: Path
    answer_key: Path


def write_files(usage: GeneratedUsage, directory: Path, file_format: FileFormat = "jsonl") -> GeneratedFiles:
    """Write calls.jsonl (or calls.parquet), evals.jsonl and answer_key.json into a directory, made if
    absent.
    """
    directory.mkdir(parents=True, exist_ok=True)
    files = GeneratedFiles(
        directory / f"calls.{file_format}", directory / "evals.jsonl", directory / "answer_key.json"
    )
    if file_format == "parquet":
        usage.calls.write_parquet(files.calls)
    else:
        usage.calls.write_ndjson(files.calls)
    usage.evaluations.write_ndjson(files.evaluations)
    files.answer_key.write_text(json.dumps(usage.answer_key, indent=2) + "\n", encoding="utf-8")
    return files
