"""API keys: for programs, bound to one workspace, shown once."""

from netra.audit.service import AuditLog
from netra.auth import opaque
from netra.auth.database import AuthDatabaseManager
from netra.auth.errors import ApiKeyNotFoundError, InvalidTokenError, NotPermittedError
from netra.auth.expiring_cache import ExpiringCache
from netra.auth.key_repository import ApiKeyRepository, StoredKey
from netra.auth.models import Membership, Principal, Role, User
from netra.auth.names import normal_name
from netra.auth.permissions import weaker_role
from netra.auth.sessions import STATE_TTL_S
from netra.auth.workspaces import check_unbound
from netra.errors.kinds import InvalidInputError
from netra.ids.manager import UnifiedIDManager

DEFAULT_DAYS = 90
MAX_DAYS = 365
_SHOWN = 10


class ApiKeyService:
    """Makes, lists, revokes and verifies API keys."""

    def __init__(
        self, database: AuthDatabaseManager, ids: UnifiedIDManager, audit: AuditLog, *, secret: bytes
    ) -> None:
        self._database = database
        self._secret = secret
        self._ids = ids
        self._audit = audit
        self._known: ExpiringCache[bytes | str, StoredKey] = ExpiringCache(ttl_s=STATE_TTL_S, size=20_000)

    async def create(
        self,
        principal: Principal,
        membership: Membership,
        *,
        name: str,
        days: int,
        role: Role | None,
        seed: str | None = None,
    ) -> tuple[StoredKey, str]:
        """A key of the user for one workspace, and its secret: `secret_of(id, seed)`, of which only the hash
        is kept, so that it can be told again to nobody but who knows the seed.

        It can do what the user's role there permits, at most what `role` permits. Raises NotPermittedError
        when the caller's own key is bound, InvalidInputError for days outside 1..365.
        """
        check_unbound(principal)
        if not 1 <= days <= MAX_DAYS:
            raise InvalidInputError(f"an API key lives 1 to {MAX_DAYS} days")
        if role is not None and weaker_role(membership.role, role) != role:
            raise NotPermittedError(
                f"your role in this workspace ({membership.role}) grants less than {role}"
            )
        stored, secret = await self._issue(
            principal.user_id, membership.workspace_id, normal_name(name, "a key"), days, role, seed
        )
        await self._audit.record(
            "api_key.create", "allowed", actor_user_id=principal.user_id,
            workspace_id=membership.workspace_id,
            subject=stored.id, details={"days": days, "role": role},
        )  # fmt: skip
        return stored, secret

    def secret_of(self, key_id: str, seed: str) -> str:
        """The secret of a key made with this seed."""
        return opaque.derived_credential(opaque.API_KEY, self._secret, f"{key_id} {seed}")

    async def list_for(self, principal: Principal, membership: Membership) -> list[StoredKey]:
        """The user's own keys of a workspace."""
        async with self._database.transaction() as transaction:
            return await ApiKeyRepository(transaction).of_workspace(
                principal.user_id, membership.workspace_id
            )

    async def revoke(self, principal: Principal, key_id: str) -> None:
        """End one of the user's own keys. Raises ApiKeyNotFoundError, also for somebody else's."""
        if principal.key_id != key_id:
            check_unbound(principal)
        async with self._database.transaction() as transaction:
            ended = await ApiKeyRepository(transaction).revoke(key_id, user_id=principal.user_id)
        self._known.clear()
        outcome = "allowed" if ended else "denied"
        await self._audit.record("api_key.revoke", outcome, actor_user_id=principal.user_id, subject=key_id)
        if not ended:
            raise ApiKeyNotFoundError("there is no such API key")

    async def issue_owner_key(self, owner: User) -> str:
        """The key for the command line of this machine: bound to no workspace, replaces the one before."""
        async with self._database.transaction() as transaction:
            await ApiKeyRepository(transaction).revoke_unbound(owner.id)
        self._known.clear()
        stored, secret = await self._issue(owner.id, None, "local command line", MAX_DAYS, None)
        await self._audit.record("api_key.create", "allowed", actor_user_id=owner.id, subject=stored.id)
        return secret

    async def revoke_of_user(self, user_id: str) -> None:
        """End every key of a user."""
        async with self._database.transaction() as transaction:
            await ApiKeyRepository(transaction).revoke_of_user(user_id)
        self._known.clear()

    async def verify(self, key: str) -> Principal:
        """Who is behind a key. Raises InvalidTokenError when it does not count."""
        stored = await self._find(key) if opaque.looks_like(key, opaque.API_KEY) else None
        if stored is None or not stored.is_good:
            self._audit.note(
                "api_key.verify", "denied", actor_user_id=stored.user.id if stored else None,
                subject=stored.id if stored else None,
            )  # fmt: skip
            raise InvalidTokenError("the API key is not valid", hint="make a new one; keys expire")
        return principal_of(stored)

    async def find_good(self, key_id: str) -> StoredKey | None:
        """The key of an id as long as it counts (as of at most three seconds ago)."""
        stored = self._known.get(key_id)
        if stored is None:
            read_at = self._known.now()
            async with self._database.transaction() as transaction:
                stored = await ApiKeyRepository(transaction).find_by_id(key_id)
            if stored is not None:
                self._known.put(key_id, stored, read_at=read_at)
        return stored if stored is not None and stored.is_good else None

    async def _find(self, key: str) -> StoredKey | None:
        digest = opaque.credential_hash(key)
        known = self._known.get(digest)
        if known is not None:
            return known
        read_at = self._known.now()
        async with self._database.transaction() as transaction:
            stored = await ApiKeyRepository(transaction).find_by_hash(digest)
        if stored is not None:
            self._known.put(digest, stored, read_at=read_at)
        return stored

    async def _issue(
        self,
        user_id: str,
        workspace_id: str | None,
        name: str,
        days: int,
        role: Role | None,
        seed: str | None = None,
    ) -> tuple[StoredKey, str]:
        key_id = self._ids.new("key")
        secret = self.secret_of(key_id, seed or opaque.new_seed())
        values = {
            "id": key_id,
            "user_id": user_id,
            "workspace_id": workspace_id,
            "name": name,
            "display": secret[:_SHOWN],
            "key_hash": opaque.credential_hash(secret),
            "role_limit": role,
            "days": days,
        }
        async with self._database.transaction() as transaction:
            return await ApiKeyRepository(transaction).add(values), secret


def principal_of(stored: StoredKey) -> Principal:
    """Who acts when this key is presented."""
    return Principal(
        user_id=stored.user.id,
        email=stored.user.email,
        kind="api_key",
        session_id=None,
        workspace_id=stored.workspace_id,
        expires_at=stored.expires_at,
        key_id=stored.id,
        role_limit=stored.role_limit,
        is_installation_owner=stored.user.is_installation_owner and stored.workspace_id is None,
    )
