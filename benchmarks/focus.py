"""The FOCUS export against the foundation's own validator: generated calls, exported over HTTP, checked.

The validator is installed by its package into an environment of its own (its dependency `multimethod` held
under 2, which it does not work with). Kept: its verdict, rows, bytes, seconds, and that billed costs add up.
"""

import argparse
import csv
import io
import subprocess
import sys
import tempfile
import time
import venv
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx

from benchmarks.imports import import_file
from benchmarks.record import record
from benchmarks.server import Server, running_server
from netra.generator.generating import Profile, generate
from netra.generator.writing import write_files
from netra.pricing.catalogue import PriceCatalogue

PACKAGES = ("focus-validator==1.0.0", "multimethod<2")
UNTIL = datetime(2026, 11, 21, tzinfo=UTC)


def installed_validator(folder: Path) -> Path:
    """The folder of site packages of a fresh environment with the validator."""
    venv.create(folder, with_pip=True)
    pip = [str(folder / "bin" / "pip"), "install", "--quiet", "--disable-pip-version-check", *PACKAGES]
    subprocess.run(pip, check=True)
    return next((folder / "lib").glob("python*/site-packages"))


def validate(packages: Path, file: Path) -> tuple[bool, str]:
    """Whether the validator accepts a file, and its last words. It finds its own data only from there."""
    command = [
        str(packages.parents[2] / "bin" / "focus-validator"),
        "--data-file", str(file), "--validate-version", "1.0",
    ]  # fmt: skip
    done = subprocess.run(command, cwd=packages, capture_output=True, text=True, check=False)
    said = (done.stdout + done.stderr).strip()
    return "Validation succeeded." in said, said[-600:]


def exported(server: Server, folder: Path, calls: int) -> dict[str, Any]:
    """Import generated calls and export them; what was written and whether it adds up."""
    headers = {"Authorization": f"Bearer {server.api_key}"}
    usage = generate(Profile(calls=calls, until=UNTIL), PriceCatalogue())
    files = write_files(usage, folder / "calls", "parquet")
    with httpx.Client(base_url=server.url, headers=headers, timeout=600, trust_env=False) as client:
        workspace = client.post("/v1/workspaces", json={"name": "focus"}).json()["id"]
        import_file(client, workspace, files.calls)
        client.headers["Netra-Workspace"] = workspace
        query = {"measures": ["cost_usd", "calls", "unpriced_calls"]}
        stored = client.post("/v1/usage/query", json=query).json()["rows"][0]
        started = time.perf_counter()
        answer = client.get("/v1/usage/export/focus", params={"format": "csv"})
        seconds = time.perf_counter() - started
    (folder / "focus.csv").write_bytes(answer.content)
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    billed = sum((Decimal(row["BilledCost"]) for row in rows), Decimal(0))
    return {
        "calls": stored["calls"],
        "unpriced_calls": stored["unpriced_calls"],
        "rows": len(rows),
        "bytes": len(answer.content),
        "seconds": round(seconds, 3),
        "stored_usd": stored["cost_usd"],
        "billed_usd": format(billed.normalize(), "f"),
        "adds_up": billed == Decimal(stored["cost_usd"]),
    }


def main() -> None:
    """Export, validate, record; exits with 1 when the file is refused or does not add up."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=100_000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="netra-bench-") as name:
        folder = Path(name)
        packages = installed_validator(folder / "validator")
        with running_server(folder / "data") as server:
            export = exported(server, folder, options.calls)
        accepted, said = validate(packages, folder / "focus.csv")
    payload = {"validator": PACKAGES[0], "version": "1.0", "accepted": accepted, "export": export}
    record("focus", payload | ({} if accepted else {"said": said}), "netra bench focus")
    sys.exit(0 if accepted and export["adds_up"] else 1)


if __name__ == "__main__":
    main()
