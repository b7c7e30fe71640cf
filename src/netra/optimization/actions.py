"""What a lever would change, in a form that the joint replay can combine with others."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from netra.pricing.models import ServiceTier, UsageType

Rows = npt.NDArray[np.bool_]
Int64 = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class RemoveCalls:
    """The calls would not have been made."""

    rows: Rows


@dataclass(frozen=True, slots=True)
class ChangeTokens:
    """Prompts and answers would have been no longer than this (n each; None: as recorded)."""

    input_limit: Int64 | None = None
    output_limit: Int64 | None = None


@dataclass(frozen=True, slots=True)
class SwitchModel:
    """The calls would have gone to another model, with so many times the tokens.

    `cost_ratio` prices them as a multiple of the recorded cost instead, where no tokens are known.
    `escalated`: the part of the calls that is answered by their own model afterwards, billed besides.
    """

    rows: Rows
    model: str
    provider: str | None
    input_ratio: float = 1.0
    output_ratio: float = 1.0
    cost_ratio: float | None = None
    escalated: float = 0.0


@dataclass(frozen=True, slots=True)
class CachePrefixes:
    """The calls would have used the provider's prompt cache. `ttl` in microseconds, `write`: billed as."""

    rows: Rows
    ttl: int
    write: UsageType
    min_tokens: int


@dataclass(frozen=True, slots=True)
class ChangeTier:
    """The calls would have used another service tier."""

    rows: Rows
    tier: ServiceTier


@dataclass(frozen=True, slots=True)
class RepeatSlow:
    """Calls that were not answered after `delay_ms` (n) are sent once more; the repetition takes `second_ms`
    (n).

    `cancels`: the first attempt is given up then (a timeout), else the first answer of the two counts (a
    hedge). `rows` are the calls that are sent twice; both attempts are billed in full.
    """

    rows: Rows
    delay_ms: npt.NDArray[np.float64]
    second_ms: npt.NDArray[np.float64]
    cancels: bool = False


@dataclass(frozen=True, slots=True)
class ChangeLatency:
    """The calls would have taken `latency_ms` (n) at the same price, e.g. in another region."""

    rows: Rows
    latency_ms: npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class BuyCapacity:
    """The calls of one model would have used capacity bought for the whole time.

    `tokens_a_minute` of capacity for `fee` femto-dollars; output and cache reads take from it by weight.
    """

    rows: Rows
    tokens_a_minute: int
    fee: int
    output_weight: float
    cached_weight: float


Action = (
    RemoveCalls
    | ChangeTokens
    | SwitchModel
    | CachePrefixes
    | ChangeTier
    | RepeatSlow
    | ChangeLatency
    | BuyCapacity
)
