"""The secret of one installation, from which other secrets are derived."""

import hashlib
import hmac
import os
import secrets
from pathlib import Path

from netra.config.errors import ConfigurationError
from netra.config.settings import Settings

_FILE = "instance.key"


def load_instance_secret(settings: Settings) -> bytes:
    """The installation's secret: `secret_key` if set, else `home/secrets/instance.key` (made once, mode
    0600).
    """
    if settings.secret_key is not None:
        return settings.secret_key.reveal().encode()
    path = settings.secrets_directory / _FILE
    settings.secrets_directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        return _read(path)
    except FileNotFoundError:
        write_once(path, secrets.token_hex(32).encode())
        return _read(path)


def derive(secret: bytes, purpose: str) -> str:
    """A secret for one purpose (hexadecimal, 256 bits): HMAC-SHA256(secret, purpose)."""
    return hmac.new(secret, purpose.encode(), hashlib.sha256).hexdigest()


def write_once(path: Path, content: bytes) -> None:
    """Write a secret file, mode 0600, whole or not at all; whoever comes second keeps the first one's
    content.
    """
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        try:
            os.link(temporary, path)
        except FileExistsError:
            return
    finally:
        temporary.unlink(missing_ok=True)


def _read(path: Path) -> bytes:
    content = path.read_bytes().strip()
    if len(content) < 32:
        raise ConfigurationError(
            f"{path} is damaged: it holds fewer than 32 characters",
            hint="restore it from a backup; without it stored secrets cannot be opened",
        )
    return content
