"""What to change, word for word, to use a provider's prompt cache."""

from netra.optimization.actions import Rows
from netra.optimization.findings import Instructions, Snippet
from netra.optimization.workload import UsedModel, Workload
from netra.pricing.models import CacheTerms, CacheTtl

_ANTHROPIC = """client.messages.create(
    model="{model}",
    system=[
        {{
            "type": "text",
            "text": STABLE_INSTRUCTIONS_AND_CONTEXT,
            "cache_control": {{"type": "ephemeral"{ttl}}},
        }}
    ],
    messages=messages,  # what differs from call to call comes last
)"""
_OPENAI = """client.chat.completions.create(
    model="{model}",
    messages=[{{"role": "system", "content": STABLE_INSTRUCTIONS_AND_CONTEXT}}, *messages],
    prompt_cache_key=FEATURE_OR_SESSION,{retention}
)"""
_HOUR = 3_600
_DAY = 86_400


def caching_instructions(
    workload: Workload, used: UsedModel, rows: Rows | None, terms: CacheTerms, ttl: CacheTtl
) -> Instructions:
    """Steps and a snippet for one model, with the places in the team's own traffic that send most of it."""
    where = _where(workload, rows)
    if terms.automatic:
        return _automatic(used.model, where, terms, ttl)
    return _explicit(used, where, terms, ttl)


def _explicit(used: UsedModel, where: str, terms: CacheTerms, ttl: CacheTtl) -> Instructions:
    hour = ttl.seconds >= _HOUR
    named = ', "ttl": "1h"' if hour else ""
    steps = [
        f"In {where}, put everything that repeats (tools, system prompt, documents, history) at the start of "
        f"the prompt and everything that differs at its end.",
        f"Mark the end of the repeating part with cache_control of type ephemeral"
        f"{' and ttl 1h' if hour else ''}; up to 4 marks a request; in a conversation also the last message.",
        f"Leave prompts under {terms.min_tokens:,} tokens alone: they are not cached.",
        "Check cache_read_input_tokens in the responses after the change; it was 0 before.",
    ]
    if used.canonical.provider == "aws":
        steps.insert(2, "On Bedrock's Converse API the mark is a cachePoint block instead of cache_control.")
    return Instructions(
        summary=f"Mark the repeating start of the prompts to {used.model} as cacheable"
        + (" for one hour." if hour else "."),
        steps=steps,
        snippet=Snippet(language="python", text=_ANTHROPIC.format(model=used.model, ttl=named)),
    )


def _automatic(model: str, where: str, terms: CacheTerms, ttl: CacheTtl) -> Instructions:
    kept = terms.settable and ttl.seconds >= _DAY
    steps = [
        f"In {where}, put everything that repeats (instructions, tools, documents, history) at the start of "
        f"the prompt, byte for byte the same, and what differs (dates, user names, ids) at its end.",
        f"Nothing has to be switched on: the provider caches prompts of {terms.min_tokens:,} tokens or more.",
        "Give calls that share a start the same prompt_cache_key: they then reach the same machine.",
        "Check the cached tokens in the usage of the responses after the change.",
    ]
    retention = '\n    prompt_cache_retention="24h",' if kept else ""
    if kept:
        steps.insert(2, 'Set prompt_cache_retention to "24h".')
    return Instructions(
        summary=f"Order the prompts to {model} so that their start repeats exactly.",
        steps=steps,
        snippet=Snippet(language="python", text=_OPENAI.format(model=model, retention=retention)),
    )


def _where(workload: Workload, rows: Rows | None) -> str:
    top = workload.labels(("app", "feature"), workload.priced if rows is None else rows)
    names = [" / ".join(labels.values()) for labels, _ in top if labels]
    return ", ".join(names) if names else "the code that builds these prompts"
