"""Canaries: values that occur nowhere else, put into one tenant's data and looked for in what others see."""

import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field

_NUMBER_DIGITS = 9


@dataclass
class Canaries:
    """The canaries of one tenant by value; the value of the mapping says which field carries it."""

    fields: dict[str, str] = field(default_factory=dict[str, str])

    def text(self, label: str) -> str:
        """A new word for a field: letters and digits only, so that no encoding of it hides it."""
        value = f"zq{re.sub('[^a-z]', '', label.lower())}{secrets.token_hex(6)}"
        self.fields[value] = label
        return value

    def number(self, label: str) -> int:
        """A new number of nine digits for a field."""
        value = 10 ** (_NUMBER_DIGITS - 1) + secrets.randbelow(9 * 10 ** (_NUMBER_DIGITS - 1))
        self.fields[str(value)] = label
        return value

    def keep(self, label: str, value: str) -> str:
        """Watch a value the product made, such as an id."""
        self.fields[value] = label
        return value

    def found_in(self, seen: bytes | str, *, but: Iterable[str] = ()) -> list[str]:
        """`field: value` of each canary in what somebody saw, `but` those they had sent themselves.

        Upper and lower case do not matter, nor the commas that group the digits of a number.
        """
        text = (seen.decode("utf-8", "replace") if isinstance(seen, bytes) else seen).lower()
        ungrouped = re.sub(r"(?<=\d),(?=\d{3})", "", text)
        sent = set(but)
        return [
            f"{label}: {value}"
            for value, label in self.fields.items()
            if value not in sent and (value.lower() in text or value.lower() in ungrouped)
        ]
