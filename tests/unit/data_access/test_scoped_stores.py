"""Nothing leaves for a store without naming the workspace."""

from collections.abc import AsyncIterator, Mapping
from typing import Any

import pyarrow as pa
import pytest

from netra.auth.permissions import permissions_of
from netra.context.models import UserExecutionContext
from netra.data_access import ledgered_rows
from netra.data_access.analytics import ScopedAnalytics
from netra.data_access.errors import RowsNotStoredError, UnscopedQueryError
from netra.data_access.factory import DataAccessFactory
from netra.data_access.hot import ScopedHotStore
from netra.data_access.ledgered_rows import LedgeredRows
from netra.data_access.repository import ScopedRepository


class RecordingAnalytics:
    """Writes down what would be sent."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, Any]] = []
        self.inserted: list[tuple[str, pa.Table, str]] = []

    async def query_rows(
        self, sql: str, params: Mapping[str, Any] | None = None, settings: Mapping[str, Any] | None = None
    ) -> list[dict[str, Any]]:
        self.sent.append((sql, params))
        return []

    async def query_arrow(
        self, sql: str, params: Mapping[str, Any] | None = None, settings: Mapping[str, Any] | None = None
    ) -> Any:
        self.sent.append((sql, params))
        return pa.table({})

    async def query_arrow_batches(
        self, sql: str, params: Mapping[str, Any] | None = None, settings: Mapping[str, Any] | None = None
    ) -> AsyncIterator[Any]:
        self.sent.append((sql, params))
        yield pa.table({})

    async def insert_arrow(self, table: str, data: Any, *, token: str) -> None:
        self.inserted.append((table, data, token))

    async def is_inserting(self, token: str) -> bool:
        return False


class DictionaryKeys:
    """Keys and values in memory, for what a scope adds to them."""

    def __init__(self) -> None:
        self.values: dict[str, bytes] = {}

    async def get(self, key: str) -> bytes | None:
        return self.values.get(key)

    async def set(self, key: str, value: bytes, *, ttl_s: float) -> None:
        self.values[key] = value

    async def delete(self, key: str) -> None:
        self.values.pop(key, None)


UNSCOPED = [
    "select count() from llm_calls",
    "select count() from llm_calls where workspace_id = 'wsp_1'",
    "select count() from llm_calls -- workspace_id = {workspace:String}",
    "select count() from llm_calls /* workspace_id = {workspace:String} */",
    "select 'workspace_id = {workspace:String}' from llm_calls",
    "select count() from llm_calls where workspace_id != {workspace:String}",
    "select {workspace:String} from llm_calls",
    "",
]


@pytest.mark.parametrize("sql", UNSCOPED)
async def test_a_query_that_lacks_the_workspace_is_refused_before_it_is_sent(sql: str) -> None:
    store = RecordingAnalytics()
    scoped = ScopedAnalytics(store, "wsp_1")
    with pytest.raises(UnscopedQueryError):
        await scoped.query_rows(sql)
    with pytest.raises(UnscopedQueryError):
        await scoped.query_arrow(sql)
    with pytest.raises(UnscopedQueryError):
        scoped.query_arrow_batches(sql)
    assert store.sent == []


@pytest.mark.parametrize(
    "sql",
    [
        "select 1 from llm_calls where workspace_id = {workspace:String} and model = {m:String}",
        "select 1 from llm_calls as c where {workspace:String} = c.workspace_id",
        "select 1 from llm_calls where\n  workspace_id={workspace:String}",
    ],
)
async def test_the_workspace_is_bound_by_the_scope(sql: str) -> None:
    store = RecordingAnalytics()
    await ScopedAnalytics(store, "wsp_1").query_rows(sql, {"m": "x"})
    assert store.sent == [(sql, {"m": "x", "workspace": "wsp_1"})]


async def test_the_caller_cannot_bind_another_workspace() -> None:
    store = RecordingAnalytics()
    with pytest.raises(UnscopedQueryError):
        await ScopedAnalytics(store, "wsp_1").query_rows(
            "select 1 where workspace_id = {workspace:String}", {"workspace": "wsp_2"}
        )
    assert store.sent == []


async def test_inserted_rows_belong_to_the_scope_whatever_they_say() -> None:
    store = RecordingAnalytics()
    scoped = ScopedAnalytics(store, "wsp_1")
    await scoped.insert("llm_calls", pa.table({"model": ["a", "b"]}), token="t")
    await scoped.insert("llm_calls", pa.table({"workspace_id": ["wsp_2"], "model": ["c"]}), token="t")
    for _, table, _ in store.inserted:
        assert set(table.column("workspace_id").to_pylist()) == {"wsp_1"}
    assert store.inserted[1][1].column_names == ["workspace_id", "model"]


async def test_the_same_token_in_two_workspaces_is_two_inserts() -> None:
    store = RecordingAnalytics()
    for workspace in ("wsp_1", "wsp_2"):
        await ScopedAnalytics(store, workspace).insert("t", pa.table({"a": [1]}), token="same")
    assert store.inserted[0][2] != store.inserted[1][2]


async def test_hot_keys_of_two_owners_never_meet() -> None:
    keys = DictionaryKeys()
    mine = ScopedHotStore(keys, workspace_id="wsp_1", user_id="usr_1")
    colleague = ScopedHotStore(keys, workspace_id="wsp_1", user_id="usr_2")
    stranger = ScopedHotStore(keys, workspace_id="wsp_2", user_id="usr_1")
    for odd in ("k", "a:b", "", "é\0", "x" * 10_000, "u:usr_2:k:k"):
        await mine.set(odd, b"mine", ttl_s=60)
        assert await mine.get(odd) == b"mine"
        assert await colleague.get(odd) is None
        assert await stranger.get(odd) is None
    await mine.set("shared", b"all", ttl_s=60, scope="workspace")
    assert await colleague.get("shared", scope="workspace") == b"all"
    assert await stranger.get("shared", scope="workspace") is None
    await mine.delete("k")
    assert await mine.get("k") is None


async def test_a_value_that_names_another_owner_counts_as_absent() -> None:
    keys = DictionaryKeys()
    mine = ScopedHotStore(keys, workspace_id="wsp_1", user_id="usr_1")
    stranger = ScopedHotStore(keys, workspace_id="wsp_2", user_id="usr_1")
    await stranger.set("k", b"theirs", ttl_s=60)
    keys.values[mine.key("k")] = keys.values[stranger.key("k")]
    assert await mine.get("k") is None


async def test_a_value_under_the_wrong_key_counts_as_absent() -> None:
    keys = DictionaryKeys()
    mine = ScopedHotStore(keys, workspace_id="wsp_1", user_id="usr_1")
    await mine.set("one", b"1", ttl_s=60)
    keys.values[mine.key("two")] = keys.values[mine.key("one")]
    assert await mine.get("two") is None


def test_access_carries_the_context_it_was_made_for() -> None:
    context = UserExecutionContext(
        user_id="usr_1",
        workspace_id="wsp_1",
        role="viewer",
        request_id="req_1",
        permissions=permissions_of("viewer"),
    )
    factory = DataAccessFactory(None, RecordingAnalytics(), DictionaryKeys())  # type: ignore[arg-type]
    access = factory.for_context(context)
    assert access.context is context
    repository = ScopedRepository(None, context)  # type: ignore[arg-type]
    assert (repository.workspace_id, repository.user_id) == ("wsp_1", "usr_1")


class LateAnalytics(RecordingAnalytics):
    """A store that shows inserted rows only after some looks for them, and may seem to insert for some."""

    def __init__(self, shown_after: int, inserting_for: int = 0) -> None:
        super().__init__()
        self.looks, self.asked = 0, 0
        self._shown_after, self._inserting_for = shown_after, inserting_for

    async def query_rows(
        self, sql: str, params: Mapping[str, Any] | None = None, settings: Mapping[str, Any] | None = None
    ) -> list[dict[str, Any]]:
        self.looks += 1
        return [{"1": 1}] if self.looks > self._shown_after else []

    async def is_inserting(self, token: str) -> bool:
        self.asked += 1
        return self.asked <= self._inserting_for


async def test_a_block_that_shows_late_is_inserted_once_and_one_that_stays_away_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Nobody inserts any more, and still a store of several servers may not show the rows at once."""
    monkeypatch.setattr(ledgered_rows, "LOOKS_S", (0.0,) * 5)
    block = pa.table({"import_id": ["i"], "id_hash": pa.array([1], pa.uint64())})

    async def tokens(store: LateAnalytics) -> list[str]:
        await LedgeredRows(ScopedAnalytics(store, "w"), "kept").insert(block, token="t")
        return [token for _, _, token in store.inserted]

    assert await tokens(LateAnalytics(0)) == ["w:t"]
    assert await tokens(LateAnalytics(5)) == ["w:t"]
    # A try that ran for a while leaves as much time for its rows to show.
    assert await tokens(LateAnalytics(15, inserting_for=10)) == ["w:t"]
    assert await tokens(LateAnalytics(8)) == ["w:t", "w:t~1"]
    with pytest.raises(RowsNotStoredError, match="do not stay"):
        await tokens(LateAnalytics(1_000))
    with pytest.raises(RowsNotStoredError, match="does not end"):
        await tokens(LateAnalytics(1_000, inserting_for=1_000))
