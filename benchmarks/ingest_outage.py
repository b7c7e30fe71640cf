"""`netra bench ingest_outage`: an hour without the analytics store under a steady exporter.

`netra up` over an analytics store behind a URL takes some spans a second. The store is killed and its port
refuses; spans go on being accepted and wait in PostgreSQL. At the end of the hour a flood fills the outbox to
its limit, so that senders are held off. Then the store comes back. In the end every accepted span must be
stored exactly once.
"""

import argparse
import os
import tempfile
from pathlib import Path

from benchmarks.record import record
from testkit.ingest_outage import Outage, endure


def main() -> None:
    """Take it away, give it back, count, record."""
    parser = argparse.ArgumentParser(prog="netra bench ingest_outage", description=__doc__)
    parser.add_argument("--minutes", type=float, default=60, help="without the analytics store")
    parser.add_argument("--rate", type=int, default=100, help="spans a second")
    parser.add_argument("--looks", type=int, default=12, help="how often a user looks meanwhile")
    parser.add_argument("--limit-mb", type=int, default=34, help="NETRA_OUTBOX_LIMIT_MB")
    options = parser.parse_args()
    outage = Outage(options.minutes * 60, options.rate, options.looks, options.limit_mb)
    with tempfile.TemporaryDirectory(prefix="netra-bench-") as folder:
        outcome = endure(Path(folder), outage)
    command = (
        f"netra bench ingest_outage --minutes {options.minutes:g} --rate {options.rate} "
        f"--limit-mb {options.limit_mb}"
    )
    load = [round(one, 1) for one in os.getloadavg()]
    record("ingest_outage", {"minutes": options.minutes, **outcome, "load_average": load}, command)
    if outcome["lost"] or outcome["doubled"]:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
