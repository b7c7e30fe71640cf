"""Which numbers and groupings a plain usage question names."""

from __future__ import annotations

import re
from typing import Literal

_ANSWERS = r"(?:answers?|responses?|outputs?|completions?|replies|reply)"
_PROMPTS = r"(?:prompts?|inputs?|contexts?)"
_CALLS = r"(?:calls|requests|queries|invocations)"
_THOUSAND = r"(?:1 ?k|1[,. ]?000|(?:a |one )?thousand)"
_MILLION = r"(?:1 ?m|1[,.]?000[,.]?000|(?:a |one |1 )?million)"
_SIZED = (
    r"(?:\b(?:average|mean|typical|longest|shortest|biggest|largest|smallest) (?:\w+ )?|"
    r"\bhow (?:long|big|large|short) (?:are|is|were|was) (?:our|the|my) (?:\w+ )?)"
)
_MEASURES: tuple[tuple[str, str], ...] = (
    ("cost_per_mtok", r"\b(?:costs?|spend\w*|price|pay(?:ing)?)\b.{0,40}\b(?:per|an?|each|every|for) (?:1 ?m|"
        r"1k|million|mtok|1,?000|thousand)\b(?!\s*(?:calls?|requests?|users?|sessions?|queries))|\b(?:a|"
        r"one|1|per|each) ?(?:million|thousand|m|k)\b "
        r"(?:\w+ )?tokens?\b.{0,30}\bcosts?\b|"
        r"\b(?:effective|blended|unit) (?:price|rate|cost)s?\b(?!.{0,12}\bper)|"
        r"\bcheapest (?:models?|providers?|features?|apps?)\b|"
        r"\b(?:models?|providers?) (?:is|are) the cheapest\b"),
    ("output_tokens_per_s_p50", r"\btokens? (?:per|a|/) ?(?:s|secs?|seconds?)\b|\bgeneration speed\b"),
    ("output_tokens_p50", rf"\bmedian\b.{{0,25}}(?:\b{_ANSWERS}\b|\boutput tokens|(?<!put )\btokens per)"),
    ("input_tokens_p50", rf"\bmedian\b.{{0,25}}(?:\b{_PROMPTS}\b|\binput tokens|(?<!put )\btokens per)"),
    ("output_tokens_per_call", rf"{_SIZED}\b{_ANSWERS}\b(?! (?:take|latency|time))|"
        rf"\b{_ANSWERS} (?:length|size)s?\b|"
        r"\b(?:output|completion) tokens (?:per|a) (?:call|request|answer)s?\b|"
        r"\b(?:average|mean) (?:number of )?(?:output|completion) tokens\b"),
    ("input_tokens_per_call", rf"{_SIZED}\b{_PROMPTS}\b|\b{_PROMPTS} (?:length|size)s?\b|"
        r"\b(?:input|prompt) tokens (?:per|a) (?:call|request|prompt)s?\b|"
        r"\b(?:average|mean) (?:number of )?(?:input|prompt) tokens\b"),
    ("tokens_per_call", r"(?<!input )(?<!output )(?<!prompt )\btokens (?:per|a|each) (?:call|request)s?\b"),
    ("cost_per_session", r"\b(?:costs?|spend|spending|price)\b.{0,20}\b(?:per|each|a|one) (?:session|"
        r"conversation)s?\b|"
        r"\b(?:session|conversation)s? costs?\b|"
        r"\b(?:one|a|each|average) (?:session|conversation)\b.{0,40}\bcosts?\b"),
    ("cost_per_user", r"\b(?:costs?|spend|spending)\b.{0,20}\b(?:per|each|a|one) (?:user|customer|"
        r"person)s?\b|"
        r"\b(?:user|customer)s? costs?\b(?! (?:us |me )?the most)"),
    ("cost_per_success", r"\b(?:costs?|spend|spending)\b.{0,20}\b(?:per|each|a) (?:success\w*|ok|good)\b"),
    ("cost_per_1k_calls", rf"\b(?:per|an?|each|every|for(?: an?)?|do|does|of) {_THOUSAND} {_CALLS}\b|"
        rf"^\W*{_THOUSAND} {_CALLS}\b.{{0,20}}\bcosts?\b"),
    ("cost_per_1m_calls", rf"\b(?:per|an?|each|every|for(?: an?)?|do|does|of) {_MILLION} {_CALLS}\b|"
        rf"^\W*{_MILLION} {_CALLS}\b.{{0,20}}\bcosts?\b"),
    ("cost_per_call", r"\b(?:one|an?|each|the average) (?:call|request) costs?\b|"
        r"\b(?:cheap\w*|expensive|costl\w*|dear\w*)\b.{0,20}\bper (?:call|request)\b|"
        r"\b(?:costs?|spend|spending|price)\b.{0,20}\b(?:per|each|a|one) (?:single |"
        r"average )?(?:call|request)\b"),
    ("ttft_p99_ms", r"\bp99\b.{0,30}\b(?:ttft|first token)|\b(?:ttft|first token)\b.{0,30}\bp99\b"),
    ("ttft_p95_ms", r"\bp95\b.{0,30}\b(?:ttft|first token)|\b(?:ttft|first token)\b.{0,30}\bp95\b"),
    ("ttft_p50_ms", r"\bttft\b|\btime to (?:the )?first token"),
    ("retry_rate", r"\bretry rate\b|\bshare of retr\w+"),
    ("rate_limited", r"\brate[ -]?limited\b|\b429s?\b|\bhit(?:s|ting)? (?:an? |the |our )?rate limits?\b"),
    ("timeouts", r"\btime-?outs?\b|\btimed out\b|\btimes? out\b"),
    ("cache_hit_share", r"\bof (?:our |the )?(?:input|prompts?|tokens)\b.{0,20}\bcached\b|"
        r"\bcache[ -]?hit\b|\bhit (?:rate|ratio|share)\b|\bshare of (?:the )?(?:input|"
        r"tokens).{0,20}\bcache"),
    (
        "cache_read_tokens",
        r"\bcache(?:d)?[ -]?(?:read|hit)?s?\s+tokens|\bcached (?:input|prompts?|tokens)\b|\bcache reads?\b|"
        r"\btokens\b.{0,30}\bfrom (?:the |our )?(?:prompt )?cache\b",
    ),
    ("cache_write_tokens", r"\bcache writes?(?: tokens)?\b"),
    ("reasoning_tokens", r"\breasoning tokens\b|\bthinking tokens\b"),
    ("input_tokens", r"\b(?:input|prompt|context) tokens\b|\btokens in\b|"
        r"\binput ?(?:to|and|vs\.?|versus|or|/) ?output\b|"
        r"\boutput ?(?:to|and|vs\.?|versus|or|/|per) ?input\b"),
    ("output_tokens", r"\b(?:output|completion|generated) tokens\b|\btokens (?:in and )?out\b|"
        r"\boutput ?(?:to|and|vs\.?|versus|or|/|per) ?input\b|\binput ?(?:to|vs\.?|versus|/) ?output\b"),
    ("error_rate", r"\b(?:most|least|more|less) reliable\b|\breliability\b|\b(?:error|failure) rate\b|"
        r"\b(?:share|percent(?:age)?) of (?:errors|failures)\b|"
        r"(?:\b(?:share|percent(?:age)?|proportion|fraction|part)|%) of "
        r"(?:our |the |all )*(?:calls?|requests?) "
        r"(?:that |which )?(?:fail|error|are failing)\w*"),
    ("errors", r"\berrors?\b|\bfail(?:ed|ures?|ing)\b"),
    ("latency_p99_ms", r"\bp99\b(?!.{0,30}\b(?:ttft|first token))"),
    ("latency_p95_ms", r"\b(?:slowest|fastest) (?:\w+ )?(?:models?|features?|apps?|providers?|users?|teams?|"
        r"sessions?|days?|hours?)\b|\bp95\b(?!.{0,30}\b(?:ttft|first token))"),
    ("latency_p50_ms", r"\band latency\b|\blatency and\b|\bhow (?:fast|slow) (?:is|are|was|were)\b|"
        r"\b(?:slower|faster) than\b|\bp50\b|"
        r"\bmedian latency\b|\b(?:average|mean|typical) (?:latency|response time)\b"),
    (
        "cost_usd",
        r"\bspend(?:ing)?\b|(?<!time )(?<!time is )(?<!time was )\bspent\b|"
        r"\bcosts?\b|\bbill\b|\bmoney\b|\bpa(?:y|id)\b|\bexpens\w+|\bdollars?\b|\$",
    ),
    ("calls_per_session", r"\b(?:calls|turns|requests|messages) (?:per|a|in an?) (?:session|conversation)\b|"
        r"\bhow long (?:is|are) (?:the |our |an? )?(?:average |typical |mean )?(?:conversations?|"
        r"sessions?)\b"),
    ("models", r"\b(?:how many|number of|count of)\s+(?:\w+\s+)?models\b"),
    ("api_keys", r"\b(?:how many|number of|count of)\s+(?:\w+\s+)?keys\b"),
    ("users", r"\b(?:how many|number of|count of|active|distinct|unique)\s+(?:\w+\s+)?users\b"),
    ("sessions", r"\b(?:how many|number of|count of)\s+(?:\w+\s+)?(?:sessions|conversations)\b"),
    ("calls", r"\bused? (?:the )?(?:most|least)\b(?! (?:tokens|input|output|reasoning))|"
        r"\bcalls?\b|\brequests?\b|\bvolume\b|\btraffic\b|\bqueries\b|\binvocations?\b"),
)  # fmt: skip
_DIMENSIONS: tuple[tuple[str, str], ...] = (
    ("weekday", r"(?:days? of (?:the )?week|weekdays?)"),
    ("hour_of_day", r"(?:hours? of (?:the )?day|times? of (?:the )?day)"),
    ("model", r"models?"),
    ("provider", r"providers?|vendors?"),
    ("feature", r"features?"),
    ("app", r"apps?|applications?|services?"),
    ("user", r"users?|people|persons?|customers?"),
    ("team", r"teams?|departments?"),
    ("api_key_id", r"(?:api )?keys?"),
    ("session_id", r"sessions?|conversations?"),
    ("status", r"status(?:es)?|outcomes?"),
    ("service_tier", r"(?:service )?tiers?"),
    ("hour", r"hours?"),
    ("day", r"days?|daily|dates?"),
    ("week", r"weeks?|weekly"),
    ("month", r"months?|monthly"),
)
_GROUPED = (
    r"(?:\bby|\bper|\bfor each|\bfor every|\bacross|\bsplit by|\bgrouped by|\bbroken down by|"
    r"\beach)\s+(?:the\s+)?"
)
_WHICH = (
    r"\b(?:which|what|top(?: \w+)?|biggest|largest|most expensive|costliest|highest|slowest|fastest|cheapest|"
    r"longest)\s+(?:\w+\s+)?"
)
TOKENS_TOTAL = re.compile(r"\btokens\b")
_WORDS = {
    "one": 1,
    "two": 2,
    "three": 3,
    "four": 4,
    "five": 5,
    "six": 6,
    "seven": 7,
    "eight": 8,
    "nine": 9,
    "ten": 10,
}


