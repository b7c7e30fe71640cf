"""Bodies of the endpoints of this room."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field

from netra.auth.models import Role, User
from netra.auth.passwords import MAXIMUM


class Inbound(BaseModel):
    """A request body: unknown fields are refused."""

    model_config = ConfigDict(extra="forbid")


class SignUpRequest(Inbound):
    """Who wants an account."""

    email: str = Field(max_length=254)
    password: str = Field(max_length=MAXIMUM)
    name: str | None = Field(default=None, max_length=80)


class SignInRequest(Inbound):
    """Who wants in."""

    email: str = Field(max_length=254)
    password: str = Field(max_length=MAXIMUM)


class RefreshRequest(Inbound):
    """The refresh token, for clients without cookies."""

    refresh_token: str | None = Field(default=None, max_length=200)


class UserOut(BaseModel):
    """A user as others see them."""

    id: str
    email: str
    name: str

    @staticmethod
    def of(user: User) -> "UserOut":
        """From the room's own model."""
        return UserOut(id=user.id, email=user.email, name=user.name)


class SignedUpOut(BaseModel):
    """The answer to every sign-up, whether the address was free or not."""

    email: str
    next: str = Field(
        default="sign_in", description="What to do now: sign in with the same address and password."
    )


class SessionOut(BaseModel):
    """A session just opened or refreshed."""

    user: UserOut
    access_token: str
    expires_in: int = Field(description="Seconds the access token lives.")
    refresh_token: str | None = Field(
        default=None, description="Only for `Netra-Client: cli`; else a cookie."
    )
    device_token: str | None = Field(default=None, description="Only for `Netra-Client: cli`; send it back.")


class WorkspaceOut(BaseModel):
    """A workspace and the caller's role in it."""

    id: str
    name: str
    role: Role


class MeOut(BaseModel):
    """Who I am and where I may go."""

    user: UserOut
    workspaces: list[WorkspaceOut]
    is_installation_owner: bool


class TicketOut(BaseModel):
    """A one-time ticket for a socket."""

    ticket: str
    expires_in: int


class WorkspaceRequest(Inbound):
    """A workspace to make."""

    name: str = Field(max_length=200)


class InvitationRequest(Inbound):
    """Somebody to let in."""

    email: str = Field(max_length=254)
    role: Role


class InvitationOut(BaseModel):
    """An invitation without its token."""

    id: str
    email: str
    role: Role
    expires_at: datetime


class InvitationMadeOut(InvitationOut):
    """An invitation just made; the token is shown this once."""

    token: str = Field(description="For the invited: `POST /v1/invitations/accept`, signed in.")


class AcceptRequest(Inbound):
    """The token of an invitation."""

    token: str = Field(max_length=200)


class RoleRequest(Inbound):
    """What a member may do from now on."""

    role: Role


class MemberOut(BaseModel):
    """A member of a workspace."""

    user: UserOut
    role: Role


class ApiKeyRequest(Inbound):
    """An API key to make; the workspace is the header `Netra-Workspace`."""

    name: str = Field(max_length=200)
    days: int = Field(default=90, ge=1, le=365)
    role: Role | None = Field(
        default=None, description="At most this role; default: whatever the user's role is."
    )


class ApiKeyOut(BaseModel):
    """An API key without its secret."""

    id: str
    name: str
    display: str = Field(description="How the key begins.")
    workspace_id: str | None
    role: Role | None
    created_at: datetime
    expires_at: datetime


class ApiKeyMadeOut(ApiKeyOut):
    """An API key just made; the secret is shown this once."""

    key: str


class AccountRequest(Inbound):
    """An account that the installation's owner makes."""

    email: str = Field(max_length=254)
    name: str | None = Field(default=None, max_length=80)
    password: str | None = Field(default=None, max_length=MAXIMUM, description="Default: a random one.")


class PasswordResetRequest(Inbound):
    """The new password of an account."""

    password: str | None = Field(default=None, max_length=MAXIMUM, description="Default: a random one.")


class DisableRequest(Inbound):
    """Whether an account is closed."""

    disabled: bool = True


class AccountOut(BaseModel):
    """An account in the owner's list."""

    user: UserOut
    created_at: datetime
    is_disabled: bool
    is_installation_owner: bool


class AccountMadeOut(BaseModel):
    """An account and its password, shown this once."""

    user: UserOut
    password: str


class PasswordOut(BaseModel):
    """A new password, shown this once."""

    password: str
