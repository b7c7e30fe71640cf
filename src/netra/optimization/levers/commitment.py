"""commitment: provisioned throughput against on-demand prices.

Definition. Successful standard-tier calls of one model are replayed minute by minute on U units of capacity,
each good for `unit_tokens_per_minute` and paid for the whole period looked at, from the minute of the first
call of any model to that of the last; calls that do not fit into their minute spill over and are billed on
demand (`optimization.provisioned`). The model's other calls (failed, in another tier, without a price or
free) are in both figures as they were billed. Output tokens count
`output_weight` times (default: the model's price of output over that of input on the last day), cache reads
`cached_weight` times (default 0). U is the number of units, from `min_units` in steps of `step`, at which fee
and spill-over together cost least; `units` fixes it. Where even that costs more than on demand, the answer is
to refuse, with the figure. The price of a unit comes from the parameters, else from a [[capacity]] entry of
the local prices. The interval comes from resampling whole days (2,000 resamples, PCG64(0)) at that U, so a
week of traffic is needed; U was chosen on the same days, which favours it a little.

Without a unit price the answer is insufficient data, with the rates of tokens a minute and the price below
which capacity for such a minute would pay.

Source: Microsoft, Azure OpenAI provisioned throughput units (output counts as its price ratio to input from
GPT-4.1 on, cached tokens are deducted in full, calls over capacity are refused and may spill over).
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import numpy as np
import polars as pl

from netra.optimization.actions import BuyCapacity, Int64
from netra.optimization.drafts import Draft, Effect, Float64
from netra.optimization.errors import InvalidLeverParamError
from netra.optimization.findings import Instructions, Missing, Snippet
from netra.optimization.intervals import bootstrap_totals
from netra.optimization.levers.changed_answers import nothing_to_change
from netra.optimization.params import LeverParams
from netra.optimization.provisioned import MICROSECONDS_PER_MINUTE, capacity_tokens, needed_capacity
from netra.optimization.workload import UsedModel, Workload
from netra.pricing.coding import has_value
from netra.pricing.models import FEMTO_PER_USD
from netra.pricing.money import total_femto
from netra.pricing.overrides import CapacityPrice
from netra.pricing.vectorised import taken

MIN_DAYS = 7
_MOST = 4
_MOST_UNITS = 100_000
_MINUTES_PER_DAY = 1_440
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DEPLOY = """az cognitiveservices account deployment create --name ACCOUNT --resource-group GROUP \\
  --deployment-name {model} --model-name {model} --model-version VERSION --model-format OpenAI \\
  --sku-name GlobalProvisionedManaged --sku-capacity {units}"""


@dataclass(frozen=True, slots=True)
class _Units:
    """What is on offer: dollars a unit and hour, tokens a unit and minute, the least number and the steps.

    `source`: who says so.
    """

    usd_per_hour: Decimal
    tokens_a_minute: int
    least: int
    step: int
    source: str

    def fee(self, units: int, minutes: int) -> int:
        """Femto-dollars of some units for some minutes, rounded down to whole femto-dollars."""
        return int(self.usd_per_hour * FEMTO_PER_USD * units * minutes / 60)


@dataclass(frozen=True, slots=True)
class _Traffic:
    """The calls of one model that could use capacity (k), in order, and the minutes of the period."""

    used: UsedModel
    members: Int64
    minute: Int64
    needed: Int64
    cost: Int64
    first: int
    minutes: int
    weights: tuple[float, float]

    def carried(self, capacity: int) -> Int64:
        """Femto-dollars of each call that would be carried, 0 of the others (k)."""
        return np.where(self.needed <= capacity, self.cost, 0)

    def rates(self) -> tuple[int, int, int, int]:
        """p50, p90, p99 and maximum of tokens a minute, quiet minutes included (nearest rank from below)."""
        ends = np.append(self.minute[1:] != self.minute[:-1], True)
        busy = np.sort(self.needed[ends])
        quiet = self.minutes - len(busy)
        p50, p90, p99, most = (int(share * (self.minutes - 1)) - quiet for share in (0.5, 0.9, 0.99, 1))
        return _at(busy, p50), _at(busy, p90), _at(busy, p99), _at(busy, most)


def _at(ascending: Int64, place: int) -> int:
    return int(ascending[place]) if place >= 0 else 0


class Commitment:
    """Units of provisioned throughput for one model, as many as cost least with what spills over."""

    name = "commitment"
    summary = "buy capacity ahead where the load is steady enough"
    parameters: dict[str, str] = {
        "model": "the model to buy capacity for (default: each with a [[capacity]] price, or the dearest)",
        "unit_usd_per_hour": "price of a unit for an hour, e.g. 1.00 (a monthly price over 730)",
        "unit_tokens_per_minute": "tokens a minute that a unit carries, e.g. 2500",
        "min_units": "the least that can be bought (default 1)",
        "step": "units are bought in steps of so many (default 1)",
        "units": "so many units instead of the best number",
        "output_weight": "input tokens that an output token counts as (default: the ratio of their prices)",
        "cached_weight": "input tokens that a cache read counts as (default 0)",
    }
    columns = ("status", "service_tier", "app", "feature")

    def drafts(self, workload: Workload, evaluations: pl.DataFrame, params: LeverParams) -> list[Draft]:
        """One draft a model whose unit price is known, dearest first, or one that says what it may be."""
        able = list(_able(workload, params.text("model")))
        if not able:
            lacking = Missing(
                what=f"successful standard-tier calls with a cost, of {params.text('model') or 'any model'}",
                how="import calls of the model, or name one in use: --param commitment.model=NAME",
            )
            return [nothing_to_change(self.name, workload, lacking)]
        drafts: list[Draft] = []
        for used, members in able:
            local = _local_price(workload, used)
            units = _units(params, local)
            if units is not None and len(drafts) < _MOST:
                traffic = _traffic_of(workload, used, members, _weights(workload, used, params, local))
                number = params.whole("units") or _best(traffic, units)
                drafts.append(_draft(workload, traffic, units, number))
            if params.text("unit_usd_per_hour") is not None:
                break
        if drafts:
            return drafts
        used, members = able[0]
        weights = _weights(workload, used, params, None)
        return [_without_prices(workload, _traffic_of(workload, used, members, weights))]


def _units(params: LeverParams, local: CapacityPrice | None) -> _Units | None:
    """The unit that the parameters name, else the one of the local prices. Raises InvalidLeverParamError."""
    dollars = params.number("unit_usd_per_hour")
    tokens = params.whole("unit_tokens_per_minute")
    if (dollars is None or tokens is None) and local is None:
        return None
    units = _Units(
        Decimal(str(dollars)) if dollars is not None or local is None else local.usd_per_hour,
        tokens or (local.tokens_per_minute if local is not None else 1),
        params.whole("min_units") or (1 if local is None else local.min_units),
        params.whole("step") or (1 if local is None else local.step),
        "your parameters" if local is None or dollars is not None else local.scope.origin,
    )
    number = max(units.least, params.whole("units") or 0)
    if number > _MOST_UNITS:
        raise InvalidLeverParamError(f"commitment: {number:,} units are more than {_MOST_UNITS:,}")
    return units


def _local_price(workload: Workload, used: UsedModel) -> CapacityPrice | None:
    last = _EPOCH + timedelta(microseconds=int(workload.ts[-1]))
    return workload.catalogue.capacity(used.model, used.provider or None, last)


def _weights(
    workload: Workload, used: UsedModel, params: LeverParams, local: CapacityPrice | None
) -> tuple[float, float]:
    """Input tokens that an output token and a cache read count as."""
    output, cached = params.number("output_weight"), params.number("cached_weight")
    if output is None and local is not None and local.output_weight is not None:
        output = float(local.output_weight)
    if cached is None:
        cached = 0.0 if local is None else float(local.cached_weight)
    return (_price_ratio(workload, used) if output is None else output), cached


def _able(workload: Workload, wanted: str | None) -> Iterator[tuple[UsedModel, Int64]]:
    """The models with calls that could use capacity, dearest first, and the rows of those calls."""
    canonical = None if wanted is None else workload.catalogue.canonical(wanted).model
    able = has_value(workload.coded("status"), ("ok", "")) & workload.priced
    able &= has_value(workload.coded("service_tier"), ("standard", "")) & (workload.cost > 0)
    for used in workload.models:
        members = np.flatnonzero(able & workload.rows_of(used.code))
        if len(members) and canonical in (None, used.canonical.model):
            yield used, members


def _traffic_of(
    workload: Workload, used: UsedModel, members: Int64, weights: tuple[float, float]
) -> _Traffic:
    minute = workload.ts[members] // MICROSECONDS_PER_MINUTE
    used_up = capacity_tokens(taken(workload.tokens, members), *weights)
    first, last = (int(workload.ts[end]) // MICROSECONDS_PER_MINUTE for end in (0, -1))
    return _Traffic(
        used,
        members,
        minute,
        needed_capacity(minute, used_up),
        workload.cost[members],
        first,
        last - first + 1,
        weights,
    )


def _price_ratio(workload: Workload, used: UsedModel) -> float:
    """Price of output over price of input on the last day; 1 where either is free or unknown."""
    last = _EPOCH + timedelta(microseconds=int(workload.ts[-1]))
    price = workload.catalogue.resolve(used.model, used.provider or None, last)
    if price is None:
        return 1.0
    rates = price.bands[0].rates
    return rates.output / rates.input if rates.input > 0 and rates.output > 0 else 1.0


def _best(traffic: _Traffic, units: _Units) -> int:
    """The number of units at which fee and spill-over cost least; of two that cost the same the smaller."""
    per_call = -(-traffic.needed // units.tokens_a_minute)
    most = int(min(max(per_call.max(), units.least), _MOST_UNITS))
    within = per_call <= most
    worth = np.cumsum(np.bincount(per_call[within], weights=traffic.cost[within], minlength=most + 1))
    offered = np.arange(units.least, most + units.step, units.step)
    offered = offered[offered <= _MOST_UNITS] if len(offered) else np.array([units.least])
    fee = float(units.fee(1, traffic.minutes))
    gains = worth[np.minimum(offered, most)] - fee * offered
    return int(offered[int(np.argmax(gains))])


def _draft(workload: Workload, traffic: _Traffic, units: _Units, number: int) -> Draft:
    used, capacity = traffic.used, number * units.tokens_a_minute
    carried = traffic.carried(capacity)
    fee = units.fee(number, traffic.minutes)
    days, per_day = _by_day(traffic, carried, units, number)
    rows = np.zeros(workload.n, dtype=bool)
    rows[traffic.members] = True
    draft = Draft(
        Commitment.name,
        {
            "model": used.model,
            **({"provider": used.provider} if used.provider else {}),
            "units": f"{number}",
            "unit_usd_per_hour": f"{units.usd_per_hour:f}",
            "unit_tokens_per_minute": f"{units.tokens_a_minute}",
        },
        used.rows,
        _instructions(used, number),
        assumptions=_assumptions(traffic, (capacity, fee), int((carried > 0).sum()), units.source),
        latency="steadier: capacity of your own is not shared; calls over it go on demand as now",
        risk="high",
        effort="high",
        filters={"model": used.model, "provider": used.provider},
    )
    if days < MIN_DAYS:
        return replace(draft, missing=[_more_days(days)])
    saved = total_femto(carried) - fee
    baseline = used.femto
    return replace(
        draft,
        effect=_effect(workload, (baseline, baseline - saved), per_day),
        action=BuyCapacity(rows, capacity, fee, *traffic.weights),
    )


def _by_day(traffic: _Traffic, carried: Int64, units: _Units, number: int) -> tuple[int, Float64]:
    """(days, dollars saved on each): what the carried calls would have cost, less the fee of the day."""
    first = traffic.first // _MINUTES_PER_DAY
    ends = (
        np.arange(first, (traffic.first + traffic.minutes - 1) // _MINUTES_PER_DAY + 1) + 1
    ) * _MINUTES_PER_DAY
    begins = np.maximum(ends - _MINUTES_PER_DAY, traffic.first)
    minutes = np.minimum(ends, traffic.first + traffic.minutes) - begins
    worth = np.bincount(
        traffic.minute // _MINUTES_PER_DAY - first, weights=carried * 1e-15, minlength=len(ends)
    )
    return len(ends), worth - minutes * (units.fee(number, 60) * 1e-15 / 60)


def _effect(workload: Workload, amounts: tuple[int, int], per_day: Float64) -> Effect:
    """The effect with the interval of resampled days: spread evenly over the blocks, it has no other."""
    baseline, counterfactual = amounts
    saved = (baseline - counterfactual) * 1e-15
    interval = bootstrap_totals([per_day])[0]
    even = np.full(workload.blocks.count, saved / workload.blocks.count)
    return Effect(
        baseline,
        counterfactual,
        even,
        (max(0.0, saved - interval.low), max(0.0, interval.high - saved)),
    )


def _assumptions(traffic: _Traffic, bought: tuple[int, int], carried: int, source: str) -> list[str]:
    capacity, fee = bought
    p50, p90, p99, most = traffic.rates()
    output, cached = traffic.weights
    return [
        f"tokens a minute of {traffic.used.model}: median {p50:,}, p90 {p90:,}, p99 {p99:,}, most {most:,}; "
        f"an output token counts as {output:g} input tokens, a cache read as {cached:g}",
        f"{capacity:,} tokens a minute would have carried {carried:,} of {len(traffic.members):,} calls; the "
        f"others are billed on demand, and unused capacity is lost",
        f"the fee of ${fee * 1e-15:,.2f} is for all of the {traffic.minutes / 60:,.0f} hours looked at, "
        f"at the price in {source}",
        "a call takes its tokens from the minute in which it begins",
    ]


def _without_prices(workload: Workload, traffic: _Traffic) -> Draft:
    rates = traffic.rates()
    capacity = next((rate for rate in rates if rate), 0)
    hours = traffic.minutes / 60
    worth = total_femto(traffic.carried(capacity)) * 1e-15 / hours
    p50, p90, p99, most = rates
    missing = Missing(
        what=(
            f"what a unit of capacity for {traffic.used.model} costs and carries. Its calls take {p50:,} "
            f"tokens in the median minute (p90 {p90:,}, p99 {p99:,}, most {most:,}); capacity for "
            f"{capacity:,} a minute pays if it costs less than ${worth:,.{2 if worth >= 1 else 4}f} an hour"
        ),
        how=(
            "add a [[capacity]] with usd_per_hour and tokens_per_minute to the price overrides file, or ask "
            "with --param commitment.unit_usd_per_hour=1.00 --param commitment.unit_tokens_per_minute=2500"
        ),
    )
    return nothing_to_change(Commitment.name, workload, missing)


def _more_days(days: int) -> Missing:
    return Missing(
        what=f"days to compare: {days} where {MIN_DAYS} are needed, weekends included",
        how="import a longer period of usage (netra import FILE --format calls)",
    )


def _instructions(used: UsedModel, number: int) -> Instructions:
    return Instructions(
        summary=f"Buy {number:,} units of provisioned throughput for {used.model}; let the rest spill over.",
        steps=[
            "Ask the provider for a quote by the hour first, and try it before a term of a month or a year.",
            "Deploy the units, send all calls of the model there, and turn on spill-over to the on-demand "
            "deployment.",
            "Watch utilisation and spill-over for two weeks; a growing or seasonal load changes the number.",
            "Commit to a term only for the units that are busy at night and at weekends too.",
        ],
        snippet=Snippet(language="shell", text=_DEPLOY.format(model=used.model, units=number)),
    )
