"""`netra test`, `netra bench`, `netra version`: what works from a checkout, and which version this is."""

import json
import runpy
import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer

from netra.cli.failures import USAGE, CommandError
from netra.cli.options import Json

PASS_ON: dict[str, object] = {
    "allow_extra_args": True,
    "ignore_unknown_options": True,
    "help_option_names": list[str](),
}


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("test", context_settings=PASS_ON)(run_tests)
    app.command("bench", context_settings=PASS_ON)(run_benchmark)
    app.command("version")(show_version)


def run_tests(context: typer.Context) -> None:
    """Run the tests (from a checkout only); every option goes to tests/unified_test_runner.py."""
    runner = _checkout() / "tests" / "unified_test_runner.py"
    finished = subprocess.run([sys.executable, str(runner), *context.args], check=False)
    raise SystemExit(finished.returncode)


def run_benchmark(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="Name of the benchmark.")],
) -> None:
    """Run a benchmark (from a checkout only); further options go to it, --help too."""
    root = _checkout()
    modules = sorted(path.stem for path in (root / "benchmarks").glob("*.py") if _runnable(path))
    # `import` is no name for a module, so that benchmark lives in `imports`.
    known = {module.replace("_", "-").replace("imports", "import"): module for module in modules}
    module = known.get(name.replace("_", "-"), name if name in modules else None)
    if module is None:
        raise CommandError(f"there is no benchmark {name!r}", hint=f"one of {', '.join(known)}", code=USAGE)
    sys.path.insert(0, str(root))
    sys.argv = [f"netra bench {name}", *context.args]
    runpy.run_module(f"benchmarks.{module}", run_name="__main__", alter_sys=False)


def show_version(json_output: Json = False) -> None:
    """The version of this installation."""
    from importlib.metadata import PackageNotFoundError, version

    import netra

    try:
        found = version("netra-apex")
    except PackageNotFoundError:
        found = netra.__version__
    place = str(Path(netra.__file__).resolve().parent)
    if json_output:
        sys.stdout.write(json.dumps({"version": found, "place": place}) + "\n")
    else:
        sys.stdout.write(f"netra {found}\n")


def _checkout() -> Path:
    root = Path(__file__).resolve().parents[3]
    if not (root / "tests" / "unified_test_runner.py").is_file():
        raise CommandError("this works only from a checkout of the repository", hint="run ./netra there")
    return root


def _runnable(path: Path) -> bool:
    return not path.name.startswith("_") and '__name__ == "__main__"' in path.read_text(encoding="utf-8")
