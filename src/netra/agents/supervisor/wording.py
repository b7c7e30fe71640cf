"""How the built-in analyst words an answer from what the specialists handed over."""

from __future__ import annotations

from typing import cast

from netra.agents.triage.results import TriageResult
from netra.llm.playbook import JsonObject

EXAMPLES = (
    "Cut spend by 30 % while quality stays above 80 and p95 below 2 s",
    "Top five cost drivers this month",
    "Why did spend jump last week?",
    "Where is the time, and what would halve the p95?",
    "We expect 50 % more users next month: where do rate limits bite?",
    "Which calls can use a cheaper model?",
    "Audit prompt caching, retries and context growth",
    "How many calls by model yesterday?",
)
"""Questions of each kind, quoted verbatim."""

_OUTSIDE = (
    "I cannot answer that: I only work on this workspace's LLM usage (spend, tokens, latency, errors, "
    "load, quality "
    "scores) and what could be saved on it."
)


def texts(brief: JsonObject, name: str) -> list[str]:
    """A list of texts of the brief, empty when absent."""
    value = brief.get(name)
    return [str(item) for item in value] if isinstance(value, list) else []


def message_of(brief: JsonObject) -> str:
    """The message to the user."""
    triage = TriageResult.model_validate(brief["triage"])
    match triage.frame.kind:
        case "greeting":
            return f"Hello. {_can_do()}"
        case "capabilities":
            return _can_do()
        case "outside":
            return f"{_OUTSIDE}\n\n{_can_do()}"
        case _:
            pass
    if triage.sufficiency == "insufficient":
        return _insufficient(triage)
    parts = [body_of(brief)]
    if brief.get("report_id"):
        parts.append("The report has the charts, every finding with its query, and the steps in full.")
    return "\n\n".join(part for part in parts if part)


def _can_do() -> str:
    questions = "\n".join(f"- {example}" for example in EXAMPLES)
    return (
        "I answer from the calls stored in this workspace, and every number comes with its query. Ask for "
        "example:\n"
        f"{questions}\n\nWhen the data cannot carry an answer I say what is missing and how to send it."
    )


def _insufficient(triage: TriageResult) -> str:
    lines = [f"- {missing.what}: {missing.how}" for missing in triage.missing]
    return "**Insufficient data.** To answer this I need:\n" + "\n".join(lines)


def body_of(brief: JsonObject) -> str:
    """The findings in order: savings or data first, then what failed or is missing, then assumptions."""
    triage = TriageResult.model_validate(brief["triage"])
    blocks: list[str] = []
    optimization, data = texts(brief, "optimization"), texts(brief, "data")
    blocks.append(_lines([*optimization]))
    if optimization and data:
        blocks.append("**What the spend goes to now**")
    blocks.append(_lines(data))
    blocks.append(_actions(brief))
    failures = texts(brief, "failures")
    if failures:
        blocks.append("**This answer is partial:**\n" + "\n".join(f"- {text}" for text in failures))
    if triage.missing:
        lines = [f"- {missing.what}: {missing.how}" for missing in triage.missing]
        blocks.append("**What the data lacks for a fuller answer**\n" + "\n".join(lines))
    notes = [*triage.notes, *texts(brief, "assumptions")]
    if notes:
        blocks.append("\n".join(f"_{note}_" for note in notes))
    return "\n\n".join(block for block in blocks if block)


def _lines(statements: list[str]) -> str:
    """Statements as paragraphs, with list items kept together."""
    text = ""
    for statement in statements:
        item = statement.lstrip()[:3].rstrip(" ").rstrip(".").isdigit() or statement.startswith("- ")
        text += ("\n" if item else "\n\n") + statement
    return text.strip()


def _actions(brief: JsonObject) -> str:
    """The steps, when they are the answer (a follow-up) or come from no lever."""
    actions = brief.get("actions")
    if not isinstance(actions, list) or not brief.get("show_actions"):
        return ""
    blocks: list[str] = []
    for number, action in enumerate(cast(list[JsonObject], actions), 1):
        steps = "\n".join(f"{index}. {step}" for index, step in enumerate(texts(action, "steps"), 1))
        blocks.append(f"**{number}. {action['title']}**\n{action['why']}\n{steps}".strip())
    return "\n\n".join(blocks)
