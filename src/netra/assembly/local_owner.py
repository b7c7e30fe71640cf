"""The key with which the command line of this machine uses the server that runs over a data directory."""

import json
import os
from pathlib import Path
from typing import Any, cast

from netra.auth.administration import AccountAdministration

OWNER_FILE = "owner.json"


async def give_owner_a_key(administration: AccountAdministration, home: Path, url: str) -> None:
    """See to `owner.json` (mode 0600): url, api_key, workspace, expires_at. A key that still counts is
    kept.
    """
    path = home / OWNER_FILE
    owner = await administration.bootstrap_owner(_known_key(path))
    facts = {
        "url": url,
        "api_key": owner.api_key,
        "workspace": owner.workspace_id,
        "expires_at": owner.expires_at.isoformat(),
    }
    draft = path.with_suffix(".draft")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(facts, file)
    draft.replace(path)


def _known_key(path: Path) -> str | None:
    try:
        written: object = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    key = cast(dict[str, Any], written).get("api_key") if isinstance(written, dict) else None
    return key if isinstance(key, str) else None
