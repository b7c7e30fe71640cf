"""What can go wrong with an account, a credential or a workspace.

UnauthenticatedError -> InvalidCredentialsError, InvalidTokenError
ForbiddenError       -> NotPermittedError
NotFoundError        -> WorkspaceNotFoundError, UserNotFoundError, ApiKeyNotFoundError,
                        InvitationNotFoundError
InvalidInputError    -> UnacceptablePasswordError, InvalidEmailError, InvalidNameError
ConflictError        -> NameTakenError, AccountExistsError, MemberExistsError
LimitExceededError   -> TooManyGuessesError
"""

from netra.errors.kinds import (
    ConflictError,
    ForbiddenError,
    InvalidInputError,
    LimitExceededError,
    NotFoundError,
    UnauthenticatedError,
)


class InvalidCredentialsError(UnauthenticatedError):
    """E-mail or password is wrong; which one, and whether the account exists, is not said."""

    code = "invalid_credentials"


class InvalidTokenError(UnauthenticatedError):
    """The token, key or ticket does not count (any more)."""

    code = "invalid_token"


class NotPermittedError(ForbiddenError):
    """The role does not permit it."""

    code = "not_permitted"


class WorkspaceNotFoundError(NotFoundError):
    """No such workspace for this user: it does not exist, or the user is no member."""

    code = "workspace_not_found"


class UserNotFoundError(NotFoundError):
    """No such user."""

    code = "user_not_found"


class ApiKeyNotFoundError(NotFoundError):
    """No such API key for this user."""

    code = "api_key_not_found"


class InvitationNotFoundError(NotFoundError):
    """No such invitation for this user."""

    code = "invitation_not_found"


class UnacceptablePasswordError(InvalidInputError):
    """The password is too short, too long, or known from breaches."""

    code = "unacceptable_password"


class InvalidEmailError(InvalidInputError):
    """Not an e-mail address."""

    code = "invalid_email"


class InvalidNameError(InvalidInputError):
    """Not a name that can be given."""

    code = "invalid_name"


class NameTakenError(ConflictError):
    """The owner has a workspace of that name already."""

    code = "name_taken"


class AccountExistsError(ConflictError):
    """There is an account with that e-mail address (told to the installation owner only)."""

    code = "account_exists"


class MemberExistsError(ConflictError):
    """The workspace has such a member already."""

    code = "member_exists"


class TooManyGuessesError(LimitExceededError):
    """Too many attempts for this address; said for unknown addresses in the same way."""

    code = "too_many_guesses"
