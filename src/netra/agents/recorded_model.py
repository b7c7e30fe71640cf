"""RecordedModel: each request to a provider's model is a durable step, so that a recovered run never repeats
one.
"""

from __future__ import annotations

from typing import cast

from pydantic import JsonValue
from pydantic_ai.messages import ModelMessage, ModelMessagesTypeAdapter, ModelResponse
from pydantic_ai.models import Model, ModelRequestParameters
from pydantic_ai.models.wrapper import WrapperModel
from pydantic_ai.settings import ModelSettings

from netra.tools.execution_engine import StepAttempt, StepRunner


class RecordedModel(WrapperModel):
    """Wraps the model of one agent in one run; requests are numbered in the order they are made."""

    def __init__(self, wrapped: Model, steps: StepRunner, agent_id: str) -> None:
        super().__init__(wrapped)
        self._steps = steps
        self._agent_id = agent_id
        self._requests = 0

    async def request(
        self,
        messages: list[ModelMessage],
        model_settings: ModelSettings | None,
        model_request_parameters: ModelRequestParameters,
    ) -> ModelResponse:
        """The stored response if this request was already answered, else the provider's."""
        self._requests += 1

        async def ask(_: StepAttempt) -> JsonValue:
            response = await self.wrapped.request(messages, model_settings, model_request_parameters)
            return cast(JsonValue, ModelMessagesTypeAdapter.dump_python([response], mode="json"))

        stored = await self._steps.run_step(f"{self._agent_id}:model:{self._requests}", ask)
        return cast(ModelResponse, ModelMessagesTypeAdapter.validate_python(stored)[0])
