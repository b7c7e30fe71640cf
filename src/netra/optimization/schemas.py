"""What is asked of the levers, and the answer."""

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from netra.optimization.findings import Baseline, Finding, Joint
from netra.optimization.solver.schemas import Constraints, Plan


class OptimizeRequest(BaseModel):
    """Levers by name (None: all) with their parameters, over a period and the calls that match `where`.

    `since` inclusive, `until` exclusive; absent means all stored data. A bare parameter name belongs to the
    one lever given, otherwise it is written `LEVER.name`. `where`: text columns and the value they must have.
    `constraints` ask for a plan: the set of changes that holds to them.
    """

    model_config = ConfigDict(extra="forbid")

    levers: list[str] | None = Field(default=None, max_length=40)
    params: dict[str, str] = Field(default_factory=dict[str, str], max_length=40)
    since: AwareDatetime | None = None
    until: AwareDatetime | None = None
    where: dict[str, str] = Field(default_factory=dict[str, str], max_length=20)
    constraints: Constraints | None = None


class OptimizeResult(BaseModel):
    """Baseline, findings in the order of the levers, all recommended ones together, and what they rest on.

    `plan` answers the constraints, null where none were given.
    """

    baseline: Baseline
    findings: list[Finding]
    joint: Joint
    plan: Plan | None = None
    data_version: int
    prices_version: str


class OptimizeProgress(BaseModel):
    """How far an analysis is: the step begun, how many are done, of how many."""

    step: str
    done: int
    of: int
