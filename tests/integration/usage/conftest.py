"""Imports and questions over the real engines."""

from testkit.repricing import *  # noqa: F403
from testkit.usage_bench import *  # noqa: F403
