"""Which files an import means: names, folders, patterns, standard input."""

import glob
from collections.abc import Iterator, Sequence
from pathlib import Path

import typer

from netra.cli.failures import CommandError

STANDARD_INPUT = "-"

_DATA = frozenset({".jsonl", ".ndjson", ".json", ".csv", ".tsv", ".parquet"})
_PACKED = frozenset({".gz", ".gzip", ".zst", ".zstd"})
_LOG_FORMATS = {"claude-code": frozenset({".jsonl"})}


def find_files(names: Sequence[str], file_format: str) -> list[Path]:
    """The files to import, each once, in a stable order: as given, and by name inside a folder or pattern.

    A folder is searched with all below it for files that look like data by their ending (what they are is
    told by content); hidden ones are left out. Raises BadParameter where a name leads to nothing.
    """
    found: dict[Path, None] = {}
    for name in names:
        path = Path(name).expanduser()
        if path.is_dir():
            inside = dict.fromkeys(_in_folder(path, file_format))
            if not inside:
                raise typer.BadParameter(f"no file under {path} looks like data", param_hint="FILE")
            found |= inside
        elif path.exists() or not glob.has_magic(name):
            found[readable(path)] = None
        else:
            matches = sorted(Path(match) for match in glob.glob(str(path), recursive=True))
            files = [match for match in matches if match.is_file()]
            if not files:
                raise typer.BadParameter(f"no file matches {name}", param_hint="FILE")
            found |= dict.fromkeys(files)
    return list(found)


def readable(file: Path) -> Path:
    """The file if it can be read. Raises BadParameter, CommandError."""
    if not file.exists():
        raise typer.BadParameter(f"there is no file {file}", param_hint="FILE")
    if not file.is_file() and not file.is_fifo():
        raise typer.BadParameter(f"{file} is not a file", param_hint="FILE")
    if file.is_file():
        try:
            file.open("rb").close()
        except OSError as failure:
            raise CommandError(f"{file} cannot be read: {failure.strerror}") from failure
    return file


def _in_folder(folder: Path, file_format: str) -> Iterator[Path]:
    wanted = _LOG_FORMATS.get(file_format, _DATA)
    for path in sorted(folder.rglob("*")):
        hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
        suffixes = [suffix.lower() for suffix in path.suffixes]
        while suffixes and suffixes[-1] in _PACKED:
            suffixes.pop()
        if not hidden and suffixes and suffixes[-1] in wanted and path.is_file():
            yield path
