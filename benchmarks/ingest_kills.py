"""`netra bench ingest_kills`: each process of a server killed a hundred times under an exporter.

The app (with all that hangs on it), the worker, the analytics process and PostgreSQL are killed with -9
in a seeded order at seeded moments. In the end every accepted span must be stored exactly once.
"""

import argparse
import tempfile
from dataclasses import asdict
from pathlib import Path

from benchmarks.record import record
from testkit.ingest_kills import VICTIMS, survive


def main() -> None:
    """Kill, count, record."""
    parser = argparse.ArgumentParser(prog="netra bench ingest_kills", description=__doc__)
    parser.add_argument("--kills", type=int, default=100, help="of each process")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--victims", nargs="+", choices=VICTIMS, default=list(VICTIMS))
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="netra-bench-") as folder:
        outcome = survive(Path(folder) / "home", dict.fromkeys(options.victims, options.kills), options.seed)
    victims = " ".join(options.victims)
    command = f"netra bench ingest_kills --kills {options.kills} --seed {options.seed} --victims {victims}"
    whole = set(options.victims) == set(VICTIMS)
    name = "ingest_kills" if whole else f"ingest_kills_{'_'.join(options.victims)}"
    record(name, {"seed": options.seed, **asdict(outcome)}, command)
    if outcome.lost or outcome.doubled:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
