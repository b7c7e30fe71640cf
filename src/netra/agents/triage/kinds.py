"""What kind of question a text is, by rules."""

from __future__ import annotations

import re

from netra.agents.triage.budgets import find_budget
from netra.agents.triage.follow_ups import is_follow_up
from netra.agents.triage.frame import QuestionKind
from netra.agents.triage.languages import find_language, is_sql
from netra.agents.triage.measures import find_dimensions, find_measures
from netra.agents.triage.requests import wants_change, wants_price, wants_reconciliation

_SPEND = (
    r"\b(?:spend\w*|(?<!time )(?<!time is )(?<!time was )spent|costs?|bill|bills|budget|money|expens\w+|"
    r"pay(?:ing)?|invoice|prices?)\b"
)
_CUT = (
    r"\b(?:cut|cuts|cutting|reduc\w+|lower\w*|decreas\w+|sav(?:e|es|ing|ings)|trim\w*|"
    r"optimi[sz]\w*|shrink|slash|"
    r"bring down|cheaper|halve|less|minimi[sz]e|drop)\b"
)
_BARE_CUT = (
    r"\b(?:where|what|how(?: much)?) (?:can|could|should|would|might|do) (?:we|i|you|one) (?:\w+ly |still )?"
    r"(?:cut|trim|slash|shave|reduce|shrink)(?: back| down)?"
    r"(?=\W*(?:$|[?.!,;\d]|(?:without|while|and|by|if|with|keeping|in|on)\b))"
)
"""A cut that does not say of what: of the spend."""
_SHARE_CUT = (
    r"\b(?:cut|trim|save|reduce|slash|shave)\s+(?:by |us )?\d{1,3}(?:\.\d{1,3})?\s*(?:%|percent\b)(?! of)|"
    r"\d\s*(?:%|percent) (?:off|cheaper)\b"
)
_TOO_MUCH = r"\b(?:spend\w*|pay\w*|burn\w*|costs?|costing|bills?)\b.{0,30}\btoo (?:much|high|big|expensive)\b"
_SUITED = (
    r"\b(?:don't|do not|doesn't|does not|needn't)(?: \w+ly)? need\b|\bgood enough\b|\bdrop\b.{0,30}\bfor\b|"
    r"\bhow (?:accurate|good) (?:is|are)\b|\b(?:accuracy|quality) of\b|\b(?:could|can) (?:we )?use\b|"
    r"\btoo (?:big|large|powerful|strong|smart|good|expensive|dear) for\b"
)
_LATENCY = (
    r"\b(?:latency|latencies|slow\w*|faster|fast|speed\w*|p50|p90|p95|p99|ttft|time to first|response times?|"
    r"where is the time|where does the time|where the time|delays?|tail)\b|"
    r"\btak(?:e|es|ing) (?:\w+ )?(?:so |too |very |the |that )?long(?:er|est)?\b|"
    r"\b(?:los(?:e|es|ing)|wast(?:e|es|ing)) (?:\w+ ){0,2}time\b|"
    r"\b(?:users?|customers?|people)\b.{0,30}\bwait\w*"
)
_CAPACITY = (
    r"\b(?:capacity|rate[ -]?limit\w*|throughput|tpm|rpm|429s?|headroom|peaks?|spikes?|bursts?|"
    r"load|scale|scaling|"
    r"concurren\w+|throttl\w+|quotas?)\b|"
    r"\b(?:hit|reach|exceed|run into)\w*\b.{0,20}\blimits?\b|"
    r"\b(?:twice|double|triple|three times) (?:the |our |as much |as many )?"
    r"(?:users|traffic|volume|usage|load|calls|requests)\b|\bmore "
    r"(?:users|traffic|requests|calls|customers|load)\b|"
    r"\b\d{1,9}\s*x\b.*\b(?:traffic|load|users|calls)"
    r"|\b(?:users|traffic|volume|usage|load)\b.{0,30}\b(?:grow\w*|doubl\w+|tripl\w+)|\b(?:doubl|"
    r"tripl)\w+\b.{0,30}"
    r"\b(?:users|traffic|volume|usage|load)\b|\bgrow(?:s|th|ing)?\b"
)
_CHANGE = (
    r"\bwhy (?:did|has|have|is|are|was|were)\b.{0,60}\b(?:jump|ris|rose|increas|grow|grew|go up|"
    r"more expensive|dearer|cheaper|"
    r"gone up|went up|spik|"
    r"chang|drop|fall|fell|decreas|go down|explod|doubl|higher|lower|up|down)\w*|"
    r"\b(?:did|has|have) (?:our |the |my )?(?:\w+ )?(?:spend|spending|costs?|bill)\b.{0,30}\b"
    r"(?:drop|fall|fell|dropp?ed|decreas\w*|ris\w+|rise|grow|grown|increas\w*|jump\w*|"
    r"(?:go|gone) (?:up|down)|chang\w*)\b|"
    r"\bwhat (?:changed|happened)\b|\bhow come\b.{0,60}\b(?:more|less|up|down|higher|lower|ris|rose|increas|"
    r"jump|drop|fell)\w*|\b(?:spend|spending|costs?|bill|usage|traffic)\b.{0,30}\b(?:up|down|jumped|rose|"
    r"increased|doubled|spiked|dropped|fell)\b.{0,60}\bwhy\b|"
    r"\bwhat (?:caused|drove|explains|is behind)\b|\b(?:jump|rise|increase|spike|drop|change) in (?:\w+ )?"
    r"(?:spend|cost|costs|bill|usage|traffic)|\bexplain the (?:jump|rise|increase|spike|drop|change)|"
    r"\b(?:compared? (?:to|with)|versus|vs\.?)\s+(?:the\s+)?(?:last|previous|prior|(?:day|week|month|"
    r"year) before)\b|"
    r"\b(?:spend|spending|costs?|bills?)\b.{0,30}\b(?:growing|going (?:up|down)|rising|increasing|falling|"
    r"shrinking)\b|\b(?:biggest|largest|highest|most) (?:\w+ )?(?:increase|rise|jump|growth|drop|decrease)\b|"
    r"\b(?:week|month|day)[ -]over[ -](?:week|month|day)\b|"
    r"\bcompar\w+\b.{0,40}\b(?:weeks?|months?|days?|yesterday|periods?|quarters?)\b|"
    r"\b(?:which|what|who)\b.{0,40}\b(?:grew|rose|increased|fell|dropped|shrank|declined|changed)\b"
)
_DRIVERS = (
    r"\b(?:cost|spend|spending) drivers?\b|\bdriv(?:es?|ing|ers?)\b.{0,20}(?:cost|spend|bill)|"
    r"\bwhere (?:does|is|did|do) (?:the |our |my |all )?(?:\w+ )?(?:money|spend\w*|budget|cost)|"
    r"\b(?:most expensive|costliest|biggest spend\w*|largest spend\w*)\b|\bcosts? (?:us |me )?the most\b|"
    r"\b(?:top|biggest|largest|main|highest)\b.{0,25}\b(?:cost|costs|spend|spenders?|expenses?)\b|"
    r"\bcharge[ -]?backs?\b|\bshowback\b|\ballocat\w+ (?:the |our )?(?:costs?|spend\w*)\b|"
    r"\b(?:runaway|heaviest|heavy|power) users?\b|\bwho (?:spends|spent|costs)\b|\bwhat (?:are we|am i|"
    r"do we) (?:spend|spending|pay|"
    r"paying)\b.{0,12}\bon\b|\bspenders\b|"
    r"\beat(?:s|ing)?\b.{0,20}\b(?:budget|money|bill|spend)|"
    r"\bcosting (?:us |me )?(?:so much|the most|money)\b|"
    r"\bwhy (?:is|are|was|were)\b.{0,40}\b(?:so|this|that|too) (?:high|big|large|expensive)\b"
)
_MODEL_CHOICE = (
    r"\bcheaper models?\b|\bsmaller models?\b|\b(?:switch|migrat|mov|downgrad|replac|swap|"
    r"rout)\w*\b.{0,60}\bto\b|"
    r"\b(?:replac|swap)\w*\b.{0,40}\b(?:with|for|by)\b|\binstead of\b|\bworth (?:it|using|switching|the)\b|"
    r"\bwhich model\b.{0,40}\b(?:use\b|best|should|choose|pick)|\bmodel choice\b|\b(?:another|"
    r"different|better|other) models?\b|"
    r"\bdowngrad\w*|\b(?:compare|versus|vs\.?)\b.{0,40}\bmodels?\b|\bmodel[ -]switch\w*|\boverkill\b"
)
_WHAT_IF = (
    r"\bif\b.{0,60}\b(?:used?|ran on|runs? on|moved? (?:on )?to|(?:was|were|is|are) on|went to|switched to)\b"
)
_COUNTED = frozenset({"calls_per_session", "cache_hit_share", "rate_limited", "timeouts", "retry_rate"})
_COSTED = frozenset({"reasoning-effort", "retry-waste"})
"""Levers whose words name something that costs: no column holds it, the lever works it out."""
_SWITCHES = frozenset({"model-switch", "routing", "cascade", "provider-switch"})
_OUTSIDE_HINTS = (
    r"\b(?:weather|poem|joke|recipe|translate|capital of|football|stock|news|song|movie|president)\b"
)
_DOMAIN = (
    r"\b(?:llm|model|models|token|tokens|calls?|requests?|usage|spend\w*|spent|cost|costs|latency|"
    r"feature|features|"
    r"provider|providers|prompt|prompts|cache|traffic|evaluation|evaluations|quality|quota|"
    r"savings?|users?|sessions?|"
    r"errors?|reasoning|apps?|data|report|bill)\b"
)
_FORECAST = (
    r"\bwill (?:we|i|it|our \w+) (?:\w+ )?(?:exceed|stay|remain|hit|reach|pass|go over|be (?:over|under|"
    r"within))"
    r"\b(?!.{0,20}\blimits?\b)|\bwhen (?:will|do) (?:we|i) (?:exceed|reach|pass)\b|"
    r"\b(?:about|for|expect) next (?:month|week|quarter|year)\b|"
    r"\bforecast\w*|\bpredict\w*|\bprojected\b|\bprojections?\b|\brun[ -]?rate\b|\bburn[ -]?rate\b|\bon "
    r"track\b|"
    r"\b(?:will|going to|would)\b.{0,60}\b(?:cost|spend|spent|pay|paid|bill)\b.{0,60}\b(?:next|coming|end "
    r"of|by "
    r"(?:the )?end|"
    r"rest of|tomorrow|this (?:month|quarter|year)|20\d\d)\b|"
    r"\b(?:next|coming|rest of (?:the|this)|end of (?:the|this)?) ?(?:week|month|quarter|"
    r"year)\b.{0,50}\b(?:costs?|"
    r"spend\w*|bill|budget|pay)\b|\b(?:costs?|spend\w*|bill|budget|pay)\b.{0,50}\b(?:next|coming|rest "
    r"of (?:the|this)|"
    r"(?:at|by) (?:the )?end of(?: (?:the|this))?) ?(?:week|month|quarter|year)\b"
)
_STANDING = (
    r"\b(?:are we|is (?:our|the) \w+) (?:still )?(?:within|under|over|below|above|inside)\b.{0,40}\d.{0,30}"
    r"\bthis (?:month|quarter|year)\b|"
    r"\bbudget\b.{0,30}\b(?:left|remain\w*)\b|\b(?:left|remain\w*)\b.{0,20}\bbudget\b"
)
"""Where the running period stands against a budget."""
_ANOMALIES = (
    r"\banomal\w+|\bunusual\w*|\boutliers?\b|\bout of the ordinary\b|\babnormal\w*|\bsuspicious\b|\bweird\b|"
    r"\bstrange (?:days?|spend|calls|traffic|usage|patterns?)|\banything odd\b"
)
_ADVICE = (
    r"\bwhat can be done\b|\bwhat (?:should|can|could) (?:we|i) (?:do|change|fix|improve)\b|"
    r"\bwhere (?:should|do|can) (?:we|"
    r"i) (?:start|begin)\b|"
    r"\bany (?:advice|recommendations?|suggestions?|ideas?|tips)\b|\brecommend\w*|\bquick wins?\b|\bsave us\b"
)
_OVERVIEW = (
    r"\boverview\b|\bsummary\b|\bsummari[sz]e (?:our|my|the)\b|\bhow are we doing\b|"
    r"\beverything (?:ok|okay|fine|all right|alright|normal|in order)\b|"
    r"\bhow (?:are things|is it going|do (?:we|things) look)\b|\btell me (?:something|anything|everything)\b|"
    r"\b(?:anything|something|what) (?:that )?(?:i|we) should (?:know|worry|look)\b|\bstate of (?:our|"
    r"the)\b|\bkpis?\b|"
    r"\bkey (?:figures|numbers|metrics)\b"
)
_AUDIT = (
    r"\b(?:los(?:e|es|ing)|lost) (?:\w+ )?(?:money )?(?:on|to|by|with)\b|"
    r"\baudit\w*|\bwast(?:e|es|ed|ing|eful)\b|\binefficien\w+|\bhygiene\b|\bhealth ?check\b|\blow[- ]hanging"
)
_USAGE = (
    r"\bhow (?:many|much|often)\b|\bwhat (?:is|was|were|are|did)\b|\bshow\b|\blist\b|\bgive\b|"
    r"\bcount\b|\btotal\b|\baverage\b|"
    r"\bbreak ?down\b|\bnumber of\b|\bwhich\b|\bby (?:model|feature|app|user|day|provider|week|"
    r"month)\b|\bper (?:day|model|user|feature|app|week|month)\b|\btop\b"
)


