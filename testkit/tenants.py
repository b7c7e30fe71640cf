"""Tenants of identical shape, made through the real API, with a canary in every field."""

import json
import secrets
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from testkit.canaries import Canaries

PASSWORD = "a long enough passphrase 42"
PATIENCE_S = 30.0
ENDED = {"completed", "failed", "timed_out", "cancelled"}
CALLS = 40


@dataclass
class Tenant:
    """A user with a workspace and one of everything in it. `ids` are by prefix of the id."""

    http: httpx.Client
    canaries: Canaries
    email: str
    workspace_name: str
    access_token: str = ""
    api_key: str = ""
    epoch: str = ""
    client_message_id: str = ""
    idempotency_key: str = ""
    app: str = ""
    ids: dict[str, str] = field(default_factory=dict[str, str])

    @property
    def user_id(self) -> str:
        """Whose."""
        return self.ids["usr"]

    @property
    def workspace_id(self) -> str:
        """Where."""
        return self.ids["wsp"]

    def headers(self, **more: str) -> dict[str, str]:
        """Credential and workspace of the tenant's own requests."""
        return {
            "authorization": f"Bearer {self.access_token}",
            "netra-workspace": self.workspace_id,
            **more,
        }

    def call(self, method: str, path: str, **options: Any) -> Any:
        """A request that must succeed; its JSON, or text."""
        headers = self.headers(**options.pop("headers", {}))
        answer = self.http.request(method, path, headers=headers, **options)
        assert answer.is_success, f"{method} {path}: {answer.status_code} {answer.text}"
        is_json = answer.headers.get("content-type", "").startswith("application/json")
        return answer.json() if is_json else answer.text

    def sign_in(self) -> None:
        """A session anew."""
        answer = self.http.post("/v1/auth/sign-in", json={"email": self.email, "password": PASSWORD})
        answer.raise_for_status()
        self.http.cookies.clear()
        self.access_token = self.canaries.keep("access token", answer.json()["access_token"])
        self.ids["usr"] = self.canaries.keep("user id", answer.json()["user"]["id"])

    def ask(self, text: str, *, thread_id: str | None = None) -> dict[str, Any]:
        """Send a question; what was accepted."""
        self.client_message_id = self.canaries.text("client message id")
        body = {"text": text, "client_message_id": self.client_message_id}
        path = f"/v1/threads/{thread_id}/messages" if thread_id else "/v1/messages"
        return self.call("POST", path, json=body)

    def ended(self, run_id: str) -> dict[str, Any]:
        """The run, once it has ended."""
        deadline = time.monotonic() + PATIENCE_S
        while (run := self.call("GET", f"/v1/runs/{run_id}"))["status"] not in ENDED:
            assert time.monotonic() < deadline, f"the run does not end: {run}"
            time.sleep(0.05)
        return run


def new_tenant(http: httpx.Client) -> Tenant:
    """Somebody who signs up, makes a workspace, a key and a thread, and imports usage and evaluations."""
    canaries = Canaries()
    email = f"{canaries.text('email')}@{canaries.text('domain')}.example"
    tenant = Tenant(http, canaries, email, canaries.text("workspace name"))
    body = {"email": email, "password": PASSWORD, "name": canaries.text("user name")}
    http.post("/v1/auth/sign-up", json=body).raise_for_status()
    tenant.sign_in()
    bearer = {"authorization": f"Bearer {tenant.access_token}"}
    made = http.post("/v1/workspaces", json={"name": tenant.workspace_name}, headers=bearer)
    tenant.ids["wsp"] = canaries.keep("workspace id", made.json()["id"])
    key = tenant.call("POST", "/v1/api-keys", json={"name": canaries.text("key name")})
    tenant.ids["key"] = canaries.keep("key id", key["id"])
    tenant.api_key = canaries.keep("key secret", key["key"])
    tenant.idempotency_key = canaries.text("idempotency key")
    thread = tenant.call(
        "POST",
        "/v1/threads",
        json={"title": canaries.text("thread title")},
        headers={"idempotency-key": tenant.idempotency_key},
    )
    tenant.ids["thr"] = canaries.keep("thread id", thread["id"])
    tenant.epoch = canaries.keep(
        "epoch", tenant.call("GET", f"/v1/threads/{thread['id']}")["cursor"]["epoch"]
    )
    _import(tenant)
    _agree_prices(tenant)
    return tenant


def ask_first_question(tenant: Tenant, words: str = "What are the top five cost drivers?") -> None:
    """A question in the tenant's thread, under a canary of its own; the run may still be on its way."""
    accepted = tenant.ask(f"{words} {tenant.canaries.text('question')}", thread_id=tenant.ids["thr"])
    tenant.ids["run"] = tenant.canaries.keep("run id", accepted["run_id"])
    tenant.ids["msg"] = tenant.canaries.keep("message id", accepted["message_id"])


def _agree_prices(tenant: Tenant) -> None:
    """A contract price of the workspace's own, and history priced by it."""
    model = tenant.canaries.text("contract model")
    content = f'[[price]]\nmodel = "{model}"\ninput = "1"\n'
    tenant.call("PUT", "/v1/prices/overrides", json={"content": content})
    tenant.call("POST", "/v1/prices/reprice", params={"apply": True}, json={})


def _import(tenant: Tenant) -> None:
    mint = tenant.canaries
    lines = [json.dumps(row) for row in _calls(tenant)]
    lines.append(json.dumps({"call_id": mint.text("rejected call"), "ts": "never", "model": "gpt-5"}))
    done = _send(tenant, "calls", mint.text("import file name") + ".jsonl", lines)
    assert (done["stored"], done["rejected"]) == (CALLS, 1), done
    tenant.ids["imp"] = mint.keep("import id", done["import_id"])
    group, item = mint.text("evaluation group"), mint.text("evaluation item")
    scores = [
        json.dumps({"item_id": item, "model": mint.text("evaluated model"), "score": 0.5, "group": group})
    ]
    _send(tenant, "evals", mint.text("evaluations file name") + ".jsonl", scores)


def _send(tenant: Tenant, file_format: str, name: str, lines: list[str]) -> dict[str, Any]:
    query = {"format": file_format, "name": name}
    return tenant.call("POST", "/v1/imports", params=query, content="\n".join(lines).encode())


def _calls(tenant: Tenant) -> list[dict[str, Any]]:
    mint = tenant.canaries
    tenant.app = mint.text("app")
    labels = {
        name: mint.text(name)
        for name in ("feature", "user", "api_key_id", "session_id", "trace_id", "reasoning_effort")
    }
    models = [mint.text("model"), "gpt-5"]
    begun = datetime.now(UTC) - timedelta(days=10)
    total, rows = 0, list[dict[str, Any]]()
    for number in range(CALLS):
        tokens = mint.number("input tokens")
        total += tokens
        rows.append(
            {
                "call_id": mint.text("call id"),
                "ts": (begun + timedelta(hours=5 * number)).isoformat(),
                "model": models[number % 2],
                "provider": "openai" if number % 2 else mint.text("provider"),
                "input_tokens": tokens,
                "output_tokens": 100 + secrets.randbelow(100),
                "app": tenant.app,
                "tags": {"team": mint.text("tag")},
                **labels,
            }
        )
    mint.keep("sum of input tokens", str(total))
    tenant.ids["call"] = rows[0]["call_id"]
    return rows
