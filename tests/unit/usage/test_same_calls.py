"""A call that two layers report is stored once; calls that only look alike stay two."""

from typing import Any

import polars as pl
import pytest

from netra.usage.outbox.same_calls import COLUMNS, completed, superfluous

SECOND = 1_000_000


def report(name: str, **changes: Any) -> dict[str, Any]:
    values = {
        "call_id": name, "trace_id": "t", "span_id": name, "ancestor_id": "", "response_id": "", "at": 0,
        "end": 10 * SECOND, "input_tokens": 100, "output_tokens": 20, "rank": 0, "fetched": False,
    }  # fmt: skip
    return {**values, **changes}


def dropped(new: list[dict[str, Any]], stored: list[dict[str, Any]] | None = None) -> set[str]:
    frame = pl.DataFrame(new).select(COLUMNS)
    known = pl.DataFrame(stored or [], schema={**frame.schema}).drop("rank")
    return set(frame[superfluous(frame, known)["row"].to_list()]["call_id"])


def test_a_wrapper_over_its_call_is_one_call() -> None:
    inner = report("inner", ancestor_id="outer", at=SECOND, end=9 * SECOND)
    assert dropped([inner, report("outer")]) == {"outer"}
    assert dropped([report("outer")], [inner]) == {"outer"}
    assert dropped([inner], [report("outer")]) == {"inner"}, "what is stored stays"


def test_the_report_that_knows_more_stays() -> None:
    inner = report("inner", ancestor_id="outer", at=SECOND, end=9 * SECOND)
    assert dropped([inner, report("outer", rank=4)]) == {"inner"}


def test_three_layers_are_one_call_that_knows_what_each_knew() -> None:
    layers = [
        report("a", ancestor_id="b", at=2, end=8),
        report("b", ancestor_id="c", at=1, end=9),
        report("c"),
    ]
    assert dropped(layers) == {"b", "c"}
    labels = {"user": [None, "u", "other"], "feature": [None, None, "f"], "app": ["a", "b", None]}
    # The inner call took 6 ms; the outer ones saw its first token after 7.
    times = {"ttft_ms": [None, 7.0, 7.0], "latency_ms": [6.0, 8.0, 9.0]}
    told = (labels | times).items()
    frame = pl.DataFrame(layers).with_columns(pl.Series(name, values) for name, values in told)
    lost = superfluous(frame, pl.DataFrame(schema=frame.select(COLUMNS).drop("rank").schema))
    stays = completed(frame, lost).row(0, named=True)
    assert {name: stays[name] for name in labels} == {"user": "u", "feature": "f", "app": "a"}
    assert stays["ttft_ms"] is None
    longer = completed(frame.with_columns(latency_ms=pl.lit(8.0)), lost).row(0, named=True)
    assert longer["ttft_ms"] == 7.0


def test_the_providers_answer_tells_a_call_apart_from_its_neighbours() -> None:
    """Two instrumentations in traces of their own, one of which counts an output token too many."""
    one = report("one", trace_id="t1", response_id="msg_1")
    two = report("two", trace_id="t2", response_id="msg_1", at=SECOND, end=9 * SECOND, output_tokens=21)
    assert dropped([one, two]) == {"one"}
    later = report("later", trace_id="t2", response_id="msg_1", at=20 * SECOND, end=21 * SECOND)
    assert dropped([one, later]) == set(), "an id that a server gives out again"


def test_an_answer_that_is_fetched_later_is_the_call_that_made_it() -> None:
    hour = 3_600 * SECOND
    call = report("call", response_id="resp_1", rank=1)
    fetches = [
        report(
            f"fetch {n}",
            trace_id=f"t{n}",
            response_id="resp_1",
            at=n * hour,
            end=n * hour,
            rank=-1,
            fetched=True,
        )
        for n in (1, 2)
    ]
    assert dropped([*fetches, call]) == {"fetch 1", "fetch 2"}
    assert dropped(fetches, [call]) == {"fetch 1", "fetch 2"}
    assert dropped(fetches) == {"fetch 2"}, "made in the background: no other report has its tokens"
    assert dropped(fetches[1:], fetches[:1]) == {"fetch 2"}
    assert dropped([{**fetches[0], "response_id": "resp_2"}, call]) == set()


def test_an_id_that_a_server_gives_to_all_its_answers_tells_nothing() -> None:
    many = [report(f"call {n}", trace_id=f"t{n}", response_id="cmpl-0") for n in range(20_000)]
    assert dropped(many) == set()
    assert len(dropped([{**one, "fetched": True, "rank": -1} for one in many])) == 19_999


def test_parallel_calls_that_look_alike_stay() -> None:
    votes = [report(f"vote {n}", ancestor_id="workflow", at=n, end=10 * SECOND - n) for n in range(5)]
    assert dropped(votes) == set()


def test_a_sum_over_several_calls_is_no_call() -> None:
    calls = [report("a", ancestor_id="sum"), report("b", ancestor_id="sum", input_tokens=50, output_tokens=5)]
    assert dropped([*calls, report("sum", input_tokens=150, output_tokens=25)]) == {"sum"}
    assert dropped([*calls, report("sum", input_tokens=151, output_tokens=25)]) == set()


def test_a_failed_call_under_its_failed_wrapper_is_one_call() -> None:
    nothing = {"input_tokens": 0, "output_tokens": 0}
    assert dropped([report("inner", ancestor_id="outer", **nothing), report("outer", **nothing)]) != set()


@pytest.mark.parametrize("again", [[], [report("x", at=1)]])
def test_a_report_is_never_its_own_double(again: list[dict[str, Any]]) -> None:
    assert dropped([report("x", response_id="r"), *[]], again) == set()
