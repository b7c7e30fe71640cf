"""One analysis: levers over a workload, intervals, verdicts, joint replay. Pure."""

from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from itertools import count
from typing import Any

import numpy as np
import polars as pl

from netra.optimization.drafts import Draft, Effect, Lever
from netra.optimization.findings import Baseline, Finding, Instructions, Joint, JointStep, MoneyInterval
from netra.optimization.interval_doubts import doubts_about
from netra.optimization.intervals import MIN_CALLS, Interval, Resamples, likely_interval
from netra.optimization.joint import Together, marginal_savings, taken_together
from netra.optimization.left_out import with_prices_counted
from netra.optimization.levers.prompt_cache_diagnosis import steps_worth_it
from netra.optimization.params import LeverParams
from netra.optimization.verdict import Judgement, judge
from netra.optimization.workload import Workload
from netra.pricing.money import femto_string, total_femto

Progress = Callable[[str, int, int], None]
DescribeQuery = Callable[[Draft], tuple[dict[str, Any], str]]
NewId = Callable[[str], str]

_LEVERS_AT_ONCE = 2
_DOLLAR_DECIMALS = 6


@dataclass(frozen=True, slots=True)
class Analysis:
    """What an analysis found."""

    baseline: Baseline
    findings: list[Finding]
    joint: Joint
    drafts: list[Draft] = field(compare=False)
    """What each finding was made from, in the same order."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What an analysis needs from outside: progress, the usage query behind a draft, ids."""

    describe: DescribeQuery
    new_id: NewId
    progress: Progress


def analyse(
    workload: Workload,
    evaluations: pl.DataFrame,
    levers: tuple[Lever, ...],
    params: Mapping[str, LeverParams],
    around: Surroundings,
) -> Analysis:
    """Run levers over a workload. `evaluations` carry `canonical` (see `evaluated.with_canonical`)."""
    steps = len(levers) + 2
    drafts = _drafts(workload, evaluations, levers, params, around.progress)
    around.progress("joint", len(levers), steps)
    # Resampling is the dear part, and it is shared: the joint replay takes part in it with the changes that
    # it will most likely be made of.
    expected = _recommended(drafts, [_likely(draft) for draft in drafts])
    together = taken_together(workload, drafts, expected)
    around.progress("intervals", len(levers) + 1, steps)
    resamples = Resamples(workload.blocks.count)
    counted = [draft.effect if draft.rows >= MIN_CALLS else None for draft in drafts]
    *intervals, whole = _intervals([*counted, together.effect], resamples)
    recommended = _recommended(drafts, intervals)
    if recommended != expected:
        together = taken_together(workload, drafts, recommended)
        whole = _intervals([together.effect], resamples)[0]
    findings = [
        _finding(_with_doubts(draft, workload), interval, judge(draft, interval), around)
        for draft, interval in zip(drafts, intervals, strict=True)
    ]
    joint = _joint(together, findings, whole if workload.n >= MIN_CALLS else None)
    walked = [
        JointStep(finding=findings[number].id, savings_usd=femto_string(saving))
        for number, saving in marginal_savings(workload, drafts, together)
    ]
    joint = joint.model_copy(update={"steps": walked})
    around.progress("done", steps, steps)
    return Analysis(baseline_of(workload), findings, joint, drafts)


def _drafts(
    workload: Workload,
    evaluations: pl.DataFrame,
    levers: tuple[Lever, ...],
    params: Mapping[str, LeverParams],
    progress: Progress,
) -> list[Draft]:
    """What all levers have to say, in their order. Two work at a time: they spend their time in numpy and
    polars, which let each other run; more would share the memory of one analysis among them.
    """
    started = count()

    def work(lever: Lever) -> list[Draft]:
        progress(lever.name, next(started), len(levers) + 2)
        found = lever.drafts(workload, evaluations, params[lever.name])
        return [with_prices_counted(draft, workload) for draft in found]

    with ThreadPoolExecutor(_LEVERS_AT_ONCE) as threads:
        return [draft for drafts in threads.map(work, levers) for draft in drafts]


def _with_doubts(draft: Draft, workload: Workload) -> Draft:
    """The draft with what makes its interval less certain than it says."""
    if draft.effect is None or draft.rows < MIN_CALLS:
        return draft
    doubts = doubts_about(draft.effect.block_savings, workload.blocks.kind)
    return replace(draft, assumptions=[*draft.assumptions, *doubts]) if doubts else draft


def baseline_of(workload: Workload) -> Baseline:
    """The calls looked at."""
    ts = workload.ts
    return Baseline(
        calls=workload.n,
        cost_usd=femto_string(total_femto(workload.cost)),
        unpriced_calls=int((~workload.priced).sum()),
        since=_instant(ts[0]) if workload.n else None,
        until=_instant(ts[-1]) if workload.n else None,
    )


