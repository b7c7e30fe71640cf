"""The keys that sign access tokens."""

import os
import secrets
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import orjson
from joserfc.jwk import KeySet, OKPKey

from netra.config.errors import ConfigurationError
from netra.config.instance_secret import write_once

FILE = "token_signing_keys.json"
_RELOAD_EVERY_S = 5.0


class SigningKeyRing:
    """Ed25519 keys in one file (mode 0600): the first signs, all verify, so a key can be rotated under load.

    Shared by the processes of an installation: an unknown key id makes it look at the file again, at most
    every five seconds.
    """

    def __init__(self, directory: Path) -> None:
        self._path = directory / FILE
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not self._path.exists():
            write_once(self._path, _document([_new_key()]))
        self._keys = self._load()
        self._loaded_at = time.monotonic()

    @property
    def active(self) -> OKPKey:
        """The key that signs."""
        return next(iter(self._keys.values()))

    def find(self, key_id: str) -> OKPKey | None:
        """The key of that id, None when the installation has none."""
        if key_id not in self._keys and time.monotonic() - self._loaded_at > _RELOAD_EVERY_S:
            self._keys = self._load()
            self._loaded_at = time.monotonic()
        return self._keys.get(key_id)

    def public_set(self) -> dict[str, Any]:
        """The public keys as a JSON Web Key Set (RFC 7517)."""
        return cast(dict[str, Any], KeySet(list(self._keys.values())).as_dict(private=False))

    def rotate(self, *, keep: int = 2) -> str:
        """Sign with a new key from now on; the id of it. The `keep` keys before it still verify."""
        fresh = _new_key()
        kept = [_private(key) for key in list(self._keys.values())[:keep]]
        temporary = self._path.with_name(f".{self._path.name}.{secrets.token_hex(8)}")
        write_once(temporary, _document([fresh, *kept]))
        os.replace(temporary, self._path)
        self._keys = self._load()
        return cast(str, fresh["kid"])

    def _load(self) -> dict[str, OKPKey]:
        try:
            listed = orjson.loads(self._path.read_bytes())["keys"]
            keys = [OKPKey.import_key(item) for item in listed]
            return {cast(str, key.kid): key for key in keys}
        except (OSError, ValueError, KeyError, TypeError) as failure:
            raise ConfigurationError(
                f"{self._path} cannot be read as signing keys",
                hint="restore it, or remove it: a new key is made and everybody signs in again",
            ) from failure


def _new_key() -> dict[str, Any]:
    key = OKPKey.generate_key(
        "Ed25519", {"use": "sig", "alg": "Ed25519", "kid": secrets.token_hex(8)}, private=True
    )
    return _private(key)


def _private(key: OKPKey) -> dict[str, Any]:
    return dict(cast(Mapping[str, Any], key.as_dict(private=True)))


def _document(keys: list[dict[str, Any]]) -> bytes:
    return orjson.dumps({"keys": keys}, option=orjson.OPT_INDENT_2)
