"""A workspace with imports, questions and levers over the real engines."""

from testkit.usage_bench import *  # noqa: F403
