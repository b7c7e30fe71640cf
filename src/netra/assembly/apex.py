"""assemble(settings): everything a process of Netra shares, built in reading order."""

from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from typing import TypeVar

from netra.assembly.drawing_cache import keep_drawing_cache
from netra.audit.service import AuditLog
from netra.auth.services import AuthServices, auth_services
from netra.config.environment import IsolatedEnvironment
from netra.config.errors import ConfigurationError
from netra.config.instance_secret import load_instance_secret
from netra.config.settings import Settings
from netra.conversations.service import ThreadService
from netra.data_access.factory import DataAccessFactory
from netra.evaluations.service import EvaluationService
from netra.evaluations.writer import EvaluationWriter
from netra.events.log import EventLog
from netra.events.publisher import EventPublisher
from netra.ids.manager import UnifiedIDManager
from netra.optimization.analysis.runner import AnalysisRunner
from netra.optimization.analysis.turns import AnalysisTurns
from netra.optimization.service import OptimizationService
from netra.pricing.catalogue import PriceCatalogue
from netra.pricing.workspace_prices import WorkspacePrices
from netra.reports.service import ReportService
from netra.runs.service import RunService
from netra.runs.snapshot import SnapshotService
from netra.storage.clickhouse.migrate import verify_analytics
from netra.storage.clickhouse.store import AnalyticsStore
from netra.storage.embedded.engines import EngineUrls
from netra.storage.postgres.manager import DatabaseManager
from netra.storage.postgres.migrate import verify
from netra.storage.postgres.sessions import DatabaseSessionManager
from netra.storage.postgres.url_builder import DatabaseURLBuilder
from netra.storage.valkey.hot_store import HotStore
from netra.telemetry.metrics import Metrics
from netra.usage.calls.service import CallsService
from netra.usage.focus.export import FocusExport
from netra.usage.importing.service import ImportService
from netra.usage.insights.service import InsightService
from netra.usage.line_writer import UsageLineWriter
from netra.usage.outbox.intake import Intake
from netra.usage.pricing_rows import WorkspacePricer
from netra.usage.reconciliation.service import ReconciliationService
from netra.usage.repricing.differences import PriceDifferences
from netra.usage.repricing.service import RepricingService
from netra.usage.service import UsageService
from netra.usage.writer import CallWriter

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Stores:
    """The three engines as this process reaches them."""

    database: DatabaseManager
    sessions: DatabaseSessionManager
    analytics: AnalyticsStore
    hot: HotStore
    access: DataAccessFactory


@dataclass(frozen=True, slots=True)
class Savings:
    """Prices, usage and what can be saved on it."""

    catalogue: PriceCatalogue
    prices: WorkspacePrices
    insights: InsightService
    focus: FocusExport
    differences: PriceDifferences
    repricing: RepricingService
    reconciliation: ReconciliationService
    usage: UsageService
    calls: CallsService
    imports: ImportService
    call_writer: CallWriter
    intake: Intake
    evaluations: EvaluationService
    optimization: OptimizationService
    reports: ReportService


@dataclass(frozen=True, slots=True)
class Dialogue:
    """Threads, runs and the events between them."""

    log: EventLog
    publisher: EventPublisher
    threads: ThreadService
    runs: RunService
    snapshots: SnapshotService


@dataclass(frozen=True, slots=True)
class Apex:
    """What every process shares; doors and workers are built on it."""

    settings: Settings
    ids: UnifiedIDManager
    metrics: Metrics
    stores: Stores
    audit: AuditLog
    auth: AuthServices
    savings: Savings
    dialogue: Dialogue


def settings_with(settings: Settings, urls: EngineUrls) -> Settings:
    """The settings with the addresses of the engines that run."""
    return replace(
        settings,
        database_url=urls.database_url,
        valkey_url=urls.valkey_url,
        clickhouse_url=urls.clickhouse_url,
    )


