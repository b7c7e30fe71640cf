"""The context: frozen, derived, carried over processes."""

import dataclasses
import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netra.auth.models import Membership, Principal
from netra.auth.permissions import permissions_of
from netra.config.settings import Settings
from netra.context.dependencies import build_context
from netra.context.models import (
    InvalidContextError,
    MissingPermissionError,
    RunLimits,
    UserExecutionContext,
)


def make(**changes: Any) -> UserExecutionContext:
    values: dict[str, Any] = {
        "user_id": "usr_1",
        "workspace_id": "wsp_1",
        "role": "analyst",
        "request_id": "req_1",
        "permissions": permissions_of("analyst"),
        **changes,
    }
    return UserExecutionContext(**values)


def test_a_context_is_frozen() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        make().user_id = "usr_2"  # type: ignore[misc]


@pytest.mark.parametrize("field", ["user_id", "workspace_id", "request_id"])
def test_nobody_and_nowhere_are_refused(field: str) -> None:
    with pytest.raises(InvalidContextError, match=field):
        make(**{field: ""})


def test_a_child_keeps_who_and_where_and_changes_the_rest() -> None:
    parent = make()
    child = parent.child(thread_id="thr_1", run_id="run_1", limits=RunLimits(max_depth=1))
    assert (child.user_id, child.workspace_id, child.thread_id, child.run_id) == (
        "usr_1", "wsp_1", "thr_1", "run_1",
    )  # fmt: skip
    assert parent.thread_id is None
    assert child.limits.max_depth == 1


@pytest.mark.parametrize("field", ["user_id", "workspace_id", "role", "version"])
def test_a_child_cannot_become_somebody_else(field: str) -> None:
    with pytest.raises(InvalidContextError, match=field):
        make().child(**{field: "other"})


def test_permissions_can_only_shrink() -> None:
    parent = make()
    assert parent.child(permissions=frozenset({"usage:read"})).permissions == {"usage:read"}
    with pytest.raises(InvalidContextError, match="more permissions"):
        parent.child(permissions=permissions_of("owner"))


def test_a_missing_permission_says_whom_to_ask() -> None:
    context = make()
    context.check_permission("usage:write")
    with pytest.raises(MissingPermissionError) as refused:
        context.check_permission("members:manage")
    assert refused.value.details == {"permission": "members:manage"}
    assert "owner or admin" in (refused.value.hint or "")


@given(
    st.builds(
        RunLimits,
        timeout_s=st.floats(min_value=0.1, max_value=1e6),
        max_tokens=st.integers(min_value=0, max_value=10**9),
        max_cost_usd=st.decimals(min_value=0, max_value=10**6, places=6),
    ),
    st.none() | st.text(min_size=1, max_size=20),
)
def test_a_context_survives_the_way_through_json(limits: RunLimits, thread: str | None) -> None:
    context = make(limits=limits, thread_id=thread)
    assert UserExecutionContext.from_dict(json.loads(json.dumps(context.to_dict()))) == context


def test_money_stays_exact_on_the_way() -> None:
    context = make(limits=RunLimits(max_cost_usd=Decimal("0.1")))
    assert context.to_dict()["limits"]["max_cost_usd"] == "0.1"


@pytest.mark.parametrize(
    "damage",
    [
        {"version": 2}, {"version": None}, {"role": "root"}, {"limits": {}}, {"limits": None},
        {"surprise": 1}, {"user_id": ""}, {"permissions": None},
        {"limits": {"max_cost_usd": "much"}},
    ],
)  # fmt: skip
def test_a_damaged_context_is_refused(damage: dict[str, Any]) -> None:
    with pytest.raises(InvalidContextError):
        UserExecutionContext.from_dict({**make().to_dict(), **damage})


@pytest.mark.parametrize("field", ["user_id", "limits", "permissions", "role", "version"])
def test_a_context_that_lacks_a_field_is_refused(field: str) -> None:
    values = make().to_dict()
    del values[field]
    with pytest.raises(InvalidContextError):
        UserExecutionContext.from_dict(values)


def test_a_request_becomes_a_context_with_the_roles_permissions() -> None:
    principal = Principal("usr_1", "a@b", "session", "ses_1", None, expires_at=None)  # type: ignore[arg-type]
    context = build_context(
        principal,
        Membership("wsp_9", "team", "viewer"),
        request_id="req_1",
        settings=Settings(timezone="Europe/Berlin", run_timeout_s=7),
    )
    assert (context.user_id, context.workspace_id, context.role) == ("usr_1", "wsp_9", "viewer")
    assert context.permissions == permissions_of("viewer")
    assert (context.timezone, context.limits.timeout_s) == ("Europe/Berlin", 7.0)
