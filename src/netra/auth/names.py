"""Addresses and names as people write them, brought to one form."""

import re
import unicodedata

from netra.auth.errors import InvalidEmailError, InvalidNameError

_EMAIL = re.compile(r"^[^\s@<>\"',;:\\]{1,64}@[^\s@<>\"',;:\\.]+(\.[^\s@<>\"',;:\\.]+)*$")
_MAX_EMAIL = 254
_MAX_NAME = 80


def normal_email(text: str) -> str:
    """The address in lower case, NFC, without blanks around it. Raises InvalidEmailError."""
    email = unicodedata.normalize("NFC", text).strip().lower()
    if len(email) > _MAX_EMAIL or not _EMAIL.match(email) or not email.isprintable():
        raise InvalidEmailError("this is not an e-mail address", hint="write it as name@example.com")
    return email


def normal_name(text: str, what: str) -> str:
    """The name with single blanks, 1 to 80 printable characters. Raises InvalidNameError."""
    name = " ".join(unicodedata.normalize("NFC", text).split())
    if not 1 <= len(name) <= _MAX_NAME or not name.isprintable():
        raise InvalidNameError(f"the name of {what} must have 1 to {_MAX_NAME} printable characters")
    return name
