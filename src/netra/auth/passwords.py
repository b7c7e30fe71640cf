"""Passwords: what is accepted, and Argon2id."""

import asyncio
import unicodedata
from concurrent.futures import ThreadPoolExecutor
from importlib.resources import files

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError

from netra.auth.errors import UnacceptablePasswordError
from netra.errors.kinds import LimitExceededError

MINIMUM = 8
MAXIMUM = 1024
_MAX_WAITING = 64


class PasswordPolicy:
    """What a new password must be: 8 characters or more, at most 1024, not one known from breaches."""

    def __init__(self) -> None:
        listed = files("netra.auth").joinpath("breached_passwords.txt").read_text(encoding="utf-8")
        self._breached = frozenset(line for line in listed.splitlines() if not line.startswith("#"))

    def check(self, password: str, *, email: str) -> None:
        """Refuse (UnacceptablePasswordError) a password that should not be used for this account."""
        length = len(normal(password))
        if length < MINIMUM:
            raise UnacceptablePasswordError(
                f"the password has {length} characters, {MINIMUM} are the least",
                hint="15 or more are recommended; a few words are fine",
            )
        if length > MAXIMUM:
            raise UnacceptablePasswordError(f"the password has {length} characters, {MAXIMUM} are the most")
        lowered = normal(password).casefold()
        if lowered in self._breached or lowered in (email, email.partition("@")[0]) or len(set(lowered)) < 3:
            raise UnacceptablePasswordError(
                "this password is among the first that an attacker tries", hint="choose another one"
            )


class PasswordHashing:
    """Argon2id in a small pool of threads of its own: costly on purpose, so it must neither block the event
    loop nor fill it with waiting work.

    46 MiB, one pass, one lane: the first choice of the OWASP password storage cheat sheet.
    """

    def __init__(self, *, threads: int = 2, memory_kib: int = 47104) -> None:
        self._hasher = PasswordHasher(time_cost=1, memory_cost=memory_kib, parallelism=1, type=Type.ID)
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="argon2")
        self._waiting = 0
        self._decoy = self._hasher.hash("a password that nobody has")

    async def hash(self, password: str) -> str:
        """The Argon2id hash (PHC string) of the whole password. Raises LimitExceededError when
        too many wait.
        """
        return await self._run(password, None)

    async def verify(self, password: str, stored: str | None) -> bool:
        """Whether the password fits; with no stored hash the same work is done and the answer is False."""
        return await self._run(password, stored or self._decoy) == "" and stored is not None

    def needs_rehash(self, stored: str) -> bool:
        """Whether the hash was made with other parameters than today's."""
        return self._hasher.check_needs_rehash(stored)

    def close(self) -> None:
        """Stop the threads."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    async def _run(self, password: str, stored: str | None) -> str:
        if self._waiting >= _MAX_WAITING:
            raise LimitExceededError(
                "too many sign-ins at the moment",
                hint="try again in a few seconds",
                details={"retry_after_s": 5},
            )
        self._waiting += 1
        try:
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._pool, self._work, normal(password), stored)
        finally:
            self._waiting -= 1

    def _work(self, password: str, stored: str | None) -> str:
        if stored is None:
            return self._hasher.hash(password)
        try:
            self._hasher.verify(stored, password)
        except (VerificationError, InvalidHashError):
            return "wrong"
        return ""


def normal(password: str) -> str:
    """The password in Unicode form NFC: the same characters typed on another keyboard give the same bytes."""
    return unicodedata.normalize("NFC", password)
