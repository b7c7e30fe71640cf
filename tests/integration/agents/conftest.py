"""The team over the real services."""

from testkit.agents_bench import *  # noqa: F403
from testkit.team import *  # noqa: F403
from testkit.usage_bench import *  # noqa: F403
