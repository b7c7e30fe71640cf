"""The words questions use: one corrected spelling for each, and which names of the data they mean."""

from __future__ import annotations

import difflib
import re

from netra.agents.triage.frame import Vocabulary
from netra.agents.triage.words import DOMAIN_WORDS, PLAIN_WORDS


def correct_spelling(text: str, vocabulary: Vocabulary) -> str:
    """Lower-cased text in which a misspelt domain word is put right; names of the data stay as they are."""
    names = {token for name in all_names(vocabulary) for token in re.findall(r"[a-z]+", name.lower())}

    def fix(match: re.Match[str]) -> str:
        word = _SLIPS.get(match.group(0), match.group(0))
        if len(word) < 5 or word in DOMAIN_WORDS or word in PLAIN_WORDS or word in names:
            return word
        return _TRANSPOSED.get("".join(sorted(word)), "") or _nearest(word)

    lowered = text.lower().replace("\u2019", "'")
    lowered = _GERMAN_MONTH.sub(
        lambda found: found.group(0) if found.group(0) in names else _GERMAN[found.group(0)], lowered
    )
    return re.sub(r"(?<![\w.\-/])[a-z]+(?![\w\-/])", fix, lowered)


_SLIPS = {
    "wich": "which", "whcih": "which", "witch": "which", "teh": "the", "hte": "the", "waht": "what",
    "wat": "what", "hwo": "how", "mcuh": "much", "muhc": "much", "amny": "many", "frm": "from",
    "lst": "last", "hwy": "why", "wehre": "where", "msot": "most", "ot": "to", "fro": "for", "lats": "last",
}  # fmt: skip
_GERMAN = {
    "januar": "january", "februar": "february", "märz": "march", "maerz": "march", "mai": "may",
    "juni": "june", "juli": "july", "oktober": "october", "dezember": "december",
}  # fmt: skip
_GERMAN_MONTH = re.compile(rf"(?<![\w\-/@.])(?:{'|'.join(_GERMAN)})(?![\w\-/@])")
"""Months as Germans slip them into English questions."""
_SEPARATORS = re.compile(r"[\s\-_]+")
_TRANSPOSED = {"".join(sorted(word)): word for word in sorted(DOMAIN_WORDS) if len(word) > 4}


def _nearest(word: str) -> str:
    near = difflib.get_close_matches(word, DOMAIN_WORDS, n=1, cutoff=0.86 if len(word) < 8 else 0.82)
    return near[0] if near and near[0][0] == word[0] else word


def all_names(vocabulary: Vocabulary) -> list[str]:
    """Every name of the data, models first."""
    return [
        *vocabulary.models,
        *vocabulary.evaluated_models,
        *vocabulary.providers,
        *vocabulary.features,
        *vocabulary.apps,
        *vocabulary.users,
    ]


def find_names(text: str, names: list[str]) -> list[str]:
    """The names that stand in the text, in order of appearance; `gpt-4` is not found inside `gpt-4o`.

    Case, spaces, dashes and underscores do not matter: "Support Chat" finds `support-chat`.
    """
    found: list[tuple[int, int, str]] = []
    squeezed = _squeezed(text)
    likely = [name for name in set(names) if _squeezed(name) in squeezed]
    for name in sorted(likely, key=lambda name: (-len(name), name)):
        match = pattern_of(name).search(text)
        if match is None or any(start < match.end() and match.start() < end for start, end, _ in found):
            continue
        found.append((match.start(), match.end(), name))
    return [name for _, _, name in sorted(found)]


def _squeezed(text: str) -> str:
    """Without spaces, dashes and underscores: a quick look before the pattern of a name is built."""
    return _SEPARATORS.sub("", text.lower())


def pattern_of(name: str) -> re.Pattern[str]:
    """Finds the name whatever its case, with spaces, dashes or underscores between its words."""
    pieces = [re.escape(piece) for piece in re.split(r"[\s\-_]+", name.lower()) if piece]
    return re.compile(r"(?<![\w\-./])" + r"[\s\-_]?".join(pieces) + r"(?![\w\-/]|\.\d)")


_FAMILY = (
    r"gpt|claude|gemini|gemma|mistral|mixtral|ministral|codestral|magistral|llama|deepseek|qwen|"
    r"command|grok|nova|"
    r"haiku|sonnet|opus|phi|o[134]|kimi|glm|jamba"
)
_MODEL = re.compile(
    rf"(?<![\w\-/])(?:[a-z]+/)?(?:{_FAMILY})(?:[\s\-]?(?:v?\d+(?:\.\d+)*[a-z]{{0,2}}|\d+x\d+b|{_FAMILY}|mini|nano|turbo|"
    rf"flash|lite|pro|small|medium|large|instruct|preview|chat|latest|micro|premier|r\d|plus|oss|\d+b))*(?![\w/])"
)


def find_models(text: str, vocabulary: Vocabulary) -> list[str]:
    """Models named in the text, in order: known ones by their stored name, others as they are usually
    written.
    """
    known = find_names(text, [*vocabulary.models, *vocabulary.evaluated_models])
    spans = [(match.start(), name) for name in known if (match := pattern_of(name).search(text)) is not None]
    rest = text
    for name in known:
        rest = pattern_of(name).sub(lambda match: " " * len(match.group(0)), rest)
    for match in _MODEL.finditer(rest):
        written = re.sub(r"\s+", "-", match.group(0).strip())
        if re.search(r"\d", written) or written in {"haiku", "sonnet", "opus"}:
            spans.append((match.start(), _closest(written, vocabulary)))
    return list(dict.fromkeys(name for _, name in sorted(spans)))


