"""What to change, word for word, to use a provider's prompt cache."""

from netra.optimization.actions import Rows
from netra.optimization.findings import Instructions, MissCause, Snippet
from netra.optimization.params import duration_text
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


def miss_in_words(cause: MissCause, terms: CacheTerms, block: int, token: int) -> tuple[str, str]:
    """(why, what to do) for tokens that are not read from the cache; `block` counts from 0, at `token`."""
    kept = duration_text(terms.default_ttl.seconds * 1_000_000)
    place = f"block {block + 1} (about token {token:,})"
    match cause:
        case "changed":
            return (
                f"the conversation is sent again, but not byte for byte: from {place} on it differs from the "
                "session's previous call",
                f"Move what changes at about token {token:,} (a time, an id, a name, a retrieved text) to "
                "the end of the prompt, and keep earlier turns as they were sent.",
            )
        case "differs" if token == 0:
            return (
                "first calls of conversations, and single calls, differ from their first block on",
                "If instructions or documents that repeat come later in these prompts, put them at the very "
                "start, before what differs (a name, a date, a question).",
            )
        case "differs":
            return (
                f"first calls of conversations, and single calls, begin alike but differ from {place} on",
                f"If instructions or documents that repeat come after about token {token:,}, put them before "
                "what differs there (a name, a date, a question).",
            )
        case "expired":
            longer = [offer for offer in terms.ttls if offer.seconds > terms.default_ttl.seconds]
            way = "Buy the longer retention" if longer and terms.settable else "Send calls closer together"
            return f"the same start was sent longer than {kept} ago", f"{way} for these prompts."
        case "below_minimum":
            return (
                f"shorter than the {terms.min_tokens:,} tokens that the provider caches at least",
                "Leave them, or put instructions that several of these prompts share into one longer start.",
            )
        case "other_key":
            return (
                "the same start is in the cache of another API key and was never sent with this one (one key "
                "would also keep fresh what expires with several: its worth counts both)",
                "Send the calls of this feature with one key.",
            )
        case "other_model":
            return (
                "the same start is in the cache of another model",
                "Keep a conversation, and a feature where that is possible, on one model.",
            )
        case "new":
            return "not sent before: first calls, new turns, other documents", "Nothing to do."


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
