"""Asks a question over a WebSocket and shows the run until it ends, is cancelled or left alone."""

import asyncio
import json
import signal
import sys
from collections.abc import Callable, Generator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from netra.cli.failures import INTERRUPTED, CommandError
from netra.cli.output import progress_console

if TYPE_CHECKING:
    from netra.cli.events_view import EventsView
    from netra.client.asking import Asked
    from netra.client.event_stream import EventStream
    from netra.client.http import NetraClient


async def follow(
    client: "NetraClient",
    text: str,
    *,
    thread_id: str | None = None,
    events: Path | None = None,
    quiet: bool = False,
) -> "Asked":
    """Ask and show the run on standard error (not with `quiet`); its events also go to the file `events`.

    CommandError when the user detaches or the file cannot be written; ApiError when the server refuses.
    """
    from netra.cli.events_view import EventsView
    from netra.client.asking import ask
    from netra.client.event_stream import EventStream

    run_id = ""
    with ExitStack() as stack:
        write = _writer(stack, events)
        view = None if quiet else stack.enter_context(EventsView(progress_console()))

        def on_event(frame: dict[str, Any]) -> None:
            nonlocal run_id
            run_id = str(frame["run_id"])
            write(frame)
            if view is not None:
                view.show(frame)

        async with EventStream(client) as stream:
            asking = asyncio.create_task(
                ask(client, text, thread_id=thread_id, on_event=on_event, stream=stream)
            )
            with _interrupts() as interrupted:
                while not await _ended_before(asking, interrupted):
                    await _react(stream, run_id, asking, view)
            return asking.result()


def _writer(stack: ExitStack, events: Path | None) -> Callable[[Mapping[str, Any]], None]:
    if events is None:
        return lambda frame: None
    try:
        file = stack.enter_context(events.open("w", encoding="utf-8"))
    except OSError as failure:
        raise CommandError(f"{events} cannot be written: {failure.strerror}") from failure

    def write(frame: Mapping[str, Any]) -> None:
        if frame["seq"] is not None:
            file.write(json.dumps(frame, ensure_ascii=False) + "\n")
            file.flush()

    return write


@contextmanager
def _interrupts() -> Generator[asyncio.Event]:
    """An event that Ctrl-C sets instead of ending the process."""
    loop, pressed = asyncio.get_running_loop(), asyncio.Event()
    loop.add_signal_handler(signal.SIGINT, pressed.set)
    try:
        yield pressed
    finally:
        loop.remove_signal_handler(signal.SIGINT)


async def _ended_before(asking: "asyncio.Task[Asked]", interrupted: asyncio.Event) -> bool:
    """Wait for the run's end (True) or for Ctrl-C (False)."""
    waiting = asyncio.create_task(interrupted.wait())
    try:
        await asyncio.wait({asking, waiting}, return_when=asyncio.FIRST_COMPLETED)
    except asyncio.CancelledError:
        asking.cancel()
        raise
    finally:
        waiting.cancel()
    interrupted.clear()
    return asking.done()


async def _react(
    stream: "EventStream", run_id: str, asking: "asyncio.Task[Asked]", view: "EventsView | None"
) -> None:
    """Ask what Ctrl-C meant and do it: cancel the run, leave it alone, or go on watching."""
    choice = "cancel"
    if sys.stdin.isatty() and sys.stderr.isatty():
        if view is not None:
            view.pause()
        choice = await asyncio.to_thread(_choose)
        if view is not None:
            view.resume()
    if choice == "cancel":
        if not run_id:
            asking.cancel()
            raise CommandError("interrupted before the question was accepted", code=INTERRUPTED)
        await stream.cancel(run_id)
    elif choice == "detach":
        asking.cancel()
        raise CommandError(
            f"detached; the run {run_id} goes on while a server runs over this data",
            hint="`netra threads list` finds its thread later",
            code=INTERRUPTED,
        )


def _choose() -> str:
    sys.stderr.write("\nInterrupted: [c]ancel the run, [d]etach and let it go on, or [w]ait? [c] ")
    sys.stderr.flush()
    try:
        answer = sys.stdin.readline().strip().lower()[:1]
    except KeyboardInterrupt:
        answer = "c"
    return {"d": "detach", "w": "wait"}.get(answer, "cancel")
