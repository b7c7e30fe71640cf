"""Failures: one plain line on standard error, what to do below it, and an exit code."""

import pytest

from netra.cli.failures import CommandError, exit_code_after
from netra.client.errors import UnreachableError, api_error
from netra.errors.kinds import InvalidInputError, UnavailableError


def raising(failure: BaseException) -> object:
    def work() -> None:
        raise failure

    return work


@pytest.mark.parametrize(
    ("failure", "code"),
    [
        (CommandError("no", hint="do this"), 1),
        (CommandError("no", hint="do this", code=2), 2),
        (UnreachableError("no", hint="do this"), 1),
        (api_error(400, {"detail": "no", "hint": "do this", "code": "unknown_lever"}), 2),
        (api_error(404, {"detail": "no", "hint": "do this", "code": "not_found"}), 1),
        (api_error(503, {"detail": "no", "hint": "do this", "trace_id": "abc"}), 1),
        (InvalidInputError("no", hint="do this"), 2),
        (UnavailableError("no", hint="do this"), 1),
    ],
)
def test_expected_failures_are_told_plainly(
    failure: Exception, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert exit_code_after(raising(failure)) == code  # type: ignore[arg-type]
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.startswith("netra: no\n       do this\n")
    assert ("abc" in told.err) == (getattr(failure, "trace_id", None) == "abc")


def test_an_interrupt_exits_with_130(capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code_after(raising(KeyboardInterrupt())) == 130  # type: ignore[arg-type]
    assert capsys.readouterr().err == "netra: interrupted\n"


def test_a_defect_of_ours_is_not_dressed_up() -> None:
    with pytest.raises(ZeroDivisionError):
        exit_code_after(raising(ZeroDivisionError()))  # type: ignore[arg-type]


def test_success_is_0() -> None:
    assert exit_code_after(lambda: None) == 0
