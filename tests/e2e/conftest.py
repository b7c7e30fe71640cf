"""What end-to-end tests stand on."""

from testkit.live_server import *  # noqa: F403
