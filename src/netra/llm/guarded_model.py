"""A provider's model inside a run's budget and behind the process's breaker."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from pydantic_ai.exceptions import ModelAPIError, ModelHTTPError
from pydantic_ai.messages import ModelMessage, ModelResponse
from pydantic_ai.models import Model, ModelRequestParameters
from pydantic_ai.models.wrapper import WrapperModel
from pydantic_ai.settings import ModelSettings
from pydantic_ai.usage import RequestUsage

from netra.llm.breaker import CircuitBreaker
from netra.llm.budget import RunBudget
from netra.llm.errors import ModelUnavailableError

PriceOf = Callable[[str, RequestUsage], Decimal | None]


class GuardedModel(WrapperModel):
    """Checks budget and breaker before each request and counts what it used afterwards.

    A failure of the provider becomes ModelUnavailableError with the provider's status in its details.
    """

    def __init__(self, wrapped: Model, budget: RunBudget, breaker: CircuitBreaker, price_of: PriceOf) -> None:
        super().__init__(wrapped)
        self._budget = budget
        self._breaker = breaker
        self._price_of = price_of

    async def request(
        self,
        messages: list[ModelMessage],
        model_settings: ModelSettings | None,
        model_request_parameters: ModelRequestParameters,
    ) -> ModelResponse:
        """One request to the provider."""
        self._budget.check()
        wait = self._breaker.seconds_until_retry()
        if wait > 0:
            raise ModelUnavailableError(
                "the configured model has failed repeatedly and is left alone for now",
                details={"retry_after_s": round(wait, 1)},
            )
        try:
            response = await self.wrapped.request(messages, model_settings, model_request_parameters)
        except (ModelAPIError, TimeoutError) as failure:
            if not isinstance(failure, ModelHTTPError) or failure.status_code >= 500:
                self._breaker.failed()
            status = failure.status_code if isinstance(failure, ModelHTTPError) else None
            raise ModelUnavailableError(
                f"the configured model {self.model_name} did not answer"
                + (f" (status {status})" if status else ""),
                details={"status": status, "model": self.model_name},
            ) from failure
        self._breaker.succeeded()
        self._budget.add(response.usage, self._price_of(self.model_name, response.usage))
        return response
