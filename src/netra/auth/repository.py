"""The SQL of accounts and known devices."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from netra.auth.models import User
from netra.storage.postgres.sessions import Transaction

DEVICE_DAYS = 365


@dataclass(frozen=True, slots=True)
class Account:
    """An account with what only this room may see."""

    user: User
    password_hash: str
    is_disabled: bool


@dataclass(frozen=True, slots=True)
class ListedAccount:
    """An account in the list of the installation owner."""

    user: User
    created_at: datetime
    is_disabled: bool


USER_COLUMNS = "u.id as user_id, u.email, u.name, u.is_installation_owner"


def user_of(row: Any) -> User:
    """The user in a row that selected `USER_COLUMNS`."""
    return User(row.user_id, row.email, row.name, row.is_installation_owner)


class AccountRepository:
    """Accounts and the devices their users signed in on, within one transaction."""

    def __init__(self, transaction: Transaction) -> None:
        self._tx = transaction

    async def add_account(self, user: User, password_hash: str) -> bool:
        """Insert an account; False when the address has one already."""
        made = await self._tx.execute(
            "insert into auth.users (id, email, name, password_hash, is_installation_owner) "
            "values (:id, :email, :name, :hash, :owner) on conflict (email) do nothing returning id",
            {
                "id": user.id,
                "email": user.email,
                "name": user.name,
                "hash": password_hash,
                "owner": user.is_installation_owner,
            },
        )
        return made.one_or_none() is not None

    async def find_account(self, email: str) -> Account | None:
        """The account of an address."""
        return await self._account("u.email = :value", email)

    async def find_account_by_id(self, user_id: str) -> Account | None:
        """The account of an id."""
        return await self._account("u.id = :value", user_id)

    async def set_password(self, user_id: str, password_hash: str, *, changed: bool) -> None:
        """Replace the hash; `changed` when the password is another one, not only its parameters."""
        stamp = ", password_changed_at = now()" if changed else ""
        await self._tx.execute(
            f"update auth.users set password_hash = :hash{stamp} where id = :id",
            {"hash": password_hash, "id": user_id},
        )

    async def add_device(self, token_hash: bytes, user_id: str) -> None:
        """Remember a device on which the user signed in; the oldest beyond twenty are forgotten."""
        await self._tx.execute(
            "insert into auth.devices (token_hash, user_id, expires_at) "
            f"values (:hash, :user, now() + interval '{DEVICE_DAYS} days')",
            {"hash": token_hash, "user": user_id},
        )
        await self._tx.execute(
            "delete from auth.devices where token_hash in (select token_hash from auth.devices "
            "where user_id = :user order by created_at desc offset 20)",
            {"user": user_id},
        )

    async def is_known_device(self, token_hash: bytes, email: str) -> bool:
        """Whether the account's user has signed in on this device."""
        found = await self._tx.execute(
            "select 1 from auth.devices d join auth.users u on u.id = d.user_id "
            "where d.token_hash = :hash and u.email = :email and d.expires_at > now()",
            {"hash": token_hash, "email": email},
        )
        return found.one_or_none() is not None

    async def find_installation_owner(self) -> Account | None:
        """The account that administers this installation."""
        return await self._account("u.is_installation_owner and :value = ''", "")

    async def accounts(self, *, after: tuple[datetime, str] | None, limit: int) -> list[ListedAccount]:
        """Accounts in order of creation, after the one with this (created_at, id)."""
        rows = await self._tx.execute(
            f"select {USER_COLUMNS}, u.created_at, u.disabled_at is not null as is_disabled "
            "from auth.users u where cast(:at as timestamptz) is null "
            "or (u.created_at, u.id) > (cast(:at as timestamptz), :id) "
            "order by u.created_at, u.id limit :limit",
            {"at": after and after[0], "id": after and after[1], "limit": limit},
        )
        return [ListedAccount(user_of(row), row.created_at, row.is_disabled) for row in rows]

    async def set_disabled(self, user_id: str, *, disabled: bool) -> bool:
        """Close or open an account; False when there is none."""
        done = await self._tx.execute(
            "update auth.users set disabled_at = case when :disabled then now() end "
            "where id = :id returning id",
            {"id": user_id, "disabled": disabled},
        )
        return done.one_or_none() is not None

    async def forget_devices(self, user_id: str) -> None:
        """No device of the user is known any more."""
        await self._tx.execute("delete from auth.devices where user_id = :user", {"user": user_id})

    async def _account(self, condition: str, value: str) -> Account | None:
        found = await self._tx.execute(
            f"select {USER_COLUMNS}, u.password_hash, u.disabled_at is not null as is_disabled "
            f"from auth.users u where {condition}",
            {"value": value},
        )
        row = found.one_or_none()
        return None if row is None else Account(user_of(row), row.password_hash, row.is_disabled)
