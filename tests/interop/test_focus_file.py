"""The FOCUS file at the foundation's own validator, in an environment of its own."""

import subprocess
from pathlib import Path
from typing import Any

import pytest

from netra.data_access.factory import DataAccessFactory
from netra.pricing.catalogue import PriceCatalogue
from netra.pricing.workspace_prices import WorkspacePrices
from netra.usage.focus.export import FocusExport
from testkit.accounts import *  # noqa: F403
from testkit.interop_env import python_of
from testkit.priced_calls import CONTRACT, as_lines, priced_rows
from testkit.stores import *  # noqa: F403
from testkit.usage_bench import *  # noqa: F403

VERSION = "1.0"
"""The newest version of the specification that the validator of this Python knows."""


def validated(python: Path, file: Path) -> str:
    """The validator's last word. It finds data of its own only from where it is installed."""
    packages = next((python.parent.parent / "lib").glob("python*/site-packages"))
    command = [
        str(python.parent / "focus-validator"),
        "--data-file",
        str(file),
        "--validate-version",
        VERSION,
    ]
    done = subprocess.run(command, cwd=packages, capture_output=True, text=True, check=False)
    return (done.stdout + done.stderr).strip().splitlines()[-1]


@pytest.mark.parametrize("corrected", [False, True])
async def test_the_validator_accepts_the_file(
    bench: Any, data_access: DataAccessFactory, catalogue: PriceCatalogue, tmp_path: Path, corrected: bool
) -> None:
    python = python_of("focus-validator")
    if python is None:
        pytest.skip("the environment is made by `./netra test --category interop`")
    await bench.load(as_lines(priced_rows(300)))
    prices = WorkspacePrices(data_access, catalogue)
    if corrected:
        await prices.put(bench.context, CONTRACT)
    export = FocusExport(data_access, prices)
    # Of Parquet this version reads decimals as no decimals; both formats have the same rows
    # (tests/integration/usage/test_focus_export.py).
    file, broken = tmp_path / "focus.csv", tmp_path / "broken.csv"
    pieces = await export.export(bench.context, (None, None), "csv")
    file.write_bytes(b"".join([piece async for piece in pieces]))
    assert validated(python, file) == "Validation succeeded."
    broken.write_text(file.read_text().replace("USD", "US dollars"))
    assert validated(python, broken) != "Validation succeeded."
