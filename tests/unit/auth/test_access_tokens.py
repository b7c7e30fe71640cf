"""Access tokens: strict verification, rotation, and thousands of mutations of which none is accepted."""

import base64
import json
import random
import time
from pathlib import Path
from typing import Any, cast

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from joserfc import jwt
from joserfc.jwk import OctKey, OKPKey, RSAKey

from netra.auth.access_tokens import LIFETIME_S, AccessTokens
from netra.auth.errors import InvalidTokenError
from netra.auth.signing_keys import FILE, SigningKeyRing
from netra.config.errors import ConfigurationError

ISSUER = "netra:test"
NOW = 1_800_000_000


@pytest.fixture
def ring(tmp_path: Path) -> SigningKeyRing:
    return SigningKeyRing(tmp_path)


@pytest.fixture
def tokens(ring: SigningKeyRing) -> AccessTokens:
    return AccessTokens(ring, issuer=ISSUER, clock=lambda: NOW)


def issue(tokens: AccessTokens) -> str:
    return tokens.issue(user_id="usr_1", session_id="ses_1", token_id="tkt_1")[0]


def forge(ring: SigningKeyRing, **claims: Any) -> str:
    """A token signed with the real key, with other claims."""
    base = {
        "iss": ISSUER, "aud": "netra-api", "sub": "usr_1", "sid": "ses_1",
        "iat": NOW, "nbf": NOW, "exp": NOW + LIFETIME_S, "jti": "x",
    }  # fmt: skip
    body = {name: value for name, value in {**base, **claims}.items() if value is not None}
    head = {"alg": "Ed25519", "typ": "at+jwt", "kid": ring.active.kid}
    return jwt.encode(head, body, ring.active, algorithms=["Ed25519"])


def test_a_token_says_who_and_until_when(tokens: AccessTokens) -> None:
    claims = tokens.verify(issue(tokens))
    assert (claims.user_id, claims.session_id, claims.expires_at) == ("usr_1", "ses_1", NOW + LIFETIME_S)
    assert LIFETIME_S <= 600


def test_the_forger_with_nothing_changed_is_accepted(tokens: AccessTokens, ring: SigningKeyRing) -> None:
    assert tokens.verify(forge(ring)).user_id == "usr_1"


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "netra:other"}, {"iss": None}, {"aud": "other"}, {"aud": None}, {"aud": ["netra-api"]},
        {"sub": None}, {"sub": 7}, {"sid": None}, {"exp": NOW - 1}, {"exp": None}, {"exp": "never"},
        {"exp": NOW + LIFETIME_S + 60}, {"nbf": NOW + 60}, {"iat": None},
        {"iat": NOW + 3600, "exp": NOW + 4000}, {"exp": 1e300}, {"exp": True},
    ],
)  # fmt: skip
def test_wrong_claims_are_refused_even_when_signed_by_us(
    tokens: AccessTokens, ring: SigningKeyRing, claims: dict[str, Any]
) -> None:
    with pytest.raises(InvalidTokenError):
        tokens.verify(forge(ring, **claims))


@pytest.mark.parametrize(
    "header",
    [
        {"typ": "JWT"}, {"typ": None}, {"kid": None}, {"kid": "unknown"}, {"kid": 7}, {"crit": ["exp"]},
        {"jku": "https://evil.example.com/keys"}, {"x5u": "https://evil.example.com"}, {"cty": "JWT"},
    ],
)  # fmt: skip
def test_wrong_headers_are_refused_even_when_signed_by_us(
    tokens: AccessTokens, ring: SigningKeyRing, header: dict[str, Any]
) -> None:
    # By hand: the library itself refuses to write some of these.
    fields = {"alg": "Ed25519", "typ": "at+jwt", "kid": ring.active.kid, **header}
    head = encode(json.dumps({name: value for name, value in fields.items() if value is not None}).encode())
    body = forge(ring).split(".")[1]
    signature = cast(Any, ring.active.get_op_key("sign")).sign(f"{head}.{body}".encode())
    token = f"{head}.{body}.{encode(signature)}"
    with pytest.raises(InvalidTokenError):
        tokens.verify(token)


