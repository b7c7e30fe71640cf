"""Answers of similar requests, answers of a cheaper model first, calls on bought capacity, one by one.

Written from the definitions of semantic-cache, cascade and commitment alone, as `lever_oracle`.
"""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from fractions import Fraction
from statistics import fmean, pstdev
from typing import Any
from zlib import crc32

from testkit.lever_oracle import SUCCESSFUL, Call, cost

__all__ = ["Judged", "Unit", "able", "cosine_reaches", "in_doubt", "judged_cascade"]
__all__ += ["Reuse", "least_threshold", "likeliest_threshold", "minutes", "on_capacity", "served_alike"]

Vector = tuple[int, ...]
MINUTE = timedelta(minutes=1)


def cosine_reaches(one: Vector, other: Vector, threshold: Fraction) -> bool:
    """Whether the cosine of two vectors is at least a threshold (above 0), in whole numbers."""
    dot = sum(a * b for a, b in zip(one, other, strict=True))
    lengths = sum(a * a for a in one) * sum(b * b for b in other)
    return dot > 0 and dot * dot * threshold.denominator**2 >= threshold.numerator**2 * lengths


@dataclass(frozen=True)
class Reuse:
    """When an answer is given again."""

    threshold: Fraction
    ttl: timedelta
    scope: str = "app"
    warmest: float = 0.0


def served_alike(calls: Sequence[Call], vectors: Mapping[str, Vector], reuse: Reuse) -> list[bool]:
    """Calls that a cache looked up by meaning would have served. `vectors`: by `call_id`."""
    stored: dict[Hashable, list[tuple[Vector, Any, Any]]] = {}
    repeated = {call["retry_of"] for call in calls if call.get("retry_of")}
    found = [False] * len(calls)
    for row, call in enumerate(calls):
        cold = call.get("temperature") is None or call["temperature"] <= reuse.warmest
        vector = vectors.get(call["call_id"])
        if vector is None or not cold or call["status"] not in SUCCESSFUL or call["call_id"] in repeated:
            continue
        if reuse.scope == "user" and not call.get("user"):
            continue
        sharing = ("provider", "app", "feature", *(["user"] if reuse.scope == "user" else []))
        answers = stored.setdefault((call["model"], *(call.get(name) or "" for name in sharing)), [])
        found[row] = not call.get("retry_of") and any(
            cosine_reaches(vector, other, reuse.threshold)
            and begun < call["ts"]
            and ready <= call["ts"] <= ready + reuse.ttl
            for other, begun, ready in answers
        )
        if not found[row]:
            lasting = timedelta(milliseconds=call.get("latency_ms") or 0)
            answers.append((vector, call["ts"], call["ts"] + lasting))
    return found


@dataclass(frozen=True)
class Judged:
    """A cascade on the items it was not learned on; drops in points of 100."""

    kept: Fraction
    drop: Fraction
    all_cheaper: Fraction
    by_lot: Fraction
    oracle: Fraction
    oracle_kept: Fraction


def in_doubt(items: Sequence[Mapping[str, Any]], dear: str, cheap: str) -> dict[str, tuple[Fraction, ...]]:
    """Scores of both models and the confidence in the cheaper one of each item that has all three."""
    of: dict[str, dict[str, list[Fraction]]] = {}
    for item in items:
        answers = of.setdefault(item["item_id"], {})
        answers.setdefault(item["canonical"], []).append(Fraction(item["score"]))
    wanted = (dear, cheap, f"{cheap}+confidence")
    return {
        name: tuple(sum(some[model], Fraction(0)) / len(some[model]) for model in wanted)
        for name, some in of.items()
        if all(model in some for model in wanted)
    }


def least_threshold(scored: Mapping[str, tuple[Fraction, ...]], margin: float) -> Fraction | None:
    """The least confidence that keeps the drop of the half that teaches certainly inside a margin."""
    learned = [of for name, of in scored.items() if not crc32(name.encode()) % 2]
    judging = len(scored) - len(learned)
    for threshold in sorted({sure for _, _, sure in learned}):
        drops = [float(dear - cheap) if sure >= threshold else 0.0 for dear, cheap, sure in learned]
        room = 1.6448536269514722 * (len(drops) ** -0.5 + max(judging, 1) ** -0.5)
        if fmean(drops) + pstdev(drops) * room <= margin:
            return threshold
    return None


def likeliest_threshold(
    scored: Mapping[str, tuple[Fraction, ...]], margin: float, affordable: Fraction
) -> Fraction | None:
    """Of the confidences that keep the mean drop of the half that teaches inside a margin and ask less than
    `affordable` of the other half again, the one with most room for the spread.
    """
    learned = [of for name, of in scored.items() if not crc32(name.encode()) % 2]
    best: tuple[float, Fraction] | None = None
    for threshold in sorted({sure for _, _, sure in learned}):
        drops = [float(dear - cheap) if sure >= threshold else 0.0 for dear, cheap, sure in learned]
        mean, spread = fmean(drops), pstdev(drops)
        if mean > margin or not spread or 1 - judged_cascade(scored, threshold).kept >= affordable:
            continue
        if best is None or (margin - mean) / spread > best[0] * (1 + 1e-9):
            best = (margin - mean) / spread, threshold
    return None if best is None else best[1]


def judged_cascade(scored: Mapping[str, tuple[Fraction, ...]], threshold: Fraction) -> Judged:
    """What the half that did not teach it says of a threshold."""
    judging = [scored[name] for name in scored if crc32(name.encode()) % 2]
    count = len(judging)
    kept = [sure >= threshold for _, _, sure in judging]
    gap = sum(((dear - cheap) for dear, cheap, _ in judging), Fraction(0)) * 100 / count
    drop = sum(((d - c) for (d, c, _), stays in zip(judging, kept, strict=True) if stays), Fraction(0))
    no_worse = [cheap >= dear for dear, cheap, _ in judging]
    best = sum(((d - c) for (d, c, _), stays in zip(judging, no_worse, strict=True) if stays), Fraction(0))
    share = Fraction(sum(kept), count)
    return Judged(
        share, drop * 100 / count, gap, gap * share, best * 100 / count, Fraction(sum(no_worse), count)
    )


@dataclass(frozen=True)
class Unit:
    """A unit of capacity, and what a token of output or of the cache takes of it."""

    usd_per_hour: Fraction
    tokens_per_minute: int
    output_weight: Fraction
    cached_weight: Fraction


def able(call: Call) -> bool:
    """Whether a call could use bought capacity."""
    standard = (call.get("service_tier") or "standard") == "standard"
    return standard and call["status"] in SUCCESSFUL and cost(call) is not None


def minutes(calls: Sequence[Call]) -> int:
    """Minutes from that of the first call to that of the last."""
    first, last = (calls[end]["ts"].replace(second=0, microsecond=0) for end in (0, -1))
    return int((last - first) / MINUTE) + 1


def on_capacity(calls: Sequence[Call], unit: Unit, units: int, period: int) -> Fraction:
    """Femto-dollars of calls that could use it with so many units bought for `period` minutes."""
    spilled, used = 0, dict[Any, Fraction]()
    for call in calls:
        minute = call["ts"].replace(second=0, microsecond=0)
        cached = call.get("cache_read_tokens") or 0
        takes = call["input_tokens"] - cached + unit.cached_weight * cached
        takes += unit.output_weight * call["output_tokens"]
        used[minute] = used.get(minute, Fraction(0)) + takes
        if used[minute] > units * unit.tokens_per_minute:
            spilled += cost(call) or 0
    return spilled + unit.usd_per_hour * units * period / 60 * 10**15
