"""Imports into the real stores: counts, repetition, conflicts, rejects, versions, ledger."""

import asyncio
import gzip
import io
from collections.abc import Callable
from typing import Any

import orjson
import polars as pl
import pytest

from netra.usage.errors import (
    EmptyFileError,
    ImportNotFoundError,
    ImportRunningError,
    MissingColumnsError,
    UnreadableFileError,
)
from netra.usage.importing.parsing import ImportOptions

pytestmark = pytest.mark.protects("W10")


def call(number: int, **changes: object) -> dict[str, object]:
    return {
        "call_id": f"call-{number}",
        "ts": 1_750_000_000_000 + number * 1_000,
        "provider": "openai",
        "model": "gpt-4o-mini",
        "input_tokens": 1_000 + number,
        "output_tokens": 50,
        **changes,
    }


def lines(rows: list[dict[str, object]]) -> bytes:
    return b"\n".join(orjson.dumps(row) for row in rows) + b"\n"


def parquet(rows: list[dict[str, object]]) -> bytes:
    target = io.BytesIO()
    pl.DataFrame(rows).write_parquet(target)
    return target.getvalue()


def counts(result: Any) -> tuple[int, int, int, int, int]:
    return (result.read, result.stored, result.duplicates, result.rejected, result.ignored)


async def test_the_same_calls_in_three_kinds_of_file_are_stored_once(bench: Any) -> None:
    rows = [call(number) for number in range(50)]
    csv = pl.DataFrame(rows).write_csv().encode()
    assert counts(await bench.load(lines(rows))) == (50, 50, 0, 0, 0)
    assert counts(await bench.load(lines(rows))) == (50, 0, 50, 0, 0)
    assert counts(await bench.load(csv)) == (50, 0, 50, 0, 0)
    assert counts(await bench.load(parquet(rows))) == (50, 0, 50, 0, 0)
    assert counts(await bench.load(gzip.compress(lines(rows)))) == (50, 0, 50, 0, 0)
    assert (await bench.ask("calls")).rows == [{"calls": 50}]


async def test_order_of_files_does_not_matter(new_bench: Callable[[], Any]) -> None:
    first, second = lines([call(n) for n in range(30)]), lines([call(n) for n in range(20, 60)])
    totals = []
    for files in ([first, second], [second, first]):
        bench = new_bench()
        for content in files:
            await bench.load(content)
        totals.append((await bench.ask("calls", "input_tokens", "cost_usd")).rows)
    assert totals[0] == totals[1]
    assert totals[0][0]["calls"] == 60


async def test_conflicts_and_bad_rows_are_rejected_with_line_and_reason(bench: Any) -> None:
    await bench.load(lines([call(1)]))
    result = await bench.load(
        lines(
            [
                call(1, input_tokens=7),
                call(2),
                call(2, output_tokens=9),
                call(3, input_tokens=-5),
                call(4, ts="2999-01-01T00:00:00Z"),
                call(5),
                call(5),
            ]
        )
    )
    assert counts(result) == (7, 2, 1, 4, 0)
    path = await bench.imports.access_rejects(bench.context, result.import_id)
    assert str(path) == result.reject_file
    rejects = [orjson.loads(line) for line in path.read_bytes().splitlines()]
    assert [(entry["line"], entry["code"]) for entry in rejects] == [
        (1, "conflict"),
        (3, "conflict"),
        (4, "negative"),
        (5, "future"),
    ]
    assert (await bench.ask("calls")).rows == [{"calls": 3}]


async def test_unknown_models_are_stored_and_counted_as_unpriced(bench: Any) -> None:
    result = await bench.load(lines([call(1), call(2, model="a-model-nobody-sells", provider="")]))
    assert (result.stored, result.unpriced) == (2, 1)
    answer = await bench.ask("calls", "cost_usd", "unpriced_calls", dimensions=["model"], order_by=["model"])
    assert answer.rows[0]["cost_usd"] is None
    assert answer.rows[0]["unpriced_calls"] == 1
    assert answer.rows[1]["cost_usd"] == "0.00018015"
    assert answer.unpriced_calls == 1


async def test_calls_without_id_are_told_apart_by_their_number(bench: Any) -> None:
    row = {"ts": 1_750_000_000_000, "model": "gpt-4o", "input_tokens": 10, "output_tokens": 1}
    content = lines([row, row, {**row, "output_tokens": 2}, row])
    assert counts(await bench.load(content)) == (4, 4, 0, 0, 0)
    assert counts(await bench.load(content, values={"app": "chat"})) == (4, 0, 4, 0, 0)


