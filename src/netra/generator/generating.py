"""From a profile to a month of usage with its answer key."""

from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

import numpy as np
import polars as pl
import psutil

from netra.errors.kinds import InvalidInputError
from netra.generator.answer_key import AnswerKey
from netra.generator.clock import Period, start_of
from netra.generator.naming import named_calls
from netra.generator.profiles import COMPANIES, DEFAULT_PROFILE
from netra.generator.scores import draw_scores
from netra.generator.traffic import draw_calls
from netra.pricing.catalogue import PriceCatalogue

MIN_CALLS = 1_000
MAX_CALLS = 20_000_000
BYTES_A_CALL = 1_000
"""What a generated call takes while the month is sorted: 0.9 KB, measured from 100,000 to 500,000 calls."""


class InvalidProfileError(InvalidInputError):
    """The profile asks for something that cannot be generated."""

    code = "invalid_profile"


@dataclass(frozen=True, slots=True)
class Profile:
    """What to generate: about `calls` calls of the company `name` over `days` days up to the midnight (UTC)
    of `until`.
    """

    name: str = DEFAULT_PROFILE
    calls: int = 100_000
    days: int = 30
    seed: int = 7
    until: datetime = field(default_factory=lambda: datetime.now(UTC))

    def check(self) -> None:
        """Raise InvalidProfileError where the profile cannot be generated."""
        if self.name not in COMPANIES:
            known = ", ".join(COMPANIES)
            raise InvalidProfileError(f"there is no profile {self.name!r}.", hint=f"profiles: {known}")
        if not MIN_CALLS <= self.calls <= MAX_CALLS:
            raise InvalidProfileError(f"calls must lie between {MIN_CALLS:,} and {MAX_CALLS:,}.")
        if not 1 <= self.days <= 366:
            raise InvalidProfileError("days must lie between 1 and 366.")
        needed, free = self.calls * BYTES_A_CALL, psutil.virtual_memory().available
        if needed > free:
            raise InvalidProfileError(
                f"{self.calls:,} calls need about {needed / 2**30:.1f} GiB of memory, "
                f"{free / 2**30:.1f} are free.",
                hint="generate fewer calls, or several months one by one with --until and another --seed",
            )


@dataclass(frozen=True, slots=True)
class GeneratedUsage:
    """Calls (format `calls`, sorted by ts), evaluations (format `evals`) and the answer key."""

    calls: pl.DataFrame
    evaluations: pl.DataFrame
    answer_key: dict[str, Any]


def generate(profile: Profile, catalogue: PriceCatalogue) -> GeneratedUsage:
    """Draw everything; the same profile and catalogue give the same result. Raises InvalidProfileError."""
    profile.check()
    company = COMPANIES[profile.name]
    start = start_of(profile.until, profile.days)
    period = Period(start, profile.days, company.surge_days, company.trend)
    streams = np.random.SeedSequence(profile.seed).spawn(len(company.workloads) + 1)
    frames: list[pl.DataFrame] = []
    for workload, stream in zip(company.workloads, streams, strict=False):
        count = max(1, round(profile.calls * workload.share))
        drawn = draw_calls(np.random.Generator(np.random.PCG64(stream)), workload, count, period)
        frames.append(named_calls(drawn, workload, company, profile.seed))
    calls = pl.concat(frames).sort("ts", "call_id")
    scores = draw_scores(np.random.Generator(np.random.PCG64(streams[-1])), company.examinations)
    described = {**asdict(profile), "start": start.date().isoformat()}
    described["until"] = profile.until.date().isoformat()
    key = AnswerKey(company, calls, catalogue)
    return GeneratedUsage(calls, scores, key.to_dict(described))
