"""provider-switch: the same model, billed by another provider.

Definition. For each (provider, model) in use, the other providers whose price list has exactly the same model
(`pricing.sellers`; relatives such as distilled, faster or free variants, and gateways that only pass calls of
a closed model on, do not count) price the same calls:
the same tokens at their rates on the day of the call. Cached tokens are priced by the target's terms: where
it has no price for cache reads they are plain input there, and where the call's service tier is not sold the
call stays. The two providers that are cheapest at the standard rates of the last day looked at, those for
short prompts, are priced call by call, and the cheaper one is the finding; `to_provider` names one instead.

Quality is taken as equal because the weights are the same; that is an assumption and is said, since hosts of
open weights may run them at lower precision. Latency is told only where calls at the target are recorded.

Source: the providers' published price lists (genai-prices) and local contract prices.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl

from netra.optimization.actions import Int64, Rows, SwitchModel
from netra.optimization.drafts import Draft, effect_of
from netra.optimization.findings import Instructions, Missing, Snippet
from netra.optimization.levers.changed_answers import nothing_to_change
from netra.optimization.levers.latency_words import moved_latency
from netra.optimization.params import LeverParams
from netra.optimization.token_changes import switched_cost
from netra.optimization.workload import UsedModel, Workload
from netra.pricing.models import NOT_PRICED
from netra.pricing.money import total_femto
from netra.pricing.sellers import Seller
from netra.pricing.vectorised import billable

_MOST = 4
_MODELS_LOOKED_AT = 8
_PRICED_EXACTLY = 2
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class _Offer:
    """One provider's offer for the calls of one model; `total` femto-dollars for all of them."""

    seller: Seller
    rows: Rows
    action: SwitchModel
    after: Int64
    total: int
    kept: int


class ProviderSwitch:
    """Another seller of the same weights."""

    name = "provider-switch"
    summary = "buy the same model from a cheaper provider"
    parameters: dict[str, str] = {
        "model": "only the calls of this model",
        "to_provider": "only this provider, e.g. aws, azure, google, openrouter",
    }
    columns = ("latency_ms", "app", "feature")

    def drafts(self, workload: Workload, evaluations: pl.DataFrame, params: LeverParams) -> list[Draft]:
        """One draft a model that somebody else sells too, the largest saving first."""
        found: list[tuple[int, Draft]] = []
        parts = billable(workload.tokens)
        sums = np.array([np.bincount(workload.model_codes, weights=part) for part in parts])
        billed = [used for used in _models_of(workload, params.text("model")) if used.femto]
        for used in billed if params.text("model") else billed[:_MODELS_LOOKED_AT]:
            offers = _offers(workload, used, params.text("to_provider"), sums[:, used.code].tolist())
            if offers:
                best = min(offers, key=lambda offer: (offer.total, offer.seller.provider))
                draft = _draft(workload, used, best, [offer.seller.provider for offer in offers])
                found.append((0 if draft.effect is None else draft.effect.savings, draft))
        found.sort(key=lambda pair: -pair[0])
        worth = [draft for saving, draft in found if saving > 0] or [draft for _, draft in found[:1]]
        return worth[:_MOST] or [nothing_to_change(self.name, workload, _nobody_else(workload, params))]


def _models_of(workload: Workload, wanted: str | None) -> list[UsedModel]:
    """The models in use that a name means, all without one."""
    if wanted is None:
        return workload.models
    canonical = workload.catalogue.canonical(wanted).model
    return [used for used in workload.models if used.canonical.model == canonical]


def _offers(workload: Workload, used: UsedModel, wanted: str | None, amounts: list[float]) -> list[_Offer]:
    """What others ask for the calls of a model; `amounts`: their tokens by usage type."""
    sellers = workload.catalogue.sellers(used.model, used.provider or None)
    if wanted is not None:
        biller = workload.catalogue.canonical(used.model, wanted).provider
        if biller == used.canonical.provider:
            return []
        sellers = tuple(seller for seller in sellers if seller.provider == biller)
        sellers = sellers or (Seller(biller or wanted, used.model),)
    rows = workload.rows_of(used.code)
    members = np.flatnonzero(rows)
    offers: list[_Offer] = []
    for seller in _cheapest(workload, amounts, sellers):
        action = SwitchModel(rows, seller.model, seller.provider)
        after, priced = switched_cost(workload, workload.tokens, workload.cost, action)
        able = workload.priced[members]
        sold = able & priced[members]
        if sold.any():
            theirs = np.where(sold, after[members], workload.cost[members])
            after[members] = theirs
            kept = int((able & ~sold).sum())
            if kept:
                action = SwitchModel(rows & priced & workload.priced, seller.model, seller.provider)
            offers.append(_Offer(seller, rows, action, after, total_femto(theirs), kept))
    return offers


