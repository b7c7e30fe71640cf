"""What a playbook sees and answers: the rules that stand in for a language model, as a plain function."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from pydantic import JsonValue

JsonObject: TypeAlias = dict[str, JsonValue]

ANALYST_NAME = "built-in"
"""The name under which the rules answer; here, where it is read without the agents' framework."""


@dataclass(frozen=True, slots=True)
class ToolAnswer:
    """What a tool call of this conversation gave: its content, or the reason why it gave nothing."""

    tool: str
    content: JsonValue
    ok: bool


@dataclass(frozen=True, slots=True)
class PlaybookView:
    """The conversation so far: the brief the agent was given and the answers of its tool calls, in order.

    `corrections` are the reasons for which the last final answers were sent back.
    """

    brief: JsonObject
    answers: tuple[ToolAnswer, ...] = ()
    corrections: tuple[str, ...] = ()

    def of(self, tool: str) -> list[ToolAnswer]:
        """The answers of one tool, in order."""
        return [answer for answer in self.answers if answer.tool == tool]


@dataclass(frozen=True, slots=True)
class CallTools:
    """Call these tools next, in this order: (name, arguments)."""

    calls: tuple[tuple[str, JsonObject], ...]


@dataclass(frozen=True, slots=True)
class Finish:
    """The agent's final, structured answer."""

    output: Mapping[str, JsonValue] = field(default_factory=dict[str, JsonValue])


Playbook: TypeAlias = Callable[[PlaybookView], CallTools | Finish]
