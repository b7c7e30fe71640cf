"""The limit on guesses at passwords."""

import hashlib
import hmac
from dataclasses import dataclass

from netra.auth.database import AuthDatabaseManager
from netra.auth.errors import TooManyGuessesError

GUESSES_PER_HOUR = 10


@dataclass(frozen=True, slots=True)
class Guess:
    """One attempt that was counted before it was made."""

    id: int


class GuessLimiter:
    """At most ten guesses an hour for an address, over all processes, whether the account exists or not.

    A device on which the account's user has signed in before counts for itself: an attacker who uses up the
    guesses does not lock the user out. The count lives in PostgreSQL beside the accounts: when it is away, so
    are the accounts, and nobody gets in.
    """

    def __init__(self, database: AuthDatabaseManager, *, secret: bytes) -> None:
        self._database = database
        self._secret = secret

    async def take(self, email: str, *, device_hash: bytes | None) -> Guess:
        """Count a guess before it is made. Raises TooManyGuessesError when there is none left."""
        bucket = self._bucket(email, device_hash)
        async with self._database.transaction() as transaction:
            await transaction.execute("select pg_advisory_xact_lock(:key)", {"key": _lock_key(bucket)})
            recent = await transaction.execute(
                "select count(*) as guesses, "
                "extract(epoch from min(at) + interval '1 hour' - clock_timestamp()) as wait_s "
                "from (select at from auth.sign_in_guesses where bucket = :bucket "
                "and at > clock_timestamp() - interval '1 hour') as recent",
                {"bucket": bucket},
            )
            row = recent.one()
            if row.guesses >= GUESSES_PER_HOUR:
                raise TooManyGuessesError(
                    "too many attempts for this address",
                    hint="try again later, or from a device you have signed in on before",
                    details={"retry_after_s": max(1, int(row.wait_s))},
                )
            await transaction.execute(
                "delete from auth.sign_in_guesses where id in (select id from auth.sign_in_guesses "
                "where at < clock_timestamp() - interval '1 hour' "
                "order by id limit 20 for update skip locked)"
            )
            made = await transaction.execute(
                "insert into auth.sign_in_guesses (bucket, at) "
                "values (:bucket, clock_timestamp()) returning id",
                {"bucket": bucket},
            )
            return Guess(made.one().id)

    async def give_back(self, guess: Guess) -> None:
        """The guess was right: it does not count."""
        async with self._database.transaction() as transaction:
            await transaction.execute("delete from auth.sign_in_guesses where id = :id", {"id": guess.id})

    def _bucket(self, email: str, device_hash: bytes | None) -> bytes:
        name = b"account\0" + email.encode() + (b"\0device\0" + device_hash if device_hash else b"")
        return hmac.new(self._secret, name, hashlib.sha256).digest()


def _lock_key(bucket: bytes) -> int:
    return int.from_bytes(bucket[:8], "big", signed=True)
