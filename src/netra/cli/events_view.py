"""Events of a run as lines on a terminal, with a status line for what is under way."""

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console
    from rich.status import Status

_LONGEST = 160
_TOOL_MARK = {"ok": "[green]✓[/]", "error": "[red]✗[/]", "timeout": "[yellow]⧗[/]", "denied": "[red]⊘[/]"}


class EventsView:
    """Prints each durable event as one line, indented by delegation; progress moves the status line.

    Use as a context manager. On anything but a terminal only the lines appear.
    """

    def __init__(self, console: "Console") -> None:
        self._console = console
        self._status: Status | None = None
        self._depths: dict[str, int] = {}

    def __enter__(self) -> "EventsView":
        if self._console.is_terminal:
            self._status = self._console.status("Thinking ...")
            self._status.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self.pause()

    def pause(self) -> None:
        """Take the status line away, for a prompt or the answer."""
        if self._status is not None:
            self._status.stop()

    def resume(self) -> None:
        """Bring the status line back."""
        if self._status is not None:
            self._status.start()

    def show(self, frame: Mapping[str, Any]) -> None:
        """Show one frame of the run."""
        data: Mapping[str, Any] = frame["data"]
        if frame["type"] == "progress":
            self._note(_progress_text(data))
            return
        line = self._line(str(frame["type"]), data, frame.get("parent"))
        if line is not None:
            depth = self._depths.get(str(data.get("agent_id")), 0)
            self._console.print("  " * depth + line, no_wrap=True, overflow="ellipsis", crop=True)

    def _line(self, kind: str, data: Mapping[str, Any], parent: str | None) -> str | None:
        match kind:
            case "agent_started":
                depth = 0 if parent is None else self._depths.get(parent, 0) + 1
                self._depths[str(data["agent_id"])] = depth
                plan = " → ".join(str(step) for step in data.get("plan") or ())
                self._note(f"{data['agent']} ...")
                return f"[bold cyan]▶ {data['agent']}[/]" + (f" [dim]{_plain(plan)}[/]" if plan else "")
            case "agent_thinking":
                self._note(_plain(str(data["text"])))
                return f"  [dim]{data['step']}/{data['of']} {_plain(str(data['text']))}[/]"
            case "tool_executing":
                self._note(f"{data['tool']} ...")
                return f"  → {data['tool']} [dim]{_plain(_arguments(data['arguments']))}[/]"
            case "tool_completed":
                mark = _TOOL_MARK.get(str(data["status"]), "?")
                return f"  {mark} {_plain(str(data['summary']))} [dim]{data['ms']} ms[/]"
            case "agent_completed":
                return f"[cyan]■ {data['agent']}[/] {data['outcome']} [dim]{data['ms']} ms[/]"
            case "superseded":
                return f"[yellow]↻ {data['step']} is done again (attempt {data['attempt']})[/]"
            case _:
                return None

    def _note(self, text: str) -> None:
        if self._status is not None:
            self._status.update(text)


def _progress_text(data: Mapping[str, Any]) -> str:
    done, of, unit = data["done"], data.get("of"), data["unit"]
    amount = f"{done:,} of {of:,} {unit}" if of else f"{done:,} {unit}"
    return f"{_plain(str(data['text']))}  {amount}" if data.get("text") else amount


def _arguments(arguments: Mapping[str, Any]) -> str:
    shown = {name: value for name, value in arguments.items() if value not in (None, [], {}, "")}
    return ", ".join(f"{name}={json.dumps(value, ensure_ascii=False)}" for name, value in shown.items())


def _plain(text: str) -> str:
    from rich.markup import escape

    short = " ".join(text.split())
    return escape(short if len(short) <= _LONGEST else short[: _LONGEST - 1] + "…")
