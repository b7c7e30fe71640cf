"""What a company is made of: who calls which model for what, how often, and with which habits."""

from dataclasses import dataclass
from typing import Literal

BLOCK_TOKENS = 512

Hours = Literal["office", "extended", "night"]


@dataclass(frozen=True, slots=True)
class Spread:
    """A log-normal spread: its median and the sigma of its logarithm."""

    median: float
    sigma: float


@dataclass(frozen=True, slots=True)
class Workload:
    """One feature of one app.

    `share` of all calls; `turns` (fewest, most) calls of a session, None without sessions, `turn_gap_s`
    seconds apart on average; `prompt` tokens of a call, or of the first call of a session; `growth` tokens a
    further turn adds; `speed` in output tokens a second. `shared_blocks` prompt blocks are the same in all
    calls; None means no prefix hashes are recorded. `fails` is the chance that an attempt fails and is
    repeated. `surge` multiplies the traffic of the last days. `questions` different requests are asked again
    and again; None means no request hashes are recorded. `doubles` is the chance that a call is sent a second
    time while the first is still under way. `bursts` short bursts hold half of the calls. `tenants` customers
    share the feature, each with an API key and a tag.
    """

    code: str
    app: str
    feature: str
    provider: str
    model: str
    share: float
    prompt: Spread
    answer: Spread
    speed: float
    first_token_ms: Spread
    users: int
    hours: Hours = "office"
    interactive: bool | None = True
    turns: tuple[int, int] | None = None
    turn_gap_s: float = 45.0
    growth: Spread | None = None
    shared_blocks: int | None = None
    fails: float = 0.0
    reasoning: float = 0.0
    effort: str = ""
    max_output_tokens: int | None = None
    cached_share: float = 0.0
    surge: float = 1.0
    questions: int | None = None
    doubles: float = 0.0
    bursts: int = 0
    tenants: int = 0


@dataclass(frozen=True, slots=True)
class Examination:
    """Two models scored on the same items of a group; `right` is the share each gets right.

    `differ`: share of items that exactly one of the two gets right beyond the difference of their shares.
    """

    group: str
    current: str
    candidate: str
    items: int
    right_current: float
    right_candidate: float
    differ: float


@dataclass(frozen=True, slots=True)
class Undecided:
    """Something the traffic suggests and its data cannot decide: the lever must ask for what is missing."""

    lever: str
    feature: str
    why: str


@dataclass(frozen=True, slots=True)
class Company:
    """A fictitious company. `mark` begins its call ids; `trend` is its growth over the period (0.3: 30 %)."""

    name: str
    mark: str
    domain: str
    workloads: tuple[Workload, ...]
    examinations: tuple[Examination, ...]
    undecided: tuple[Undecided, ...] = ()
    surge_days: int = 7
    trend: float = 0.0
