"""KeptAnswers: one computation for many askers, nothing across workspaces or versions."""

import asyncio
from typing import Any

import pytest

from netra.usage.answers import KeptAnswers


class Counting:
    """Counts computations, each of which waits until it may end."""

    def __init__(self) -> None:
        self.begun = 0
        self.may_end = asyncio.Event()

    async def __call__(self) -> int:
        self.begun += 1
        number = self.begun
        await self.may_end.wait()
        return number


async def test_askers_of_one_question_share_one_computation_and_its_answer_is_kept() -> None:
    answers, work = KeptAnswers(), Counting()
    askers = [asyncio.create_task(answers.get(("w", 1, "q"), work)) for _ in range(5)]
    await asyncio.sleep(0)
    askers[0].cancel()
    work.may_end.set()
    given = await asyncio.gather(*askers, return_exceptions=True)
    assert isinstance(given[0], asyncio.CancelledError)
    assert given[1:] == [1, 1, 1, 1]
    assert await answers.get(("w", 1, "q"), work) == 1
    assert work.begun == 1


async def test_another_workspace_version_or_question_is_computed_anew() -> None:
    answers, work = KeptAnswers(), Counting()
    work.may_end.set()
    keys = [("w", 1, "q"), ("v", 1, "q"), ("w", 2, "q"), ("w", 1, "p")]
    assert [await answers.get(key, work) for key in keys] == [1, 2, 3, 4]


async def test_a_failure_reaches_its_askers_and_is_not_kept() -> None:
    answers = KeptAnswers()

    async def fails() -> Any:
        raise ValueError("away")

    with pytest.raises(ValueError, match="away"):
        await answers.get(("w", 1, "q"), fails)
    work = Counting()
    work.may_end.set()
    assert await answers.get(("w", 1, "q"), work) == 1


async def test_the_longest_unasked_answer_goes_first() -> None:
    answers, work = KeptAnswers(limit=2), Counting()
    work.may_end.set()
    for question in ("a", "b", "a", "c", "a"):
        await answers.get(("w", 1, question), work)
    assert work.begun == 3
    await answers.get(("w", 1, "b"), work)
    assert work.begun == 4