def classify(text: str, *, models: list[str], levers: list[str], has_findings: bool) -> QuestionKind:
    """The kind of a lower-cased question; the order of the rules is their precedence."""
    if re.fullmatch(r"[\W_]*", text) or is_sql(text) or find_language(text):
        return "outside"
    if _is_greeting(text):
        return "greeting"
    if _asks_for_help(text):
        return "capabilities"
    if has_findings and is_follow_up(text):
        return "follow_up"
    if wants_change(text) or wants_reconciliation(text):
        return "outside"
    if models and wants_price(text):
        return "price"
    if re.search(_OUTSIDE_HINTS, text) and not re.search(_DOMAIN, text):
        return "outside"
    return subject_of(text, models, levers)


def subject_of(text: str, models: list[str], levers: list[str]) -> QuestionKind:
    """The kind by what the text is about, the thread left aside."""
    spend, latency = re.search(_SPEND, text), re.search(_LATENCY, text)
    counting = re.match(
        r"\W*(?:how (?:many|much|often)|what (?:is|was|were|are) (?:the|our|my)|show|list|count)\b", text
    )
    wants_cut = re.search(_CUT, text)
    if re.search(r"\b\d{1,9}(?:\.\d{1,6})?\s*(?:x|times|-?fold)\b", text) and _wants_capacity(text):
        return "capacity"
    if re.search(_ANOMALIES, text):
        return "anomalies"
    if re.search(_STANDING, text):
        return "forecast"
    if find_budget(text) is not None:
        return "cost"
    if re.search(_FORECAST, text) and not (wants_cut and re.search(r"\bsav\w+|\bcut\b|\breduc\w+", text)):
        return "forecast"
    if {*levers} & _COSTED and len(levers) == 1 and spend and not re.search(r"\bhow many\b", text):
        return "audit"
    if levers == ["unpriced"] and not re.search(_CUT, text):
        return "audit"
    if _counts_a_measure(text):
        return "usage"
    if re.search(_CHANGE, text) and not (latency and not spend and "why" not in text):
        return "latency" if latency and not spend else "change"
    if len(models) >= 2 and _compares_numbers(text):
        return "usage"
    about_a_lever = (
        levers and not models and not {*levers} & _SWITCHES and not re.search(r"\bmodels?\b", text)
    )
    if (
        (re.search(_MODEL_CHOICE, text) and not about_a_lever)
        or (models and re.search(rf"{_WHAT_IF}|{_SUITED}", text))
        or (len(models) >= 2 and re.search(r"\bvs\.?|versus|compare|better|worse", text))
    ):
        return "model_choice"
    other_lever = {*levers} & {"commitment", "output-cap"}
    if _wants_capacity(text) and not (wants_cut and spend) and not other_lever:
        return "capacity"
    names_a_lever = levers and not re.search(r"\b(?:what else|other (?:ways|changes|levers)|overall)\b", text)
    at_least_cost = latency and re.search(r"\bleast cost|lowest cost|cheapest\b", text)
    if _wants_cheaper(text, bool(wants_cut and spend)) and not names_a_lever and not at_least_cost:
        return "cost"
    if re.search(_AUDIT, text) or (levers and not (counting and not wants_cut and _is_count_of_column(text))):
        return "audit"
    if re.search(_DRIVERS, text):
        return "drivers"
    if latency:
        counted = (counting and re.search(_USAGE, text)) or (find_measures(text) and find_dimensions(text))
        return "usage" if counted and not _wants_advice(text) else "latency"
    if wants_cut and re.search(r"\b(?:savings?|save|cheaper|optimi[sz]\w*)\b", text):
        return "cost"
    if re.search(_ADVICE, text):
        return "cost"
    if re.search(_OVERVIEW, text) or (re.search(_USAGE, text) and re.search(_DOMAIN, text)):
        return "usage"
    if re.search(_DOMAIN, text) and (find_measures(text) or find_dimensions(text)):
        return "usage"
    return "outside"


