"""Which levers a question names, in its own words."""

from __future__ import annotations

import re

LEVER_WORDS: tuple[tuple[str, str], ...] = (
    ("prompt-cache", r"\bprompt[ -]?cach\w*|\bcach(?:e|ing)\b(?! tokens)|\bcacheable\b|\bprefix(?:es)?\b|"
        r"\bttl\b"),
    ("response-cache", r"\b(?:response|answer|result|exact)[ -]?cach\w*|\bcach\w+ (?:of )?(?:the "
        r")?(?:responses|answers|results)|"
        r"\bidentical (?:requests|calls|prompts|questions)|\brepeated (?:requests|calls|questions|prompts)|"
        r"\b(?:same|duplicate) (?:requests|questions|prompts)|"
        r"\bsame (?:prompt|request|question|call)\b.{0,30}"
        r"\b(?:twice|again|repeatedly|over and over|more than once|(?:many|several) times)\b"),
    ("semantic-cache", r"\bsemantic\w*[ -]?cach\w*|\bsimilar (?:requests|questions|prompts)|\bparaphras\w+"),
    ("duplicate-inflight", r"\bduplicat\w*[ -]?in[ -]?flight|\bin[ -]?flight\b|\bsingle[ -]?flight|"
        r"\bdouble (?:click|submi|send|sent)\w*|"
        r"\bduplicate (?:calls|requests)|\bconcurrent(?:ly)? (?:identical|duplicate)"),
    ("retry-waste", r"\bretr(?:y|ies|ied|ying)\b"),
    ("context-growth", r"\bcontext (?:growth|grow\w*|length|window)|\blong(?:er)? (?:contexts?|"
        r"conversations?|"
        r"sessions?|histor\w+)|\bre-?sen[dt]\w*\b|\b(?:conversations?|sessions?|chats?|histor(?:y|ies)) "
        r"(?:(?:is|are|gets?|getting|becom\w+|grow\w*|too|so|very) ){1,4}long\b|"
        r"\bconversation (?:history|growth)"),
    ("prompt-trim", r"\bprompt[ -]?trim\w*|\b(?:trim|shorten|shrink|compress)\w* (?:the |our "
        r")?(?:system )?prompts?|"
        r"\b(?:long|bloated|verbose) (?:system )?prompts?|\bboilerplate|"
        r"\bprompts? (?:(?:that )?(?:is|are|gets?|too|so|very) ){1,3}long\b"),
    ("batch", r"\bbatch\w*\b|\boffline\b.{0,20}\b(?:calls|work|jobs)|\basync\w* (?:calls|work|jobs)|"
        r"\b(?:wait|run|be (?:run|sent)) (?:until|till|at|over) (?:the )?(?:night|tomorrow|later|weekend)\b"),
    ("flex", r"\bflex\b"),
    ("output-cap", r"\btruncat\w*|\b(?:answers?|responses?|outputs?) (?:\w+ ){0,2}cut off\b|"
        r"\bmax(?:imum)? (?:output )?tokens? limit|\b(?:output|token) limits?\b(?! per)|"
        r"\boutput[ -]?(?:cap\w*|length|limit\w*)|\bmax[ _-]?(?:output[ _-]?)?tokens\b|"
        r"\bcap\w* (?:the )?output|\bverbos\w+ (?:answers|outputs|responses)|\btoo long answers|"
        r"\b(?:long|shorter) (?:outputs|answers|responses)"),
    ("reasoning-effort", r"\breasoning(?: tokens| effort)?\b|\bthinking (?:tokens|effort|budget)\b|"
        r"\b(?:lower|less|reduce) thinking\b"),
    ("model-switch", r"\bmodel[ -]?switch\w*|\bcheaper models?\b|\bsmaller models?\b"),
    ("routing", r"\brout(?:e|ing)\b(?! \w*agent)|\brouters?\b(?!-)"),
    ("cascade", r"\bcascad\w*|\b(?:cheap|small)(?:er)? (?:model )?first\b|\bescalat\w+"),
    ("provider-switch", r"\b(?:provider|vendor|seller)[ -]?switch\w*|\b(?:switch|change|other|another|"
        r"different|cheaper) "
        r"(?:providers?|vendors?|sellers?|hosts?)\b|\bsame model (?:at|from|on|elsewhere|cheaper)"),
    ("commitment", r"\bcommit(?:ment|ted|s)?\b|\bprovisioned\b|\bptus?\b|\breserved (?:capacity|"
        r"throughput)|\bbreak[ -]?even\b"),
    ("hedging", r"\bhedg\w+|\b(?:backup|second) request"),
    ("timeout", r"\b(?:cut|shorter|lower|set|right|tighter|better) (?:the |a )?timeouts?\b|\btimeout "
        r"(?:lever|setting|limit)s?\b"),
    ("region", r"\bregions?\b"),
    ("streaming", r"\bstream(?:ing)?\b"),
    ("unpriced", r"\bunpriced\b|\bwithout (?:a )?(?:known )?price|\bno (?:known )?price|\bmissing prices?|"
        r"\bunknown prices?"),
)  # fmt: skip
_TTL = (
    r"\b(\d{1,3})\s*-?(m|min|mins|minutes?|h|hrs?|hours?)\b(?=[^.?!]{0,25}\b(?:ttl|cach))|"
    r"\bttl\b[^.?!\d]{0,12}(\d{1,3})\s*(m|min|minutes?|h|hours?)\b"
)


def find_levers(text: str) -> list[str]:
    """The levers named, in a fixed order; a response or semantic cache is not also a prompt cache."""
    found = [name for name, pattern in LEVER_WORDS if re.search(pattern, text)]
    other_cache = any(name in found for name in ("response-cache", "semantic-cache"))
    if other_cache and "prompt-cache" in found and not re.search(r"\bprompt[ -]?cach|\bprefix", text):
        found.remove("prompt-cache")
    if (
        "semantic-cache" in found
        and "response-cache" in found
        and not re.search(r"\bidentical|\bexact|\bresponse", text)
    ):
        found.remove("response-cache")
    return found


def find_ttl(text: str) -> str | None:
    """The lifetime of cache entries a question names, as `5m` or `1h`."""
    found = re.search(_TTL, text)
    if found is None:
        return None
    count, unit = (found.group(1), found.group(2)) if found.group(1) else (found.group(3), found.group(4))
    return f"{int(count)}{unit[0]}"
