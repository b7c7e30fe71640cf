"""What one run has used of language models, and whether it may go on."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from pydantic_ai.usage import RequestUsage

from netra.context.models import RunLimits
from netra.llm.errors import ModelBudgetError


@dataclass(slots=True)
class RunBudget:
    """Counts requests, tokens and US dollars of one run against its limits.

    `cost_usd` is None as soon as one answer came from a model without a known price.
    """

    limits: RunLimits
    requests: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cost_usd: Decimal | None = Decimal(0)

    def check(self) -> None:
        """Refuse the next request (ModelBudgetError) when a ceiling is reached."""
        if self.requests >= self.limits.max_requests:
            raise ModelBudgetError(f"this run has used its {self.limits.max_requests} model requests")
        if self.input_tokens + self.output_tokens >= self.limits.max_tokens:
            raise ModelBudgetError(f"this run has used its {self.limits.max_tokens} model tokens")
        if self.cost_usd is not None and self.cost_usd >= self.limits.max_cost_usd:
            raise ModelBudgetError(f"this run has spent its {self.limits.max_cost_usd} US dollars on models")

    def add(self, usage: RequestUsage, cost_usd: Decimal | None) -> None:
        """Count one answered request."""
        self.requests += 1
        self.input_tokens += usage.input_tokens
        self.output_tokens += usage.output_tokens
        self.cost_usd = None if cost_usd is None or self.cost_usd is None else self.cost_usd + cost_usd