def test_other_algorithms_and_keys_are_refused(tokens: AccessTokens, ring: SigningKeyRing) -> None:
    claims = {"iss": ISSUER, "aud": "netra-api", "sub": "u", "sid": "s", "iat": NOW, "exp": NOW + 60}
    public = json.dumps(ring.public_set()["keys"][0]).encode()
    rsa_key = RSAKey.import_key(rsa.generate_private_key(65537, 2048))
    other = OKPKey.generate_key("Ed25519", private=True)
    attempts = [
        ("HS256", OctKey.import_key(public)),
        ("HS256", OctKey.import_key(decode(ring.public_set()["keys"][0]["x"]))),
        ("RS256", rsa_key),
        ("Ed25519", other),
    ]
    for algorithm, key in attempts:
        header = {"alg": algorithm, "typ": "at+jwt", "kid": ring.active.kid}
        with pytest.raises(InvalidTokenError):
            tokens.verify(jwt.encode(header, claims, key, algorithms=[algorithm]))
    head, body, _ = issue(tokens).split(".")
    for algorithm in ("none", "None", "NONE", ""):
        fields = json.loads(decode(head)) | {"alg": algorithm}
        for signature in ("", "AA"):
            with pytest.raises(InvalidTokenError):
                tokens.verify(f"{encode(json.dumps(fields).encode())}.{body}.{signature}")


def decode(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def encode(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def mutations(token: str, chance: random.Random) -> list[str]:
    """One small change each: a bit, a byte, a cut, a repetition, parts exchanged, whole fields replaced."""
    parts = token.split(".")
    changed: list[str] = []
    for part in range(3):
        raw = bytearray(decode(parts[part]))
        raw[chance.randrange(len(raw))] ^= 1 << chance.randrange(8)
        changed.append(".".join([*parts[:part], encode(bytes(raw)), *parts[part + 1 :]]))
        raw = bytearray(decode(parts[part]))
        del raw[chance.randrange(len(raw))]
        changed.append(".".join([*parts[:part], encode(bytes(raw)), *parts[part + 1 :]]))
    position = chance.randrange(len(token))
    changed += [
        token[:position],
        token[:position] + chance.choice("AZaz09-_.=\0é ") + token[position:],
        token[:position] + token[position:] * 2,
        ".".join(chance.sample(parts, 3)) + ".",
    ]
    return changed


def test_of_three_thousand_mutated_tokens_none_is_accepted(tokens: AccessTokens) -> None:
    chance, tried = random.Random(11), 0
    token = issue(tokens)
    original = tokens.verify(token)
    while tried < 3000:
        for mutated in mutations(token, chance):
            tried += 1
            if mutated == token:
                continue
            with pytest.raises(InvalidTokenError):
                assert tokens.verify(mutated) == original, mutated


@pytest.mark.parametrize("text", ["", ".", "..", "...", "a" * 5000, "a.b.c", "é.é.é", "{}", "null", "\0"])
def test_what_is_no_token_is_refused(tokens: AccessTokens, text: str) -> None:
    with pytest.raises(InvalidTokenError):
        tokens.verify(text)


def test_a_token_expires(ring: SigningKeyRing) -> None:
    now = [float(NOW)]
    tokens = AccessTokens(ring, issuer=ISSUER, clock=lambda: now[0])
    token = issue(tokens)
    now[0] += LIFETIME_S - 1
    tokens.verify(token)
    now[0] += 2
    with pytest.raises(InvalidTokenError):
        tokens.verify(token)


def test_rotation_refuses_no_token_that_is_still_valid(ring: SigningKeyRing, tokens: AccessTokens) -> None:
    old = issue(tokens)
    before = ring.active.kid
    fresh = ring.rotate()
    assert fresh == ring.active.kid != before
    tokens.verify(old)
    tokens.verify(issue(tokens))
    assert [key["kid"] for key in ring.public_set()["keys"]] == [fresh, before]
    for _ in range(3):
        ring.rotate()
    with pytest.raises(InvalidTokenError):
        tokens.verify(old)


def test_another_process_learns_of_a_new_key(
    tmp_path: Path, ring: SigningKeyRing, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = SigningKeyRing(tmp_path)
    assert other.active.kid == ring.active.kid
    fresh = ring.rotate()
    assert other.find(fresh) is None
    later = time.monotonic() + 60
    monkeypatch.setattr(time, "monotonic", lambda: later)
    found = other.find(fresh)
    assert found is not None
    assert found.kid == fresh


def test_the_file_is_private_and_public_halves_are_public(tmp_path: Path, ring: SigningKeyRing) -> None:
    assert (tmp_path / FILE).stat().st_mode & 0o777 == 0o600
    ring.rotate()
    assert (tmp_path / FILE).stat().st_mode & 0o777 == 0o600
    assert all("d" not in key for key in ring.public_set()["keys"])


def test_a_damaged_file_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text("{", encoding="utf-8")
    with pytest.raises(ConfigurationError, match="signing keys"):
        SigningKeyRing(tmp_path)
