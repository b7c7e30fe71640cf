"""`netra up`, `netra serve`, `netra migrate`: run the product or a part of it; bring schemas up to date."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from netra.cli.options import DataDir, Json

if TYPE_CHECKING:
    from netra.config.settings import Settings

Host = Annotated[str | None, typer.Option("--host", help="Address to listen on; default 127.0.0.1.")]
Port = Annotated[
    int | None,
    typer.Option("--port", min=0, max=65535, help="Port to listen on; 0 takes a free one. Default 8400."),
]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("up")(up)
    app.command("serve")(serve)
    app.command("migrate")(migrate)


def up(data_dir: DataDir = None, host: Host = None, port: Port = None, json_output: Json = False) -> None:
    """Run everything in one command: engines, API, accounts, realtime, worker, LLM gateway, web page."""
    import uvloop

    from netra.assembly.up import run_up

    uvloop.run(run_up(_settings(data_dir, host=host, port=port), as_json=json_output))


def serve(
    service: Annotated[Literal["worker"], typer.Argument(help="Which service.")],
    data_dir: DataDir = None,
) -> None:
    """Run one service against engines given by URL."""
    from netra.assembly.worker import run_worker

    settings = _settings(data_dir)
    if service == "worker":
        asyncio.run(run_worker(settings))


def migrate(data_dir: DataDir = None, json_output: Json = False) -> None:
    """Bring the schemas of PostgreSQL and ClickHouse up to date."""
    from netra.assembly.migrating import run_migrate
    from netra.cli.output import print_json, print_text

    applied = asyncio.run(run_migrate(_settings(data_dir)))
    if json_output:
        print_json({"applied": applied})
    else:
        print_text("\n".join(f"applied {name}" for name in applied) or "everything is up to date")


def _settings(data_dir: Path | None, **overrides: object) -> "Settings":
    from netra.config.environment import IsolatedEnvironment
    from netra.config.settings import load_settings

    home = data_dir.expanduser().absolute() if data_dir else None
    return load_settings(IsolatedEnvironment(), home=home, **overrides)
