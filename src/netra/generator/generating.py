"""From a profile to a month of usage with its answer key."""

from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

import numpy as np
import polars as pl

from netra.errors.kinds import InvalidInputError
from netra.generator.answer_key import AnswerKey
from netra.generator.clock import start_of
from netra.generator.company import WORKLOADS
from netra.generator.scores import draw_scores
from netra.generator.traffic import Period, draw_calls
from netra.pricing.catalogue import PriceCatalogue

MIN_CALLS = 1_000
MAX_CALLS = 20_000_000


class InvalidProfileError(InvalidInputError):
    """The profile asks for something that cannot be generated."""

    code = "invalid_profile"


@dataclass(frozen=True, slots=True)
class Profile:
    """What to generate: about `calls` calls over `days` days up to the midnight (UTC) of `until`."""

    calls: int = 100_000
    days: int = 30
    seed: int = 7
    until: datetime = field(default_factory=lambda: datetime.now(UTC))

    def check(self) -> None:
        """Raise InvalidProfileError where the profile cannot be generated."""
        if not MIN_CALLS <= self.calls <= MAX_CALLS:
            raise InvalidProfileError(f"calls must lie between {MIN_CALLS:,} and {MAX_CALLS:,}.")
        if not 1 <= self.days <= 366:
            raise InvalidProfileError("days must lie between 1 and 366.")


@dataclass(frozen=True, slots=True)
class GeneratedUsage:
    """Calls (format `calls`, sorted by ts), evaluations (format `evals`) and the answer key."""

    calls: pl.DataFrame
    evaluations: pl.DataFrame
    answer_key: dict[str, Any]


def generate(profile: Profile, catalogue: PriceCatalogue) -> GeneratedUsage:
    """Draw everything; the same profile and catalogue give the same result. Raises InvalidProfileError."""
    profile.check()
    period = Period(start_of(profile.until, profile.days), profile.days)
    streams = np.random.SeedSequence(profile.seed).spawn(len(WORKLOADS) + 1)
    frames = [
        draw_calls(
            np.random.Generator(np.random.PCG64(stream)),
            workload,
            max(1, round(profile.calls * workload.share)),
            period,
            profile.seed,
        )
        for workload, stream in zip(WORKLOADS, streams, strict=False)
    ]
    calls = pl.concat(frames).sort("ts", "call_id")
    scores = draw_scores(np.random.Generator(np.random.PCG64(streams[-1])))
    described = {**asdict(profile), "start": period.start.date().isoformat()}
    described["until"] = profile.until.date().isoformat()
    return GeneratedUsage(calls, scores, AnswerKey(calls, catalogue).to_dict(described))
