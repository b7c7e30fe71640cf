"""Threads and runs over HTTP."""

from typing import Any

import pytest

from netra.client.errors import ApiError, ConflictingError, MissingError

pytestmark = pytest.mark.protects("W3")


@pytest.mark.protects("W3")
async def test_a_threads_life(live_server: Any, new_user: Any) -> None:
    async with live_server.client(await new_user()) as client:
        thread = await client.post("/v1/threads", {"title": "First"})
        renamed = await client.request("PATCH", f"/v1/threads/{thread['id']}", json={"title": "Second"})
        assert renamed["title"] == "Second"
        snapshot = await client.get(f"/v1/threads/{thread['id']}")
        assert snapshot["thread"] == renamed
        assert [event["type"] for event in snapshot["events"]] == ["state_changed"]
        await client.request("DELETE", f"/v1/threads/{thread['id']}")
        with pytest.raises(MissingError) as gone:
            await client.get(f"/v1/threads/{thread['id']}")
        assert gone.value.code == "thread_not_found"


async def test_threads_are_listed_in_pages(live_server: Any, new_user: Any) -> None:
    async with live_server.client(await new_user()) as client:
        made = [(await client.post("/v1/threads", {"title": f"T{n}"}))["id"] for n in range(5)]
        first = await client.get("/v1/threads", limit=2)
        assert len(first["items"]) == 2
        assert [thread["id"] async for thread in client.pages("/v1/threads", limit=2)] == made[::-1]
        for cursor in ("nonsense", "WyJ4IiwieSJd"):
            with pytest.raises(ApiError) as refused:
                await client.get("/v1/threads", cursor=cursor)
            assert refused.value.code == "invalid_cursor"


async def test_a_run_over_http(live_server: Any, dialogue: Any, new_user: Any, worker: None) -> None:
    user = await new_user()
    async with live_server.client(user) as client:
        body = {"text": "steps=1 pause=30", "client_message_id": "m1"}
        accepted = await client.post("/v1/messages", body)
        assert await client.post("/v1/messages", body) == accepted
        path = f"/v1/threads/{accepted['thread_id']}/messages"
        with pytest.raises(ConflictingError) as busy:
            await client.post(path, {"text": "q", "client_message_id": "m2", "strategy": "reject"})
        assert busy.value.code == "run_in_progress"
        assert busy.value.details == {"run_id": accepted["run_id"]}
        with pytest.raises(ConflictingError, match="used before"):
            await client.post("/v1/messages", {"text": "other", "client_message_id": "m1"})
        run = await client.post(f"/v1/runs/{accepted['run_id']}/cancel")
        assert run["status"] in ("running", "cancelled")
        await dialogue.ended(user.context, accepted["run_id"])
        assert (await client.get(f"/v1/runs/{accepted['run_id']}"))["status"] == "cancelled"


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 422),
        ({"text": "q"}, 422),
        ({"text": "q", "client_message_id": "m", "user_id": "usr_x"}, 422),
        ({"text": "q", "client_message_id": "m", "strategy": "never"}, 422),
        ({"text": " ", "client_message_id": "m"}, 400),
        ({"text": "x" * 100_000, "client_message_id": "m"}, 413),
    ],
)
async def test_a_bad_question_says_why(
    live_server: Any, new_user: Any, body: dict[str, Any], status: int
) -> None:
    async with live_server.client(await new_user()) as client:
        with pytest.raises(ApiError) as refused:
            await client.post("/v1/messages", body)
    assert refused.value.status == status


async def test_a_thread_created_again_with_its_key_is_one_thread(live_server: Any, new_user: Any) -> None:
    async with live_server.client(await new_user()) as client:
        headers = {"Idempotency-Key": "the first"}
        made = [
            await client.request("POST", "/v1/threads", json={"title": "Once"}, headers=headers)
            for _ in range(2)
        ]
        assert made[0] == made[1]
        assert len((await client.get("/v1/threads"))["items"]) == 1
        with pytest.raises(ConflictingError) as reused:
            await client.request("POST", "/v1/threads", json={"title": "Other"}, headers=headers)
        assert reused.value.code == "idempotency_key_reused"
