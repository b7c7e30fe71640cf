"""Calls with other tokens, on other models, in other tiers: what they would have cost."""

import numpy as np
import numpy.typing as npt

from netra.optimization.actions import ChangeTokens, SwitchModel
from netra.optimization.workload import Workload
from netra.pricing.vectorised import Tokens, price_table, taken

Int64 = npt.NDArray[np.int64]
Rows = npt.NDArray[np.bool_]


def limited_tokens(tokens: Tokens, change: ChangeTokens) -> Tokens:
    """Tokens of calls with shorter prompts and answers.

    What is cut from a prompt is taken from its cache reads first, then from its cache writes: re-sent context
    is the part that caches hold, so the saving is not overstated.
    """
    inputs, outputs = tokens.input, tokens.output
    read, write, hour = tokens.cache_read, tokens.cache_write, tokens.cache_write_1h
    if change.input_limit is not None:
        inputs = np.minimum(inputs, change.input_limit)
        cut = tokens.input - inputs
        from_read = np.minimum(cut, read)
        from_write = np.minimum(cut - from_read, write)
        from_hour = np.minimum(cut - from_read - from_write, hour)
        read, write, hour = read - from_read, write - from_write, hour - from_hour
    if change.output_limit is not None:
        outputs = np.minimum(outputs, change.output_limit)
    return Tokens(inputs, read, write, hour, outputs, np.minimum(tokens.reasoning, outputs))


def scaled_tokens(tokens: Tokens, rows: Rows, input_ratio: float, output_ratio: float) -> Tokens:
    """Tokens times a ratio for some calls, rounded to whole tokens."""

    def scaled(amount: Int64, ratio: float) -> Int64:
        if ratio == 1.0:
            return amount
        return np.where(rows, np.rint(amount * ratio).astype(np.int64), amount)

    return Tokens(
        scaled(tokens.input, input_ratio),
        scaled(tokens.cache_read, input_ratio),
        scaled(tokens.cache_write, input_ratio),
        scaled(tokens.cache_write_1h, input_ratio),
        scaled(tokens.output, output_ratio),
        scaled(tokens.reasoning, output_ratio),
    )


def switched_cost(workload: Workload, tokens: Tokens, cost: Int64, action: SwitchModel) -> tuple[Int64, Rows]:
    """(cost, priced) of all calls if those of `action` ran on its model; `cost` is what they cost before."""
    if action.cost_ratio is not None:
        moved = np.rint(cost * (action.cost_ratio + action.escalated)).astype(np.int64)
        return np.where(action.rows, moved, cost), workload.priced
    members = np.flatnonzero(action.rows)
    moved = taken(tokens, members)
    scaled = scaled_tokens(moved, np.ones(len(members), bool), action.input_ratio, action.output_ratio)
    frame = workload.priced_by[members]
    table = price_table(frame, workload.catalogue, model=action.model, provider=action.provider)
    after, priced = cost.copy(), workload.priced.copy()
    after[members], priced[members] = table.cost(scaled)
    if action.escalated:
        after[members] += np.rint(cost[members] * action.escalated).astype(np.int64)
    return after, priced
