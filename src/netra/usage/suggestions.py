"""What somebody who wrote a name that does not exist may have meant."""

import difflib
from collections.abc import Iterable, Mapping

_NEAR = 0.6
_MOST = 3


def hint_of(written: str, kind: str, known: Iterable[str], labels: Mapping[str, str] | None = None) -> str:
    """`Did you mean cost_usd? Measures: calls, ...`; the question only where something known is near.

    `labels` says what names are called on pages: who writes `spend` means the measure labelled so. `kind` is
    what the list of all that is known begins with.
    """
    names = list(known)
    spoken = {label.lower(): name for name, label in (labels or {}).items()}
    spoken |= {name.lower(): name for name in names}
    wanted = written.strip().lower()
    found = [spoken[near] for near in difflib.get_close_matches(wanted, spoken, n=2 * _MOST, cutoff=_NEAR)]
    # A word of a name is as good as a slip of the pen: `latency` means one of its measures.
    found += [name for name in names if len(wanted) > 2 and wanted in name.lower()]
    near = list(dict.fromkeys(found))[:_MOST]
    question = f"Did you mean {' or '.join(near)}? " if near else ""
    return f"{question}{kind}: {', '.join(names)}."
