"""The levers there are, in the order they are reported."""

from netra.optimization.drafts import Lever
from netra.optimization.errors import UnknownLeverError
from netra.optimization.levers.batch import Batch
from netra.optimization.levers.cascade import Cascade
from netra.optimization.levers.commitment import Commitment
from netra.optimization.levers.context_growth import ContextGrowth
from netra.optimization.levers.duplicate_inflight import DuplicateInflight
from netra.optimization.levers.flex import Flex
from netra.optimization.levers.hedging import Hedging
from netra.optimization.levers.model_switch import ModelSwitch
from netra.optimization.levers.output_cap import OutputCap
from netra.optimization.levers.prompt_cache import PromptCache
from netra.optimization.levers.prompt_trim import PromptTrim
from netra.optimization.levers.provider_switch import ProviderSwitch
from netra.optimization.levers.reasoning_effort import ReasoningEffort
from netra.optimization.levers.region import Region
from netra.optimization.levers.response_cache import ResponseCache
from netra.optimization.levers.retry_waste import RetryWaste
from netra.optimization.levers.routing import Routing
from netra.optimization.levers.semantic_cache import SemanticCache
from netra.optimization.levers.streaming import Streaming
from netra.optimization.levers.timeout import Timeout

LEVERS: tuple[Lever, ...] = (
    PromptCache(),
    ResponseCache(),
    SemanticCache(),
    ModelSwitch(),
    Routing(),
    Cascade(),
    ProviderSwitch(),
    Batch(),
    Flex(),
    Commitment(),
    OutputCap(),
    ReasoningEffort(),
    RetryWaste(),
    DuplicateInflight(),
    ContextGrowth(),
    PromptTrim(),
    Hedging(),
    Timeout(),
    Streaming(),
    Region(),
)

BASE_COLUMNS = (
    "ts",
    "position",
    "provider",
    "model",
    "input_tokens",
    "cache_read_tokens",
    "cache_write_tokens",
    "cache_write_1h_tokens",
    "output_tokens",
    "reasoning_tokens",
    "service_tier",
    "session_id",
    "app",
    "feature",
)
"""Columns every analysis reads."""


def chosen_levers(names: list[str] | None) -> tuple[Lever, ...]:
    """The levers asked for, all where none is named. Raises UnknownLeverError."""
    if not names:
        return LEVERS
    known = {lever.name: lever for lever in LEVERS}
    unknown = [name for name in names if name not in known]
    if unknown:
        raise UnknownLeverError(f"there is no lever {unknown[0]!r}", hint=f"levers: {', '.join(known)}")
    return tuple(known[name] for name in dict.fromkeys(names))


def columns_for(levers: tuple[Lever, ...]) -> list[str]:
    """The columns of `llm_calls` that some levers read."""
    return list(dict.fromkeys([*BASE_COLUMNS, *(column for lever in levers for column in lever.columns)]))
