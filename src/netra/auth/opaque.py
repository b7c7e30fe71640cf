"""Opaque credentials: random texts of which only a hash is kept."""

import base64
import hashlib
import hmac
import secrets

API_KEY = "ntr_"
REFRESH = "nrt_"
TICKET = "ntk_"
DEVICE = "ndv_"
INVITATION = "ninv_"

_BYTES = 32
_MAX_LENGTH = 200


def new_credential(prefix: str) -> str:
    """A fresh credential with 256 random bits."""
    return prefix + secrets.token_urlsafe(_BYTES)


def new_seed() -> str:
    """A fresh seed for a derived credential that need not be derived again."""
    return secrets.token_urlsafe(_BYTES)


def derived_credential(prefix: str, key: bytes, origin: str) -> str:
    """The one credential that follows from `origin` under a key: HMAC-SHA256, as unguessable as
    a random one.
    """
    digest = hmac.new(key, origin.encode(), hashlib.sha256).digest()
    return prefix + base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def credential_hash(credential: str) -> bytes:
    """What is stored. Plain SHA-256 is enough for 256 random bits; a slow hash is for what people choose."""
    return hashlib.sha256(credential.encode()).digest()


def looks_like(credential: str, prefix: str) -> bool:
    """Whether a text can be a credential of this kind at all; spares the store the rest."""
    return credential.startswith(prefix) and len(credential) <= _MAX_LENGTH and credential.isascii()
