"""A provider is configured: the same agents use it through our own gateway, which records what they use."""

import json
from pathlib import Path

import httpx
import pytest

from netra.agents.team import playbooks
from netra.client.asking import ask
from netra.client.http import NetraClient
from testkit.live_server import running_up
from testkit.scripted_provider import JsonObject, Reply, ScriptedProvider, playing

pytestmark = pytest.mark.protects("W19")

PROVIDER_KEY = "sk-the-providers-own-key-0123456789"
CALL = {"ts": "2026-11-03T10:00:00Z", "model": "gpt-4o", "input_tokens": 1000, "output_tokens": 100}


def answering(request: JsonObject) -> Reply:
    """Agents' requests are played by the playbooks; anything else gets a greeting."""
    return playing(playbooks())(request) if request.get("tools") else Reply(text="Good day.")


async def gateway_calls(client: NetraClient) -> dict[str, JsonObject]:
    """Stored calls by model, with their tokens."""
    query = {"measures": ["calls", "input_tokens", "cache_read_tokens"], "dimensions": ["model"]}
    rows = (await client.post("/v1/usage/query", query))["rows"]
    return {row["model"]: row for row in rows}


@pytest.mark.timeout(180)
async def test_agents_and_programs_use_the_provider_through_the_gateway(tmp_path: Path) -> None:
    provider = ScriptedProvider(answering)
    async with provider.running() as base_url:
        settings = {
            "NETRA_LLM_BASE_URL": base_url,
            "NETRA_LLM_API_KEY": PROVIDER_KEY,
            "NETRA_LLM_MODEL": "scripted-1",
        }
        with running_up(**settings) as server:
            owner = json.loads((server.data_dir / "owner.json").read_text(encoding="utf-8"))
            async with NetraClient(server.url, api_key=owner["api_key"]) as client:
                assert (await client.get("/v1/system"))["analyst"] == {
                    "kind": "provider",
                    "model": "scripted-1",
                }
                lines = "\n".join(json.dumps({**CALL, "call_id": f"c{n}"}) for n in range(20))
                await client.stream_progress(
                    "/v1/imports", params={"format": "calls", "name": "c.jsonl"}, content=lines.encode()
                )
                asked = await ask(client, "How many calls by model in all?")
                assert asked.terminal["outcome"] == "completed", asked.terminal
                assert "20" in asked.terminal["message"]
                assert provider.requests
                body = {
                    "model": "scripted-1",
                    "messages": [{"role": "user", "content": "hello"}],
                    "stream": True,
                }
                async with (
                    httpx.AsyncClient(base_url=server.url, trust_env=False) as program,
                    program.stream(
                        "POST",
                        "/openai/v1/chat/completions",
                        json=body,
                        headers={"Authorization": f"Bearer {owner['api_key']}"},
                    ) as response,
                ):
                    assert response.status_code == 200
                    streamed = "".join([text async for text in response.aiter_text()])
                assert "[DONE]" in streamed
                expected = len(provider.requests)
                stored: dict[str, JsonObject] = {}
                while stored.get("scripted-1", {}).get("calls") != expected:
                    stored = await gateway_calls(client)
                assert stored["scripted-1"]["input_tokens"] == 120 * expected
                assert stored["scripted-1"]["cache_read_tokens"] == 100 * expected
            # The provider's key is sent to the provider and stands nowhere else.
            assert set(provider.keys) == {f"Bearer {PROVIDER_KEY}"}
            logs = list(server.data_dir.rglob("*.log"))
            assert not [path for path in logs if PROVIDER_KEY in path.read_text(errors="replace")]