def find_measures(text: str) -> list[str]:
    """The measures a question names, in a fixed order; plain "tokens" means input and output."""
    found = [name for name, pattern in _MEASURES if re.search(pattern, text)]
    if any(name.startswith("cost_per_") for name in found):
        found = [name for name in found if name not in {"cost_usd", "calls", "sessions", "users"}]
    sizes = [name for name in found if name in _SIZES]
    if sizes or "cost_per_mtok" in found:
        found = [name for name in found if name not in {"input_tokens", "output_tokens", "calls"}]
    if {"output_tokens_p50", "input_tokens_p50"} & {*found}:
        found = [name for name in found if not name.endswith("_per_call")]
    if "error_rate" in found and not re.search(r"\bhow many\b|\bnumber of\b", text):
        found = [name for name in found if name != "errors"]
    if "ttft_p95_ms" in found or "ttft_p99_ms" in found:
        found = [name for name in found if name != "ttft_p50_ms" and not name.startswith("latency")]
    if (
        not (sizes or "cost_per_mtok" in found)
        and TOKENS_TOTAL.search(re.sub(r"\bfirst tokens?\b", "", text))
        and not any(name.endswith("_tokens") for name in found)
    ):
        found = ["input_tokens", "output_tokens", *found]
    return found


_SIZES = frozenset(
    {"tokens_per_call", "input_tokens_per_call", "output_tokens_per_call", "output_tokens_p50",
     "input_tokens_p50", "output_tokens_per_s_p50"}
)  # fmt: skip
"""Measures of how large single calls are, in whose words plain tokens are no total."""
_CLOCK = (
    ("weekday", r"\bdays? of (?:the )?week\b|\bweekdays?\b", "day"),
    ("hour_of_day", r"\bhours? of (?:the )?day\b|\btimes? of (?:the )?day\b|\bat (?:which|what) hour\b|"
        r"\bpeak hours?\b|\bbusiest hours?\b", "hour"),
)  # fmt: skip
_FLAGS = (
    ("interactive", r"\b(?:non-?)?interactive\b"),
    ("streaming", r"\b(?:non-?)?(?:streaming|streamed) (?:calls?|requests?|and|vs|versus|compared)|"
        r"\b(?:calls?|requests?) (?:are|is|were) (?:streamed|streaming)\b"),
)  # fmt: skip
_SET_APART = r"\b(?:by|vs\.?|versus|compar\w+|share|percent\w*|how many|fraction|and non|or not)\b|%"


