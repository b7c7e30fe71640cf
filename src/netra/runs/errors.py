"""Failures of sending and running."""

from netra.errors.kinds import ConflictError, InvalidInputError, NotFoundError, TooLargeError


class RunNotFoundError(NotFoundError):
    """No such run for this user."""

    code = "run_not_found"


class RunInProgressError(ConflictError):
    """The thread has a run in progress and the message asked to be refused in that case."""

    code = "run_in_progress"


class MessageReusedError(ConflictError):
    """The client's message id was used before for another text or thread."""

    code = "message_id_reused"


class EmptyQuestionError(InvalidInputError):
    """There is nothing to answer."""

    code = "empty_question"


class InvalidMessageIdError(InvalidInputError):
    """The client's message id is empty or too long."""

    code = "invalid_client_message_id"


class QuestionTooLongError(TooLargeError):
    """The question is longer than the product reads."""

    code = "question_too_long"
