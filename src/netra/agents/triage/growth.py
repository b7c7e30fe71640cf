"""Growth that a question asks groups for: "features that grew more than 20 %", "users who doubled"."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Literal

from netra.agents.triage.amounts import LARGEST
from netra.agents.triage.conditions import COMPARED, amount_of, sign_of
from netra.agents.triage.frame import Comparison, Growth, QuestionFrame
from netra.agents.triage.group_conditions import GROUPS
from netra.agents.triage.held_periods import PERIOD_NAMED
from netra.agents.triage.measures import find_measures, find_top
from netra.usage.measures import MEASURES

_UP = (
    r"grew|grown|grow|rose|risen|increased?|jumped|climbed|spiked|(?:gone|went|go|is|are|was|were) up|"
    r"growth|increase|rise|higher|more|slower|dearer"
)
_DOWN = (
    r"fell|fallen|dropped|decreased?|shrank|shrunk|declined|(?:gone|went|go|is|are|was|were) down|"
    r"drop|decline|lower|less|fewer|faster|cheaper"
)
_NOUNS = r"growth|increase|rise|drop|decrease|decline"
_AMOUNT = (
    r"(?P<dollar>\$)?\s*(?P<number>\d{1,3}(?:,\d{3})+(?:\.\d{1,6})?|\d{1,12}(?:\.\d{1,6})?)"
    r"\s*(?P<scale>k|thousand|million|billion|bn|[mb](?=\s+(?:\w+\s+)?tokens?\b))?\s*"
    r"(?P<unit>%|(?:percent|pct|dollars?|usd|points?|x|times|calls|requests|tokens|errors|users|sessions)\b)?"
)
_THRESHOLD = rf"(?:(?P<comparison>{COMPARED})\s*)?{_AMOUNT}(?P<least>\s+(?:or|and) more\b(?! than)|\+)?"
_ONLY_THRESHOLD = re.compile(
    rf"\W*(?:(?:and|or|but|now|then|what about|how about|by) )*(?P<word>){_THRESHOLD}\W*"
)
_FORMS = (
    re.compile(rf"\b(?P<word>{_UP}|{_DOWN})\s+(?:by\s+)?{_THRESHOLD}"),
    re.compile(rf"\b(?:by\s+)?{_THRESHOLD}\s+(?P<word>{_UP}|{_DOWN})\b"),
)
_FACTORS: tuple[tuple[re.Pattern[str], Literal["up", "down"], Decimal], ...] = (
    (re.compile(r"\b(?:more than )?doubled?\b"), "up", Decimal(100)),
    (re.compile(r"\b(?:more than )?tripled?\b"), "up", Decimal(200)),
    (re.compile(r"\b(?:more than )?halved?\b"), "down", Decimal(50)),
)
_TO_A_LEVEL = re.compile(r"(?:above|below|beyond|past)\b")
_PAST_A_LEVEL = re.compile(r"(?:over|under)\b")
_MOVES_TO = re.compile(r"ris|rose|jump|climb|spik|fell|fall|drop|declin|(?:gone|went|go|is|are|was|were) ")
_SHARES = re.compile(r"\b(?:rates?|shares?|ratios?|percentage|accuracy)\b")
_BARE = re.compile(
    r"\b(?:(?:got|gotten|gets?|became|become) (?:slower|faster|dearer|cheaper|more expensive)|"
    r"grew|rose|increased|jumped|climbed|(?:gone|went) up|fell|dropped|decreased|shrank|declined|"
    r"(?:gone|went) down)\b(?:\s+(?:the )?(?P<how>most|fastest|quickest))?"
)
_THAN = re.compile(
    r"\b(?P<word>more|higher|slower|dearer|less|fewer|lower|faster|cheaper)\b(?:\s+[\w\-]+){0,3}\s+than "
    rf"(?:(?:in|on|during) )?(?:the )?(?:(?:last|previous|prior) day|{PERIOD_NAMED}|"
    r"(?:week|month|day|quarter|year) before)\b"
)
"""More of something than in the period before."""
_HELD = re.compile(
    r"\b(?:vs\.?|versus|compared (?:to|with)|against) (?:the )?(?:yesterday\b|(?:last|previous|prior) "
    r"(?:week|month|quarter|year|day)|(?:week|month|day|quarter|year) before)\b|"
    r"^\W*(?:and )?(?:did|has|have)\b.{0,60}\b(?:drop|dropped|fall|fallen|rise|risen|increased?|decreased?|"
    r"grow|grown|changed?|(?:go|gone) (?:up|down))\b|"
    rf"\bdifference\b.{{0,40}}\bbetween (?:the )?{PERIOD_NAMED} and\b"
)
"""Something held against the period before."""
_JUDGED = re.compile(r"\W*(?:and |so )?(?:did|has|have|is|are|was|were|do|does)\b")
"""A question to be answered with yes or no."""
_RELATIVE = frozenset({"%", "percent", "pct", "x", "times"})
_AHEAD = re.compile(
    r"\b(?:if|suppose|assum\w+|expect\w*|will|would|next|why|how come|explain|forecast|limits?|sav\w+|"
    r"cut|reduc\w+)\b"
)
"""What makes growth something to come, to be explained or to be brought about."""
_OF = r"\b(?:which|what|who|list|show|name|find|give|any|did|has|have|is|are|how many|{nouns})\b"
_NOUN = "|".join(words for _, words in GROUPS)
_ASKS = re.compile(_OF.format(nouns=_NOUN))
_ANY_OF = re.compile(
    r"\b(?:any|some|an?|one|each|every|no) (?:single )?"
    r"(model|provider|vendor|feature|app|application|service|user|customer|team|department|key|api key|"
    r"session|conversation|chat)\b"
)
_CLOCK = frozenset({"hour", "day", "week", "month", "weekday", "hour_of_day"})
_OFTEN = re.compile(
    r"\b(?:(?:every|each) (?:single )?(?:hour|day|week|month|quarter)|"
    r"(?:by|per|which) (?:hour|day|week|month|weekday)s?|"
    r"(?:\w+ )?(?:days|weeks|months) (?:in a row|running)|consecutive\w*(?: \w+)?|steadily|continuously)\b"
)
"""Growth from each period to the next, where two are compared."""
_AVERAGED_OVER = {
    "cost_per_user": "user", "cost_per_session": "session_id", "calls_per_session": "session_id",
}  # fmt: skip
_UNIT_OF = (
    ("tokens", "total_tokens"), ("calls|requests", "calls"), ("errors", "errors"), ("users", "users"),
    ("sessions", "sessions"),
)  # fmt: skip
"""What a threshold of growth counts by its unit, where nothing else is measured."""
_ALL_SPEND = frozenset({"cost_usd"})


def find_growth(text: str) -> tuple[Growth | None, str]:
    """The growth that lower-cased text asks for, and the text without its threshold."""
    if _AHEAD.search(text) or not _ASKS.search(text):
        return None, text
    for pattern, direction, share in _FACTORS:
        if (found := pattern.search(text)) is not None:
            operator: Comparison = ">" if found.group(0).startswith("more") else ">="
            growth = Growth(direction=direction, operator=operator, value=f"{share}", said=found.group(0))
            return growth, _without(text, found)
    for pattern in _FORMS:
        if (found := pattern.search(text)) is not None and (growth := _read(found)) is not None:
            return growth, _without(text, found)
    return None, text


def bare_growth(text: str, *, in_words_of_change: bool) -> Growth | None:
    """Growth without a threshold: "more calls than last week"; "grew the most" in words of a change."""
    if _AHEAD.search(text) or not (_ASKS.search(text) or _HELD.search(text)):
        return None
    if (than := _THAN.search(text)) is not None:
        down = re.fullmatch(_DOWN, than["word"]) is not None
        return Growth(direction="down" if down else "up", relative=False, said=than.group(0))
    if (held := _HELD.search(text)) is not None:
        return Growth(direction="any", relative=False, said=held.group(0))
    found = _BARE.search(text) if in_words_of_change else None
    if found is None:
        return None
    direction = "down" if re.search(rf"\b(?:{_DOWN})\b", found.group(0)) else "up"
    relative = found["how"] in {"fastest", "quickest"}
    return Growth(direction=direction, relative=relative, said=found.group(0))


def is_over(text: str) -> bool:
    """Whether lower-cased text asks what has been: "did any feature grow?", not how much may come."""
    return re.match(r"\W*(?:and |so )?(?:did|has|have)\b", text) is not None


def grouped_by_growth(frame: QuestionFrame, growth: Growth, text: str, said: str) -> QuestionFrame:
    """The frame of a list of groups that grew. Without a threshold growth of the spend is a question about
    the change and its parts. `said` is the text with its conditions on groups.
    """
    named = next((name for name, words in GROUPS if re.search(rf"\b(?:{words})\b", text)), None) or _any_of(
        text
    )
    dimensions = [name for name in frame.dimensions if name not in _CLOCK]
    dimensions = dimensions or [name for name in (named,) if name and name not in _CLOCK]
    if frame.group_conditions:
        # What the groups are chosen by is another thing than what grew.
        frame = frame.model_copy(update={"measures": find_measures(_unconditional(frame, said))})
    measures = _measured(frame, f"{text} {growth.said}")
    dimensions = [name for name in dimensions if name != _AVERAGED_OVER.get(measures[0])]
    judged = _JUDGED.match(text) is not None and not dimensions
    whole = judged or growth.direction == "any" or (frame.kind == "change" and measures[0] not in _ALL_SPEND)
    anything = not (dimensions or whole) and re.search(r"\b(?:what|who|which|anything)\b", text) is not None
    of_spend = measures[0] in _ALL_SPEND and not growth.relative and frame.kind == "change"
    if growth.operator is None and (frame.explains or of_spend or not (dimensions or anything or whole)):
        return frame
    growth = growth.model_copy(update={"of_anything": anything, "top": find_top(text)})
    changed: dict[str, object] = {"kind": "usage", "growth": growth, "dimensions": dimensions}
    changed |= _left_over(frame, dimensions, measures, text)
    return frame.model_copy(update={**changed, "measures": measures[:1], "extreme": None})


def _left_over(
    frame: QuestionFrame, dimensions: list[str], measures: list[str], text: str
) -> dict[str, object]:
    """Conditions on the groups, where they can be followed; else these, further measures and several periods
    are left unread.
    """
    followed = all(
        [entry.dimension] == dimensions and not entry.said.startswith("or ")
        for entry in frame.group_conditions
    )
    followed = followed and not {*frame.dimensions} & _CLOCK
    unread = [] if followed else [entry.said for entry in frame.group_conditions]
    unread += [found.group(0) for found in _OFTEN.finditer(text)]
    named = [name for name in find_measures(text) if name in MEASURES]
    if re.search(r"\band\b", text):
        halves = ("input_tokens", "output_tokens") if measures[0] == "total_tokens" else ()
        others = [name for name in named if name not in {measures[0], *halves}]
        unread += [MEASURES[name].label.lower() for name in others]
    kept = frame.group_conditions if followed else []
    return {"group_conditions": kept, "unread": list(dict.fromkeys([*frame.unread, *unread]))}


def _any_of(text: str) -> str | None:
    """The groups of "any feature", "some user", "one of"; none where one is named by the word beside it."""
    found = _ANY_OF.search(text)
    return (
        None if found is None else next(name for name, words in GROUPS if re.fullmatch(words, f"{found[1]}s"))
    )


def of_another_threshold(text: str, earlier: QuestionFrame) -> QuestionFrame | None:
    """The earlier question for growth with the threshold that is all a follow-up says ("and more than
    50 %?"); None for any other.
    """
    found = _ONLY_THRESHOLD.fullmatch(text.lower().strip())
    if earlier.growth is None or found is None:
        return None
    growth = _read(found, earlier.growth.direction)
    if growth is None:
        return None
    kept = {"of_anything": earlier.growth.of_anything, "top": earlier.growth.top}
    said = found.string[found.end("word") :].strip(" ?!.")
    return earlier.model_copy(update={"growth": growth.model_copy(update={**kept, "said": f"by {said}"})})


def _unconditional(frame: QuestionFrame, said: str) -> str:
    """The text without its conditions on groups, with all words before them."""
    said = " ".join(said.split())
    for entry in frame.group_conditions:
        said = said.replace(entry.said, "")
    return said


def _measured(frame: QuestionFrame, text: str) -> list[str]:
    if re.search(r"\b(?:slower|faster|latenc\w+|response times?)\b", text):
        timed = [name for name in frame.measures if name.startswith(("latency", "ttft"))]
        return timed or ["latency_p50_ms"]
    if [*frame.measures[:2]] == ["input_tokens", "output_tokens"]:
        return ["total_tokens"]
    counted = next((name for unit, name in _UNIT_OF if re.search(rf"\d.*\b(?:{unit})$", text)), "cost_usd")
    return frame.measures or [counted]


def _read(found: re.Match[str], direction: Literal["up", "down", "any"] | None = None) -> Growth | None:
    """The growth of a match, in the direction of its word unless one is given."""
    unit = found["unit"] or ""
    if not (unit or found["dollar"]) or (not direction and _is_level(found)):
        return None
    word, relative = found["word"], unit in _RELATIVE and not found["dollar"]
    down = re.fullmatch(_DOWN, word) is not None
    value = amount_of(found["number"], found["scale"])
    if unit in {"x", "times"}:
        if value <= 1 or down:
            return None
        value = (value - 1) * 100
    if value >= LARGEST:
        return None
    operator: Comparison = sign_of(found["comparison"]) if found["comparison"] else ">="
    bare = found["comparison"] is None and found["least"] is None and re.fullmatch(r"more|less|fewer", word)
    if bare and not re.match(r"(?:\s+\w+){0,2}\s+(?:than|vs)\b", found.string[found.end() :]):
        return None  # "20 % more" is a threshold only beside something it is more than
    return Growth(
        direction=direction or ("down" if down else "up"),
        operator=operator,
        value=f"{value.normalize():f}",
        relative=relative,
        said=" ".join(found.group(0).split()),
    )


def _is_level(found: re.Match[str]) -> bool:
    """Whether it is what the measure came to, not how far it moved: "rose above $100", as no growth is."""
    behind = found.string[found.end("word") : found.end()].strip()
    if found.start("word") != found.start() or (
        found["unit"] in _RELATIVE and not _SHARES.search(found.string)
    ):
        return False
    over = _PAST_A_LEVEL.match(behind) and _MOVES_TO.match(found["word"])
    return bool(over or _TO_A_LEVEL.match(behind))


def _without(text: str, found: re.Match[str]) -> str:
    return f"{text[: found.start()]} {text[found.end() :]}"
