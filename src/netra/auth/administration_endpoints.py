"""Accounts of the installation, for its owner."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path

from netra.auth import opaque
from netra.auth.administration import AccountAdministration
from netra.auth.dependencies import PrincipalDependency
from netra.auth.models import Principal
from netra.auth.repository import ListedAccount
from netra.auth.schemas import (
    AccountMadeOut,
    AccountOut,
    AccountRequest,
    DisableRequest,
    PasswordOut,
    PasswordResetRequest,
    UserOut,
)
from netra.http.idempotency import IdempotencyKey, IdempotencyStore
from netra.http.pagination import (
    DEFAULT_LIMIT,
    Cursor,
    InvalidCursorError,
    Limit,
    Page,
    decode_cursor,
    encode_cursor,
    page_of,
)

UserId = Annotated[str, Path(max_length=200)]


def build_administration_router(
    administration: AccountAdministration, idempotency: IdempotencyStore, current: PrincipalDependency
) -> APIRouter:
    """Routes that only the owner of the installation may use."""
    router = APIRouter(tags=["users"], prefix="/v1/users")

    @router.get("", operation_id="list_users")
    async def list_users(
        principal: Annotated[Principal, Depends(current)], cursor: Cursor = None, limit: Limit = DEFAULT_LIMIT
    ) -> Page[AccountOut]:
        after = _position(cursor) if cursor else None
        rows = await administration.list_accounts(principal, after=after, limit=limit + 1)
        kept, following = page_of(rows, limit, _cursor)
        return Page(items=[_account(row) for row in kept], next_cursor=following)

    @router.post("", status_code=201, operation_id="create_user")
    async def create_user(
        body: AccountRequest,
        principal: Annotated[Principal, Depends(current)],
        key: IdempotencyKey = None,
    ) -> AccountMadeOut:
        password = body.password or administration.password_of(body.email, key or opaque.new_seed())

        async def create() -> dict[str, Any]:
            user = await administration.create_account(
                principal, email=body.email, name=body.name, password=password
            )
            return UserOut.of(user).model_dump(mode="json")

        made = await idempotency.answer(
            key,
            create,
            scope=principal.user_id,
            user_id=principal.user_id,
            operation="create_user",
            # Not even a fingerprint of a password that somebody chose is kept.
            request=body.model_dump(mode="json", exclude={"password"}),
        )
        return AccountMadeOut(user=UserOut.model_validate(made), password=password)

    @router.post("/{user_id}/password-reset", operation_id="reset_password")
    async def reset_password(
        user_id: UserId,
        principal: Annotated[Principal, Depends(current)],
        body: PasswordResetRequest | None = None,
    ) -> PasswordOut:
        wanted = body.password if body else None
        return PasswordOut(password=await administration.reset_password(principal, user_id, wanted))

    @router.post("/{user_id}/disable", status_code=204, operation_id="disable_user")
    async def disable_user(
        user_id: UserId, principal: Annotated[Principal, Depends(current)], body: DisableRequest | None = None
    ) -> None:
        await administration.set_disabled(principal, user_id, disabled=body.disabled if body else True)

    return router


def _cursor(row: ListedAccount) -> str:
    return encode_cursor(row.created_at.isoformat(), row.user.id)


def _position(cursor: str) -> tuple[datetime, str]:
    at, user_id = decode_cursor(cursor, str, str)
    try:
        created_at = datetime.fromisoformat(at)
    except ValueError:
        created_at = None
    if created_at is None or created_at.tzinfo is None:
        raise InvalidCursorError("the cursor belongs to another list")
    return created_at, user_id


def _account(row: ListedAccount) -> AccountOut:
    return AccountOut(
        user=UserOut.of(row.user),
        created_at=row.created_at,
        is_disabled=row.is_disabled,
        is_installation_owner=row.user.is_installation_owner,
    )
