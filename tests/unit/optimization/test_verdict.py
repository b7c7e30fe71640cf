"""The fixed order of verdict rules."""

import numpy as np
import pytest

from netra.optimization.drafts import Draft, Effect
from netra.optimization.findings import Instructions, Missing, QualityEffect
from netra.optimization.intervals import Interval
from netra.optimization.verdict import judge


def quality(gate: str) -> QualityEffect:
    return QualityEffect(
        from_score=90,
        to_score=80,
        drop_points=10,
        interval_95=(9, 11),
        upper_95=10.9,
        margin_points=2,
        items=500,
        gate=gate,
    )


def draft(saved: int | None, *, gate: str | None = None, lacks: bool = False) -> Draft:
    return Draft(
        "x",
        {},
        100,
        Instructions(summary="", steps=[]),
        effect=None if saved is None else Effect(10**16, 10**16 - saved, np.zeros(3)),
        quality="none" if gate is None else quality(gate),
        missing=[Missing(what="a price", how="add it")] if lacks else [],
    )


@pytest.mark.parametrize(
    ("case", "interval", "verdict"),
    [
        (draft(None, gate="refuse", lacks=True), None, "refuse"),
        (draft(10**15, gate="refuse"), Interval(0.5, 1.5), "refuse"),
        (draft(10**15, lacks=True), Interval(0.5, 1.5), "insufficient_data"),
        (draft(10**15), None, "insufficient_data"),
        (draft(10**15), Interval(0.5, 1.5), "recommend"),
        (draft(0), Interval(0, 0), "refuse"),
        (draft(-(10**15)), Interval(-2, 1), "refuse"),
        (draft(10**15), Interval(-0.5, 1.5), "insufficient_data"),
    ],
)
def test_order_of_rules(case: Draft, interval: Interval | None, verdict: str) -> None:
    judgement = judge(case, interval)
    assert judgement.verdict == verdict
    assert bool(judgement.missing) == (verdict == "insufficient_data")
