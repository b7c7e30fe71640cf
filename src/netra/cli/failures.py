"""What a failure looks like on the command line, and the exit code it gives."""

import os
import sys
from collections.abc import Callable

SUCCESS, FAILURE, USAGE, INTERRUPTED = 0, 1, 2, 130

_ABOUT_ARGUMENTS = frozenset({400, 422})


class CommandError(Exception):
    """A command cannot do what it was asked; `code` is the exit code."""

    def __init__(self, message: str, *, hint: str | None = None, code: int = FAILURE) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.code = code


def exit_code_after(work: Callable[[], object]) -> int:
    """Run `work`; tell a failure on standard error in plain words and return the exit code."""
    try:
        work()
        sys.stdout.flush()
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else FAILURE
    except KeyboardInterrupt:
        _tell("interrupted", None)
        return INTERRUPTED
    except BrokenPipeError:
        # The reader of our output went away (`netra ... | head`); keep the interpreter from telling so again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return SUCCESS
    except CommandError as failure:
        _tell(failure.message, failure.hint)
        return failure.code
    except Exception as failure:
        return _expected(failure)
    return SUCCESS


def _expected(failure: Exception) -> int:
    # Imported late: only a failing command pays for them.
    from netra.client.errors import ApiError, ClientError
    from netra.errors.kinds import InvalidInputError, NetraError

    if isinstance(failure, ApiError):
        _tell(failure.message, failure.hint)
        if failure.trace_id and failure.status >= 500:
            _tell(f"the server's log has more under {failure.trace_id}", None)
        return USAGE if failure.status in _ABOUT_ARGUMENTS else FAILURE
    if isinstance(failure, ClientError):
        _tell(failure.message, failure.hint)
        return FAILURE
    if isinstance(failure, NetraError):
        _tell(failure.message, failure.hint)
        return USAGE if isinstance(failure, InvalidInputError) else FAILURE
    raise failure


def _tell(message: str, hint: str | None) -> None:
    sys.stderr.write(f"netra: {message}\n")
    if hint:
        sys.stderr.write(f"       {hint}\n")
