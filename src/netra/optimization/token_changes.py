"""Calls with other tokens, on other models, in other tiers: what they would have cost."""

import numpy as np
import numpy.typing as npt

from netra.optimization.actions import ChangeTokens, SwitchModel
from netra.optimization.workload import Workload
from netra.pricing.vectorised import PriceTable, Tokens, price_table, taken

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


def shortened(tokens: Tokens, change: ChangeTokens) -> Rows:
    """The calls (n) with a longer prompt or answer than they may have."""
    longer = np.zeros(len(tokens.input), dtype=bool)
    for recorded, limit in ((tokens.input, change.input_limit), (tokens.output, change.output_limit)):
        if limit is not None:
            longer |= recorded > limit
    return longer


def scaled_tokens(tokens: Tokens, rows: Rows | None, input_ratio: float, output_ratio: float) -> Tokens:
    """Tokens times a ratio for some calls (None: all), rounded to whole tokens."""

    def scaled(amount: Int64, ratio: float) -> Int64:
        if ratio == 1.0 or not amount.any():
            return amount
        whole = np.rint(amount * ratio).astype(np.int64)
        return whole if rows is None else np.where(rows, whole, amount)

    return Tokens(
        scaled(tokens.input, input_ratio),
        scaled(tokens.cache_read, input_ratio),
        scaled(tokens.cache_write, input_ratio),
        scaled(tokens.cache_write_1h, input_ratio),
        scaled(tokens.output, output_ratio),
        scaled(tokens.reasoning, output_ratio),
    )


class Repriced:
    """The calls of a switch on its model. `members`: which (k). `cost` (n) is what all calls cost before."""

    def __init__(self, workload: Workload, tokens: Tokens, cost: Int64, action: SwitchModel) -> None:
        self.members = np.flatnonzero(action.rows)
        self._action = action
        self._before = cost[self.members]
        self._priced = workload.priced[self.members]
        self._on_model: tuple[Tokens, PriceTable] | None = None
        if action.cost_ratio is None:
            frame = workload.priced_by[self.members]
            table = price_table(frame, workload.catalogue, model=action.model, provider=action.provider)
            self._on_model = taken(tokens, self.members), table

    def cost(self, input_factor: float = 1.0, output_factor: float = 1.0) -> tuple[Int64, Rows]:
        """(cost, priced) of the members (k each), were the ratios of the switch so many times as large."""
        action = self._action
        if self._on_model is None:
            ratio = (action.cost_ratio or 0.0) * input_factor + action.escalated
            return np.rint(self._before * ratio).astype(np.int64), self._priced
        tokens, table = self._on_model
        ratios = action.input_ratio * input_factor, action.output_ratio * output_factor
        after, priced = table.cost(scaled_tokens(tokens, None, *ratios))
        if action.escalated:
            after += np.rint(self._before * action.escalated).astype(np.int64)
        return after, priced


def switched_cost(workload: Workload, tokens: Tokens, cost: Int64, action: SwitchModel) -> tuple[Int64, Rows]:
    """(cost, priced) of all calls if those of `action` ran on its model; `cost` is what they cost before."""
    repriced = Repriced(workload, tokens, cost, action)
    after, priced = cost.copy(), workload.priced.copy()
    after[repriced.members], priced[repriced.members] = repriced.cost()
    return after, priced
