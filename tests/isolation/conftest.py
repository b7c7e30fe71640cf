"""Two tenants over a whole running server; one is the victim, the other the attacker."""

import asyncio
from collections.abc import Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from netra.config.environment import IsolatedEnvironment
from netra.config.settings import load_settings
from netra.storage.embedded.engines import EmbeddedEngines
from netra.storage.postgres.manager import DatabaseManager
from netra.storage.postgres.url_builder import DatabaseURLBuilder
from testkit.http_attack import HttpAttack
from testkit.live_server import *  # noqa: F403
from testkit.live_server import LiveServer
from testkit.table_attack import digest_of
from testkit.tenants import Tenant, ask_first_question, new_tenant

QUESTION = "Where can we cut our spend without losing quality?"


@dataclass(frozen=True)
class TwoUsers:
    """The victim and the attacker, each with an answered question and a report; and the server they share."""

    victim: Tenant
    attacker: Tenant
    database_url: str

    def database(self) -> DatabaseManager:
        """The server's database; belongs to the event loop that uses it."""
        return DatabaseManager(DatabaseURLBuilder.from_url(self.database_url))

    def digest(self) -> dict[str, str]:
        """What the victim has: by table, and by answer of each operation that reads."""

        async def of_tables() -> dict[str, str]:
            database = self.database()
            try:
                return await digest_of(database, self.victim)
            finally:
                await database.close()

        usage = self.victim.call(
            "POST", "/v1/usage/query", json={"measures": ["calls", "input_tokens"], "dimensions": ["app"]}
        )
        return {**run_apart(of_tables()), "llm_calls": str(usage["rows"])}


def run_apart(work: Coroutine[Any, Any, Any]) -> Any:
    """Run a coroutine whether or not a loop is running here."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, work).result()


@pytest.fixture(scope="session")
def two_users(live_server: LiveServer) -> Iterator[TwoUsers]:
    """Both tenants, complete."""
    with httpx.Client(base_url=live_server.url, timeout=60, trust_env=False) as http:
        tenants = new_tenant(http), new_tenant(http)
        for tenant in tenants:
            ask_first_question(tenant, QUESTION)
        for tenant in tenants:
            run = tenant.ended(tenant.ids["run"])
            assert run["report_id"], run
            tenant.ids["rep"] = tenant.canaries.keep("report id", run["report_id"])
        yield TwoUsers(*tenants, _database_url(live_server.data_dir))


@pytest.fixture(scope="session")
def attack(two_users: TwoUsers) -> HttpAttack:
    """The attack through HTTP, not yet run."""
    return HttpAttack(two_users.victim.http, two_users.victim, two_users.attacker)


def _database_url(data_dir: Path) -> str:
    # The addresses of embedded engines follow from the directory; nothing is started here.
    given = {"valkey_url": "redis://unused", "clickhouse_url": "http://unused"}
    settings = load_settings(IsolatedEnvironment(), home=data_dir, **given)
    return EmbeddedEngines(settings).prepare().database_url
