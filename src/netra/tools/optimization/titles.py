"""What a finding is called in a sentence, from its lever and parameters."""

from __future__ import annotations

from collections.abc import Mapping

_NAMES = {
    "prompt-cache": "Prompt caching",
    "response-cache": "Response caching",
    "semantic-cache": "Semantic caching",
    "duplicate-inflight": "Joining identical calls in flight",
    "prompt-trim": "Trimming the static prompt",
    "provider-switch": "Buying the same model elsewhere",
    "routing": "Routing call by call",
    "cascade": "Trying the cheaper model first",
    "commitment": "Provisioned throughput",
    "hedging": "Hedging slow calls",
    "timeout": "Cutting slow calls short",
    "region": "Calling a nearer region",
    "streaming": "Streaming answers",
    "model-switch": "Switching models",
    "batch": "Batch processing",
    "flex": "Flex processing",
    "output-cap": "Capping the output",
    "retry-waste": "Avoiding wasted retries",
    "context-growth": "Trimming re-sent context",
    "reasoning-effort": "Less reasoning effort",
}


def title_of(lever: str, params: Mapping[str, str]) -> str:
    """For example `Prompt caching on claude-sonnet-4-5 (ttl 5m)`."""
    name = _NAMES.get(lever, lever.replace("-", " ").capitalize())
    if lever == "model-switch":
        source, target = params.get("from"), params.get("to")
        if source and target:
            return f"Switching {source} to {target}"
    if lever == "provider-switch" and params.get("to_provider"):
        return (
            f"Buying {params.get('model') or params.get('from') or 'the model'} from {params['to_provider']}"
        )
    subject = params.get("model") or params.get("from")
    rest = ", ".join(
        f"{key} {value}"
        for key, value in params.items()
        if key not in {"model", "from", "provider"} and value and not key.startswith("target_")
    )
    return name + (f" on {subject}" if subject else "") + (f" ({rest})" if rest else "")
