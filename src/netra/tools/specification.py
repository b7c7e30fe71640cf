"""What a tool is: its name, arguments, permission and body; and what a call of it gives back."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, JsonValue, TypeAdapter, ValidationError

from netra.context.models import UserExecutionContext
from netra.reports.figures import Figure
from netra.tools.errors import ToolArgumentsError
from netra.tools.figure_sheet import FigureSheet

JsonObject = dict[str, JsonValue]


class ToolArguments(BaseModel):
    """Base of every tool's arguments: unknown fields are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class NoArguments(ToolArguments):
    """A tool that needs nothing."""


@dataclass(frozen=True, slots=True)
class ToolCall:
    """What a tool body is given besides its arguments.

    `key` is the same for every attempt of one call: a tool that writes uses it so that a repeated attempt
    writes once. `attachment` is what the run hands along besides the arguments a model chose.
    """

    context: UserExecutionContext
    figures: FigureSheet
    key: str
    attachment: JsonObject | None = None


@dataclass(frozen=True, slots=True)
class ToolResult:
    """A finished call: one sentence for people, data for the agent, and the figures behind both."""

    summary: str
    data: JsonValue = None
    figures: list[Figure] = field(default_factory=list[Figure])


A = TypeVar("A", bound=ToolArguments)


@dataclass(frozen=True, slots=True)
class ToolSpec(Generic[A]):
    """A tool. `permission` is what the caller must be granted; the dispatcher decides, not the tool.

    `timeout_s` bounds one attempt, `timeout_hint` says what to do after it; `attempts` counts tries when a
    store is unavailable. A tool with `needs_approval` changes something outside and runs only after a person
    has agreed.
    """

    name: str
    description: str
    arguments: type[A]
    permission: str
    run: Callable[[ToolCall, A], Awaitable[ToolResult]]
    timeout_s: float = 60.0
    timeout_hint: str = ""
    attempts: int = 3
    needs_approval: bool = False

    def schema(self) -> dict[str, Any]:
        """JSON schema of the arguments, as a model is shown it."""
        return self.arguments.model_json_schema()

    def validate(self, arguments: JsonObject) -> A:
        """Typed arguments; ToolArgumentsError names what does not fit."""
        try:
            return self.arguments.model_validate(arguments)
        except ValidationError as failure:
            problems = [
                f"{'.'.join(str(part) for part in error['loc']) or 'arguments'}: {error['msg']}"
                for error in failure.errors(include_url=False)
            ]
            raise ToolArgumentsError(
                f"{self.name}: " + "; ".join(problems),
                hint=f"it takes {', '.join(self.arguments.model_fields) or 'no arguments'}",
            ) from None


AnyToolSpec = ToolSpec[Any]
_PLAIN: TypeAdapter[JsonValue] = TypeAdapter(JsonValue)


def plain_json(value: object) -> JsonValue:
    """The value as JSON: decimals and dates become strings, models and dataclasses objects."""
    return _PLAIN.validate_python(TypeAdapter[Any](Any).dump_python(value, mode="json"))


def figures_as_json(figures: Sequence[Figure]) -> list[JsonObject]:
    """Figures as events and results carry them."""
    return [figure.model_dump(mode="json") for figure in figures]