async def test_set_and_map(bench: Any) -> None:
    content = b"when,prompt,answer,who\n2025-06-01T10:00:00Z,100,10,ann\n2025-06-01 11:00:00,200,20,bob\n"
    names = {"ts": "when", "input_tokens": "prompt", "output_tokens": "answer", "user": "who"}
    result = await bench.load(content, names=names, values={"model": "gpt-4o", "app": "chat"})
    assert counts(result) == (2, 2, 0, 0, 0)
    answer = await bench.ask(
        "calls", "input_tokens", dimensions=["app", "user", "provider"], order_by=["user"]
    )
    assert answer.rows == [
        {"app": "chat", "user": "ann", "provider": "openai", "calls": 1, "input_tokens": 100},
        {"app": "chat", "user": "bob", "provider": "openai", "calls": 1, "input_tokens": 200},
    ]


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (b"", EmptyFileError),
        (b"ts,model,input_tokens,output_tokens\n", EmptyFileError),
        (b"\x89PNG\r\n\x1a\n\x00\x00", UnreadableFileError),
        (b"a,b\n1,2\n", MissingColumnsError),
        (b"PAR1 and then nothing of the kind", UnreadableFileError),
    ],
)
async def test_files_that_are_not_calls_leave_nothing_behind(
    bench: Any, content: bytes, error: type[Exception]
) -> None:
    with pytest.raises(error):
        await bench.load(content)
    assert (await bench.ask("calls")).rows == [{"calls": 0}]
    record = (await bench.imports.list_imports(bench.context))[0]
    assert record.status == "failed"
    assert record.error["message"]
    assert list((bench.directory / "uploads").iterdir()) == []


async def test_data_version_grows_only_with_the_data(bench: Any) -> None:
    assert await bench.usage.data_version(bench.context) == 0
    result = await bench.load(lines([call(1)]))
    version = await bench.usage.data_version(bench.context)
    assert version == result.data_version > 0


async def test_progress_and_hooks(bench: Any) -> None:
    seen: list[Any] = []
    called = asyncio.Event()

    async def on_progress(progress: Any) -> None:
        seen.append(progress)

    async def hook(context: Any) -> None:
        assert context.workspace_id == bench.context.workspace_id
        called.set()

    bench.imports._after_import = (hook,)
    await bench.load(lines([call(n) for n in range(10)]), on_progress=on_progress)
    await asyncio.wait_for(called.wait(), 5)
    assert seen[-1].phase == "importing"
    assert seen[-1].read == 10


async def test_the_same_file_twice_at_once_is_refused(bench: Any) -> None:
    entered = asyncio.Event()
    release = asyncio.Event()

    async def wait(progress: Any) -> None:
        entered.set()
        await release.wait()

    content = lines([call(n) for n in range(5)])
    first = asyncio.create_task(bench.load(content, on_progress=wait))
    await entered.wait()
    with pytest.raises(ImportRunningError):
        await bench.load(content)
    release.set()
    assert (await first).stored == 5


async def test_two_files_with_the_same_calls_at_once_store_them_once(bench: Any) -> None:
    rows = [call(n) for n in range(200)]
    results = await asyncio.gather(*(bench.load(lines(rows[k:] + rows[:k])) for k in range(4)))
    assert sum(result.stored for result in results) == 200
    assert (await bench.ask("calls")).rows == [{"calls": 200}]


async def test_workspaces_do_not_share_ids_or_imports(new_bench: Callable[[], Any]) -> None:
    mine, theirs = new_bench(), new_bench()
    content = lines([call(1)])
    result = await mine.load(content)
    assert (await theirs.load(content)).stored == 1
    with pytest.raises(ImportNotFoundError):
        await theirs.imports.get_import(theirs.context, result.import_id)
    assert len(await theirs.imports.list_imports(theirs.context)) == 1


async def test_an_evaluation_of_the_same_item_with_another_score_is_a_conflict(bench: Any) -> None:
    rows: list[dict[str, object]] = [
        {"item_id": "a", "model": "m", "score": 1},
        {"item_id": "a", "model": "n", "score": 0},
    ]
    assert counts(await bench.load(lines(rows), "evals")) == (2, 2, 0, 0, 0)
    changed = [{**rows[0], "score": 0.5}, rows[1]]
    assert counts(await bench.load(lines(changed), "evals")) == (2, 0, 1, 1, 0)
    assert (await bench.evaluations.load(bench.context)).height == 2


async def test_listing_pages_newest_first(bench: Any) -> None:
    for number in range(3):
        await bench.load(lines([call(number)]))
    newest = await bench.imports.list_imports(bench.context, limit=2)
    older = await bench.imports.list_imports(bench.context, before=newest[-1].id)
    assert len(newest) == 2
    assert len(older) == 1
    assert newest[0].id > newest[1].id > older[0].id


async def test_options_are_checked_before_anything_is_received(bench: Any) -> None:
    assert bench.imports.check(ImportOptions("evals")) == "evaluations"
