"""Principal, Membership and their vocabulary."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, get_args

Role = Literal["owner", "admin", "analyst", "viewer"]
PrincipalKind = Literal["session", "api_key", "run"]

ROLES: tuple[Role, ...] = get_args(Role)


@dataclass(frozen=True, slots=True)
class User:
    """An account as others may see it. `is_installation_owner` may administer the accounts of
    this installation.
    """

    id: str
    email: str
    name: str
    is_installation_owner: bool = False


@dataclass(frozen=True, slots=True)
class Principal:
    """Who is behind a credential, by which session or API key, until when (UTC).

    `workspace_id` is set when the credential is bound to one workspace: every API key is, except the local
    owner's for the command line of this machine. `role_limit` caps the role the user has there.
    """

    user_id: str
    email: str
    kind: PrincipalKind
    session_id: str | None
    workspace_id: str | None
    expires_at: datetime
    key_id: str | None = None
    role_limit: Role | None = None
    is_installation_owner: bool = False


@dataclass(frozen=True, slots=True)
class Session:
    """What a sign-in or refresh gives: tokens (secret, shown once) and their ends.

    `expires_in` are the seconds of the access token; `ends_at` is the session's last moment. `device_token`
    is set when the device was not known before.
    """

    user: User
    session_id: str
    access_token: str
    expires_in: int
    refresh_token: str
    ends_at: datetime
    device_token: str | None = None


@dataclass(frozen=True, slots=True)
class Membership:
    """A user's role in a workspace."""

    workspace_id: str
    workspace_name: str
    role: Role


def known_role(text: str) -> Role:
    """The role of that name. Raises ValueError when there is none."""
    for role in ROLES:
        if role == text:
            return role
    raise ValueError(f"{text!r} is not a role; one of {', '.join(ROLES)}")
