"""Latencies under hedges, timeouts and moves to another place, one call after the other.

Written from the definitions alone, as `lever_oracle`. Milliseconds. What a repetition takes is drawn by
chance: the oracle says from which latencies, and what becomes of a call once it is drawn.
"""

from collections import defaultdict
from collections.abc import Hashable, Mapping, Sequence
from fractions import Fraction

from testkit.lever_oracle import SUCCESSFUL, Call

__all__ = ["best_places", "counted", "delays", "late", "percentile", "placed", "pools", "repeated"]

ENOUGH = 50


def percentile(values: Sequence[float], share: Fraction) -> Fraction:
    """A percentile, linear between ranks."""
    ordered = sorted(values)
    rank = share * (len(ordered) - 1)
    low, high = ordered[int(rank)], ordered[min(int(rank) + 1, len(ordered) - 1)]
    return Fraction(low) + (Fraction(high) - Fraction(low)) * (rank - int(rank))


def counted(calls: Sequence[Call]) -> list[int]:
    """The successful calls with a latency."""
    return [
        row
        for row, call in enumerate(calls)
        if call["status"] in SUCCESSFUL and call.get("latency_ms") is not None
    ]


def _model(call: Call) -> tuple[str, str]:
    return call.get("provider") or "", call["model"]


def _size(call: Call) -> int:
    return int(call["output_tokens"]).bit_length()


def pools(calls: Sequence[Call]) -> dict[int, list[float]]:
    """The latencies that a repetition of each call is drawn from; none for models with too few calls."""
    classes: dict[Hashable, list[float]] = defaultdict(list)
    for row in counted(calls):
        for key in (_model(calls[row]), (*_model(calls[row]), _size(calls[row]))):
            classes[key].append(calls[row]["latency_ms"])
    found: dict[int, list[float]] = {}
    for row in counted(calls):
        alike = classes[(*_model(calls[row]), _size(calls[row]))]
        of_model = classes[_model(calls[row])]
        if len(alike) >= ENOUGH or len(of_model) >= ENOUGH:
            found[row] = alike if len(alike) >= ENOUGH else of_model
    return found


def delays(calls: Sequence[Call], share: Fraction) -> dict[int, Fraction]:
    """The quantile of the latencies of each call's feature and model; none for too few calls."""
    groups: dict[Hashable, list[int]] = defaultdict(list)
    for row in counted(calls):
        groups[(*_model(calls[row]), calls[row].get("feature") or "")].append(row)
    found: dict[int, Fraction] = {}
    for rows in groups.values():
        if len(rows) >= ENOUGH:
            at = percentile([calls[row]["latency_ms"] for row in rows], share)
            found |= dict.fromkeys(rows, at)
    return found


def late(calls: Sequence[Call], after: Mapping[int, Fraction]) -> list[int]:
    """The calls that somebody waits for and that take longer than their delay."""
    drawn = pools(calls)
    return [
        row
        for row in counted(calls)
        if row in drawn
        and row in after
        and calls[row].get("interactive") is not False
        and calls[row]["latency_ms"] > after[row]
    ]


def repeated(first: float, delay: float, second: float, *, cancels: bool) -> float:
    """What a late call takes: given up and sent again, or the sooner of two answers."""
    return delay + second if cancels else min(first, delay + second)


def placed(calls: Sequence[Call], places: Sequence[str], move: tuple[str, str]) -> dict[int, Fraction]:
    """What each call of a model that can be compared would take in another place, by rank in its feature and
    size of the answer. Only those move of which the other place has enough; none if these are too few.
    """
    strata: dict[Hashable, tuple[list[int], list[int]]] = defaultdict(lambda: ([], []))
    for row in counted(calls):
        if places[row] in move:
            key = (calls[row].get("feature") or "", _size(calls[row]))
            strata[key][move.index(places[row])].append(row)
    found: dict[int, Fraction] = {}
    for here, there in strata.values():
        target = sorted(calls[row]["latency_ms"] for row in there)
        if len(there) >= ENOUGH:
            for rank, row in enumerate(sorted(here, key=lambda row: (calls[row]["latency_ms"], row))):
                found[row] = percentile(target, (rank + Fraction(1, 2)) / len(here))
    return found if len(found) >= ENOUGH else {}


def best_places(calls: Sequence[Call], places: Sequence[str]) -> dict[str, tuple[str, Fraction]]:
    """The place where the calls of each place save most milliseconds, and how many."""
    names = sorted({name for name in places if name})
    found: dict[str, tuple[str, Fraction]] = {}
    for here in names:
        gains: dict[str, Fraction] = {}
        for there in names:
            after = placed(calls, places, (here, there)) if there != here else {}
            if after:
                gains[there] = sum(
                    (Fraction(calls[r]["latency_ms"]) - ms for r, ms in after.items()), Fraction(0)
                )
        if gains:
            best = max(gains, key=lambda name: gains[name])
            found[here] = (best, gains[best])
    return found
