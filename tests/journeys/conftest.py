"""What journeys through a product of their own stand on."""

from testkit.live_server import *  # noqa: F403
