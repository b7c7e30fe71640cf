"""The typed query against a plain recount of the file's rows, over random workloads and questions."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction
from random import Random
from typing import Any

import orjson

from netra.usage.service import CompareRequest, UsageResult
from testkit.properties import examples
from testkit.usage_bench import UsageBench
from testkit.usage_recount import Rows, Value, instant, recount, selected
from testkit.usage_workloads import random_calls, random_question

QUESTIONS = 10
QUANTUM = Fraction(1, 10**15)


async def test_answers_are_those_of_a_recount(new_bench: Callable[[], UsageBench]) -> None:
    for seed in range(examples(2)):
        random = Random(seed)
        rows = random_calls(random)
        bench = new_bench()
        loaded = await bench.load(b"\n".join(orjson.dumps(row) for row in rows))
        assert (loaded.stored, loaded.rejected) == (len(rows), 0), (seed, loaded)
        for number in range(QUESTIONS):
            question = random_question(random, rows)
            answer = await bench.ask(*question["measures"], **_asked(question))
            told = _grouped(answer, question)
            wanted = recount(rows, question)
            where = (seed, number, question)
            assert set(told) == set(wanted), where
            for key, measures in wanted.items():
                for name, value in measures.items():
                    assert _same(told[key][name], value, name), (*where, key, name, told[key][name], value)
            about = selected(rows, question)
            assert answer.calls == len(about), where
            assert answer.since == min(map(instant, about), default=None), where
            assert answer.until == max(map(instant, about), default=None), where
            await _check_pages(bench, random, question, answer)
        await _check_change(bench, random, rows)


async def _check_pages(
    bench: UsageBench, random: Random, question: dict[str, Any], whole: UsageResult
) -> None:
    """Rows asked for in an order come in it, nothing last; pages are pieces of the whole."""
    names = [*question["measures"], *([question["grain"]] if "grain" in question else [])]
    name, downwards = random.choice(names), random.random() < 0.5
    order = {"order_by": [f"-{name}" if downwards else name]}
    every = (await bench.ask(*question["measures"], **(_asked(question) | order))).rows
    assert sorted(map(repr, every)) == sorted(map(repr, whole.rows))
    values = [row[name] for row in every if row[name] is not None]
    assert all(row[name] is None for row in every[len(values) :]), (question, order)
    if values and name in question["measures"]:
        values = [Decimal(value) for value in values]
    assert values == sorted(values, reverse=downwards), (question, order)
    offset, limit = random.randrange(len(every) + 2), random.randrange(1, 8)
    page = await bench.ask(
        *question["measures"], **(_asked(question) | order | {"offset": offset, "limit": limit})
    )
    assert page.rows == every[offset : offset + limit]
    assert (page.row_count, page.calls) == (whole.row_count, whole.calls)


async def _check_change(bench: UsageBench, random: Random, rows: Rows) -> None:
    """The change of spend between two periods, part by part and segment by segment."""
    first, last = min(map(instant, rows)), max(map(instant, rows)) + timedelta(milliseconds=1)
    middle = first + (last - first) * random.random()
    periods = [{"since": first, "until": max(middle, first + timedelta(milliseconds=1))}]
    periods.append({"since": random.choice([middle, first]), "until": last})
    dimensions = random.sample(["model", "user", "app", "status"], random.choice([1, 1, 2]))
    request = {"before": periods[0], "after": periods[1], "dimensions": dimensions}
    told = (await bench.usage.compare(bench.context, CompareRequest.model_validate(request))).decomposition
    sides = [
        recount(
            rows,
            {"measures": ["priced_calls", "priced_tokens", "cost_usd"], "dimensions": dimensions, **period},
        )
        for period in periods
    ]
    wanted = _parts(*sides)
    assert {tuple(segment["key"]) for segment in told["segments"]} == set(wanted)
    for segment in told["segments"]:
        for name, value in wanted[tuple(segment["key"])].items():
            assert abs(Fraction(segment[f"{name}_usd"]) - value) <= 2 * QUANTUM, (request, segment, name)
        assert _adds_up(segment)
    for name in ("volume", "mix", "size", "price", "before", "after"):
        whole = sum((parts[name] for parts in wanted.values()), Fraction(0))
        assert abs(Fraction(told[f"{name}_usd"]) - whole) <= (len(wanted) + 1) * QUANTUM, (request, name)
    assert _adds_up(told)


def _adds_up(amounts: Mapping[str, Any]) -> bool:
    parts = sum(Decimal(amounts[f"{name}_usd"]) for name in ("volume", "mix", "size", "price"))
    return (
        parts
        == Decimal(amounts["change_usd"])
        == Decimal(amounts["after_usd"]) - Decimal(amounts["before_usd"])
    )


_Side = Mapping[tuple[str, ...], Mapping[str, Any]]
_NOTHING = {"priced_calls": Fraction(0), "priced_tokens": Fraction(0), "cost_usd": None}


def _parts(before: _Side, after: _Side) -> dict[tuple[str, ...], dict[str, Fraction]]:
    """Of each segment: its part of the growth at old costs; new shares at old costs; other tokens a call at
    old prices; other prices. What had no calls before has no old cost, so all of it is mix.
    """
    calls = [sum((one["priced_calls"] for one in side.values()), Fraction(0)) for side in (before, after)]
    growth = calls[1] / calls[0] if calls[0] else Fraction(1)
    found: dict[tuple[str, ...], dict[str, Fraction]] = {}
    for key in {*before, *after}:
        (q0, t0, c0), (q1, t1, c1) = (_amounts(side.get(key, _NOTHING)) for side in (before, after))
        volume = (growth - 1) * c0
        per_call = q1 * c0 / q0 if q0 else Fraction(0)
        per_token = t1 * c0 / t0 if t0 else per_call
        size, price = (per_token - per_call, c1 - per_token) if q0 else (Fraction(0), Fraction(0))
        mix = c1 - c0 - volume - size - price
        found[key] = {"before": c0, "after": c1, "volume": volume, "mix": mix, "size": size, "price": price}
    return found


def _amounts(of: Mapping[str, Any]) -> tuple[Fraction, Fraction, Fraction]:
    return of["priced_calls"], of["priced_tokens"], of["cost_usd"] or Fraction(0)


def _asked(question: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in question.items() if name != "measures"} | {"limit": 10_000}


def _grouped(answer: UsageResult, question: Mapping[str, Any]) -> dict[tuple[str, ...], dict[str, Any]]:
    names = ([question["grain"]] if "grain" in question else []) + question.get("dimensions", [])
    told = {tuple(row[name] for name in names): row for row in answer.rows}
    assert len(told) == len(answer.rows) == answer.row_count
    return told


def _same(told: Any, wanted: Value, name: str) -> bool:
    if told is None or wanted is None:
        return told is wanted
    if isinstance(told, str):
        # An amount: a sum to the last digit, an average to half of the last one that is given out.
        return abs(Fraction(told) - wanted) <= (0 if name.endswith("_usd") else QUANTUM / 2)
    if isinstance(told, int):
        return told == wanted
    return abs(told - float(wanted)) <= 0.00051 + 1e-9 * abs(float(wanted))
