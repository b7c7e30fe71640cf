"""Real SDKs under real instrumentations: our rows have the tokens and the cost that the provider reported.

Each stack makes the same calls in a process of its own, in its own environment, against a scripted provider,
and exports to the served application as its documentation says.
"""

import asyncio
import json
import os
import secrets
import subprocess
from collections import Counter
from dataclasses import asdict, dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import polars as pl
import pytest
from tests.interop.cases import CASES, USUAL, Case

from netra.context.dependencies import build_context
from netra.pricing.catalogue import PriceCatalogue
from netra.usage.outbox.draining import OutboxDrain
from netra.usage.pricing_rows import CallPricer
from netra.usage.writer import complete_calls
from testkit.interop_env import python_of
from testkit.scripted_provider import JsonObject, Reply, ScriptedProvider
from testkit.served_apex import ServedApex

pytestmark = [pytest.mark.protects("W10"), pytest.mark.timeout(300)]

PASSWORD = "a long enough passphrase 42"
STACKS = Path(__file__).parent / "stacks"
COLUMNS = (
    "model", "status", "input_tokens", "cache_read_tokens", "cache_write_tokens", "output_tokens", "cost_usd",
)  # fmt: skip
REFUSALS = {
    400: ("invalid_request_error", "the image is too large"),
    429: ("rate_limit_error", "slow down"),
    500: ("server_error", "something broke"),
    529: ("overloaded_error", "Overloaded"),
}


@dataclass(frozen=True)
class Stack:
    """An instrumentation: its lock, which APIs it covers, and what it does not report as the provider does.

    `unlike` holds for a case the tokens that its spans carry instead; `marked` the cases whose rows say so;
    `twice` names cases whose spans cannot be told to be one call, `silent` APIs whose spans hold no prompts,
    `lost` cases that leave no row: their spans carry no tokens, which is refused and counted, or there is
    none. `calls` are those that are made under it.
    """

    name: str
    lock: str
    apis: tuple[str, ...]
    unlike: dict[str, tuple[int, int, int, int]]
    twice: tuple[str, ...] = ()
    marked: tuple[str, ...] = ()
    silent: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()
    calls: tuple[Case, ...] = USUAL

    @property
    def cases(self) -> list[Case]:
        """The calls that are made under it."""
        return [case for case in self.calls if case.api in self.apis]


FAILED = "responses-failed-stream"
LEFT = ("openai-left", "responses-left")
WITHOUT = ("openai-parse", "openai-left")
INCOMPLETE = "responses-incomplete-stream"
OPENAI = ("openai", "responses", "embeddings")
EVERY = (*OPENAI, "anthropic")
STACKS_UNDER_TEST = (
    # A stream that is left early ends before OpenAI tells its usage; Anthropic begins with that of the input.
    Stack(
        "genai", "requirements", EVERY, {"anthropic-left": (10_281, 10_240, 0, 0)},
        silent=("embeddings",), lost=LEFT, calls=CASES,
    ),
    # What genai was before: its spans of chat completions leave cached tokens out.
    Stack("openai_v2", "requirements-older", ("openai", "embeddings"), {
        "openai-cached": (2_006, 0, 0, 300), "openai-stream": (1_500, 0, 0, 77),
        "openai-async-cached": (3_100, 0, 0, 420), "openai-async-stream": (1_900, 0, 0, 210),
    }, marked=(
        "openai-plain", "openai-cached", "openai-stream", "openai-async-cached", "openai-async-stream",
    ), silent=("embeddings",)),
    # With the lines of docs/ingest.md it says all, in both of its modes.
    Stack(
        "openai_v2_pasted", "requirements-older", ("openai", "embeddings"), {},
        silent=("embeddings",), lost=WITHOUT, calls=CASES,
    ),
    Stack(
        "openai_v2_pasted_default", "requirements-older", ("openai", "embeddings"), {},
        silent=("openai", "embeddings"), lost=WITHOUT, calls=CASES,
    ),
    # The Anthropic SDK reports calls by itself too: failed ones have no answer to tell that both are one.
    # It makes no span of a response that is whole but incomplete.
    Stack(
        "traceloop", "requirements", EVERY, {}, twice=("anthropic-error",), lost=("responses-capped", FAILED)
    ),
    # It reads the usage of a stream of responses only where that ends as completed.
    Stack("openinference", "requirements", EVERY, {}, lost=(INCOMPLETE, FAILED)),
    # Where the end of an Anthropic stream says nothing of the input, it forgets what was cached of it; where
    # a stream of responses does not end as completed, it guesses the tokens by the text, which is not taken.
    Stack("openlit", "requirements-older", EVERY, {
        "anthropic-brief-stream": (17, 0, 0, 92),
    }, lost=(INCOMPLETE, FAILED)),
    Stack("langfuse", "requirements", OPENAI, {}, lost=(FAILED, *LEFT), calls=CASES),
    # Traceloop makes its span of a response once that is there: nothing but the answer's id, which a failed
    # call has not, says that the other was beneath it.
    Stack(
        "traceloop_over_openinference", "requirements", OPENAI, {}, twice=("responses-error",), lost=(FAILED,)
    ),
    Stack("litellm", "requirements-older", EVERY, {}),
)  # fmt: skip


