"""Format `claude-code`: the session logs of Claude Code (JSON lines under ~/.claude/projects).

Each line is one event. An assistant's message is written once for each of its parts and, while it streams,
with usage that grows; all lines of one `message.id` are one call, whose last usage counts. A session that is
resumed or that starts subagents copies lines into other files: the same message there is a duplicate, because
only model and tokens are its content. Anthropic's `input_tokens` leaves out what was read from or written to
the cache; ours holds all input.

A message that the server took several turns for lists them under `iterations`, and all of them are billed,
though the usage above them holds the input of the first alone. Turns of another model (an adviser) are calls
of their own.
"""

from collections import OrderedDict
from collections.abc import Iterable

from netra.usage.importers.foreign import count, first, listed, record, tags, together, when
from netra.usage.importers.formats import ImportFormat
from netra.usage.reading.json_lines import JsonRow
from netra.usage.schema import CALL_COLUMNS

MESSAGES_OPEN = 1_000
"""Messages that may still get another line: lines of parallel subagents stand between its own."""

_GROWING = (
    "output_tokens",
    "input_tokens",
    "cache_write_1h_tokens",
    "cache_read_tokens",
    "cache_write_tokens",
)
"""Counts of a message while it streams, the one that tells most about how far it had come first."""


class ClaudeMessages:
    """Puts the lines of one message together; lives for one pass over a file."""

    def __init__(self) -> None:
        self._open: OrderedDict[str, tuple[int, JsonRow]] = OrderedDict()
        self._ignored = 0

    def add(self, number: int, row: JsonRow) -> Iterable[tuple[int, JsonRow]]:
        """Take one line; messages that will get no more lines."""
        calls = _calls(row)
        if not calls:
            self._ignored += 1
            return []
        return [done for call in calls for done in self._take(number, call)]

    def _take(self, number: int, call: JsonRow) -> Iterable[tuple[int, JsonRow]]:
        key = str(call["call_id"] or f"line {number}")
        before = self._open.pop(key, None)
        if before is not None:
            self._ignored += _is_message(call)
            call = _grown(before[1], call)
        self._open[key] = (number, call)
        if len(self._open) <= MESSAGES_OPEN:
            return []
        return [self._open.popitem(last=False)[1]]

    def rest(self) -> Iterable[tuple[int, JsonRow]]:
        """Messages still open at the end of the file."""
        rows = list(self._open.values())
        self._open.clear()
        return rows

    def take_ignored(self) -> int:
        """Lines that are no message of a model, or repeat one."""
        ignored, self._ignored = self._ignored, 0
        return ignored


def _calls(row: JsonRow) -> list[JsonRow]:
    """The call of a line's message, and those of its advisers; none where it is no message of a model."""
    if row.get("type", "assistant") != "assistant":
        return []
    message = record(row.get("message"))
    usage = record(message.get("usage"))
    # Claude Code invents messages of its own, such as those about an interrupted request.
    if not usage or message.get("model") == "<synthetic>":
        return []
    turns = [turn for turn in map(record, listed(usage.get("iterations"))) if turn]
    advisers = [turn for turn in turns if turn.get("model") not in (None, message.get("model"))]
    own = [_tokens(turn) for turn in turns if turn not in advisers]
    call: JsonRow = {
        "call_id": first(message, "id") or first(row, "requestId", "uuid"),
        "ts": when(row.get("timestamp")),
        "model": message.get("model"),
        **_billed(_tokens(usage), own),
        # Fast answers have prices of their own; what has no price is told to be unpriced.
        "service_tier": "priority" if usage.get("speed") == "fast" else first(usage, "service_tier"),
        "session_id": row.get("sessionId"),
        "feature": "subagent" if row.get("isSidechain") else "main",
        "tags": _tags(row),
        "reported_cost_usd": row.get("costUSD"),
    }
    return [call, *(_advice(call, number, turn) for number, turn in enumerate(advisers, start=1))]


def _advice(call: JsonRow, number: int, turn: JsonRow) -> JsonRow:
    call_id = call["call_id"] and f"{call['call_id']}/{number}"
    named = {"call_id": call_id, "model": turn.get("model"), "feature": "adviser"}
    return {**call, **named, **_tokens(turn), "service_tier": "standard", "reported_cost_usd": None}


def _is_message(call: JsonRow) -> bool:
    return call["feature"] != "adviser"


def _tokens(usage: JsonRow) -> JsonRow:
    read, written = usage.get("cache_read_input_tokens"), usage.get("cache_creation_input_tokens")
    cached = record(usage.get("cache_creation"))
    longer = count(cached.get("ephemeral_1h_input_tokens"))
    shorter = count(cached.get("ephemeral_5m_input_tokens"))
    whole = written if longer + shorter <= count(written) else longer + shorter
    return {
        "input_tokens": together(usage.get("input_tokens"), read, whole),
        "cache_read_tokens": read,
        "cache_write_tokens": together(whole, 0) if not longer else count(whole) - longer,
        "cache_write_1h_tokens": longer,
        "output_tokens": together(usage.get("output_tokens")),
    }


def _billed(told: JsonRow, turns: list[JsonRow]) -> JsonRow:
    """The sums of all turns, where they hold no less than what the usage above them says."""
    if not turns:
        return told
    sums = {name: sum(count(turn[name]) for turn in turns) for name in told}
    if any(sums[name] < count(value) for name, value in told.items()):
        return told
    return sums


def _tags(row: JsonRow) -> str | None:
    named = {
        "cwd": "cwd",
        "git_branch": "gitBranch",
        "version": "version",
        "agent": "agentId",
        "request_id": "requestId",
    }
    return tags({ours: row.get(theirs) for ours, theirs in named.items()})


def _grown(before: JsonRow, now: JsonRow) -> JsonRow:
    """The more complete of two lines, as a whole: parts of both would be a usage that nobody reported. The
    call began when it was first seen.
    """
    further = [tuple(count(line.get(name)) for name in _GROWING) for line in (before, now)]
    return {**(before if further[0] > further[1] else now), "ts": before["ts"]}


CLAUDE_CODE = ImportFormat(
    name="claude-code",
    sink="calls",
    columns=CALL_COLUMNS,
    constants={"app": "claude-code"},
    fold=ClaudeMessages,
    content=("model", *_GROWING),
    grows=_GROWING,
    assumed={"service_tier": None},
)
