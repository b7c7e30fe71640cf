"""A value that does not print itself."""

import re
from dataclasses import dataclass, field

MASK = "********"
_SECRET_NAME = re.compile(r"KEY|SECRET|TOKEN|PASSWORD|PASSWD|CREDENTIAL|_DSN|PRIVATE|AUTH", re.IGNORECASE)
_URL_PASSWORD = re.compile(r"(?P<head>[a-z][a-z0-9+.-]*://[^\s/:@]*:)[^\s/@]+(?=@)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Secret:
    """A secret text: `reveal()` gives it, everything else shows a mask."""

    _value: str = field(repr=False)

    def reveal(self) -> str:
        """The secret itself; call it where it is used, keep the Secret everywhere else."""
        return self._value

    def __repr__(self) -> str:
        return f"Secret({MASK})"

    def __str__(self) -> str:
        return MASK


def is_secret_name(name: str) -> bool:
    """Whether a variable or field of this name holds a secret."""
    return _SECRET_NAME.search(name) is not None


def mask_url(text: str) -> str:
    """The text with the password of every URL in it masked."""
    return _URL_PASSWORD.sub(rf"\g<head>{MASK}", text)
