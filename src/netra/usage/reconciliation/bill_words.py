"""What the words on a cloud's bill mean: the usage type, and which model.

Clouds name what they bill in words for invoices, not by the model's name: `gpt 4o 1120 cached Inp glbl
Tokens` (Azure), `USE1-Claude4.5Sonnet-cache-read-input-token-count` (AWS), `Gemini 2.5 Flash GA Text Output
(Thinking On) - Predictions` (Google). Two spellings are one model where, without words that name no model,
they have the same words in any order and the same numbers in the same order.
"""

import re
from collections.abc import Iterable, Iterator

from netra.usage.reconciliation.lines import OTHER

_OUT = frozenset(["output", "outputs", "outp", "outpt", "out", "opt", "completion", "response"])
_IN = frozenset(["input", "inputs", "inp", "inpt", "in", "prompt"])
_CACHED = frozenset(["cached", "cache", "caching", "cchd", "cd"])
_WRITTEN = frozenset(["write", "wr", "creation"])
_OTHER_WORDS = """
audio aud image img images video search searches grounding training trng ft finetune finetuned finetuning
hosting session sessions storage provisioned ptu customization customized custom rft interpreter tts
transcribe realtime request requests guardrail guardrails hour hours
"""
_NO_MODEL_WORDS = """
read rd token tokens count counts text txt prediction predictions generate content glbl gl global regnl
regional reg region dz dzn dzone data zone datazone batch bat std standard flex fl priority pp prty long
longco loco short shortco shco context cross on off ga thinking v mantle unit units mp amazon bedrock edition
azure openai foundry models model vertex ai anthropic meta google instruct preview latest maas for of per min
minutes ttl h hr k m us eu apac jp au uncached no
"""
_NO_TOKENS = frozenset(_OTHER_WORDS.split())
_NOT_NAMING = _OUT | _IN | _CACHED | _WRITTEN | frozenset(_NO_MODEL_WORDS.split())
_SPLIT = re.compile(
    r"(?<=[a-z0-9])(?=(?:Input|Output|Cache|Token|Count|Read|Write|Lite|Pro|Micro|Premier|Small|Large|Mini))"
)
_REGION = re.compile(r"(?:\b|_)(?:US|EU|AP|CA|SA|ME|AF|IL|MX|UG)[A-Z]{0,2}\d?(?=[-_])|\bMP:")
_SNAPSHOT = re.compile(
    r"20\d{2}-?[01]\d-?[0-3]\d|(?<!\d)(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])(?!\d)"
    # Bedrock ends names with a version of its own; the versions of DeepSeek are models.
    r"|(?<=[-_ ])(?<![Dd]eep[Ss]eek[-_ ])v\d+(?::\d+)?\b"
)
_LOT = re.compile(r"\b1[km]\b|\b1[ -]?h(?:(?:ou)?rs?)?\b|\b5[ -]?m(?:in)?(?:utes?)?\b", re.IGNORECASE)
_HOUR = re.compile(r"\b1[ -]?h(?:(?:ou)?rs?)?\b")
_WORD = re.compile(r"[a-z]+|\d+")

ModelKey = tuple[tuple[str, ...], tuple[str, ...]]
"""(words in order of the alphabet, numbers in order of appearance)"""


def billed_usage(label: str) -> str | None:
    """The usage type a label names, `other` for what is no text token, None where it names neither."""
    plain = _SPLIT.sub(" ", label.replace("_", " ")).lower()
    words = set(_WORD.findall(_LOT.sub(" ", plain)))
    if words & _NO_TOKENS:
        return OTHER
    if words & _OUT or words == {"reasoning"}:
        return "output"
    if words & _CACHED:
        if words & _WRITTEN:
            return "cache_write_1h" if _HOUR.search(plain) else "cache_write"
        return "cache_read"
    return "input" if words & _IN else None


def model_words(label: str) -> str:
    """What is left of a label for the model; empty where it names none."""
    words, numbers = model_key(label)
    if not (words or numbers) or words == ("reasoning",):
        return ""
    kept = (word for word in re.split(r"[^a-z0-9.]+", _cleaned(label)) if word and word not in _NOT_NAMING)
    return " ".join(kept) or " ".join((*words, *numbers))


def model_key(name: str) -> ModelKey:
    """What two spellings of a model have in common."""
    words = [word for word in _WORD.findall(_cleaned(name)) if word not in _NOT_NAMING]
    numbers = tuple(word for word in words if word.isdigit() and int(word))
    return tuple(sorted(word for word in words if not word.isdigit())), numbers


def _cleaned(name: str) -> str:
    """In small letters, without regions, dates of snapshots, and sizes of lots."""
    spaced = _SPLIT.sub(" ", _REGION.sub(" ", name).replace("_", " "))
    return _LOT.sub(" ", _SNAPSHOT.sub(" ", spaced)).lower()


class BilledModels:
    """Finds the model that a bill means among known names, the first of which win."""

    def __init__(self, names: Iterable[str]) -> None:
        self._names: dict[ModelKey, str] = {}
        for name in names:
            self._names.setdefault(model_key(name), name)

    def find(self, words: str) -> str:
        """The known name of a model, or the bill's own words where there is none."""
        return next((self._names[key] for key in _spellings(words) if key in self._names), words)


def _spellings(label: str) -> Iterator[ModelKey]:
    words, numbers = model_key(label)
    yield words, numbers
    # Azure's newer meters leave the family out: `5.4 inp Gl 1M Tokens`.
    yield tuple(sorted((*words, "gpt"))), numbers
