"""Imports and questions over the real engines."""

from testkit.usage_bench import *  # noqa: F403
