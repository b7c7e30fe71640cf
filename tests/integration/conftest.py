"""What integration tests stand on."""

from testkit.stores import *  # noqa: F403
