"""`netra bench drivers`: asyncpg and psycopg under SQLAlchemy, on the product's own shape of transaction.

One transaction is what every request pays: begin, set the tenant, one indexed read, one insert, commit. Both
drivers run it against the same embedded server, alternating, at several concurrencies.
"""

import argparse
import asyncio
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from benchmarks.record import record
from netra.config.environment import IsolatedEnvironment
from netra.config.settings import load_settings
from netra.storage.embedded.engines import running_engines
from netra.storage.postgres.url_builder import DatabaseURLBuilder

SETUP = """
create table if not exists bench_rows (
  id bigint generated always as identity primary key, workspace_id text not null, body jsonb not null)
"""
TENANT = text("select set_config('app.workspace_id', :w, true), set_config('app.user_id', :u, true)")
READ = text("select id, body from bench_rows where id = :id")
WRITE = text("insert into bench_rows (workspace_id, body) values (:w, cast(:body as jsonb)) returning id")


def engines(url: DatabaseURLBuilder, pool: int) -> dict[str, AsyncEngine]:
    """One engine a driver, with pools of the same size."""
    plain = url.sqlalchemy_url()
    return {
        "asyncpg": create_async_engine(
            plain.set(drivername="postgresql+asyncpg"), connect_args=url.connect_args(), pool_size=pool
        ),
        "psycopg": create_async_engine(
            url.libpq_url().replace("postgresql://", "postgresql+psycopg://", 1), pool_size=pool
        ),
    }


async def transactions(engine: AsyncEngine, count: int, concurrency: int) -> float:
    """Transactions a second over `count` of them."""
    left = iter(range(count))

    async def worker() -> None:
        for number in left:
            async with engine.begin() as connection:
                await connection.execute(TENANT, {"w": f"wsp_{number % 10}", "u": "usr_1"})
                (await connection.execute(READ, {"id": number})).all()
                await connection.execute(WRITE, {"w": f"wsp_{number % 10}", "body": '{"a": 1}'})

    started = time.perf_counter()
    await asyncio.gather(*(worker() for _ in range(concurrency)))
    return count / (time.perf_counter() - started)


async def compare(arguments: argparse.Namespace, home: Path) -> dict[str, Any]:
    """Alternate the drivers; rates by concurrency with their ratio and its spread."""
    settings = load_settings(IsolatedEnvironment(), home=home)
    rows: dict[str, Any] = {}
    async with running_engines(settings) as urls:
        both = engines(DatabaseURLBuilder.from_url(urls.database_url), max(arguments.concurrency))
        async with both["asyncpg"].begin() as connection:
            await connection.execute(text(SETUP))
        for concurrency in arguments.concurrency:
            rates: dict[str, list[float]] = {name: [] for name in both}
            for engine in both.values():
                await transactions(engine, 200, concurrency)
            for _ in range(arguments.rounds):
                for name, engine in both.items():
                    rates[name].append(await transactions(engine, arguments.count, concurrency))
            ratios = [a / b for a, b in zip(rates["asyncpg"], rates["psycopg"], strict=True)]
            rows[str(concurrency)] = {
                "asyncpg_per_s": round(statistics.median(rates["asyncpg"])),
                "psycopg_per_s": round(statistics.median(rates["psycopg"])),
                "ratio": round(statistics.median(ratios), 2),
                "ratio_low": round(min(ratios), 2),
                "ratio_high": round(max(ratios), 2),
            }
        for engine in both.values():
            await engine.dispose()
    return {"transactions_per_round": arguments.count, "rounds": arguments.rounds, "concurrency": rows}


def main() -> None:
    """Compare on engines of its own; print and keep the figures."""
    parser = argparse.ArgumentParser(prog="netra bench drivers", description=__doc__)
    parser.add_argument("--count", type=int, default=1500)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--concurrency", type=int, nargs="+", default=[1, 8, 32])
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="netra-bench-") as scratch:
        payload = asyncio.run(compare(arguments, Path(scratch) / "data"))
    record("drivers", payload, f"netra bench drivers --count {arguments.count} --rounds {arguments.rounds}")


if __name__ == "__main__":
    main()
