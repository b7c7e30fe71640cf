"""Which attribute means what, by column; where several are given the first named here counts.

Sources: the OpenTelemetry semantic conventions for generative AI in their versions, and what the
instrumentations send: opentelemetry-instrumentation-genai-openai (once openai-v2), Traceloop's OpenLLMetry,
OpenInference, OpenLIT, the Langfuse SDK and LiteLLM's callbacks.
"""

from __future__ import annotations

import re

OPERATION = "gen_ai.operation.name"
OPENINFERENCE_KIND = "openinference.span.kind"
LANGFUSE_TYPE = "langfuse.observation.type"
TRACELOOP_KIND = "traceloop.span.kind"
REQUEST_TYPE = "llm.request.type"
AGENT = "gen_ai.agent.name"

LANGFUSE_USAGE = "langfuse.observation.usage_details"
LANGFUSE_COST = "langfuse.observation.cost_details"
LITELLM_USAGE = "metadata.usage_object"
PARAMETERS = (
    "llm.invocation_parameters", "embedding.invocation_parameters", "langfuse.observation.model.parameters",
)  # fmt: skip
"""JSON objects of request parameters."""

COMPLETION_START = "langfuse.observation.completion_start_time"
LEVEL = "langfuse.observation.level"
HTTP_STATUS = "http.response.status_code"
ERROR_TYPE = "error.type"
SERVER = "server.address"
OPENAI_API = "openai.api.type"

RESPONSE_ID = ("gen_ai.response.id",)
ANSWER = "output.value"
"""OpenInference's whole answer as JSON; only its beginning is read, for the answer's id."""

ANSWER_BEGINNING = 200
_ID, _SIGN = r'^\{\s*"id":\s*"', "[A-Za-z0-9_.:-]"
ANSWER_IDS = (
    rf'{_ID}((?:chatcmpl-|cmpl-|resp_|msg_|gen-){_SIGN}{{8,110}})"',
    rf'{_ID}({_SIGN}{{16,120}})",\s*"choices":\s*\[\s*\{{\s*"finish_reason":',
    rf'{_ID}({_SIGN}{{16,120}})",[^{{}}\[\]]*"object":\s*"(?:chat\.completion|text_completion|response)\b',
)
"""Ids such as providers make, or of what only their answers are like (`choices` stand first as OpenAI's
package writes them). Applications too answer in JSON, with ids of their own, and some servers count to a
thousand: by those no two calls may be told to be one.
"""
MODEL = (
    "gen_ai.response.model",
    "llm.response.model_name",
    "llm.model_name",
    "embedding.model_name",
    "langfuse.observation.model.name",
    "gen_ai.request.model",
    "llm.request.model_name",
)
PROVIDER = ("gen_ai.provider.name", "gen_ai.system", "llm.provider", "llm.system")
INPUT = (
    "gen_ai.usage.input_tokens",
    "gen_ai.usage.prompt_tokens",
    "llm.usage.prompt_tokens",
    "llm.token_count.prompt",
)
OUTPUT = (
    "gen_ai.usage.output_tokens",
    "gen_ai.usage.completion_tokens",
    "llm.usage.completion_tokens",
    "llm.token_count.completion",
)
TOTAL = ("gen_ai.usage.total_tokens", "llm.usage.total_tokens", "llm.token_count.total")
CACHE_READ = (
    "gen_ai.usage.cache_read.input_tokens",
    "gen_ai.usage.cache_read_input_tokens",
    "gen_ai.usage.prompt_tokens_details.cache_read",
    "gen_ai.usage.cached_input_tokens",
    "gen_ai.usage.cached_tokens",
    "gen_ai.usage.details.cache_read_tokens",
    "gen_ai.usage.details.cache_read_input_tokens",
    "llm.usage.cache_read_input_tokens",
    "llm.token_count.prompt_details.cache_read",
)
CACHE_WRITE = (
    "gen_ai.usage.cache_creation.input_tokens",
    "gen_ai.usage.cache_write.input_tokens",
    "gen_ai.usage.cache_creation_input_tokens",
    "gen_ai.usage.prompt_tokens_details.cache_write",
    "gen_ai.usage.details.cache_write_tokens",
    "gen_ai.usage.details.cache_creation_input_tokens",
    "llm.usage.cache_creation_input_tokens",
    "llm.token_count.prompt_details.cache_write",
)
REASONING = (
    "gen_ai.usage.reasoning.output_tokens",
    "gen_ai.usage.reasoning_tokens",
    "gen_ai.usage.completion_tokens_details.reasoning",
    "gen_ai.usage.details.reasoning_tokens",
    "llm.usage.reasoning_tokens",
    "llm.token_count.completion_details.reasoning",
)
REPORTED_COST = ("gen_ai.usage.cost", "gen_ai.cost.total_cost", "llm.cost.total")
FIRST_TOKEN_SECONDS = (
    "gen_ai.response.time_to_first_chunk",
    "gen_ai.server.time_to_first_token",
    "gen_ai.client.time_to_first_token",
)
STREAMING = ("gen_ai.request.stream", "gen_ai.is_streaming", "llm.is_streaming")
SERVICE_TIER = (
    "openai.response.service_tier",
    "gen_ai.openai.response.service_tier",
    "gen_ai.response.service_tier",
    "openai.request.service_tier",
    "gen_ai.openai.request.service_tier",
    "gen_ai.request.service_tier",
)
MAX_OUTPUT = (
    "gen_ai.request.max_tokens",
    "gen_ai.request.max_completion_tokens",
    "gen_ai.request.max_output_tokens",
)
TEMPERATURE = ("gen_ai.request.temperature",)
EFFORT = (
    "gen_ai.request.reasoning_effort",
    "gen_ai.request.reasoning.level",
    "gen_ai.openai.request.reasoning_effort",
)
SESSION = (
    "session.id",
    "langfuse.session.id",
    "gen_ai.conversation.id",
    "traceloop.association.properties.session_id",
    "traceloop.association.properties.conversation_id",
    "traceloop.association.properties.thread_id",
    "traceloop.association.properties.chat_id",
    "metadata.session_id",
)
USER = (
    "user.id",
    "langfuse.user.id",
    "enduser.id",
    "traceloop.association.properties.user_id",
    "metadata.user_api_key_end_user_id",
    "metadata.user_api_key_user_id",
    "gen_ai.user",
    "gen_ai.request.user",
    "llm.user",
)
FEATURE = (
    "netra.feature",
    "traceloop.association.properties.feature",
    "langfuse.observation.metadata.feature",
    "langfuse.trace.metadata.feature",
    "metadata.feature",
    "traceloop.workflow.name",
    "langfuse.trace.name",
)
API_KEY = ("metadata.user_api_key_alias", "metadata.user_api_key_hash")
INTERACTIVE = ("netra.interactive",)
ENVIRONMENT = ("deployment.environment.name", "deployment.environment", "langfuse.environment")