def _cheapest(workload: Workload, amounts: list[float], sellers: tuple[Seller, ...]) -> list[Seller]:
    """The sellers whose standard rates of the last day are lowest for all tokens of the calls together."""
    last = _EPOCH + timedelta(microseconds=int(workload.ts[-1]))
    totals: list[tuple[float, str, Seller]] = []
    for seller in sellers:
        price = workload.catalogue.resolve(seller.model, seller.provider, last)
        rates = () if price is None else price.bands[0].rates.as_tuple()
        needed = [(amount, rate) for amount, rate in zip(amounts, rates, strict=False) if amount]
        if price is not None and all(rate != NOT_PRICED for _, rate in needed):
            total = sum(amount * rate for amount, rate in needed)
            totals.append((total, f"{seller.provider}/{seller.model}", seller))
    return [seller for _, _, seller in sorted(totals, key=lambda t: t[:2])[:_PRICED_EXACTLY]]


def _draft(workload: Workload, used: UsedModel, offer: _Offer, sellers: list[str]) -> Draft:
    seller = offer.seller
    at_target = _calls_at(workload, used, seller.provider)
    label = {"model": used.model, **({"provider": used.provider} if used.provider else {})}
    others = ", ".join(sorted(set(sellers)))
    asks = "as much" if offer.total == used.femto else "less" if offer.total < used.femto else "more"
    said = [
        f"for these calls {seller.provider} asks {asks} in all: the cheapest looked at, of {others}; fees "
        "beside token prices are not included",
        "the answers are as good: both providers name the same weights; a host may run open weights at lower "
        "precision, so compare on your own evaluations first",
        "each call has the same tokens; cached ones are priced by the target's terms and hit as often there",
    ]
    if offer.kept:
        said.append(f"{offer.kept:,} calls are in a tier that {seller.provider} does not sell and stay")
    return Draft(
        ProviderSwitch.name,
        {**label, "to_provider": seller.provider, "to": seller.model},
        used.rows,
        _instructions(workload, used, offer),
        effect=effect_of(workload, offer.rows, offer.after),
        action=offer.action,
        quality="taken as equal: the same weights",
        assumptions=said,
        latency=moved_latency(workload, offer.rows, at_target, seller.provider),
        risk="medium",
        effort="medium",
        filters={"model": used.model, "provider": used.provider},
    )


def _calls_at(workload: Workload, used: UsedModel, provider: str) -> Rows:
    codes = [
        other.code
        for other in workload.models
        if other.canonical.provider == provider and other.canonical.model == used.canonical.model
    ]
    return np.isin(workload.model_codes, np.array(codes, dtype=np.int64))


def _nobody_else(workload: Workload, params: LeverParams) -> Missing:
    wanted = params.text("model")
    models = _models_of(workload, wanted)
    names = ", ".join(used.model for used in models[:5])
    if wanted is not None and not models:
        used = ", ".join(used.model for used in workload.models[:5]) or "none"
        return Missing(what=f"calls on {wanted}", how=f"name a model in use: {used}")
    if models and not any(used.femto for used in models):
        return Missing(
            what=f"what the calls cost now: those on {names} have no price, or cost nothing",
            how="add a [[price]] for each model as it is billed now to the price overrides file",
        )
    return Missing(
        what=f"another provider's price for {names or 'a model in use'}",
        how=(
            "add a [[price]] with that provider and model to the price overrides file, then ask with "
            "--param provider-switch.to_provider=NAME"
        ),
    )


def _instructions(workload: Workload, used: UsedModel, offer: _Offer) -> Instructions:
    top = workload.labels(("app", "feature"), offer.rows)
    names = [" / ".join(labels.values()) for labels, _ in top if labels]
    where = ", ".join(names) if names else "the code that makes these calls"
    before = used.provider or used.canonical.provider or "PROVIDER"
    seller = offer.seller
    return Instructions(
        summary=f"Buy {used.model} from {seller.provider} instead of {before}.",
        steps=[
            f"Check {seller.provider}'s region and data terms, rate limits, and that its snapshot and "
            f"precision are the ones you use.",
            f"In {where}, send a tenth of the sessions to {seller.provider} and compare errors, latency and "
            f"evaluations.",
            "Move the rest; keep the old provider as the fallback for rate limits.",
        ],
        snippet=Snippet(
            language="diff",
            text=f'-    model="{before}/{used.model}",\n+    model="{seller.provider}/{seller.model}",',
        ),
    )
