"""Conversations over real engines."""

from testkit.dialogue import *  # noqa: F403
