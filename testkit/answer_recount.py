"""The answer key of generated calls, counted again by hand: one call after the other, in decimals, at the
prices of the providers' public pages. Knows neither the generator's arithmetic nor the levers nor the
catalogue.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

Call = Mapping[str, Any]

_USD_PER_MTOK = {
    "claude-haiku-4-5": ("1", "0.1", "1.25", "5"),
    "claude-sonnet-4-5": ("3", "0.3", "3.75", "15"),
    "gemini-2.5-flash": ("0.3", "0.03", "0", "2.5"),
    "gemini-2.5-flash-lite": ("0.1", "0.01", "0", "0.4"),
    "gpt-4.1": ("2", "0.5", "0", "8"),
    "gpt-4.1-mini": ("0.4", "0.1", "0", "1.6"),
    "gpt-4o": ("2.5", "1.25", "0", "10"),
    "gpt-4o-mini": ("0.15", "0.075", "0", "0.6"),
    "gpt-5": ("1.25", "0.125", "0", "10"),
    "gpt-5-mini": ("0.25", "0.025", "0", "2"),
    "mistral-large-latest": ("2", "0", "0", "6"),
    "mistral-small-latest": ("0.15", "0.015", "0", "0.6"),
}
"""Input, read from cache, written to it for five minutes, output."""
_CACHED_FROM = {"claude-haiku-4-5": 4_096, "claude-sonnet-4-5": 1_024}
_FIVE_MINUTES, _DAY = 300_000, 86_400_000


def usd(call: Call, *, model: str | None = None, read: int | None = None, written: int = 0) -> Decimal:
    """What a call costs, on another model or with other cache reads too; nothing where nobody has a price."""
    name = model or str(call["model"])
    if name not in _USD_PER_MTOK:
        return Decimal(0)
    rates = [Decimal(rate) for rate in _USD_PER_MTOK[name]]
    if name == "claude-sonnet-4-5" and call["input_tokens"] > 200_000:
        rates = [2 * rates[0], 2 * rates[1], 2 * rates[2], Decimal("22.5")]
    cached: int = (call.get("cache_read_tokens") or 0) if read is None else read
    tokens: list[int] = [call["input_tokens"] - cached - written, cached, written, call["output_tokens"]]
    return sum((rate * n for rate, n in zip(rates, tokens, strict=True)), Decimal(0)) / 1_000_000


def savings(calls: Sequence[Call], entry: Mapping[str, Any]) -> Decimal:
    """What an entry of the key is worth, by the definition of its lever. `calls` in order of time."""
    params = entry["params"]
    if entry["lever"] == "model-switch":
        own = [call for call in calls if call["model"] == params["from"]]
        return sum((usd(call) - usd(call, model=params["to"]) for call in own), Decimal(0))
    if entry["lever"] == "batch":
        waiting = (c for c in calls if c["interactive"] is False and c["status"] == "ok")
        return sum(map(usd, waiting), Decimal(0)) / 2
    if entry["lever"] == "prompt-cache":
        return sum((cached_savings(calls, one["model"]) for one in entry["by_model"]), Decimal(0))
    spared: Callable[[Sequence[Call]], Iterator[Call]] = {
        "retry-waste": _repeated,
        "response-cache": _answered_before,
        "duplicate-inflight": _under_way,
    }[entry["lever"]]
    return sum(map(usd, spared(calls)), Decimal(0))


def cached_savings(calls: Sequence[Call], model: str) -> Decimal:
    """A prefix cache of five minutes: full blocks of a prompt from its start, known where the same key used
    them less than five minutes before; the rest of the full blocks is written.
    """
    used: dict[tuple[str, int], int] = {}
    saved = Decimal(0)
    for call in calls:
        if call["model"] != model:
            continue
        blocks: list[int] = call["prefix_hashes"] or []
        size: int = call["prefix_block_tokens"] or 0
        if len(blocks) * size < _CACHED_FROM[model]:
            saved += usd(call) - usd(call, read=0)
            continue
        names = [(str(call.get("api_key_id") or ""), block) for block in blocks]
        missing = (n for n, name in enumerate(names) if call["ts"] - used.get(name, -_DAY) > _FIVE_MINUTES)
        read = next(missing, len(names)) * size
        read = read if read >= _CACHED_FROM[model] else 0
        saved += usd(call) - usd(call, read=read, written=len(blocks) * size - read)
        used.update((name, call["ts"]) for name in names)
    return saved


def _repeated(calls: Sequence[Call]) -> Iterator[Call]:
    again = {call["retry_of"] for call in calls if call["retry_of"]}
    return (call for call in calls if call["call_id"] in again)


def _answered_before(calls: Sequence[Call]) -> Iterator[Call]:
    """Asked again within a day of a complete answer that was computed."""
    answers: dict[str, float] = {}
    for call in calls:
        if call["request_hash"] and call["status"] == "ok":
            answer = answers.get(call["request_hash"])
            if answer is not None and answer <= call["ts"] <= answer + _DAY:
                yield call
            elif answer is None or call["ts"] > answer + _DAY:
                answers[call["request_hash"]] = call["ts"] + (call["latency_ms"] or 0)


def _under_way(calls: Sequence[Call]) -> Iterator[Call]:
    """Asked while the same request was not answered yet."""
    ends: dict[str, float] = {}
    for call in calls:
        if call["request_hash"] and call["status"] == "ok":
            if call["ts"] < ends.get(call["request_hash"], 0):
                yield call
            else:
                ends[call["request_hash"]] = call["ts"] + (call["latency_ms"] or 0)
