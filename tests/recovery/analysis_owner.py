"""A process that begins an analysis, says so with the id of the process it runs in, and stays at it:
`python analysis_owner.py JSON`. JSON: urls, context.
"""

import asyncio
import json
import os
import signal
import sys
from typing import Any

import psutil

from netra.context.models import UserExecutionContext
from netra.data_access.factory import DataAccessFactory
from netra.evaluations.service import EvaluationService
from netra.optimization.analysis.runner import AnalysisRunner
from netra.optimization.schemas import OptimizeProgress
from netra.optimization.service import OptimizationService
from netra.pricing.catalogue import PriceCatalogue
from netra.storage.clickhouse.store import AnalyticsStore
from netra.storage.embedded.engines import EngineUrls
from netra.storage.postgres.sessions import DatabaseSessionManager
from netra.storage.valkey.hot_store import HotStore
from netra.usage.service import UsageService
from testkit.stores import open_database


def stay(progress: OptimizeProgress) -> None:
    """Stop the analysis where it is."""
    if progress.step == "load":
        [analysing] = psutil.Process().children()
        os.kill(analysing.pid, signal.SIGSTOP)
        sys.stdout.write(f"{analysing.pid}\n")
        sys.stdout.flush()


async def run(order: dict[str, Any]) -> None:
    urls = EngineUrls(**order["urls"])
    analytics, hot = AnalyticsStore(urls.clickhouse_url, threads=2), HotStore(urls.valkey_url)
    access = DataAccessFactory(DatabaseSessionManager(open_database(urls)), analytics, hot)
    service = OptimizationService(
        access,
        UsageService(access),
        EvaluationService(access),
        PriceCatalogue(),
        AnalysisRunner(urls.clickhouse_url, small=-1),
    )
    await service.optimize(UserExecutionContext.from_dict(order["context"]), on_progress=stay)


if __name__ == "__main__":
    asyncio.run(run(json.loads(sys.argv[1])))
