"""Ids: format, order, parsing, threads, forks."""

import os
import threading
from datetime import UTC, datetime
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netra.errors.kinds import InvalidInputError
from netra.ids.manager import ALPHABET, IdPrefix, InvalidIdError, UnifiedIDManager


@pytest.mark.parametrize("prefix", get_args(IdPrefix))
def test_an_id_has_its_prefix_and_26_letters_of_the_alphabet(prefix: IdPrefix) -> None:
    head, _, body = UnifiedIDManager().new(prefix).partition("_")
    assert head == prefix
    assert len(body) == 26
    assert set(body) <= set(ALPHABET)


def test_the_alphabet_is_crockfords_in_lower_case() -> None:
    assert ALPHABET == "0123456789abcdefghjkmnpqrstvwxyz"


def test_ids_sort_by_time_of_making() -> None:
    now = [1_700_000_000_000]
    manager = UnifiedIDManager(clock=lambda: now[0])
    made: list[str] = []
    for step in (0, 1, 5, 1000):
        now[0] += step
        made.append(manager.new("run"))
    assert made == sorted(made)


@given(st.lists(st.integers(min_value=-5000, max_value=5000), min_size=2, max_size=60))
def test_ids_increase_whatever_the_clock_does(steps: list[int]) -> None:
    now = [1_700_000_000_000]

    def clock() -> int:
        now[0] += steps.pop() if steps else 0
        return now[0]

    manager = UnifiedIDManager(clock=clock)
    made = [manager.new("evt") for _ in range(len(steps) + 5)]
    assert made == sorted(set(made))


def test_ids_increase_at_the_end_of_a_milliseconds_room() -> None:
    manager = UnifiedIDManager(clock=lambda: 1, entropy=lambda: (1 << 80) - 1)
    made = [manager.new("evt") for _ in range(100)]
    assert made == sorted(set(made))


@given(
    st.integers(min_value=0, max_value=253_402_300_799_999), st.integers(min_value=0, max_value=(1 << 80) - 1)
)
def test_parsing_gives_back_time_and_randomness(milliseconds: int, randomness: int) -> None:
    manager = UnifiedIDManager(clock=lambda: milliseconds, entropy=lambda: randomness)
    parsed = manager.parse(manager.new("thr"))
    assert parsed.prefix == "thr"
    assert parsed.randomness == randomness
    assert round(parsed.created_at.timestamp() * 1000) == milliseconds


def test_the_time_of_an_id_is_when_it_was_made() -> None:
    before = datetime.now(UTC)
    manager = UnifiedIDManager()
    made = manager.parse(manager.new("usr")).created_at
    assert abs((made - before).total_seconds()) < 60


@pytest.mark.parametrize(
    "text",
    [
        "", "run", "run_", "run_short", "RUN_00000000000000000000000000", "run_0000000000000000000000000I",
        "run_0000000000000000000000000é", "xyz_00000000000000000000000000", "run_80000000000000000000000000",
        "run_000000000000000000000000000", "run-00000000000000000000000000", "run_7zzzzzzzzzzzzzzzzzzzzzzzzz",
        "run_" + "0" * 100_000,
    ],
)  # fmt: skip
def test_what_is_no_id_is_refused(text: str) -> None:
    manager = UnifiedIDManager()
    with pytest.raises(InvalidIdError):
        manager.parse(text)
    with pytest.raises(InvalidInputError):
        manager.validate(text, "run")


@given(st.text(max_size=40))
def test_parsing_never_fails_otherwise(text: str) -> None:
    try:
        UnifiedIDManager().parse(text)
    except InvalidIdError:
        return


def test_an_id_of_another_kind_is_refused() -> None:
    manager = UnifiedIDManager()
    manager.validate(manager.new("run"), "run")
    with pytest.raises(InvalidIdError, match="run_"):
        manager.validate(manager.new("thr"), "run")


def test_an_unknown_prefix_is_refused() -> None:
    with pytest.raises(InvalidIdError):
        UnifiedIDManager().new("foo")  # type: ignore[arg-type]


def test_threads_never_make_the_same_id() -> None:
    manager = UnifiedIDManager()
    made: list[list[str]] = []

    def work() -> None:
        made.append([manager.new("evt") for _ in range(500)])

    threads = [threading.Thread(target=work) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    everything = [one for part in made for one in part]
    assert len(set(everything)) == 8000
    assert all(part == sorted(part) for part in made)


def test_two_managers_never_make_the_same_id() -> None:
    first, second = UnifiedIDManager(), UnifiedIDManager()
    assert {first.new("run") for _ in range(2000)}.isdisjoint({second.new("run") for _ in range(2000)})


def test_a_new_process_draws_new_bits(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = iter([5, 1 << 79, 7])
    manager = UnifiedIDManager(clock=lambda: 1, entropy=lambda: next(drawn))
    parent = manager.new("run")
    monkeypatch.setattr(os, "getpid", lambda: -1)
    child = manager.new("run")
    assert manager.parse(child).randomness == 1 << 79
    assert child > parent
