"""Connections to the engine inside the analytics process, prepared for a statement.

Connecting, choosing a database and saying the limits cost more than a small query. A reader's connection can
carry nothing over from one statement to the next (it is read-only, and `USE` and `SET` are refused), so those
that are done are kept for the next reader who asks with the same database and settings. Writers get a fresh
one each. What was found out about a statement's text is kept too: a dashboard asks the same texts again.
"""

import re
import threading
from collections import OrderedDict
from collections.abc import Callable, Collection, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from netra.storage.embedded.analytics_sql import RefusedStatementError, check

IDLE = 8
KNOWN_TEXTS = 512
LONGEST_KNOWN_TEXT = 16_384
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")

_Key: TypeAlias = tuple[str | None, tuple[tuple[str, str], ...]]


@dataclass(frozen=True, slots=True)
class Statement:
    """One request: SQL, its parameters (in ClickHouse's escaped text form), settings, and data of an
    insert in parts as they came. `whole`: the answer is wanted in one piece, when the statement is done.
    """

    sql: str
    output: str = "TabSeparated"
    parameters: dict[str, str] = field(default_factory=dict[str, str])
    settings: dict[str, str] = field(default_factory=dict[str, str])
    database: str | None = None
    data_format: str | None = None
    data: tuple[bytes, ...] = ()
    whole: bool = False

    @property
    def reader(self) -> bool:
        """Whether the caller asked for a read-only statement."""
        return self.settings.get("readonly", "0") not in {"0", "false"}


class EngineConnections:
    """Lends connections on which a statement may run as it is. For several threads."""

    def __init__(
        self, connect: Callable[[], Any], *, limits: dict[str, str], table_functions: Collection[str]
    ) -> None:
        self._connect = connect
        self._limits = limits
        self._table_functions = table_functions
        self._lock = threading.Lock()
        self._idle: list[tuple[_Key, Any]] = []
        self._known: OrderedDict[tuple[str, _Key], None] = OrderedDict()

    @contextmanager
    def prepared(self, statement: Statement) -> Generator[Any]:
        """A connection with the statement's database and settings, after the statement was looked at.

        Raises RefusedStatementError. A connection whose statement failed is not lent again.
        """
        key = _key(statement)
        connection = self._kept(key) if statement.reader else None
        fresh = connection is None
        connection = self._connect() if connection is None else connection
        good = False
        try:
            if fresh:
                self._configure(connection, statement)
            self._check(connection, statement, key)
            if fresh and statement.reader:
                connection.query("SET readonly = 1", "TSV", params={})
            yield connection
            good = statement.reader
        finally:
            if not (good and self._keep(key, connection)):
                connection.close()

    def close(self) -> None:
        """Close what is kept."""
        with self._lock:
            idle, self._idle = self._idle, []
        for _, connection in idle:
            connection.close()

    def _kept(self, key: _Key) -> Any | None:
        with self._lock:
            for place in reversed(range(len(self._idle))):
                if self._idle[place][0] == key:
                    return self._idle.pop(place)[1]
        return None

    def _keep(self, key: _Key, connection: Any) -> bool:
        with self._lock:
            self._idle.append((key, connection))
            # The one not asked for longest makes room.
            over = self._idle.pop(0)[1] if len(self._idle) > IDLE else None
        if over is not None:
            over.close()
        return True

    def _configure(self, connection: Any, statement: Statement) -> None:
        if statement.database:
            if not _NAME.match(statement.database) or statement.database in {"system", "information_schema"}:
                raise RefusedStatementError(f"no database {statement.database!r} here", 81)
            connection.query(f"USE {statement.database}", "TSV", params={})
        settings = {**self._limits, **statement.settings}
        settings.pop("readonly", None)
        for name in settings:
            if not _NAME.match(name):
                raise RefusedStatementError(f"no setting {name!r}", 115)
        text = ", ".join(f"{name} = {quoted(value)}" for name, value in settings.items())
        connection.query(f"SET {text}", "TSV", params={})

    def _check(self, connection: Any, statement: Statement, key: _Key) -> None:
        """Refuse what may not run. Only a reader's text that passed under the same settings is believed."""
        text = (statement.sql, key)
        if statement.reader:
            with self._lock:
                if text in self._known:
                    self._known.move_to_end(text)
                    return
        check(statement.sql, reader=statement.reader, table_functions=self._table_functions)
        ending = f" FORMAT {statement.data_format}" if statement.data_format is not None else ""
        kinds = connection.classify_query(statement.sql + ending)
        if kinds["statement_count"] != 1:
            raise RefusedStatementError("one statement a request", 62)
        if statement.reader and kinds["query_class"].name != "READ_ONLY":
            raise RefusedStatementError("readers cannot change anything (READONLY)", 164)
        if statement.reader and len(statement.sql) <= LONGEST_KNOWN_TEXT:
            with self._lock:
                self._known[text] = None
                while len(self._known) > KNOWN_TEXTS:
                    self._known.popitem(last=False)


def quoted(value: str) -> str:
    """A text as an SQL literal."""
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _key(statement: Statement) -> _Key:
    return statement.database, tuple(sorted(statement.settings.items()))
