"""What a workspace's data holds: counts by column, names, range. Kept per data version."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from typing import Any

from netra.context.models import UserExecutionContext
from netra.evaluations.service import EvaluationService
from netra.optimization.registry import LEVERS
from netra.tools.specification import AnyToolSpec, NoArguments, ToolCall, ToolResult, ToolSpec, plain_json
from netra.tools.usage.measuring import CallsRead, replay_source
from netra.tools.usage.naming import shown
from netra.tools.usage.outputs import FactsOutput
from netra.usage.queries import UsageQuery
from netra.usage.service import UsageOverview, UsageResult, UsageService

KEPT = 256
_USERS = 200
_COLUMNS = {
    "session": "session_id",
    "prefix": "prefix_hashes",
    "user": "user",
    "interactive_flag": "interactive",
    "latency": "latency_ms",
    "ttft": "ttft_ms",
    "retries": "retry_of",
    "request_hash": "request_hash",
    "output_cap": "max_output_tokens",
    "reasoning": "reasoning_tokens",
}


class DataProfiler:
    """Reads the profile of a workspace's data, once per data version. Safe to share: entries are keyed by
    workspace.
    """

    def __init__(self, usage: UsageService, evaluations: EvaluationService) -> None:
        self._usage = usage
        self._evaluations = evaluations
        self._kept: OrderedDict[tuple[str, int], tuple[UsageOverview, dict[str, Any]]] = OrderedDict()

    async def profile(self, context: UserExecutionContext) -> tuple[UsageOverview, dict[str, Any]]:
        """The overview, and the facts in the shape of the triage room's DataFacts."""
        key = (context.workspace_id, await self._usage.data_version(context))
        kept = self._kept.get(key)
        if kept is None:
            kept = await self._read(context)
            self._kept[key] = kept
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        return kept

    async def _read(self, context: UserExecutionContext) -> tuple[UsageOverview, dict[str, Any]]:
        overview, models, users, statuses, teams, evaluated = await asyncio.gather(
            self._usage.overview(context),
            self._usage.run(
                context,
                UsageQuery(measures=["calls", "unpriced_calls"], dimensions=["model", "provider"], limit=200),
            ),
            self._usage.run(context, UsageQuery(measures=["calls"], dimensions=["user"], limit=200)),
            self._usage.run(context, UsageQuery(measures=["calls"], dimensions=["status"])),
            self._usage.run(context, UsageQuery(measures=["calls"], dimensions=["team"], limit=_USERS)),
            self._evaluations.coverage(context),
        )
        by_key = UsageQuery(measures=["calls"], dimensions=["api_key_id"], limit=_USERS)
        keys = await self._usage.run(context, by_key)
        carried = {_COLUMNS[name]: count for name, count in overview.calls_with.items() if name in _COLUMNS}
        carried["feature"] = overview.calls if overview.features else 0
        carried["app"] = overview.calls if overview.apps else 0
        carried["api_key_id"] = sum(row["calls"] for row in keys.rows if row["api_key_id"])
        carried["rate_limited"] = sum(
            row["calls"] for row in statuses.rows if row["status"] == "rate_limited"
        )
        facts = {
            "calls": overview.calls,
            "since": overview.since.isoformat() if overview.since else None,
            "until": overview.until.isoformat() if overview.until else None,
            "unpriced_calls": overview.unpriced_calls,
            "unpriced_models": _distinct(models, "model", only="unpriced_calls"),
            "data_version": overview.data_version,
            "columns": carried,
            "vocabulary": {
                "models": _distinct(models, "model"),
                "providers": _distinct(models, "provider"),
                "apps": overview.apps,
                "features": overview.features,
                "users": _distinct(users, "user"),
                "users_kept": _USERS,
                "teams": _distinct(teams, "team"),
                "levers": [lever.name for lever in LEVERS],
                "evaluated_models": [covered.model for covered in evaluated],
            },
        }
        return overview, facts


def _distinct(result: UsageResult, column: str, only: str | None = None) -> list[str]:
    return list(
        dict.fromkeys(row[column] for row in result.rows if row[column] and (only is None or row[only]))
    )


def inspect_data(profiler: DataProfiler) -> AnyToolSpec:
    """The tool `inspect_data`."""

    async def run(call: ToolCall, arguments: NoArguments) -> ToolResult:
        overview, facts = await profiler.profile(call.context)
        read = CallsRead(overview.calls, overview.since, overview.until)
        source = replay_source(UsageQuery(measures=["calls"]), {}, read, call.context.timezone)
        call.figures.add(overview.calls, "count", "Calls stored", source)
        words = facts["vocabulary"]
        names = [*words["models"], *words["providers"], *words["features"], *words["apps"], *words["users"]]
        output = FactsOutput(
            names=[shown(name) for name in (*names, *words["evaluated_models"])],
            facts=facts,
            since=overview.since,
            until=overview.until,
            calls=overview.calls,
        )
        if overview.calls == 0:
            return ToolResult("no calls are stored yet", plain_json(output))
        summary = (
            f"{overview.calls:,} calls of {overview.model_count} models from {overview.since:%Y-%m-%d} to "
            f"{overview.until:%Y-%m-%d}; {overview.unpriced_calls:,} without a known price"
        )
        return ToolResult(summary, plain_json(output))

    return ToolSpec(
        name="inspect_data",
        description="What the stored data holds: calls, time range, models, features, which columns are "
        "filled.",
        arguments=NoArguments,
        permission="usage:read",
        run=run,
    )
