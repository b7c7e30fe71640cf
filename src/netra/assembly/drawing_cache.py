"""Where the charts' library keeps its list of fonts."""

import os
from pathlib import Path

from netra.config.environment import IsolatedEnvironment


def keep_drawing_cache(environment: IsolatedEnvironment, data_directory: Path) -> None:
    """Matplotlib keeps it in the user's home; of a user without one (a service's), in the data directory.

    Otherwise each process makes it anew in a temporary directory, and says so in the log. It is read when the
    first chart is drawn.
    """
    home = Path(environment.get("XDG_CONFIG_HOME") or environment.get("HOME") or "/")
    if environment.get("MPLCONFIGDIR") is None and not os.access(home, os.W_OK | os.X_OK):
        environment.set("MPLCONFIGDIR", str(data_directory / "cache" / "matplotlib"), source="data directory")