def _intervals(effects: Sequence[Effect | None], resamples: Resamples) -> list[Interval | None]:
    """The interval of each saving, None where there is none to speak of."""
    known = [effect for effect in effects if effect is not None]
    found = iter(resamples.intervals([effect.block_savings for effect in known]))
    return [None if e is None else next(found).widened(*e.uncertainty) for e in effects]


def _likely(draft: Draft) -> Interval | None:
    if draft.effect is None or draft.rows < MIN_CALLS:
        return None
    return likely_interval(draft.effect.block_savings).widened(*draft.effect.uncertainty)


def _recommended(drafts: Sequence[Draft], intervals: Sequence[Interval | None]) -> list[int]:
    """Which drafts would be recommended, were these their intervals."""
    pairs = enumerate(zip(drafts, intervals, strict=True))
    return [number for number, (draft, near) in pairs if judge(draft, near).verdict == "recommend"]


def _finding(draft: Draft, interval: Interval | None, judgement: Judgement, around: Surroundings) -> Finding:
    query, sql = around.describe(draft)
    known = judgement.verdict != "insufficient_data" and draft.effect is not None
    effect = draft.effect if known else None
    key = f"{draft.lever} {sorted(draft.params.items())} {sorted(draft.filters.items())}"
    return Finding(
        id=around.new_id(key),
        lever=draft.lever,
        params=draft.params,
        verdict=judgement.verdict,
        baseline_usd=None if effect is None else femto_string(effect.baseline),
        counterfactual_usd=None if effect is None else femto_string(effect.counterfactual),
        savings_usd=None if effect is None else femto_string(effect.savings),
        savings_pct=None if effect is None else percent(effect.savings, effect.baseline),
        interval_95=None if effect is None or interval is None else money_interval(interval),
        latency_effect=draft.latency,
        quality_effect=draft.quality,
        risk=draft.risk,
        effort=draft.effort,
        assumptions=draft.assumptions,
        missing=judgement.missing,
        query=query,
        sql=sql,
        rows=draft.rows,
        apply=_to_do(draft, judgement),
        bounds=draft.bounds,
        diagnosis=draft.diagnosis,
    )


def _to_do(draft: Draft, judgement: Judgement) -> Instructions:
    """What to change; where the change is refused, at most what would have to change first."""
    if judgement.verdict != "refuse" or not draft.apply.steps:
        return draft.apply
    first = steps_worth_it(draft.diagnosis or [])
    return Instructions(
        summary="Leave it as it is: on these calls the change is refused"
        + (" as long as the prompts stay as they are." if first else "."),
        steps=first,
    )


def with_instructions_of(chosen: Collection[str], analysis: Analysis) -> Analysis:
    """The analysis for a plan made of the findings `chosen`: each of them says how to make its change, and
    where it is not recommended alone, that the plan takes it all the same.
    """
    findings = [
        _in_plan(draft, finding) if finding.id in chosen and finding.verdict != "recommend" else finding
        for draft, finding in zip(analysis.drafts, analysis.findings, strict=True)
    ]
    return replace(analysis, findings=findings)


def _in_plan(draft: Draft, finding: Finding) -> Finding:
    alone = "refused" if finding.verdict == "refuse" else "not recommended"
    said = f"{alone} alone; part of the plan for the latency that was asked for there"
    return finding.model_copy(
        update={"apply": draft.apply, "assumptions": [*finding.assumptions, said]},
    )


def _joint(together: Together, findings: Sequence[Finding], interval: Interval | None) -> Joint:
    effect = together.effect
    parts = [findings[number] for number in together.parts]
    return Joint(
        levers=list(dict.fromkeys(part.lever for part in parts)),
        findings=[part.id for part in parts],
        baseline_usd=femto_string(effect.baseline),
        counterfactual_usd=femto_string(effect.counterfactual),
        savings_usd=femto_string(effect.savings),
        savings_pct=percent(effect.savings, effect.baseline),
        interval_95=None if interval is None else money_interval(interval),
    )


def percent(part: int, whole: int) -> float:
    """Share in percent, four decimals; 0 of nothing."""
    return round(100 * part / whole, 4) + 0.0 if whole else 0.0


def money_interval(interval: Interval) -> MoneyInterval:
    """Bounds as money strings with six decimals at most."""
    return (_dollars(interval.low), _dollars(interval.high))


def _dollars(value: float) -> str:
    text = f"{value:.{_DOLLAR_DECIMALS}f}".rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text


def _instant(micros: np.int64) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=int(micros))


def id_from_content(prefix: str, *parts: str) -> str:
    """A stable id for the same question over the same data: `fnd_` and 26 characters of its digest."""
    digest = int.from_bytes(sha256("\0".join(parts).encode()).digest()[:16])
    alphabet = "0123456789abcdefghjkmnpqrstvwxyz"
    return prefix + "_" + "".join(alphabet[(digest >> (5 * place)) & 31] for place in reversed(range(26)))
