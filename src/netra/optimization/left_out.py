"""Calls without a known price in the figures of a draft: counted, left out, and never taken as free."""

from dataclasses import replace

import numpy as np

from netra.optimization.actions import Action, ChangeLatency, ChangeTokens, Rows
from netra.optimization.drafts import Draft
from netra.optimization.findings import Missing
from netra.optimization.token_changes import shortened
from netra.optimization.workload import Workload
from netra.pricing.models import ServiceTier

_NAMED = 5


def with_prices_counted(draft: Draft, workload: Workload) -> Draft:
    """Say how many calls are left out for lack of a price; where the change concerns no others, prices are
    what is missing: a saving of nothing would be no answer.
    """
    unpriced = int((~workload.priced).sum())
    if draft.effect is None or draft.action is None or not unpriced:
        return draft
    if not isinstance(draft.action, ChangeLatency):
        rows = _concerned(draft.action, workload)
        rows = rows if rows.any() else np.ones(workload.n, dtype=bool)
        if not workload.priced[rows].any():
            return replace(draft, missing=[*draft.missing, prices_of(workload, rows)])
    verbs = "has no known price and is" if unpriced == 1 else "have no known price and are"
    said = f"{unpriced:,} of all {workload.n:,} calls {verbs} left out of the figures"
    return replace(draft, assumptions=[*draft.assumptions, said])


def _concerned(action: Action, workload: Workload) -> Rows:
    """The calls (n) whose cost a change is about."""
    return shortened(workload.tokens, action) if isinstance(action, ChangeTokens) else action.rows


def prices_of(workload: Workload, rows: Rows, tier: ServiceTier | None = None) -> Missing:
    """That the models of some calls have no price, or none in `tier`, where they have one as recorded."""
    known = workload.priced[rows]
    codes = set(np.unique(workload.model_codes[rows][known == bool(known.any())]).tolist())
    names = list(dict.fromkeys(used.model for used in workload.models if used.code in codes))
    more = f" and {len(names) - _NAMED:,} more" if len(names) > _NAMED else ""
    models = f"the models of these calls ({', '.join(names[:_NAMED])}{more})"
    if tier is None:
        return Missing(what=f"prices of {models}", how="add a [[price]] for each to the price overrides file")
    if known.any():
        how = f'add a [[price]] with tier = "{tier}" to the price overrides file, if it is sold'
        return Missing(what=f"a {tier} price for {models}", how=how)
    return Missing(
        what=f"prices of {models}, as they are and in the {tier} tier",
        how=f'add a [[price]] for each and one with tier = "{tier}" to the price overrides file',
    )
