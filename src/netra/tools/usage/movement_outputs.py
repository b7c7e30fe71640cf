"""What the usage tools return about movements: groups that grew, sums that passed an amount."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field

from netra.tools.usage.outputs import Output


class MovedGroup(BaseModel):
    """A group's measure in two periods; `change` and `percent` are sizes, `percent` None from nothing. Of a
    measure in percents the change is in `points`.
    """

    name: str
    rose: bool
    before: str
    after: str
    change: str
    percent: str | None = None
    points: bool = False


class MoversOutput(Output):
    """Answer of `find_movers`: the groups that moved as asked. `whole`: all calls together, which without
    groups `whole_moved` judges; `new` were nothing before, `cut` says that there are more groups than read.
    `empty` are the periods without calls, `alone` is the figure of the whole where only one period has one;
    `valueless` are groups that have calls and no value in a period.
    """

    by: list[str]
    label: str
    before_label: str
    after_label: str
    groups: list[MovedGroup]
    kept: str
    compared: str
    more: bool = False
    new: list[MovedGroup] = Field(default_factory=list[MovedGroup])
    whole: MovedGroup | None = None
    whole_moved: bool = False
    first_before: str | None = None
    cut: bool = False
    empty: list[Literal["before", "after"]] = Field(default_factory=list[Literal["before", "after"]])
    alone: str | None = None
    unpriced_before: str | None = None
    unpriced_after: str | None = None
    valueless: list[str] = Field(default_factory=list[str])
    more_valueless: bool = False


class PassedSpan(BaseModel):
    """The sums before and at the end of the `day` an amount was passed; no day where it never was. Counted
    over the days with calls from `first` to `last`.
    """

    name: str = ""
    day: str | None
    first: str
    last: str
    before: str
    after: str
    total: str


class PassingOutput(Output):
    """Answer of `find_passing`: one span, or one for each month."""

    label: str
    amount: str
    spans: list[PassedSpan]
    unpriced: str | None = None