@asynccontextmanager
async def assemble(settings: Settings) -> AsyncGenerator[Apex]:
    """Everything below the doors, over engines whose URLs the settings name.

    The schemas must be migrated: SchemaBehindError says so otherwise. Shutdown is the same story backwards.
    """
    ids, metrics = UnifiedIDManager(), Metrics()
    keep_drawing_cache(IsolatedEnvironment(), settings.home)
    async with AsyncExitStack() as closing:
        stores = open_stores(settings, closing)
        await check_schemas(stores)
        audit = AuditLog(stores.sessions, metrics)
        closing.push_async_callback(audit.close)
        auth = await closing.enter_async_context(
            auth_services(
                stores.database,
                ids=ids,
                audit=audit,
                secret=load_instance_secret(settings),
                secrets_directory=settings.secrets_directory,
            )
        )
        savings = build_savings(settings, stores, ids, metrics)
        closing.push_async_callback(savings.imports.aclose)
        dialogue = build_dialogue(stores, ids)
        yield Apex(settings, ids, metrics, stores, audit, auth, savings, dialogue)


def open_stores(settings: Settings, closing: AsyncExitStack) -> Stores:
    """Pools and clients; each connects when first used and closes with the stack."""
    database = open_database(settings)
    closing.push_async_callback(database.close)
    limit = None if settings.query_memory_mb is None else settings.query_memory_mb << 20
    url = required(settings.clickhouse_url, "NETRA_CLICKHOUSE_URL")
    analytics = AnalyticsStore(url, memory_bytes=limit)
    closing.push_async_callback(analytics.close)
    hot = HotStore(required(settings.valkey_url, "NETRA_VALKEY_URL"))
    closing.push_async_callback(hot.close)
    sessions = DatabaseSessionManager(database)
    return Stores(database, sessions, analytics, hot, DataAccessFactory(sessions, analytics, hot))


def open_database(settings: Settings) -> DatabaseManager:
    """The database of the settings, with a pool for each role."""
    address = DatabaseURLBuilder.from_url(
        required(settings.database_url, "NETRA_DATABASE_URL"), environment=settings.environment
    )
    return DatabaseManager(address, role_secret=load_instance_secret(settings))


async def check_schemas(stores: Stores) -> None:
    """Refuse to run on schemas that `netra migrate` has not brought up to date."""
    await verify(stores.database, "app")
    await verify(stores.database, "auth")
    await verify_analytics(stores.analytics)


def build_savings(settings: Settings, stores: Stores, ids: UnifiedIDManager, metrics: Metrics) -> Savings:
    """From prices up to reports."""
    catalogue = PriceCatalogue(settings.price_overrides)
    prices = WorkspacePrices(stores.access, catalogue)
    evaluations = EvaluationService(stores.access)
    usage = UsageService(stores.access, count_evaluations=evaluations.count)
    optimization = OptimizationService(
        stores.access,
        usage,
        evaluations,
        prices,
        AnalysisRunner(settings.clickhouse_url),
        AnalysisTurns(settings.analyses_at_once),
    )
    call_writer = CallWriter(stores.access, WorkspacePricer(prices))
    imports = ImportService(
        stores.access,
        ids,
        {
            "calls": call_writer,
            "evaluations": EvaluationWriter(stores.access),
            "usage_lines": UsageLineWriter(stores.access),
        },
        directory=settings.home,
        after_import=[optimization.warm],
    )
    return Savings(
        catalogue=catalogue,
        prices=prices,
        insights=InsightService(usage),
        focus=FocusExport(stores.access, prices),
        differences=PriceDifferences(stores.access, prices),
        repricing=RepricingService(stores.access, ids, prices),
        reconciliation=ReconciliationService(stores.access, prices),
        usage=usage,
        calls=CallsService(stores.access, usage, prices),
        imports=imports,
        call_writer=call_writer,
        intake=Intake(
            stores.access,
            stores.sessions,
            metrics,
            limit_bytes=settings.outbox_limit_mb << 20,
            home=settings.home,
        ),
        evaluations=evaluations,
        optimization=optimization,
        reports=ReportService(stores.access, ids),
    )


def build_dialogue(stores: Stores, ids: UnifiedIDManager) -> Dialogue:
    """Threads, the event log and the service that accepts questions."""
    log, publisher = EventLog(ids), EventPublisher(stores.hot)
    return Dialogue(
        log=log,
        publisher=publisher,
        threads=ThreadService(stores.access, log, publisher, ids),
        runs=RunService(stores.access, log, publisher, ids, stores.hot),
        snapshots=SnapshotService(stores.access, log),
    )


def required(value: T | None, variable: str) -> T:
    """The value, or an error that says which variable to set."""
    if value is None:
        raise ConfigurationError(
            f"{variable} is not set",
            hint="`netra up` starts the engines by itself; a single service needs the addresses of all three",
        )
    return value
