"""How long property tests look: shortly and the same way in the usual run, long and by chance in `--deep`."""

import os

from hypothesis import HealthCheck, settings

from testkit.runner import DEEP_VARIABLE

USUAL_EXAMPLES = 25
DEPTH = 15


def is_deep() -> bool:
    """Whether this run was started with `--deep`."""
    return bool(os.environ.get(DEEP_VARIABLE))


def examples(usual: int) -> int:
    """The number of examples of one property: `usual`, many times that in a deep run."""
    return usual * (DEPTH if is_deep() else 1)


def load_profile() -> None:
    """Make the profile of this run the one that properties without settings of their own have."""
    settings.register_profile(
        "netra",
        max_examples=examples(USUAL_EXAMPLES),
        # A usual run that fails fails again; a deep one tries something new each time.
        derandomize=not is_deep(),
        database=None,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow],
    )
    settings.load_profile("netra")
