"""The gateway over the real store, in front of a scripted provider."""

from testkit.ingest_bench import *  # noqa: F403
from testkit.usage_bench import *  # noqa: F403
