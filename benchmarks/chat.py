"""`netra bench chat`: a question sent -> its first event -> its end, with the built-in analyst, open loop.

Each of N users of one workspace asks once in a window of ten seconds, at moments drawn before the run,
whether or not earlier questions were answered. Times are taken at the client, over its own WebSocket.
"""

import argparse
import asyncio
import random
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy

from benchmarks.record import record
from benchmarks.server import Server, running_server
from benchmarks.traffic import imported_month
from netra.client.asking import ask
from netra.client.event_stream import EventStream
from netra.client.http import NetraClient

QUESTIONS = (
    "What are the top five cost drivers this month?",
    "Where is the time spent, by model?",
    "Why did spend jump last week?",
    "How many calls and what cost by day?",
    "Which models have no price?",
)
PASSWORD = "a-long-password-of-the-benchmark"


@dataclass(frozen=True)
class Timing:
    """Milliseconds from send to acceptance, to the first agent event and to the terminal event."""

    accepted: float
    first_event: float
    completed: float
    outcome: str


async def timed_ask(client: NetraClient, stream: EventStream, question: str) -> Timing:
    """Ask one question and time what comes."""
    marks: dict[str, float] = {}
    started = time.perf_counter()

    def note(frame: dict[str, Any]) -> None:
        marks.setdefault(frame["type"], (time.perf_counter() - started) * 1000)

    asked = await ask(client, question, stream=stream, on_event=note)
    completed = (time.perf_counter() - started) * 1000
    outcome = str(asked.terminal.get("outcome"))
    return Timing(marks["message_accepted"], marks["agent_started"], completed, outcome)


async def at_its_moment(client: NetraClient, moment: float, question: str) -> Timing:
    """Wait for the moment on an open socket, then ask."""
    async with EventStream(client) as stream:
        await asyncio.sleep(moment)
        return await timed_ask(client, stream, question)


def summarise(timings: list[Timing]) -> dict[str, Any]:
    """p50, p95 and maximum of each mark in milliseconds, and how the runs ended."""
    done = sum(timing.outcome == "completed" for timing in timings)
    result: dict[str, Any] = {"runs": len(timings), "completed": done}
    for mark in ("accepted", "first_event", "completed"):
        values = numpy.array([getattr(timing, mark) for timing in timings])
        p50, p95 = numpy.percentile(values, [50, 95])
        result[f"{mark}_ms"] = {"p50": round(p50, 1), "p95": round(p95, 1), "max": round(values.max(), 1)}
    return result


async def members(server: Server, count: int) -> list[NetraClient]:
    """Sign up `count` users and make them members of the owner's workspace."""
    clients: list[NetraClient] = []
    async with NetraClient(server.url, api_key=server.api_key) as owner:
        workspace = (await owner.get("/v1/me"))["workspaces"][0]["id"]
        for number in range(count):
            email = f"bench-{number}@example.com"
            await owner.post("/v1/users", {"email": email, "password": PASSWORD, "name": f"Bench {number}"})
            invited = await owner.post(
                f"/v1/workspaces/{workspace}/members", {"email": email, "role": "analyst"}
            )
            client = NetraClient(server.url, workspace=workspace)
            await client.sign_in(email, PASSWORD)
            await client.post("/v1/invitations/accept", {"token": invited["token"]})
            clients.append(client)
    return clients


async def measure(server: Server, arguments: argparse.Namespace) -> dict[str, Any]:
    """Import, warm up, then one open-loop window for each number of users and repetition."""
    draw = random.Random(arguments.seed)
    async with NetraClient(server.url, api_key=server.api_key, timeout_s=900) as owner:
        imported = await imported_month(owner, arguments.calls)
        async with EventStream(owner) as stream:
            for question in QUESTIONS:
                await timed_ask(owner, stream, question)
    clients = await members(server, max(arguments.users))
    results: dict[str, Any] = {}
    for users in arguments.users:
        timings: list[Timing] = []
        for _ in range(max(arguments.repeat, -(-arguments.least // users))):
            timings += await asyncio.gather(
                *(
                    at_its_moment(client, draw.uniform(0, arguments.window), draw.choice(QUESTIONS))
                    for client in clients[:users]
                )
            )
        results[str(users)] = summarise(timings)
    for client in clients:
        await client.close()
    return {"calls": imported, "window_seconds": arguments.window, "users": results}


def main() -> None:
    """Run against a server of its own; print and keep the figures."""
    parser = argparse.ArgumentParser(prog="netra bench chat", description=__doc__)
    parser.add_argument("--calls", type=int, default=1_000_000)
    parser.add_argument("--users", type=int, nargs="+", default=[1, 10, 50])
    parser.add_argument("--window", type=float, default=10.0, help="seconds in which each user asks once")
    parser.add_argument("--repeat", type=int, default=2, help="windows for each number of users")
    parser.add_argument("--least", type=int, default=6, help="at least this many runs a row")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="netra-bench-") as scratch,
        running_server(Path(scratch) / "data") as server,
    ):
        payload = asyncio.run(measure(server, arguments))
    users = " ".join(str(number) for number in arguments.users)
    record("chat", payload, f"netra bench chat --calls {arguments.calls} --users {users}")


if __name__ == "__main__":
    main()
