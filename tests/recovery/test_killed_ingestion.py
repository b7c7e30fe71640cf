"""Whoever is killed under an exporter: what was accepted is stored, and stored once."""

from pathlib import Path

import pytest

from testkit.ingest_kills import VICTIMS, survive

pytestmark = [pytest.mark.protects("W13"), pytest.mark.timeout(900)]

KILLS = 5
"""Of each process. `netra bench ingest_kills` does a hundred."""


def test_nothing_accepted_is_lost_or_stored_twice(tmp_path: Path) -> None:
    outcome = survive(tmp_path / "home", dict.fromkeys(VICTIMS, KILLS), seed=20_261_121)
    assert outcome.accepted > 0
    assert outcome.sent_again > 0, "kills fell into requests"
    assert (outcome.lost, outcome.doubled, outcome.stored) == (0, 0, outcome.accepted)
