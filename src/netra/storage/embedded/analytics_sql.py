"""What the analytics bridge lets through: reads SQL far enough to refuse what reaches outside the tables."""

import re
from collections.abc import Collection
from dataclasses import dataclass

HARMLESS_TABLE_FUNCTIONS = frozenset(
    [
        "numbers",
        "numbers_mt",
        "zeros",
        "zeros_mt",
        "values",
        "view",
        "null",
        "format",
        "generateseries",
        "generate_series",
        "primes",
        "input",
    ]
)
REFUSED_FUNCTIONS = frozenset(
    ["file", "python", "addresstoline", "addresstolinewithinlines", "addresstosymbol", "executable", "eval"]
)
REFUSED_WORDS = frozenset({"infile", "outfile"})
ALLOWED_STATEMENTS = frozenset(
    [
        "select",
        "with",
        "insert",
        "create",
        "alter",
        "drop",
        "rename",
        "truncate",
        "optimize",
        "exists",
        "show",
        "describe",
        "desc",
        "explain",
        "delete",
    ]
)
SYSTEM_DATABASES = frozenset({"system", "information_schema"})
SYSTEM_TABLES_FOR_READERS = frozenset({"settings", "one", "numbers"})
LONGEST_INSERT_HEAD = 262_144

_TOKEN = re.compile(
    r"""(?P<space>\s+|--[^\n]*|\#[ !][^\n]*|/\*.*?\*/)
    |(?P<string>'(?:[^'\\]|\\.|'')*')
    |(?P<quoted>`[^`\\]*`|"[^"\\]*")
    |(?P<word>[A-Za-z_][A-Za-z0-9_]*)
    |(?P<other>[0-9.(),;:=<>!+*/%\[\]{}?|&^~@-])""",
    re.VERBOSE | re.DOTALL,
)


class RefusedStatementError(Exception):
    """The bridge does not run this; `code` is ClickHouse's number for the closest error."""

    def __init__(self, message: str, code: int) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class Token:
    """A word (lower case), a quoted name, a string or a sign, and where it ends."""

    kind: str
    text: str
    end: int


def tokens(sql: str) -> list[Token]:
    """Split SQL into tokens without blanks and comments.

    Raises RefusedStatementError for anything not understood with certainty (heredocs, typographic quotes,
    escapes in quoted names), since a misread quote would hide what follows it.
    """
    found: list[Token] = []
    position = 0
    while position < len(sql):
        match = _TOKEN.match(sql, position)
        if match is None:
            raise RefusedStatementError(f"not understood at character {position}: {sql[position]!r}", 62)
        position = match.end()
        kind = match.lastgroup or "other"
        if kind == "space":
            continue
        text = match.group().lower() if kind == "word" else match.group()
        text = text[1:-1].lower() if kind == "quoted" else text
        found.append(Token(kind, text, position))
    return found


def check(sql: str, *, reader: bool, table_functions: Collection[str]) -> None:
    """Refuse statements that read or write outside the tables, and system tables for readers.

    `table_functions` are the engine's own, lower case. Raises RefusedStatementError.
    """
    read = tokens(sql)
    first = next((token.text for token in read if token.text != "("), "")
    if first not in ALLOWED_STATEMENTS:
        raise RefusedStatementError(f"statements that start with {first[:20]!r} are not run here", 497)
    refused = (set(table_functions) - HARMLESS_TABLE_FUNCTIONS) | REFUSED_FUNCTIONS
    for index, token in enumerate(read):
        if token.kind not in {"word", "quoted"}:
            continue
        follower = read[index + 1].text if index + 1 < len(read) else ""
        if token.kind == "word" and token.text in REFUSED_WORDS:
            raise RefusedStatementError(f"{token.text.upper()} is not allowed here", 497)
        if follower == "(" and token.text in refused:
            raise RefusedStatementError(f"the function {token.text} is not allowed here", 497)
        if reader and follower == "." and token.text in SYSTEM_DATABASES:
            table = read[index + 2].text if index + 2 < len(read) else ""
            if token.text != "system" or table not in SYSTEM_TABLES_FOR_READERS:
                raise RefusedStatementError(f"readers may not see {token.text}.{table}", 497)


def split_insert(body: bytes) -> tuple[str, str, bytes] | None:
    """Split `INSERT ... FORMAT name` and the data behind it into (statement, format, data).

    None when it is no insert with inline data (`VALUES`, `SELECT`, or another statement).
    """
    head = body[:LONGEST_INSERT_HEAD].decode("latin-1")
    if not re.match(r"\s*insert\b", head, re.IGNORECASE):
        return None
    position, previous = 0, ""
    while (match := _TOKEN.match(head, position)) is not None:
        word = match.group().lower() if match.lastgroup == "word" else ""
        if word in {"values", "select", "with"}:
            return None
        if previous == "format" and word:
            data_from = match.end()
            blank = re.compile(r"[ \t\f]*\r?\n?").match(head, data_from)
            statement = body[: match.start()].decode()
            statement = re.sub(r"\bformat\s*$", "", statement, flags=re.IGNORECASE)
            return statement, match.group(), body[blank.end() if blank else data_from :]
        if match.lastgroup != "space":
            previous = word
        position = match.end()
    return None


def output_format(sql: str) -> str | None:
    """The format a query ends with, if it names one."""
    match = re.search(r"\bformat\s+(\w+)\s*;?\s*$", sql, re.IGNORECASE)
    return match.group(1) if match else None
