"""Parameters of levers, as people write them: `ttl=1h`, `margin=0.02`, `model-switch.to=gpt-4o-mini`."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from netra.optimization.errors import InvalidLeverParamError

_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|s|m|min|h|d)")
_SECONDS = {"ms": 0.001, "s": 1, "m": 60, "min": 60, "h": 3_600, "d": 86_400}
_MICROSECONDS = 1_000_000


@dataclass(frozen=True, slots=True)
class LeverParams:
    """The parameters given to one lever."""

    lever: str
    values: Mapping[str, str]

    def text(self, name: str) -> str | None:
        """A value as written, None where not given."""
        value = self.values.get(name)
        return value.strip() or None if value is not None else None

    def whole(self, name: str, default: int | None = None) -> int | None:
        """A positive whole number."""
        text = self.text(name)
        if text is None:
            return default
        digits = text.replace("_", "").replace(",", "")
        if not digits.isascii() or not digits.isdigit() or not 0 < int(digits) <= 10**12:
            raise self._wrong(name, text, "a positive whole number")
        return int(digits)

    def fraction(self, name: str, default: float) -> float:
        """A share from 0 to 1, or percent written with a sign: 0.02, 2%."""
        text = self.text(name)
        if text is None:
            return default
        try:
            value = float(text[:-1]) / 100 if text.endswith("%") else float(text)
        except ValueError:
            raise self._wrong(name, text, "a share such as 0.02 or 2%") from None
        if not 0 <= value <= 1:
            raise self._wrong(name, text, "a share from 0 to 1")
        return value

    def number(self, name: str, default: float | None = None) -> float | None:
        """A number that is at least 0: 0.7, 12.50."""
        text = self.text(name)
        if text is None:
            return default
        try:
            value = float(text.removeprefix("$"))
        except ValueError:
            value = -1.0
        if not 0 <= value < 1e12:
            raise self._wrong(name, text, "a number that is at least 0")
        return value

    def choice(self, name: str, choices: Sequence[str]) -> str:
        """One of some words, the first where not given."""
        text = self.text(name)
        if text is None:
            return choices[0]
        if text.lower() not in choices:
            raise self._wrong(name, text, f"one of {', '.join(choices)}")
        return text.lower()

    def duration(self, name: str) -> int | None:
        """A duration in microseconds: 5m, 1h, 90s."""
        text = self.text(name)
        if text is None:
            return None
        found = _DURATION.fullmatch(text.lower())
        if found is None or float(found[1]) <= 0:
            raise self._wrong(name, text, "a duration such as 5m, 30m or 1h")
        return round(float(found[1]) * _SECONDS[found[2]] * _MICROSECONDS)

    def _wrong(self, name: str, text: str, expected: str) -> InvalidLeverParamError:
        return InvalidLeverParamError(f"{self.lever}: {name}={text} is not {expected}")


def params_by_lever(
    given: Mapping[str, str], levers: Sequence[str], accepted: Mapping[str, Mapping[str, str]]
) -> dict[str, LeverParams]:
    """Give each parameter to its lever: a bare name belongs to the one lever asked for, else `LEVER.name`.

    `accepted`: parameter names with their meaning, by lever. Raises InvalidLeverParamError.
    """
    sorted_out: dict[str, dict[str, str]] = {lever: {} for lever in levers}
    for key, value in given.items():
        lever, dot, name = key.rpartition(".")
        if not dot:
            if len(levers) != 1:
                raise InvalidLeverParamError(
                    f"{key}={value}: which lever?", hint=f"name one --lever, or write LEVER.{key}={value}"
                )
            lever = levers[0]
        if lever not in sorted_out:
            raise InvalidLeverParamError(f"{key}: {lever} is not among the levers asked for")
        if name not in accepted[lever]:
            known = ", ".join(f"{p} ({meaning})" for p, meaning in accepted[lever].items()) or "none"
            raise InvalidLeverParamError(f"{lever} has no parameter {name}", hint=f"it takes: {known}")
        sorted_out[lever][name] = value
    return {lever: LeverParams(lever, values) for lever, values in sorted_out.items()}


def duration_text(microseconds: int) -> str:
    """A duration as people write it: 5m, 1h."""
    seconds = microseconds // _MICROSECONDS
    for unit, size in (("d", 86_400), ("h", 3_600), ("m", 60)):
        if seconds >= size and seconds % size == 0 and (unit != "d" or seconds > size):
            return f"{seconds // size}{unit}"
    return f"{seconds}s"
