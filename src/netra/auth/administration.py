"""Accounts of the installation, as its owner administers them, and the owner's own beginning."""

import secrets
from dataclasses import dataclass
from datetime import datetime

from netra.auth import opaque
from netra.auth.errors import (
    AccountExistsError,
    InvalidTokenError,
    NotPermittedError,
    UserNotFoundError,
)
from netra.auth.models import Principal, User
from netra.auth.names import normal_email, normal_name
from netra.auth.repository import Account, AccountRepository, ListedAccount
from netra.auth.service import AuthParts, UnifiedAuthenticationService
from netra.auth.workspace_repository import WorkspaceRepository

OWNER_EMAIL = "owner@localhost"
_RENEW_BEFORE_DAYS = 30


@dataclass(frozen=True, slots=True)
class OwnerCredentials:
    """The local owner: account, personal workspace, and the key that the command line of this
    machine uses.
    """

    user: User
    workspace_id: str
    api_key: str
    expires_at: datetime


class AccountAdministration:
    """For the owner of the installation only; every method that takes a principal refuses everybody else."""

    def __init__(
        self, parts: AuthParts, authentication: UnifiedAuthenticationService, *, secret: bytes
    ) -> None:
        self._parts = parts
        self._secret = secret
        self._authentication = authentication

    async def bootstrap_owner(self, existing_key: str | None = None) -> OwnerCredentials:
        """Make the local owner's account at first start, and see to a key that counts for a month at least.

        The password is random and shown to nobody (`reset_password` gives one). `existing_key` is kept when
        it is the owner's and not about to expire; else a new one takes its place.
        """
        async with self._parts.database.transaction() as transaction:
            account = await AccountRepository(transaction).find_installation_owner()
        if account is None:
            await self._create_owner()
            async with self._parts.database.transaction() as transaction:
                account = await AccountRepository(transaction).find_installation_owner()
        if account is None:
            raise UserNotFoundError("the owner's account could not be made", hint="see the log of PostgreSQL")
        key = existing_key if await self._is_fresh(existing_key, account) else None
        if key is None:
            key = await self._parts.keys.issue_owner_key(account.user)
        principal = await self._parts.keys.verify(key)
        async with self._parts.database.transaction() as transaction:
            membership = await WorkspaceRepository(transaction).find(account.user.id, None)
        if membership is None:
            raise UserNotFoundError(
                "the owner's account has no workspace", hint="restore the database from a backup"
            )
        return OwnerCredentials(account.user, membership.workspace_id, key, principal.expires_at)

    async def list_accounts(
        self, principal: Principal, *, after: tuple[datetime, str] | None, limit: int
    ) -> list[ListedAccount]:
        """All accounts in order of creation."""
        await self._check_owner(principal, "account.list")
        async with self._parts.database.transaction() as transaction:
            return await AccountRepository(transaction).accounts(after=after, limit=limit)

    async def create_account(
        self, principal: Principal, *, email: str, name: str | None, password: str
    ) -> User:
        """An account. Raises AccountExistsError, UnacceptablePasswordError."""
        await self._check_owner(principal, "account.create")
        email = normal_email(email)
        self._parts.policy.check(password, email=email)
        shown = normal_name(name or email.partition("@")[0], "a user")
        user = User(self._parts.ids.new("usr"), email, shown)
        if not await self._authentication.add_account(user, await self._parts.hashing.hash(password)):
            raise AccountExistsError("there is an account with this address")
        await self._note(principal, "account.create", user.id)
        return user

    def password_of(self, email: str, seed: str) -> str:
        """The first password of an account that is made with this seed: 22 characters."""
        return opaque.derived_credential("", self._secret, f"{email} {seed}")[:22]

    async def reset_password(self, principal: Principal, user_id: str, password: str | None) -> str:
        """Give an account a new password (random when none is given); its sessions and known devices end."""
        await self._check_owner(principal, "account.password_reset")
        account = await self._account(user_id)
        chosen = password or new_password()
        self._parts.policy.check(chosen, email=account.user.email)
        password_hash = await self._parts.hashing.hash(chosen)
        async with self._parts.database.transaction() as transaction:
            repository = AccountRepository(transaction)
            await repository.set_password(user_id, password_hash, changed=True)
            await repository.forget_devices(user_id)
        await self._parts.sessions.revoke_all(user_id, "password reset")
        await self._note(principal, "account.password_reset", user_id)
        return chosen

    async def set_disabled(self, principal: Principal, user_id: str, *, disabled: bool) -> None:
        """Close an account (its sessions and keys end within seconds), or open it again."""
        await self._check_owner(principal, "account.disable")
        account = await self._account(user_id)
        if account.user.is_installation_owner:
            raise NotPermittedError("the owner of the installation cannot be disabled")
        async with self._parts.database.transaction() as transaction:
            await AccountRepository(transaction).set_disabled(user_id, disabled=disabled)
        if disabled:
            await self._parts.sessions.revoke_all(user_id, "account disabled")
            await self._parts.keys.revoke_of_user(user_id)
        await self._note(principal, "account.disable" if disabled else "account.enable", user_id)

    async def _create_owner(self) -> None:
        password_hash = await self._parts.hashing.hash(new_password())
        user = User(self._parts.ids.new("usr"), OWNER_EMAIL, "Owner", is_installation_owner=True)
        if await self._authentication.add_account(user, password_hash):
            await self._parts.audit.record(
                "account.create", "allowed", actor_user_id=user.id, subject=user.id
            )

    async def _is_fresh(self, key: str | None, account: Account) -> bool:
        if key is None:
            return False
        try:
            principal = await self._parts.keys.verify(key)
        except InvalidTokenError:
            return False
        left = principal.expires_at - datetime.now(principal.expires_at.tzinfo)
        return principal.user_id == account.user.id and left.days >= _RENEW_BEFORE_DAYS

    async def _account(self, user_id: str) -> Account:
        async with self._parts.database.transaction() as transaction:
            account = await AccountRepository(transaction).find_account_by_id(user_id)
        if account is None:
            raise UserNotFoundError("there is no such account")
        return account

    async def _check_owner(self, principal: Principal, action: str) -> None:
        if not principal.is_installation_owner:
            await self._parts.audit.record(action, "denied", actor_user_id=principal.user_id)
            raise NotPermittedError("only the owner of this installation may do this")

    async def _note(self, principal: Principal, action: str, subject: str) -> None:
        await self._parts.audit.record(action, "allowed", actor_user_id=principal.user_id, subject=subject)


def new_password() -> str:
    """A random password with 128 bits in 22 characters."""
    return secrets.token_urlsafe(16)
