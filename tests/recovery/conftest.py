"""What recovery tests stand on."""

from testkit.accounts import *  # noqa: F403
from testkit.dialogue import *  # noqa: F403
from testkit.stores import *  # noqa: F403
