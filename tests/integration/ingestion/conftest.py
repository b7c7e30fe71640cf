"""Live ingestion over the real engines."""

from testkit.accounts import *  # noqa: F403
from testkit.ingest_bench import *  # noqa: F403
from testkit.usage_bench import *  # noqa: F403