def _is_counted(listed: re.Match[str]) -> bool:
    """Whether a number of these groups is a measure of its own."""
    return listed.group(0).startswith("how many") and _named(listed.group("first")) in _MEASURED


def _named(noun: str) -> str:
    return next(name for name, pattern in _DIMENSIONS if re.fullmatch(pattern, noun))


_MEASURED = frozenset(
    {"model", "user", "session_id", "api_key_id", "hour", "day", "week", "month", "hour_of_day"}
)


def find_dimensions(text: str) -> list[str]:
    """The groupings a question names: `by model`, `per day`, `which feature`, `daily`."""
    found: list[str] = []
    for name, pattern in _DIMENSIONS:
        grouped = rf"{_GROUPED}(?:\w+(?:,| and| x| by)\s+)?(?:{pattern})\b"
        if re.search(grouped, text) or re.search(rf"{_WHICH}(?:{pattern})\b(?! cost drivers)", text):
            found.append(name)
    for name, words, part in _CLOCK:
        if re.search(words, text):
            found = [*(other for other in found if other not in {name, part, "week"}), name]
    if re.search(_TREND, text) and not {*found} & {"hour", "day", "week", "month"}:
        found.append("week")
    if not found and (listed := _LISTED.search(text)) is not None and not _is_counted(listed):
        found = [_named(part) for part in listed.groups() if part]
    if re.search(r"\b(?:runaway|heaviest|heavy|power) users?\b", text) and "user" not in found:
        found.append("user")
    if not found and re.search(r"\bweekends\b", text):
        found = ["weekday"]
    if re.search(_SET_APART, text):
        found += [name for name, words in _FLAGS if re.search(words, text) and name not in found]
    if not found and re.search(r"\bwho (?:is|are|spends?|spent|costs?|uses?|calls?)\b", text):
        found.append("user")
    if re.search(r"\bper (?:user|customer)\b", text) and "user" in found and len(found) > 1:
        found.remove("user")
    if re.search(r"\b(?:per|each|a) (?:session|conversation)\b", text) and "session_id" in found:
        found.remove("session_id")
    for name, word in (("day", "daily"), ("week", "weekly"), ("month", "monthly"), ("hour", "hourly")):
        if re.search(rf"\b{word}\b", text) and name not in found:
            found.append(name)
    return found