def _wants_cheaper(text: str, cut_of_spend: bool) -> bool:
    """Whether less is to be spent; "cut the p95 by 20 %" is about something else."""
    if re.search(_DRIVERS, text) and not cut_of_spend:
        return False
    return cut_of_spend or re.search(rf"{_BARE_CUT}|{_SHARE_CUT}|{_TOO_MUCH}", text) is not None


def _counts_a_measure(text: str) -> bool:
    """Whether it asks for the value of a measure that no other kind of question is about."""
    counting = re.search(
        r"\b(?:what|how (?:many|much|long|big|large|fast)|which|show|list|count|give|per|by|our)\b", text
    )
    found = find_measures(text)
    named = [name for name in found if name in _COUNTED or name.startswith(("cost_per", "ttft"))]
    named += [
        name for name in found if name.endswith(("_per_call", "_p50", "_per_s_p50")) and "tokens" in name
    ]
    return bool(named and counting) and not _wants_advice(text) and not re.search(r"\bwhy\b|\bbite\b", text)


def _compares_numbers(text: str) -> bool:
    """Whether models are set side by side by what they came to, not by which is to be used."""
    numbers = (
        r"\b(?:did|do|have|has) (?:we|i|it|they|each) (?:spen[dt]|pay|paid|cost)|\bspen[dt] on\b|"
        r"\bhow (?:fast|slow)\b|"
        r"\b(?:slower|faster)\b|\blatency\b|\berror rate\b|\bhow many\b|\btokens\b"
    )
    choice = r"\b(?:switch|replac|migrat|instead|worth|enough|should|could|cheaper|drop|swap)\w*|\bif\b"
    return re.search(numbers, text) is not None and re.search(choice, text) is None


