"""`netra generate`: synthetic usage with its answer key."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from netra.cli.failures import CommandError
from netra.cli.options import Json, instant
from netra.generator.profiles import COMPANIES, DEFAULT_PROFILE

if TYPE_CHECKING:
    from netra.generator.writing import GeneratedFiles


@dataclass(frozen=True, slots=True)
class GenerateRequest:
    """What to generate; `profile` holds the fields of the generator's profile that are given."""

    out: Path
    file_format: Literal["jsonl", "parquet"] = "jsonl"
    profile: dict[str, Any] = field(default_factory=dict[str, Any])


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("generate")(generate_usage)


def generate_usage(
    out: Annotated[Path, typer.Option("--out", "-o", help="Directory for the files.")] = Path("generated"),
    profile_name: Annotated[
        str, typer.Option("--profile", help=f"Whose usage: {', '.join(COMPANIES)}.")
    ] = DEFAULT_PROFILE,
    calls: Annotated[int, typer.Option("--calls", min=1, help="About how many calls.")] = 100_000,
    days: Annotated[int, typer.Option("--days", min=1, help="Over how many days.")] = 30,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Same seed and days, same files.")] = 7,
    until: Annotated[str | None, typer.Option("--until", help="Last day; default: today.")] = None,
    file_format: Annotated[
        Literal["jsonl", "parquet"], typer.Option("--file-format", help="Of the calls: jsonl or parquet.")
    ] = "jsonl",
    json_output: Json = False,
) -> None:
    """Write usage of a made-up company, its evaluations, and the answer key of the savings planted in it."""
    from datetime import datetime

    from netra.cli.output import print_json, print_text

    profile: dict[str, Any] = {"name": profile_name, "calls": calls, "days": days, "seed": seed}
    last = instant(until, "--until")
    if last is not None:
        profile["until"] = datetime.fromisoformat(last)
    files = generate_files(GenerateRequest(out, file_format, profile))
    paths = [str(path.absolute()) for path in (files.calls, files.evaluations, files.answer_key)]
    if json_output:
        print_json(dict(zip(("calls", "evaluations", "answer_key"), paths, strict=True)))
    else:
        print_text("\n".join(paths))


def generate_month(folder: Path) -> tuple[tuple[Path, dict[str, Any]], ...]:
    """A month up to today, as files with the query of their import request."""
    files = generate_files(GenerateRequest(folder, "parquet"))
    return tuple(
        (path, {"format": file_format, "name": path.name, "set": [], "map": []})
        for path, file_format in ((files.calls, "calls"), (files.evaluations, "evals"))
    )


def generate_files(request: GenerateRequest) -> "GeneratedFiles":
    """Generate and write. CommandError when the directory cannot be written, InvalidProfileError."""
    from netra.cli.output import progress_console, telling
    from netra.config.environment import IsolatedEnvironment
    from netra.config.settings import load_settings
    from netra.generator.generating import Profile, generate
    from netra.generator.writing import write_files
    from netra.pricing.catalogue import PriceCatalogue

    overrides = load_settings(IsolatedEnvironment()).price_overrides
    with telling(progress_console(), "Generating ..."):
        usage = generate(Profile(**request.profile), PriceCatalogue(overrides))
        try:
            return write_files(usage, request.out, request.file_format)
        except OSError as failure:
            raise CommandError(
                f"{request.out.absolute()} cannot be written: {failure.strerror}",
                hint="choose a directory with --out",
            ) from failure
