"""AnalystModel: the built-in analyst behind the interface of a language model."""

from __future__ import annotations

import json
from typing import cast

from pydantic import JsonValue
from pydantic_ai.messages import (
    ModelMessage,
    ModelRequest,
    ModelResponse,
    RetryFeedbackPart,
    ToolCallPart,
    ToolReturnPart,
    UserPromptPart,
)
from pydantic_ai.models import Model, ModelRequestParameters
from pydantic_ai.settings import ModelSettings
from pydantic_ai.usage import RequestUsage

from netra.llm.playbook import ANALYST_NAME, CallTools, JsonObject, Playbook, PlaybookView, ToolAnswer


class AnalystModel(Model[None]):
    """Answers each request with what its playbook decides: tool calls, or the final structured output.

    It is deterministic, reads only the messages it is given, and counts no tokens.
    """

    def __init__(self, role: str, playbook: Playbook) -> None:
        super().__init__()
        self._role = role
        self._playbook = playbook

    @property
    def model_name(self) -> str:
        """The name under which its answers appear."""
        return ANALYST_NAME

    @property
    def system(self) -> str:
        """The provider's name."""
        return "netra"

    @property
    def base_url(self) -> str | None:
        """None: it runs in this process."""
        return None

    async def request(
        self,
        messages: list[ModelMessage],
        model_settings: ModelSettings | None,
        model_request_parameters: ModelRequestParameters,
    ) -> ModelResponse:
        """One move of the playbook."""
        output_tools = {tool.name for tool in model_request_parameters.output_tools}
        move = self._playbook(read_view(messages, output_tools))
        number = sum(isinstance(message, ModelResponse) for message in messages)
        if isinstance(move, CallTools):
            parts = [
                ToolCallPart(tool, arguments, tool_call_id=f"{self._role}-{number}-{index}")
                for index, (tool, arguments) in enumerate(move.calls)
            ]
        else:
            tool = next(iter(output_tools))
            parts = [ToolCallPart(tool, dict(move.output), tool_call_id=f"{self._role}-{number}-final")]
        return ModelResponse(parts=parts, usage=RequestUsage(), model_name=ANALYST_NAME)


def read_view(messages: list[ModelMessage], output_tools: set[str]) -> PlaybookView:
    """The conversation as a playbook sees it; the brief is the JSON object of the first user prompt."""
    brief: JsonObject = {}
    answers: list[ToolAnswer] = []
    corrections: list[str] = []
    for message in messages:
        if not isinstance(message, ModelRequest):
            continue
        for part in message.parts:
            if isinstance(part, UserPromptPart) and isinstance(part.content, str) and not brief:
                brief = cast(JsonObject, json.loads(part.content))
            elif isinstance(part, ToolReturnPart):
                if part.tool_name in output_tools:
                    if part.outcome != "success":
                        corrections.append(str(part.content))
                    continue
                answers.append(
                    ToolAnswer(part.tool_name, cast(JsonValue, part.content), part.outcome == "success")
                )
            elif isinstance(part, RetryFeedbackPart):
                corrections.append(str(part.content))
    return PlaybookView(brief, tuple(answers), tuple(corrections))
