"""What a FinOps analyst would write with pandas: four questions about savings, with intervals, and what the
changes that certainly save come to together.

    python savings_with_pandas.py FOLDER

Needs pandas and pyarrow, nothing of Netra. FOLDER holds calls.parquet, evaluations.parquet and rates.json
(dollars per million tokens and the terms of caching, by model). Prints the seconds, those of the processor
after reading, and each saving with its 95 % interval. Prices and grouping are vectorised; the cache replay is
a loop over the calls, since each depends on those before; intervals resample sessions, 2,000 times.
"""

# ruff: noqa: ANN001, ANN201, ANN202 - as an analyst writes it

import json
import resource
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd

RESAMPLES = 2_000
GATE_RESAMPLES = 10_000
MARGIN = 0.02


def priced(calls, rates, model=None):
    """Dollars of each call as recorded (nothing cached), or as on another model."""
    names = calls["model"] if model is None else pd.Series(model, index=calls.index)
    per_input = names.map({name: rate["input"] for name, rate in rates.items()})
    per_output = names.map({name: rate["output"] for name, rate in rates.items()})
    return (calls["input_tokens"] * per_input + calls["output_tokens"] * per_output) / 1e6


def cached(calls, rate):
    """Tokens read from and written to the cache by the calls of one model, in order of time."""
    last_used, reads, writes = {}, [], []
    ttl = pd.Timedelta(seconds=rate["ttl_seconds"])
    for call in calls.itertuples():
        size = call.prefix_block_tokens
        hashes = call.prefix_hashes[: call.input_tokens // size]
        whole = len(hashes) * size
        live, prefix = True, 0
        for block in hashes:
            before = last_used.get(block)
            live = live and before is not None and call.ts - before <= ttl
            prefix += size if live else 0
            last_used[block] = call.ts
        possible = whole >= rate["min_tokens"] and whole > 0
        read = prefix if possible and prefix >= rate["min_tokens"] else 0
        reads.append(read)
        writes.append(whole - read if possible else 0)
    return np.array(reads), np.array(writes)


def with_cache(part, rate, reads, writes):
    """Dollars of each call of one model where some of its prompt is read from and written to the cache."""
    plain = part["input_tokens"] - reads - writes
    cost = plain * rate["input"] + reads * rate["cache_read"] + writes * rate["cache_write"]
    return (cost + part["output_tokens"] * rate["output"]) / 1e6


def prompt_cache(calls, rates):
    """Savings of each call by model, with the provider's default retention."""
    for model, part in calls.groupby("model", sort=False):
        rate = rates[model]
        reads, writes = cached(part, rate)
        after = with_cache(part, rate, reads, writes)
        yield f"prompt-cache {model}", (part["cost"] - after).reindex(calls.index, fill_value=0.0)


def batch(calls, rates):
    """Half price for calls nobody waits for."""
    share = calls["model"].map({name: rate["batch"]["input"] / rate["input"] for name, rate in rates.items()})
    yield "batch", (calls["cost"] * (1 - share)).where(~calls["interactive"], 0.0)


def retry_waste(calls):
    """The cost of every attempt of a chain but the last."""
    repeats = calls[calls["retry_of"] != ""]
    parent = dict(zip(repeats["call_id"], repeats["retry_of"], strict=True))

    def root(call_id):
        while call_id in parent:
            call_id = parent[call_id]
        return call_id

    chain = calls["call_id"].where(calls["retry_of"] == "", calls["call_id"].map(root))
    members = calls.groupby(chain)["call_id"]
    wasted = (members.transform("size") > 1) & (members.transform("last") != calls["call_id"])
    yield "retry-waste", calls["cost"].where(wasted, 0.0)


def switched(calls, rows, rates, target, ratio):
    """Tokens and cost of some calls on another model."""
    moved = calls.loc[rows, ["input_tokens", "output_tokens"]]
    moved = moved.assign(**{kind: (moved[kind] * share).round() for kind, share in ratio.items()})
    return moved, priced(moved, rates, target)


def token_ratio(wide, origin, target):
    """How many times as many tokens the answers of another model take."""
    return {
        kind: wide[kind][target].sum() / wide[kind][origin].sum()
        for kind in ("input_tokens", "output_tokens")
    }


def model_switch(calls, evaluations, rates, random):
    """Each pair of evaluated models: savings with the tokens that the evaluations show, behind the gate."""
    wide = evaluations.pivot(index="item_id", columns="model")
    models = list(wide["score"].columns)
    for origin in models:
        rows = calls["model"] == origin
        if not rows.any():
            continue
        for target in (name for name in models if name != origin):
            drop = (wide["score"][origin] - wide["score"][target]).dropna().to_numpy()
            drawn = random.choice(drop, (GATE_RESAMPLES, len(drop))).mean(axis=1)
            passed = drop.mean() <= MARGIN and np.percentile(drawn, 95) <= MARGIN
            _, after = switched(calls, rows, rates, target, token_ratio(wide, origin, target))
            saved = (calls.loc[rows, "cost"] - after).reindex(calls.index, fill_value=0.0)
            yield f"model-switch {origin} {target} {'passes' if passed else 'fails'}", saved


def together(calls, evaluations, rates, chosen, wasted):
    """Savings of each call with the chosen changes at once: attempts that would not be made, calls on the
    cheapest model they may go to, the cache replayed where they are by then, half price last.
    """
    wide = evaluations.pivot(index="item_id", columns="model")
    now = calls.assign(own=calls["model"], best=calls["cost"])
    for name in chosen:
        if not name.startswith("model-switch"):
            continue
        _, origin, target, _ = name.split()
        rows = calls["model"] == origin
        moved, after = switched(calls, rows, rates, target, token_ratio(wide, origin, target))
        better = after.index[after < now.loc[rows, "best"]]
        now.loc[better, "best"] = after[better]
        now.loc[better, "model"] = target
        for kind in ("input_tokens", "output_tokens"):
            now.loc[better, kind] = moved.loc[better, kind].astype("int64")
    if "retry-waste" in chosen:
        now = now[~wasted]
    for model, part in now.groupby("model", sort=False):
        reads, writes = cached(part, rates[model])
        now.loc[part.index, "reads"], now.loc[part.index, "writes"] = reads, writes
        now.loc[part.index, "cached"] = with_cache(part, rates[model], reads, writes)
    uncached = priced(now, rates)
    helped = [
        name.split()[1]
        for name in chosen
        if name.startswith("prompt-cache")
        and now["cached"][now["own"] == name.split()[1]].sum() < uncached[now["own"] == name.split()[1]].sum()
    ]
    uses = now["own"].isin(helped)
    now["after"] = now["cached"].where(uses, uncached)
    if "batch" in chosen:
        for model, part in now[~now["interactive"]].groupby("model", sort=False):
            reads, writes = (part[kind].where(uses[part.index], 0) for kind in ("reads", "writes"))
            now.loc[part.index, "after"] = with_cache(part, rates[model]["batch"], reads, writes)
    return calls["cost"] - now["after"].reindex(calls.index, fill_value=0.0)


def with_intervals(savings, calls):
    """Each saving with its 95 % interval, sessions resampled."""
    sessions = pd.DataFrame(savings).groupby(calls["session_id"]).sum()
    totals = pd.DataFrame(
        [sessions.sample(frac=1, replace=True, random_state=n).sum() for n in range(RESAMPLES)]
    )
    low, high = totals.quantile(0.025), totals.quantile(0.975)
    return {
        name: {"savings": float(saved.sum()), "interval": [float(low[name]), float(high[name])]}
        for name, saved in savings.items()
    }


def main(folder):
    """Answer all four, then all together."""
    started = time.perf_counter()
    rates = {rate["model"]: rate for rate in json.loads((folder / "rates.json").read_text())}
    calls = pd.read_parquet(folder / "calls.parquet")
    evaluations = pd.read_parquet(folder / "evaluations.parquet")
    loaded, processor = time.perf_counter(), time.process_time()
    calls = calls.sort_values(["ts", "position"], ignore_index=True)
    calls["cost"] = priced(calls, rates)
    random = np.random.default_rng(0)
    savings = dict(prompt_cache(calls, rates))
    savings |= dict(batch(calls, rates))
    savings |= dict(retry_waste(calls))
    savings |= dict(model_switch(calls, evaluations, rates, random))
    found = with_intervals(savings, calls)
    chosen = [name for name in found if found[name]["interval"][0] > 0 and not name.endswith(" fails")]
    wasted = savings["retry-waste"] > 0
    joint = {"together": together(calls, evaluations, rates, chosen, wasted)}
    found |= with_intervals(joint, calls)
    ended = time.perf_counter()
    seconds = {"seconds": ended - started, "computing": ended - loaded}
    seconds["computing_cpu"] = time.process_time() - processor
    seconds["peak_gb"] = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20, 2)
    print(json.dumps({**seconds, "pandas": pd.__version__, "found": found}))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
