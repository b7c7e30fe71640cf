"""Access tokens: short-lived, signed, strictly verified (RFC 9068 profile, RFC 8725 rules)."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, cast

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jws import JWSRegistry
from joserfc.jwt import JWTClaimsRegistry

from netra.auth.errors import InvalidTokenError
from netra.auth.signing_keys import SigningKeyRing

LIFETIME_S = 600
# The fully specified name of EdDSA over Curve25519 (RFC 9864); plain "EdDSA" is deprecated by it.
_ALGORITHM = "Ed25519"
_TYPE = "at+jwt"
_MAX_LENGTH = 2048
_LEEWAY_S = 0


@dataclass(frozen=True, slots=True)
class AccessClaims:
    """What a valid token says: user, session, expiry (Unix seconds)."""

    user_id: str
    session_id: str
    expires_at: int


class AccessTokens:
    """Issues and verifies. One algorithm (EdDSA over Curve25519), one issuer, one audience, one type."""

    def __init__(
        self,
        keys: SigningKeyRing,
        *,
        issuer: str,
        audience: str = "netra-api",
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._keys = keys
        self._issuer = issuer
        self._audience = audience
        self._clock = clock
        self._registry = JWSRegistry(algorithms=[_ALGORITHM])

    def issue(self, *, user_id: str, session_id: str, token_id: str) -> tuple[str, int]:
        """A token and the seconds it lives."""
        now = int(self._clock())
        key = self._keys.active
        header = {"alg": _ALGORITHM, "typ": _TYPE, "kid": key.kid}
        claims = {
            "iss": self._issuer,
            "aud": self._audience,
            "sub": user_id,
            "sid": session_id,
            "iat": now,
            "nbf": now,
            "exp": now + LIFETIME_S,
            "jti": token_id,
        }
        return jwt.encode(header, claims, key, algorithms=[_ALGORITHM]), LIFETIME_S

    def verify(self, token: str) -> AccessClaims:
        """What the token says. Raises InvalidTokenError for anything but a token of ours that
        is still valid.
        """
        if len(token) > _MAX_LENGTH or not token.isascii():
            raise _invalid()
        try:
            decoded = jwt.decode(token, self._key_of, algorithms=[_ALGORITHM], registry=self._registry)
            self._check_header(decoded.header)
            self._claims_registry().validate(decoded.claims)
            return _claims(decoded.claims)
        except (JoseError, ValueError, TypeError, KeyError, UnicodeError, RecursionError):
            raise _invalid() from None

    def _key_of(self, guest: Any) -> Any:
        header = cast(Mapping[str, Any], guest.headers())
        self._check_header(header)
        key = self._keys.find(cast(str, header["kid"]))
        if key is None:
            raise _invalid()
        return key

    def _check_header(self, header: Mapping[str, Any]) -> None:
        # Exactly the three that we write: no jku, jwk, x5u, crit or b64 is ever looked at.
        if set(header) != {"alg", "typ", "kid"} or header["alg"] != _ALGORITHM or header["typ"] != _TYPE:
            raise _invalid()
        if not isinstance(header["kid"], str):
            raise _invalid()

    def _claims_registry(self) -> JWTClaimsRegistry:
        return JWTClaimsRegistry(
            now=int(self._clock()),
            leeway=_LEEWAY_S,
            iss={"essential": True, "value": self._issuer},
            aud={"essential": True, "value": self._audience},
            sub={"essential": True},
            sid={"essential": True},
            exp={"essential": True},
            iat={"essential": True},
        )


def _claims(claims: Mapping[str, Any]) -> AccessClaims:
    user, session, expires, issued = claims["sub"], claims["sid"], claims["exp"], claims["iat"]
    texts = isinstance(user, str) and isinstance(session, str) and isinstance(claims["aud"], str)
    numbers = type(expires) is int and type(issued) is int
    if not texts or not numbers or expires - issued > LIFETIME_S:
        raise _invalid()
    return AccessClaims(user_id=user, session_id=session, expires_at=expires)


def _invalid() -> InvalidTokenError:
    return InvalidTokenError("the access token is not valid", hint="sign in again, or refresh the session")