def _wants_capacity(text: str) -> bool:
    if re.search(_CHANGE, text) and re.search(_SPEND, text):
        return False
    return re.search(_CAPACITY, text) is not None and not re.search(r"\bcontext (?:growth|grow)", text)


def _is_count_of_column(text: str) -> bool:
    """Whether it counts, like "how many retried calls / reasoning tokens yesterday" counts; it does not ask
    for advice.
    """
    return re.search(
        r"\b(?:tokens|calls|requests|spend|spent|cost)\b", text
    ) is not None and not _wants_advice(text)


def _wants_advice(text: str) -> bool:
    return (
        re.search(
            r"\b(?:halve|reduc\w+|improve|cut|lower|meet|target|waste\w*|should|could|can we|would|sav\w+|"
            r"potential|where)\b",
            text,
        )
        is not None
    )


def _is_greeting(text: str) -> bool:
    hello = (
        r"(?:hi|hello|hey|hiya|howdy|good (?:morning|afternoon|evening)|greetings|thanks|thank you|"
        r"cheers|thx|yo)"
    )
    return (
        re.fullmatch(
            rf"\W*{hello}(?:\W+(?:there|netra|apex|team|all|everyone|again|a lot|very much|so much|you))*\W*",
            text,
        )
        is not None
    )


def _asks_for_help(text: str) -> bool:
    return (
        re.search(
            r"\bwhat (?:can|could|do) (?:you|netra|this)(?: \w+){0,2} (?:do|help|answer|offer)\b|"
            r"\bhow can you help\b|"
            r"\bwho are you\b|\bwhat are you\b|\bhow does (?:this|netra|it) work\b|"
            r"\bwhat (?:questions )?(?:can|should|may) i ask\b|"
            r"^\W*(?:help|help me|\?)\W*$|\byour capabilities\b|\bwhat kinds? of questions\b",
            text,
        )
        is not None
    )
