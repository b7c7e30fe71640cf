"""prompt-trim: the start of prompts that never varies and is too short to be cached.

Definition. Of the recorded prefix blocks of a call, those that at least `share` of the calls of the same app,
feature and model begin with too are static: system prompt, tool descriptions, examples. Where the static
start of a call holds at least the tokens the model's provider caches, prompt-cache sells it at a fraction of
the price and this lever leaves it alone; where it is shorter, or the provider does not cache, it is paid in
full with every call. Trimmed by `tokens` (default: all of it) it would be input' = input - min(static,
tokens); what goes is taken from recorded cache reads first. Only full blocks are seen.

A shorter prompt changes answers: recommended only through the quality gate, with evaluations of the trimmed
prompts under MODEL+prompt-trim; without them the figure is an upper bound and the answer insufficient data.

Source: Anthropic documentation, Prompt caching (minimum cacheable length), and the cache terms of the other
providers in pricing/data/cache_terms.toml.
"""

import numpy as np
import polars as pl

from netra.optimization.actions import ChangeTokens, Int64, Rows
from netra.optimization.drafts import Draft, effect_of
from netra.optimization.errors import InvalidLeverParamError
from netra.optimization.findings import Instructions, Missing
from netra.optimization.levers.changed_answers import gated_drafts, nothing_to_change
from netra.optimization.params import LeverParams
from netra.optimization.shared_prefixes import shared_leading_blocks
from netra.optimization.workload import Workload
from netra.pricing.coding import combined, has_value

_SHARE = 0.5
_NEVER_CACHED = 2**62
_SEND_PREFIXES = Missing(
    what="prefix blocks of the prompts (prefix_hashes, prefix_block_tokens)",
    how=(
        "send per call one hash for each full block of the prompt from its start, e.g. blocks of 128 tokens, "
        "each hash over everything up to the end of its block"
    ),
)


class PromptTrim:
    """Less of the input that is the same in every call and cannot be cached."""

    name = "prompt-trim"
    summary = "shorten what every prompt repeats and no cache holds"
    parameters: dict[str, str] = {
        "tokens": "how many tokens of the static start would go (default: all of it, the upper bound)",
        "share": "how many of a feature's calls must begin alike, 0.5 (default) to 1",
        "margin": "largest acceptable drop in quality, e.g. 0.02 for 2 points",
        "group": "only evaluated items of this group count",
    }
    columns = ("prefix_hashes", "prefix_block_tokens", "app", "feature")

    def drafts(self, workload: Workload, evaluations: pl.DataFrame, params: LeverParams) -> list[Draft]:
        """One draft a model whose trimmed prompts are evaluated, one for the rest."""
        if not len(workload.prefixes.hashes):
            return [nothing_to_change(self.name, workload, _SEND_PREFIXES)]
        share = params.fraction("share", _SHARE)
        if share < _SHARE:
            raise InvalidLeverParamError(f"{self.name}: share={share:g} is under one half")
        most = params.whole("tokens")
        static = static_tokens(workload, share)
        paid = np.where(static < _least_cached(workload), static, 0)
        cut = paid if most is None else np.minimum(paid, most)
        base = Draft(
            self.name,
            {} if most is None else {"tokens": str(most)},
            workload.n,
            _instructions(workload, cut),
            assumptions=_assumptions(workload, (static, paid, cut), share),
            latency="lower: shorter prompts are read sooner",
            risk="medium",
            effort="medium",
        )
        if not cut.any():
            return [_nothing_static(workload, base)]
        limits = workload.tokens.input - cut

        def some(rows: Rows) -> Instructions:
            return _instructions(workload, np.where(rows, cut, 0))

        return gated_drafts(workload, evaluations, params, ChangeTokens(input_limit=limits), base, some)


def static_tokens(workload: Workload, share: float) -> Int64:
    """Tokens at the start of each call (n) that `share` of the calls of its app, feature and model share."""
    columns = [workload.coded(name) for name in ("provider", "model", "app", "feature")]
    group = combined(columns)[0].astype(np.int64)
    blocks = shared_leading_blocks(workload.prefixes, group, share)
    return np.minimum(blocks * workload.prefixes.block_tokens, workload.tokens.input)


def _least_cached(workload: Workload) -> Int64:
    """The shortest prefix that each call's provider caches (n), out of reach where it caches none."""
    least = np.full(len(workload.models), _NEVER_CACHED, dtype=np.int64)
    for used in workload.models:
        terms = workload.catalogue.cache_terms(used.model, used.provider or None)
        if terms is not None:
            least[used.code] = terms.min_tokens
    return least[workload.model_codes]


def _assumptions(workload: Workload, tokens: tuple[Int64, Int64, Int64], share: float) -> list[str]:
    static, paid, cut = (int(part.sum()) for part in tokens)
    everything = int(workload.tokens.input.sum())
    calls = int((tokens[1] > 0).sum())
    said = [
        f"{calls:,} of {workload.n:,} calls begin with input that at least {100 * share:.0f} % of the calls "
        f"of their app, feature and model share and that is too short to be cached: {paid:,} tokens, "
        f"{100 * paid / everything if everything else 0:.1f} % of all input",
        "static input is seen in full blocks only; a shorter static start is not counted",
    ]
    if cut < paid:
        said.append(f"{cut:,} of these tokens go")
    if static > paid:
        said.append(
            f"{static - paid:,} more static tokens are long enough to be cached and left to prompt-cache"
        )
    return said


def _nothing_static(workload: Workload, base: Draft) -> Draft:
    return Draft(
        PromptTrim.name,
        base.params,
        workload.n,
        Instructions(summary="Nothing to trim: no static input is paid in full.", steps=[]),
        effect=effect_of(workload, None, workload.cost),
        assumptions=base.assumptions,
    )


def _instructions(workload: Workload, cut: Int64) -> Instructions:
    top = workload.labels(("app", "feature", "model"), cut > 0)
    places: list[str] = []
    for labels, calls in top:
        rows = np.ones(workload.n, dtype=bool)
        for name in ("app", "feature", "model"):
            rows &= has_value(workload.coded(name), (labels.get(name, ""),))
        tokens = int(cut[rows].sum())
        places.append(f"{' / '.join(labels.values())} ({tokens / calls:,.0f} tokens in {calls:,} calls)")
    return Instructions(
        summary="Shorten the part of the prompt that is the same in every call.",
        steps=[
            f"Look at the static start of the prompts of {', '.join(places) if places else 'each feature'}.",
            "Remove rules the model follows anyway, examples that change no answer, tools never called.",
            "Evaluate the shorter prompt on the same items before it goes live: MODEL against "
            "MODEL+prompt-trim.",
            "Or make it longer: static input above the provider's minimum can be cached at a lower price.",
        ],
    )
