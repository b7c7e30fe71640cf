"""`netra embed`: prompts become vectors here, before a file is imported."""

from pathlib import Path
from typing import Annotated

import typer

from netra.cli.failures import CommandError
from netra.cli.options import Json


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("embed")(embed)


def embed(
    file: Annotated[Path, typer.Argument(help="Calls with their prompts: JSONL, CSV or Parquet.")],
    text: Annotated[str, typer.Option("--text", help="The field with the prompt or messages.")] = "prompt",
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="File to write; default: FILE.embedded.jsonl.")
    ] = None,
    json_output: Json = False,
) -> None:
    """Replace the prompts in a file of calls by vectors, for the semantic-cache lever. No text is written."""
    from netra.cli.output import print_json, print_text, progress_console
    from netra.usage.embedding.encoder import load_encoder
    from netra.usage.embedding.files import write_embedded

    target = out or file.with_name(f"{file.stem}.embedded.jsonl")
    if not file.is_file():
        raise CommandError(f"{file} is no file", code=2)
    if target.absolute() == file.absolute():
        raise CommandError("the file cannot replace itself", hint="name another one with --out", code=2)
    encoder = load_encoder()
    console = progress_console()
    try:
        with console.status("Reading prompts ...") as status, target.open("wb") as lines:
            embedded = write_embedded(
                file, lines, text, encoder, lambda rows: status.update(f"{rows:,} calls written")
            )
    except OSError as failure:
        raise CommandError(f"{target} cannot be written: {failure.strerror}") from failure
    except Exception:
        target.unlink(missing_ok=True)
        raise
    if json_output:
        print_json({"file": str(target.absolute()), "embedded": embedded})
    else:
        print_text(f"{target.absolute()}\n{embedded:,} prompts as vectors; import it with --format calls")
