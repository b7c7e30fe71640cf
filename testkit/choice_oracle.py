"""Once more, one call after the other: who may wait, who else sells a model, what prompts begin with, and how
much less another model or effort writes. Written from the definitions alone, as `lever_oracle`.
"""

from collections import Counter, defaultdict
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from typing import Any
from zlib import crc32

from netra.pricing.models import ServiceTier
from testkit.lever_oracle import SUCCESSFUL, TOKENS, Call, cost
from testkit.optimization_bench import CATALOGUE

__all__ = ["Offer", "in_tier", "judged_drops", "least_ratio", "offers", "ratio", "static_start", "trimmed"]

FEWEST_IN_GROUP = 20
Items = Sequence[dict[str, Any]]


def in_tier(calls: Sequence[Call], tier: ServiceTier, beside: Sequence[str]) -> list[int | None]:
    """Femto-dollars that each call would cost in a tier; None where it may not wait, is in that tier or one
    `beside` it already, or has no price there.
    """
    found: list[int | None] = []
    for call in calls:
        may = call.get("interactive") is False and call["status"] in SUCCESSFUL
        there = (call.get("service_tier") or "standard") in (tier, *beside)
        priced = cost(call) is not None
        found.append(cost({**call, "service_tier": tier}) if may and priced and not there else None)
    return found


@dataclass(frozen=True)
class Offer:
    """What another provider asks: femto-dollars of each call there (None: it stays), all of them together."""

    provider: str
    model: str
    after: list[int | None]
    total: int


def offers(calls: Sequence[Call], last: datetime) -> list[Offer]:
    """What everybody else who sells it asks for the calls of one model, the cheapest first at the standard
    rates for short prompts on the day of `last`.
    """
    found: list[tuple[int, Offer]] = []
    for seller in CATALOGUE.sellers(calls[0]["model"], calls[0].get("provider") or None):
        there = [{**call, "model": seller.model, "provider": seller.provider} for call in calls]
        at_rates = [_at_base_rates(call, seller.provider, seller.model, last) for call in calls]
        after = [None if cost(call) is None else cost(then) for call, then in zip(calls, there, strict=True)]
        stays = [cost(call) or 0 if then is None else then for call, then in zip(calls, after, strict=True)]
        if None not in at_rates:
            ranked = sum(usd or 0 for usd in at_rates)
            found.append((ranked, Offer(seller.provider, seller.model, after, sum(stays))))
    return [offer for _, offer in sorted(found, key=lambda pair: pair[0])]


def _at_base_rates(call: Call, provider: str, model: str, last: datetime) -> int | None:
    """Femto-dollars of a call at the rates of a day, were its prompt short; None without a price."""
    price = CATALOGUE.resolve(model, provider, last)
    if price is None:
        return None
    rates = price.bands[0].rates
    cached = [call.get(name) or 0 for name in TOKENS[2:5]]
    reasoning = call.get("reasoning_tokens") or 0
    plain = (call["input_tokens"] - sum(cached), call["output_tokens"] - reasoning)
    parts = (plain[0], *cached, plain[1], reasoning)
    needed = [(part, rate) for part, rate in zip(parts, rates.as_tuple(), strict=True) if part]
    return None if any(rate < 0 for _, rate in needed) else sum(part * rate for part, rate in needed)


def _blocks(call: Call) -> list[int]:
    size = int(call.get("prefix_block_tokens") or 0)
    return list(call.get("prefix_hashes") or [])[: call["input_tokens"] // size if size > 0 else 0]


def static_start(calls: Sequence[Call], share: float) -> list[int]:
    """Tokens at the start of each call that `share` of the calls of its app, feature and model begin with."""
    groups: dict[Hashable, list[int]] = defaultdict(list)
    for row, call in enumerate(calls):
        if _blocks(call):
            place = (call.get("app") or "", call.get("feature") or "")
            groups[call.get("provider") or "", call["model"], *place].append(row)
    found = [0] * len(calls)
    for rows in groups.values():
        if len(rows) < FEWEST_IN_GROUP:
            continue
        carried = Counter(block for row in rows for block in _blocks(calls[row]))
        for row in rows:
            alike = 0
            for block in _blocks(calls[row]):
                if carried[block] < share * len(rows):
                    break
                alike += 1
            found[row] = alike * int(calls[row]["prefix_block_tokens"])
    return found


def trimmed(calls: Sequence[Call], share: float, tokens: int | None) -> list[int]:
    """Input tokens of each call without the part of its static start that nobody caches."""
    found: list[int] = []
    for call, static in zip(calls, static_start(calls, share), strict=True):
        terms = CATALOGUE.cache_terms(call["model"], call.get("provider") or None)
        sold = terms is not None and static >= terms.min_tokens
        goes = 0 if sold else static if tokens is None else min(static, tokens)
        found.append(call["input_tokens"] - goes)
    return found


def ratio(items: Items, before: str, after: str, column: str) -> Fraction | None:
    """Sum of a column over the items that both models answered with it, after over before.

    None without such items, or where the sum of the other model is 0: nobody's answers are free.
    """
    answers: dict[tuple[str, str], list[Fraction]] = defaultdict(list)
    for item in items:
        if item["canonical"] in (before, after) and item.get(column) is not None:
            answers[item["item_id"], item["canonical"]].append(Fraction(item[column]))
    mean = {key: sum(values, Fraction(0)) / len(values) for key, values in answers.items()}
    both = [
        (mean[item, before], mean[item, after])
        for item, model in mean
        if model == before and (item, after) in mean and mean[item, before] > 0
    ]
    there = sum((b for _, b in both), Fraction(0))
    return there / sum((a for a, _ in both), Fraction(0)) if there else None


def least_ratio(calls: Sequence[Call]) -> Fraction:
    """The part of the output that is not reasoning: no less than that is left of it."""
    output = sum(call["output_tokens"] for call in calls)
    reasoning = sum(min(call.get("reasoning_tokens") or 0, call["output_tokens"]) for call in calls)
    return 1 - Fraction(reasoning, output) if output else Fraction(1)


def judged_drops(items: Items, dear: str, cheap: str) -> dict[str, float]:
    """Mean drop of each group of items on the half that a router does not learn from."""
    scores: dict[str, dict[str, float]] = defaultdict(dict)
    groups: dict[str, str] = {}
    for item in items:
        scores[item["item_id"]][item["canonical"]] = item["score"]
        groups[item["item_id"]] = item["group"]
    drops: dict[str, list[float]] = defaultdict(list)
    for name, of in scores.items():
        if crc32(name.encode()) % 2:
            drops[groups[name]].append(of[dear] - of[cheap])
    return {group: sum(values) / len(values) for group, values in drops.items()}