FIRST_TOKEN_EVENTS = frozenset(
    {"First Token Stream Event", "llm.content.completion.chunk", "gen_ai.content.completion.chunk"}
)

WANTED: frozenset[str] = frozenset(
    {
        OPERATION, OPENINFERENCE_KIND, LANGFUSE_TYPE, TRACELOOP_KIND, REQUEST_TYPE, AGENT, LANGFUSE_USAGE,
        LANGFUSE_COST, LITELLM_USAGE, *PARAMETERS, COMPLETION_START, LEVEL, HTTP_STATUS, ERROR_TYPE, SERVER,
        OPENAI_API, ANSWER,
        *RESPONSE_ID, *MODEL, *PROVIDER, *INPUT, *OUTPUT, *TOTAL, *CACHE_READ, *CACHE_WRITE, *REASONING,
        *REPORTED_COST, *FIRST_TOKEN_SECONDS, *STREAMING, *SERVICE_TIER, *MAX_OUTPUT, *TEMPERATURE, *EFFORT,
        *SESSION, *USER, *FEATURE, *API_KEY, *INTERACTIVE, *ENVIRONMENT,
    }
)  # fmt: skip

_CONTENT = (
    re.compile(r"(?:gen_ai\.tool\.definitions|llm\.request\.functions|llm\.tools)\b(.*)"),
    re.compile(r"gen_ai\.system_instructions\b(.*)"),
    re.compile(
        r"(?:gen_ai\.input\.messages|langfuse\.observation\.input|llm\.input_messages|gen_ai\.prompt)\b(.*)"
    ),
    re.compile(r"embedding\.embeddings(\.\d+\.embedding\.text)"),
)
_NUMBER = re.compile(r"(\d+)")

ContentOrder = tuple[int, tuple[tuple[int, str], ...]]


def content_order(key: str) -> ContentOrder | None:
    """Where an attribute that holds text of the prompt stands in it; None for every other attribute.

    Providers build a prompt from tools, system instructions and messages, in this order; numbered keys
    (`gen_ai.prompt.10.content`) follow their numbers.
    """
    for part, pattern in enumerate(_CONTENT):
        found = pattern.fullmatch(key)
        if found is not None:
            pieces = _NUMBER.split(found.group(1))
            return part, tuple((int(piece), "") if piece.isdigit() else (-1, piece) for piece in pieces)
    return None