_LEAST = r"\b(?:least(?! reliable)|lowest|cheapest|fewest|smallest|fastest|quickest|lightest|most reliable)\b"
_WORST_IS_LEAST = (
    r"\bworst\b.{0,20}\b(?:cach\w+|hit (?:rate|ratio)|tokens per second|speed|throughput)\b|"
    r"\bbest\b.{0,20}\b(?:error|failure|latency|response times?|ttft|p9\d)\b"
)
"""The worst of what is the better the more, and the best of what is the better the less."""
_NOUN = "|".join(pattern for _, pattern in _DIMENSIONS)
_LISTED = re.compile(
    rf"\b(?:list|show|name|how many)\s+(?:me )?(?:all |the |our |every )*(?P<first>{_NOUN})\b"
    rf"(?:\s+(?:and|with)\s+(?:their |the |its )?(?P<second>{_NOUN})\b)?"
)
_TREND = r"\btrends?\b|\btrending\b|\bover time\b|\bgoing (?:up|down)\b"


def find_extreme(text: str) -> Literal["most", "least"] | None:
    """Whether a question asks which group has the most or the least: "which model is the slowest?"."""
    if not re.search(r"\b(?:which|what|who|name|find|show)\b", text):
        return None
    if re.search(_LEAST, text) or re.search(_WORST_IS_LEAST, text):
        return "least"
    most = r"\b(?:most|best|highest|biggest|largest|worst|slowest|costliest|longest|heaviest|greatest|top)\b"
    return "most" if re.search(most, text) else None


def find_top(text: str) -> int | None:
    """The N of "top five", "3 biggest", "the ten most expensive"; between 1 and 50."""
    number = r"(\d{1,2}|" + "|".join(_WORDS) + r")"
    for pattern in (
        rf"\b(?:top|first|biggest|largest|highest|worst|which)\s+{number}\b",
        rf"\b{number}\s+(?:\w+\s+)?(?:biggest|largest|top|most|highest|main|slowest|costliest|worst)\b",
    ):
        found = re.search(pattern, text)
        if found is not None:
            word = found.group(1)
            return min(50, max(1, int(word) if word.isdigit() else _WORDS[word]))
    return None
