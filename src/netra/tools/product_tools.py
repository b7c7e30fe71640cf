"""Every tool of the product, built over the services of the rooms below."""

from __future__ import annotations

from netra.evaluations.service import EvaluationService
from netra.optimization.service import OptimizationService
from netra.pricing.catalogue import PriceCatalogue
from netra.pricing.workspace_prices import WorkspacePrices
from netra.reports.service import ReportService
from netra.tools.catalogue import ToolCatalogue
from netra.tools.optimization.reasoning import profile_reasoning
from netra.tools.optimization.recall import recall_finding
from netra.tools.optimization.savings import find_savings
from netra.tools.reports.create import create_report
from netra.tools.usage.anomalies_tool import find_anomalies
from netra.tools.usage.calls_tool import list_calls
from netra.tools.usage.changes import compare_periods
from netra.tools.usage.drivers import rank_drivers
from netra.tools.usage.forecast_tool import forecast_spend
from netra.tools.usage.latency import profile_latency
from netra.tools.usage.load_tool import profile_load
from netra.tools.usage.movers_tool import find_movers
from netra.tools.usage.passing_tool import find_passing
from netra.tools.usage.prices_tool import show_prices
from netra.tools.usage.profile import DataProfiler, inspect_data
from netra.tools.usage.query_tool import query_usage
from netra.tools.usage.recall_query import recall_query
from netra.tools.usage.tail_tool import plan_latency
from netra.tools.usage.what_if_tool import price_on_model
from netra.usage.calls.service import CallsService
from netra.usage.service import UsageService


def product_tools(
    usage: UsageService,
    evaluations: EvaluationService,
    optimization: OptimizationService,
    reports: ReportService,
    prices: PriceCatalogue | WorkspacePrices,
    calls: CallsService,
) -> ToolCatalogue:
    """The catalogue; immutable, safe to share between runs."""
    return ToolCatalogue(
        [
            inspect_data(DataProfiler(usage, evaluations)),
            query_usage(usage),
            list_calls(calls),
            rank_drivers(usage),
            forecast_spend(usage),
            find_anomalies(usage),
            compare_periods(usage),
            find_movers(usage),
            find_passing(usage),
            profile_latency(usage),
            plan_latency(usage),
            profile_load(usage),
            profile_reasoning(usage, optimization),
            show_prices(prices),
            price_on_model(usage, prices),
            find_savings(optimization),
            recall_finding(),
            recall_query(),
            create_report(reports),
        ]
    )
