"""`netra bench startup`: time to ready, cold and warm, and idle memory of all processes."""

import argparse
import statistics
import tempfile
import time
from pathlib import Path

from benchmarks.record import record
from benchmarks.server import running_server


def main() -> None:
    """Start cold once and warm several times; print and keep the figures."""
    parser = argparse.ArgumentParser(prog="netra bench startup", description=__doc__)
    parser.add_argument("--runs", type=int, default=5, help="warm starts to time")
    parser.add_argument("--settle", type=float, default=10.0, help="idle seconds before memory is read")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="netra-bench-") as scratch:
        data_dir = Path(scratch) / "data"
        with running_server(data_dir) as server:
            cold = server.ready_seconds
        warm: list[float] = []
        memory: dict[str, float] = {}
        for run in range(arguments.runs):
            with running_server(data_dir) as server:
                warm.append(server.ready_seconds)
                if run == arguments.runs - 1:
                    time.sleep(arguments.settle)
                    memory = server.memory_mb()
    payload = {
        "cold_ready_seconds": round(cold, 2),
        "warm_ready_seconds": [round(value, 2) for value in warm],
        "warm_ready_median_seconds": round(statistics.median(warm), 2),
        "idle_pss_mb": memory,
    }
    record("startup", payload, f"netra bench startup --runs {arguments.runs}")


if __name__ == "__main__":
    main()
