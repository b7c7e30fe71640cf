"""Files of `NAME=value` lines."""

import re
from pathlib import Path

from netra.config.errors import ConfigurationError

_LINE = re.compile(r"^\s*(?:export\s+)?(?P<name>[A-Za-z_][A-Za-z0-9_]*)\s*=\s*(?P<value>.*?)\s*$")


def parse_env_file(path: Path) -> dict[str, str]:
    """The variables of a file: one `NAME=value` a line, `#` comments, single or double quotes around a value.

    Nothing is expanded or executed. Raises ConfigurationError naming file and line when a line is none of
    these.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ConfigurationError(f"{path} does not exist", hint="name a file of NAME=value lines") from None
    except (OSError, UnicodeDecodeError) as failure:
        raise ConfigurationError(f"{path} cannot be read: {failure}") from failure
    found: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        match = _LINE.match(line)
        if match is None:
            raise ConfigurationError(f"{path}, line {number}: expected NAME=value")
        found[match["name"]] = _unquote(match["value"])
    return found


def _unquote(value: str) -> str:
    if len(value) >= 2 and value[0] == value[-1] and value[0] in "\"'":
        return value[1:-1]
    return value.split(" #", 1)[0].rstrip()
