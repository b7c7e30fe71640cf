"""Names a question uses that do not occur in the data, so that no answer is given for something else."""

from __future__ import annotations

import difflib
import re

from netra.agents.triage.frame import UnknownName, Vocabulary
from netra.agents.triage.words import NO_NAMES

_COLUMNS = {
    "feature": r"features?",
    "app": r"apps?|applications?|services?|products?",
    "user": r"users?|customers?|persons?",
    "team": r"teams?|departments?",
    "provider": r"providers?|vendors?",
    "model": r"models?",
}
_WORD = r"[a-z0-9][\w.\-@/:]*"
_QUOTED = rf"[\"'`\u201c\u2018\u00ab]({_WORD}(?: {_WORD}){{0,3}})[\"'`\u201d\u2019\u00bb]"
_VERBS = (
    r"(?:cost|costs|spend|spends|use|uses|make|makes|consume|consumes|need|needs|call|calls|pay|"
    r"pays|run|runs|take|takes)"
)
_SHOWN = 6


def find_unknown(text: str, original: str, words: Vocabulary, models: list[str]) -> list[UnknownName]:
    """What the text names as a feature, app, user, team, provider or model although the data has no such
    value.

    `text` is lower-cased and corrected, `original` as it was asked, `models` the models read from it. A name
    is only taken where the column's word stands beside it, or where it looks like an e-mail address.
    """
    plain = " ".join(original.lower().replace("\u2019", "'").split())
    known = _known(words)
    found: list[UnknownName] = [
        unknown_name("model", name, words) for name in models if name.lower() not in known["model"]
    ]
    taken = {entry.name for entry in found}
    for column, noun in _COLUMNS.items():
        for name in _named(plain, noun):
            absent_team = column == "team" and not known["team"]
            if (
                name in taken
                or (_occurs(name, known, column) and not absent_team)
                or any(name in model for model in taken)
            ):
                continue
            if column == "model" and not re.search(r"\d", name):
                continue
            found.append(unknown_name(column, name, words))
            taken.add(name)
    if words.users and len(words.users) < words.users_kept:
        for address in re.findall(r"[\w.+\-]+@[\w\-]+(?:\.[\w\-]+)+", plain):
            if address not in known["user"] and address not in taken:
                found.append(unknown_name("user", address, words))
                taken.add(address)
    return found


def _named(text: str, noun: str) -> list[str]:
    """Candidates beside the noun: `feature X`, `the X feature`, quoted, or before a verb (`team X spend`)."""
    names: list[str] = []
    for pattern, sure in (
        (rf"\b(?:{noun})\s+(?:called |named |is )?{_QUOTED}", True),
        (rf"{_QUOTED}\s+(?:{noun})\b", True),
        (rf"\b(?:{noun})\s*[=:]\s*({_WORD})", True),
        (rf"\b(?:does|did|do|is|will) (?:the |our )?(?:{noun}) ({_WORD}) {_VERBS}\b", True),
        (rf"\b(?:{noun})\s+(?:called |named )?({_WORD})", False),
        (rf"\b(?:the|our|my|for|of)\s+({_WORD})\s+(?:{noun})\b", False),
    ):
        for match in re.finditer(pattern, text):
            name = match.group(1).rstrip(".,:;")
            if name and (sure or name not in NO_NAMES) and not name.replace(".", "").isdigit():
                names.append(name)
    return list(dict.fromkeys(names))


def _known(words: Vocabulary) -> dict[str, set[str]]:
    models = {name.lower() for name in [*words.models, *words.evaluated_models]}
    return {
        "model": models,
        "provider": {name.lower() for name in words.providers},
        "feature": {name.lower() for name in words.features},
        "app": {name.lower() for name in words.apps},
        "user": {name.lower() for name in words.users},
        "team": {name.lower() for name in words.teams},
    }


def _occurs(name: str, known: dict[str, set[str]], column: str) -> bool:
    """Whether the name is a value of any column, or one of the words of such a value."""
    squeezed = re.sub(r"[\s\-_]", "", name)
    for values in known.values():
        for value in values:
            if squeezed in (re.sub(r"[\s\-_]", "", value), value):
                return True
            if name in re.split(r"[\s\-_/.@]+", value):
                return True
    return column == "user" and not known["user"]


def unknown_name(column: str, name: str, words: Vocabulary) -> UnknownName:
    """A name of the column that does not occur, and the nearest that do or else the first of them."""
    values = {
        "model": words.models,
        "provider": words.providers,
        "feature": words.features,
        "app": words.apps,
        "user": words.users,
        "team": words.teams,
    }[column]
    lowered = {value.lower(): value for value in values}
    near = [lowered[value] for value in difflib.get_close_matches(name, list(lowered), n=3, cutoff=0.5)]
    return UnknownName(column=column, name=name, nearest=near or values[:_SHOWN])