_FAMILIES = re.compile(
    r"(?<![\w\-/.@])(?P<family>gpt|claude|gemini|gemma|mistral|mixtral|codestral|llama|deepseek|qwen|grok|"
    r"kimi|sonnet|haiku|opus)"
    r"(?:'s)?(?![\w\-/@]|\s?\d|\.\d)"
)


def find_families(text: str, vocabulary: Vocabulary) -> dict[str, list[str]]:
    """Families of models named alone ("claude"), each with the stored models of it, which may be none; none
    that is a name.

    Families side by side are one: "claude sonnet" are the models of both.
    """
    others = {name.lower() for name in [*all_names(vocabulary), *vocabulary.teams]}
    words = {word for name in _named_things(vocabulary) for word in re.findall(r"[a-z]+", name.lower())}
    found: dict[str, list[str]] = {}
    last, end = "", -1
    for match in _FAMILIES.finditer(text):
        family = match["family"]
        named = [name for name in vocabulary.models if family in re.findall(r"[a-z]+", name.lower())]
        if family in others or (not named and family in words):
            continue
        if last and not text[end : match.start()].strip():
            before = found.pop(last)
            family, named = f"{last} {family}", [name for name in before if name in named]
        found[family] = named
        last, end = family, match.end()
    return found


def _named_things(vocabulary: Vocabulary) -> list[str]:
    return [
        *vocabulary.features,
        *vocabulary.apps,
        *vocabulary.users,
        *vocabulary.teams,
        *vocabulary.providers,
    ]


def _closest(written: str, vocabulary: Vocabulary) -> str:
    """The only stored model that contains every piece of the written name, else the written name."""
    pieces = set(re.findall(r"[a-z]+|\d+", written))
    candidates = [
        name
        for name in dict.fromkeys([*vocabulary.models, *vocabulary.evaluated_models])
        if pieces <= set(re.findall(r"[a-z]+|\d+", name.lower()))
    ]
    return candidates[0] if len(candidates) == 1 else written


_TO_BEFORE_FROM = (
    r"\b(?:instead of|rather than|in place of|(?:replacement|substitute) for|alternative to|to replace|"
    r"coming from|better than|as good as|enough for calls of)\b"
)


def from_and_to(text: str, models: list[str]) -> list[str]:
    """The models with the one in use first: "is B good enough instead of A" asks about A to B."""
    if len(models) < 2 or (first := pattern_of(models[0]).search(text)) is None:
        return models
    turned = re.search(_TO_BEFORE_FROM, text[first.end() :])
    turned = turned or re.search(rf"\bto\s+{re.escape(models[0].lower())}\s+from\b", text)
    return [models[1], models[0], *models[2:]] if turned else models


def find_filters(text: str, vocabulary: Vocabulary) -> dict[str, str]:
    """Columns fixed to a value of the data that the text names (models are read by `find_models`)."""
    filters: dict[str, str] = {}
    columns = {
        "feature": vocabulary.features,
        "app": vocabulary.apps,
        "user": vocabulary.users,
        "team": vocabulary.teams,
        "provider": vocabulary.providers,
    }
    for column, names in columns.items():
        # "The sales team" is the team, whatever app has its name.
        if explicit := _explicit(text, column, names):
            filters[column] = explicit
    several = find_several(text, vocabulary)
    for column, names in columns.items():
        usable = [name for name in names if len(name) > 2 and name.lower() not in DOMAIN_WORDS]
        found = [] if column in filters else find_names(text, usable)
        elsewhere = any(
            found[:1] == [name] for other in several if other != column for name in several[other]
        )
        if len(found) == 1 and found[0] not in filters.values() and not elsewhere:
            filters[column] = found[0]
    return filters


def find_several(text: str, vocabulary: Vocabulary, least: int = 2) -> dict[str, list[str]]:
    """Columns of which the text names `least` values or more, models included when one is enough."""
    columns = {
        "feature": vocabulary.features,
        "app": vocabulary.apps,
        "team": vocabulary.teams,
        "user": vocabulary.users,
        "provider": vocabulary.providers,
    }
    if least == 1:
        columns["model"] = vocabulary.models
    found: dict[str, list[str]] = {}
    taken: set[str] = set()
    named_in: dict[str, list[str]] = {}
    for column, names in columns.items():
        usable = [name for name in names if len(name) > 2 and name.lower() not in DOMAIN_WORDS]
        named_in[column] = find_names(text, usable)
    # "Sales and support" are the teams where only one of the two is an app as well.
    for column in sorted(named_in, key=lambda name: -len(named_in[name])):
        named = [name for name in named_in[column] if name.lower() not in taken]
        if len(named) >= least:
            found[column] = named
            taken |= {name.lower() for name in named}
    return {column: found[column] for column in columns if column in found}


def _explicit(text: str, column: str, names: list[str]) -> str | None:
    """A name introduced by its column's word: `feature F`, `for user 12`, `the chat app`."""
    for name in sorted((name for name in names if name.lower() in text), key=len, reverse=True):
        escaped = re.escape(name.lower())
        if re.search(
            rf"\b{column}\s*[=:]?\s*[\"'`]?{escaped}(?![\w\-])|(?<![\w\-]){escaped}\s+{column}\b", text
        ):
            return name
    return None
