"""Which role may do what in a workspace."""

from collections.abc import Mapping
from types import MappingProxyType

from netra.auth.models import ROLES, Role

READ = frozenset({"usage:read", "prices:read", "reports:read", "optimize:run", "threads:use", "imports:read"})
ANALYSE = READ | {"usage:write", "evaluations:write", "gateway:use", "reports:write"}
ADMINISTER = ANALYSE | {
    "prices:write",
    "policies:write",
    "settings:write",
    "members:manage",
    "keys:manage",
    "usage:delete",
}
OWN = ADMINISTER | {"workspace:delete"}

PERMISSIONS: Mapping[Role, frozenset[str]] = MappingProxyType(
    {"viewer": READ, "analyst": ANALYSE, "admin": ADMINISTER, "owner": OWN}
)


def permissions_of(role: Role) -> frozenset[str]:
    """Everything the role grants."""
    return PERMISSIONS[role]


def weaker_role(first: Role, second: Role | None) -> Role:
    """The one of two roles that grants less; None limits nothing."""
    if second is None:
        return first
    return first if ROLES.index(first) >= ROLES.index(second) else second
