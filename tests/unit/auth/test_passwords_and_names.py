"""Which passwords, addresses and names are accepted; hashing; roles; the expiring cache."""

from itertools import pairwise

import pytest

from netra.auth.errors import InvalidEmailError, InvalidNameError, UnacceptablePasswordError
from netra.auth.expiring_cache import ExpiringCache
from netra.auth.models import ROLES, known_role
from netra.auth.names import normal_email, normal_name
from netra.auth.opaque import API_KEY, credential_hash, derived_credential, looks_like, new_credential
from netra.auth.passwords import PasswordHashing, PasswordPolicy
from netra.auth.permissions import permissions_of, weaker_role
from netra.auth.sessions import RETRY_WINDOW_S, STATE_TTL_S
from netra.errors.kinds import LimitExceededError


@pytest.mark.parametrize(
    "password", ["12ch aracters", "exactly8", "pässwörter sind lang", "🐎🔋📎🖇️ correct", "x1y2" * 200]
)
def test_good_passwords_are_accepted(password: str) -> None:
    PasswordPolicy().check(password, email="somebody@example.com")


@pytest.mark.parametrize(
    "password",
    [
        "", "1234567", "password", "PASSWORD1", "Password123", "qwertyuiop", "12345678", "aaaaaaaaaaaa",
        "abababababab", "somebody@example.com", "Somebody@Example.com", "x" * 1025,
    ],
)  # fmt: skip
def test_poor_passwords_are_refused(password: str) -> None:
    with pytest.raises(UnacceptablePasswordError):
        PasswordPolicy().check(password, email="somebody@example.com")


async def test_a_hash_is_argon2id_salted_and_verifies_the_whole_password() -> None:
    hashing = PasswordHashing(memory_kib=256)
    password = "a" * 63 + "b" + "c" * 200
    first, second = await hashing.hash(password), await hashing.hash(password)
    assert first.startswith("$argon2id$v=19$m=256,t=1,p=1$")
    assert first != second
    assert await hashing.verify(password, first)
    assert not await hashing.verify(password[:-1], first)
    assert not await hashing.verify(password, None)
    assert not await hashing.verify("a password that nobody has", None)
    assert not await hashing.verify(password, "$argon2id$garbage")
    hashing.close()


async def test_the_same_characters_typed_otherwise_are_the_same_password() -> None:
    hashing = PasswordHashing(memory_kib=256)
    assert await hashing.verify("u\u0308ber alles", await hashing.hash("\u00fcber alles"))
    hashing.close()


async def test_parameters_of_today_ask_for_a_new_hash() -> None:
    old, today = PasswordHashing(memory_kib=256), PasswordHashing(memory_kib=512)
    assert today.needs_rehash(await old.hash("some password"))
    assert not old.needs_rehash(await old.hash("some password"))
    old.close()
    today.close()


def test_the_defaults_are_those_recommended() -> None:
    hashing = PasswordHashing()
    assert "m=47104,t=1,p=1" in hashing._decoy
    hashing.close()


async def test_too_many_waiting_hashes_are_refused() -> None:
    hashing = PasswordHashing(memory_kib=256)
    hashing._waiting = 64
    with pytest.raises(LimitExceededError):
        await hashing.hash("some password")
    hashing.close()


@pytest.mark.parametrize(
    ("text", "email"),
    [
        (" Some.Body@Example.COM ", "some.body@example.com"),
        ("owner@localhost", "owner@localhost"),
        ("a+b@x.y.example", "a+b@x.y.example"),
        ("jörg@exämple.de", "jörg@exämple.de"),
    ],
)
def test_addresses_are_brought_to_one_form(text: str, email: str) -> None:
    assert normal_email(text) == email


@pytest.mark.parametrize(
    "text",
    ["", "x", "@x.y", "a@", "a@b@c", "a b@c.d", "a@b..c", "a@.b", "<a@b.c>", "a" * 250 + "@b.c", "a\0@b.c"],
)  # fmt: skip
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(InvalidEmailError):
        normal_email(text)


def test_names_have_single_blanks_and_printable_characters() -> None:
    assert normal_name("  Team\t Blue ", "a workspace") == "Team Blue"
    for text in ("", "   ", "x" * 81, "a\u202eb"):
        with pytest.raises(InvalidNameError):
            normal_name(text, "a workspace")


def test_each_role_grants_what_the_weaker_one_grants() -> None:
    for stronger, weaker in pairwise(ROLES):
        assert permissions_of(weaker) < permissions_of(stronger)
    assert "usage:write" not in permissions_of("viewer")
    assert "members:manage" not in permissions_of("analyst")


def test_the_weaker_of_two_roles_counts() -> None:
    assert weaker_role("owner", None) == "owner"
    assert weaker_role("owner", "viewer") == "viewer"
    assert weaker_role("viewer", "owner") == "viewer"
    assert known_role("admin") == "admin"
    with pytest.raises(ValueError, match="root"):
        known_role("root")


def test_opaque_credentials_are_random_and_recognisable() -> None:
    first, second = new_credential(API_KEY), new_credential(API_KEY)
    assert first != second
    assert first.startswith("ntr_")
    assert len(first) >= 46
    assert looks_like(first, API_KEY)
    assert not looks_like("ntr_" + "x" * 300, API_KEY)
    assert not looks_like("ntr_é", API_KEY)
    assert len(credential_hash(first)) == 32


def test_a_derived_credential_follows_from_key_and_origin_only() -> None:
    assert derived_credential("nrt_", b"k", "o") == derived_credential("nrt_", b"k", "o")
    assert len({derived_credential("nrt_", k, o) for k in (b"k", b"l") for o in ("o", "p")}) == 4


def test_what_was_read_is_forgotten_in_time_for_a_revocation() -> None:
    now = [0.0]
    cache: ExpiringCache[str, int] = ExpiringCache(ttl_s=STATE_TTL_S, size=2, clock=lambda: now[0])
    cache.put("a", 1, read_at=now[0])
    now[0] = STATE_TTL_S - 0.01
    assert cache.get("a") == 1
    now[0] = STATE_TTL_S
    assert cache.get("a") is None
    assert STATE_TTL_S <= 5
    assert RETRY_WINDOW_S <= 10


def test_the_cache_keeps_the_newest_and_forgets_on_demand() -> None:
    cache: ExpiringCache[str, int] = ExpiringCache(ttl_s=60, size=2)
    for name in "abc":
        cache.put(name, 1, read_at=cache.now())
    assert [cache.get(name) for name in "abc"] == [None, 1, 1]
    cache.forget("b")
    assert cache.get("b") is None
    cache.clear()
    assert cache.get("c") is None
