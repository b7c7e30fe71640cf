"""What can be wrong with a question to the levers."""

from netra.errors.kinds import InvalidInputError


class UnknownLeverError(InvalidInputError):
    """No lever of that name; the hint lists those there are."""

    code = "unknown_lever"


class InvalidLeverParamError(InvalidInputError):
    """A lever's parameter is unknown or its value makes no sense; the hint says what is accepted."""

    code = "invalid_lever_param"
