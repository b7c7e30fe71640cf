"""UserExecutionContext and the limits it carries."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from decimal import Decimal, InvalidOperation
from typing import Any, cast

from netra.auth.models import Role, known_role
from netra.errors.kinds import ForbiddenError, InvalidInputError

VERSION = 1


class InvalidContextError(InvalidInputError):
    """A stored context cannot be read: a field is missing, unknown, or of a later version."""

    code = "invalid_context"


class MissingPermissionError(ForbiddenError):
    """The role in this workspace does not grant the permission."""

    code = "missing_permission"


@dataclass(frozen=True, slots=True)
class RunLimits:
    """Ceilings of one run: seconds, steps, language-model requests, tokens, US dollars, depth
    of delegation.
    """

    timeout_s: float = 300.0
    max_steps: int = 60
    max_requests: int = 60
    max_tokens: int = 400_000
    max_cost_usd: Decimal = Decimal("5")
    max_depth: int = 3


@dataclass(frozen=True, slots=True)
class UserExecutionContext:
    """One user at work in one workspace, `key_id` the API key if by one. Frozen; `child` derives,
    `to_dict`/`from_dict` carry it over processes.
    """

    user_id: str
    workspace_id: str
    role: Role
    request_id: str
    thread_id: str | None = None
    run_id: str | None = None
    trace_id: str | None = None
    key_id: str | None = None
    timezone: str = "UTC"
    permissions: frozenset[str] = frozenset()
    limits: RunLimits = field(default_factory=RunLimits)
    version: int = VERSION

    def __post_init__(self) -> None:
        for name in ("user_id", "workspace_id", "request_id"):
            if not getattr(self, name):
                raise InvalidContextError(f"a context needs {name}")

    def child(self, **changes: object) -> "UserExecutionContext":
        """The same user and workspace with other fields (thread, run, limits ...).

        User, workspace and role cannot change, and permissions can only shrink: InvalidContextError
        otherwise.
        """
        fixed = {"user_id", "workspace_id", "role", "version"} & changes.keys()
        if fixed:
            raise InvalidContextError(f"a child context cannot change {', '.join(sorted(fixed))}")
        derived = replace(self, **cast(dict[str, Any], changes))
        if not derived.permissions <= self.permissions:
            raise InvalidContextError("a child context cannot have more permissions than its parent")
        return derived

    def check_permission(self, permission: str) -> None:
        """Refuse (MissingPermissionError) unless the role grants this permission."""
        if permission not in self.permissions:
            raise MissingPermissionError(
                f"your role in this workspace ({self.role}) does not permit this",
                hint="ask an owner or admin of the workspace",
                details={"permission": permission},
            )

    def to_dict(self) -> dict[str, Any]:
        """JSON values only; `from_dict` restores an equal context."""
        values = asdict(self)
        values["permissions"] = sorted(self.permissions)
        values["limits"]["max_cost_usd"] = str(self.limits.max_cost_usd)
        return values

    @staticmethod
    def from_dict(values: Mapping[str, Any]) -> "UserExecutionContext":
        """The context that `to_dict` wrote. Raises InvalidContextError for anything else."""
        if values.get("version") != VERSION:
            raise InvalidContextError(
                f"context version {values.get('version')!r} is not known, only {VERSION}"
            )
        try:
            limits = dict(values["limits"])
            limits["max_cost_usd"] = Decimal(limits["max_cost_usd"])
            fields: dict[str, Any] = dict(values) | {
                "limits": RunLimits(**limits),
                "permissions": frozenset(values["permissions"]),
                "role": known_role(values["role"]),
            }
            return UserExecutionContext(**fields)
        except (KeyError, TypeError, ValueError, InvalidOperation) as failure:
            raise InvalidContextError(f"not a stored context: {failure}") from failure