def answer(request: JsonObject) -> Reply:
    """What the provider says to a case, whose name stands in what it was asked."""
    said = str(request.get("messages") or request["input"])
    case = next(one for one in CASES if one.name in said)
    if case.status == 0:
        return Reply(late=True)
    if case.status != 200:
        kind, message = REFUSALS[case.status]
        error: JsonObject = {"type": kind, "message": message}
        return Reply(status=case.status, error={"type": "error", "error": error})
    calls = (("weather", {"city": "Bern"}),) if case.tools else ()
    return Reply(
        text=None if case.tools else "a brief answer", tool_calls=calls, usage=case.usage, ending=case.ending
    )


async def run_calls(stack: Stack, otlp: str, key: str) -> ScriptedProvider:
    """Make every case's call under a stack; the provider afterwards."""
    python = python_of(stack.lock)
    if python is None:
        pytest.skip("the environment is made by `./netra test --category interop`")
    provider = ScriptedProvider(answer)
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(STACKS),
        # These packages look for updates of their price lists when they are imported.
        "LITELLM_LOCAL_MODEL_COST_MAP": "True",
    }
    async with provider.running() as url:
        process = await asyncio.create_subprocess_exec(
            str(python), "-B", str(STACKS / "calls.py"), stack.name, url, otlp, key,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=environment,
        )  # fmt: skip
        cases = [asdict(case) for case in stack.cases]
        told, _ = await process.communicate(json.dumps(cases).encode())
    assert process.returncode == 0, told.decode()
    return provider


def expected(stack: Stack) -> Counter[tuple[Any, ...]]:
    """Rows by COLUMNS, with the cost of the tokens by the catalogue."""
    cases = [case for case in stack.cases if case.name not in stack.lost]
    rows = [(case, *stack.unlike.get(case.name, case.expected)) for case in cases]
    names = ("input_tokens", "cache_read_tokens", "cache_write_tokens", "output_tokens")
    now = pl.Series([1_795_000_000_000_000]).cast(pl.Datetime("us", "UTC"))
    found: Counter[tuple[Any, ...]] = Counter()
    for case, *tokens in rows:
        frame = pl.DataFrame({"ts": now, "call_id": ["x"], "model": [case.model]}).with_columns(
            pl.lit(value).alias(name) for name, value in zip(names, tokens, strict=True)
        )
        cost = CallPricer(PriceCatalogue())(complete_calls(frame))["cost_usd"][0]
        row = (case.model, case.outcome, *tokens, cost)
        found[row] += 2 if case.name in stack.twice else 1
    return found


def new_key(served: ServedApex) -> tuple[str, str]:
    """A key of a new user's workspace, and the user's token."""
    with httpx.Client(base_url=served.url, trust_env=False, timeout=30) as client:
        email = f"interop-{secrets.token_hex(6)}@example.com"
        body = {"email": email, "password": PASSWORD, "name": "Interop"}
        client.post("/v1/auth/sign-up", json=body).raise_for_status()
        token = client.post("/v1/auth/sign-in", json={"email": email, "password": PASSWORD}).json()[
            "access_token"
        ]
        made = client.post("/v1/api-keys", json={"name": "k"}, headers={"authorization": f"Bearer {token}"})
        return made.json()["key"], token


@pytest.mark.parametrize("stack", STACKS_UNDER_TEST, ids=lambda stack: stack.name)
def test_tokens_and_cost_are_the_providers(served: ServedApex, stack: Stack) -> None:
    key, _ = new_key(served)
    provider = asyncio.run(run_calls(stack, served.url, key))
    cases = stack.cases
    asked = {json.dumps(request, sort_keys=True) for request in provider.requests}
    assert len(asked) == len(cases), "each case arrives; a client may try a refused one again"
    calls = served.call(_stored(served, key))
    rows = Counter(tuple(row[name] for name in COLUMNS) for row in calls)
    wanted = expected(stack)
    assert rows == wanted, f"more: {rows - wanted}, fewer: {wanted - rows}"
    marked = [row["input_tokens"] for row in calls if "cached_tokens" in (row["tags"] or "")]
    assert sorted(marked) == sorted(case.expected[0] for case in cases if case.name in stack.marked)
    undigested = [row["model"] for row in calls if row["status"] == "ok" and not row["request_hash"]]
    kept = [case for case in cases if case.outcome == "ok" and case.name not in stack.lost]
    silent = [case.model for case in kept if case.api in stack.silent]
    assert sorted(undigested) == sorted(silent), "prompts leave digests"
    streamed = [row for row in calls if row["streaming"]]
    assert all(row["ttft_ms"] is None or 0 <= row["ttft_ms"] <= row["latency_ms"] for row in streamed)


async def _stored(served: ServedApex, key: str) -> list[dict[str, Any]]:
    apex = served.apex
    await OutboxDrain(apex.stores.sessions, apex.stores.access, apex.savings.call_writer).drain()
    principal = await apex.auth.authentication.verify_bearer(key)
    membership = await apex.auth.workspaces.access_workspace(principal, None)
    context = build_context(principal, membership, request_id="req_interop", settings=apex.settings)
    columns = (*COLUMNS, "tags", "request_hash", "streaming", "ttft_ms", "latency_ms")
    return (await apex.savings.usage.load_calls(context, columns=columns)).to_dicts()


def test_every_case_is_priced_as_its_provider_would() -> None:
    """The golden vector among the cases: what the expectations above are made of."""
    case: Case = next(one for one in CASES if one.name == "anthropic-written")
    rows = expected(Stack("x", "x", ("anthropic",), {}))
    cost = next(row[-1] for row in rows if row[2:6] == case.expected)
    # 3 at 3.00, 12,304 at 3.75, 550 at 15.00 a million
    assert cost == Decimal("0.054399")
