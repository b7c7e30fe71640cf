"""The blocking side: one `clickhouse-connect` client, used from a bounded set of threads.

The client's calls decode results, which would hold up an event loop; threads keep that away from it.
"""

import asyncio
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar, cast
from urllib.parse import urlparse

import clickhouse_connect
from clickhouse_connect.driver import httputil
from clickhouse_connect.driver.exceptions import ClickHouseError
from urllib3.exceptions import HTTPError

from netra.storage.clickhouse.errors import LIVE_CALLS_ARE_KEPT, AnalyticsAwayError, from_server

LONGEST_CALL_S = 330
Answer = TypeVar("Answer")
Client = Any
"""A `clickhouse_connect` client; its types are partly unknown, so it is narrowed where results leave."""


class ClickHouseConnection:
    """Runs calls of the driver on threads. The client connects at the first call."""

    def __init__(self, url: str, *, threads: int) -> None:
        self._url = url
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="clickhouse")
        self._size = threads
        self._lock = threading.Lock()
        self._client: Client | None = None

    @property
    def database(self) -> str | None:
        """The database that the address names."""
        return urlparse(self._url).path.strip("/").split("/")[0] or None

    async def call(self, work: Callable[[Client], Answer]) -> Answer:
        """Run `work` with the client. Raises the NetraError for whatever the driver raises."""
        return await self.run(lambda: work(self._connected()))

    async def run(self, work: Callable[[], Answer]) -> Answer:
        """Run blocking work on the same threads, with the same errors."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, _translated, work)

    async def close(self) -> None:
        """Drop connections; calls that still run end by their own limits."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        if self._client is not None:
            self._client.close()

    def _connected(self) -> Client:
        with self._lock:
            if self._client is None:
                self._client = self._connect(database=self.database)
            return self._client

    def bare_client(self) -> Client:
        """A client that names no database, for making it. Blocking."""
        return self._connect(database=None)

    def _connect(self, *, database: str | None) -> Client:
        parts = urlparse(self._url)
        near = parts.hostname in {"127.0.0.1", "localhost", "::1"}
        driver = cast(Any, clickhouse_connect)
        return driver.get_client(
            dsn=parts._replace(path="").geturl(),
            interface=parts.scheme,
            database=database,
            compress=not near,
            autogenerate_session_id=False,
            connect_timeout=3,
            send_receive_timeout=LONGEST_CALL_S,
            query_retries=0,
            show_clickhouse_errors="scrub",
            tz_mode="aware",
            pool_mgr=cast(Any, httputil).get_pool_manager(maxsize=self._size, num_pools=2),
        )


def _translated(work: Callable[[], Answer]) -> Answer:
    try:
        return work()
    except ClickHouseError as failure:
        code = getattr(failure, "code", None)
        if isinstance(code, int):
            raise from_server(code, str(failure)) from failure
        raise _away(failure) from failure
    except (HTTPError, OSError) as failure:
        raise _away(failure) from failure


def _away(failure: Exception) -> AnalyticsAwayError:
    return AnalyticsAwayError(
        "the analytics store does not answer",
        hint=f"the embedded one restarts by itself; {LIVE_CALLS_ARE_KEPT}; `netra doctor` says more",
        details={"reason": str(failure)[:300]},
    )


def as_settings(*parts: Mapping[str, Any] | None) -> dict[str, Any]:
    """Merge settings, later ones win."""
    merged: dict[str, Any] = {}
    for part in parts:
        merged.update(part or {})
    return merged
