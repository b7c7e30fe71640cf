"""LLMManager: which model plays a role in a run."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Literal, Protocol

from pydantic_ai.models import Model
from pydantic_ai.usage import RequestUsage, UsageLimits

from netra.context.models import UserExecutionContext
from netra.llm.analyst_model import AnalystModel
from netra.llm.breaker import CircuitBreaker
from netra.llm.budget import RunBudget
from netra.llm.guarded_model import GuardedModel
from netra.llm.playbook import ANALYST_NAME, Playbook


class ModelPricing(Protocol):
    """What a request cost: US dollars, None when the model has no known price."""

    def __call__(self, model: str, usage: RequestUsage, at: datetime) -> Decimal | None:
        """Price one answered request."""
        ...


@dataclass(frozen=True, slots=True)
class ProviderAccess:
    """How runs reach the configured provider: through our own gateway, as the user the run belongs to.

    `base_url` is our gateway's `/openai/v1`; `credential` gives a short-lived credential of the context's
    user.
    """

    base_url: str
    model: str
    credential: Callable[[UserExecutionContext], Awaitable[str]]


class LLMManager:
    """Role to model. With no provider every role is played by the built-in analyst with that role's
    playbook.
    """

    def __init__(
        self,
        playbooks: Mapping[str, Playbook],
        provider: ProviderAccess | None = None,
        pricing: ModelPricing | None = None,
    ) -> None:
        self._playbooks = dict(playbooks)
        self._provider = provider
        self._pricing = pricing
        self._breaker = CircuitBreaker()
        self._models = None
        if provider is not None:
            from netra.llm.provider import ProviderModels

            self._models = ProviderModels(provider)

    @property
    def kind(self) -> Literal["built-in", "provider"]:
        """Who plans and words answers."""
        return "provider" if self._provider else "built-in"

    @property
    def model_name(self) -> str:
        """The configured model's name, or the built-in analyst's."""
        return self._provider.model if self._provider else ANALYST_NAME

    def model_for(self, role: str, context: UserExecutionContext, budget: RunBudget | None = None) -> Model:
        """The model of a role for one run; a provider's model counts against `budget`."""
        if self._models is None:
            return self.analyst_for(role)
        limits = budget or RunBudget(context.limits)
        return GuardedModel(self._models.model_for(context), limits, self._breaker, self._price_of)

    def analyst_for(self, role: str) -> AnalystModel:
        """The built-in analyst in a role, also when a provider is configured: what a run falls back to."""
        return AnalystModel(role, self._playbooks[role])

    def usage_limits(self, context: UserExecutionContext) -> UsageLimits:
        """Limits of one agent's conversation within the run."""
        return UsageLimits(
            request_limit=min(12, context.limits.max_requests), total_tokens_limit=context.limits.max_tokens
        )

    async def close(self) -> None:
        """Close the connections to the gateway."""
        if self._models is not None:
            await self._models.close()

    def _price_of(self, model: str, usage: RequestUsage) -> Decimal | None:
        return self._pricing(model, usage, datetime.now(UTC)) if self._pricing else None
