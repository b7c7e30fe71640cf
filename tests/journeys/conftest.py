"""What journeys through a product of their own stand on."""

from testkit.accounts import *  # noqa: F403
from testkit.agents_bench import *  # noqa: F403
from testkit.live_server import *  # noqa: F403
from testkit.stores import *  # noqa: F403
from testkit.team import *  # noqa: F403
from testkit.usage_bench import *  # noqa: F403
