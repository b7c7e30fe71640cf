"""What can be wrong with a question to the levers."""

from netra.errors.kinds import DeadlineExceededError, InvalidInputError, TooLargeError, UnavailableError


class UnknownLeverError(InvalidInputError):
    """No lever of that name; the hint lists those there are."""

    code = "unknown_lever"


class InvalidLeverParamError(InvalidInputError):
    """A lever's parameter is unknown or its value makes no sense; the hint says what is accepted."""

    code = "invalid_lever_param"


class AnalysisTooLargeError(TooLargeError):
    """The calls of the question need more memory than is free; the hint says which period fits."""

    code = "analysis_too_large"


class AnalysisDeadlineError(DeadlineExceededError):
    """The analysis took too long and was stopped."""

    code = "analysis_deadline"


class AnalysisEndedError(UnavailableError):
    """The process of the analysis ended without an answer, e.g. for lack of memory; nothing is kept of it."""

    code = "analysis_ended"
