"""How much memory a new process of ours may take without anything being pushed out."""

from pathlib import Path

import psutil

_SHARE = 0.85
"""Of what is free now: others grow meanwhile."""

_CGROUP = Path("/sys/fs/cgroup")


def available_bytes() -> int:
    """Free memory of the machine or of the control group we run in, whichever is less, with a reserve."""
    free = int(psutil.virtual_memory().available)
    limit, used = _number("memory.max"), _number("memory.current")
    if limit is not None and used is not None:
        free = min(free, max(0, limit - used))
    return int(free * _SHARE)


def _number(name: str) -> int | None:
    """A figure of the control group as processes inside it see it; None where there is none."""
    try:
        return int((_CGROUP / name).read_text(encoding="ascii"))
    except (OSError, ValueError):
        return None
