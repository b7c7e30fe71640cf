"""How the built-in analyst words an answer from what the specialists handed over."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import cast

from netra.agents.triage.frame import QuestionFrame, UnknownName, Unread
from netra.agents.triage.results import TriageResult
from netra.llm.playbook import JsonObject
from netra.tools.usage.naming import shown

EXAMPLES = (
    "Cut spend by 30 % while quality stays above 80 and p95 below 2 s",
    "Top five cost drivers this month",
    "Why did spend jump last week?",
    "Where is the time, and what would halve the p95?",
    "We expect 50 % more users next month: where do rate limits bite?",
    "Which calls can use a cheaper model?",
    "Audit prompt caching, retries and context growth",
    "What will next month cost with 50 % more users?",
    "Were there any anomalies in spend?",
    "How many calls by model yesterday?",
)
"""Questions of each kind, quoted verbatim."""

_REPORT = "The report has the charts, the steps in full and the query behind every figure."
_SOME = (EXAMPLES[1], EXAMPLES[2], EXAMPLES[0])
_OUTSIDE: dict[Unread, str] = {
    "subject": "That is not about this workspace's LLM usage, so I hold no data that could answer it.",
    "sql": "I run no SQL: questions become typed queries, and each figure shows the SQL that ran for it.",
    "nonsense": "I could not read a question in that.",
    "empty": "There are no words in that to answer.",
    "command": "I only read: I answer from the stored calls, and change, import and delete nothing. Files "
    "come in "
    "and imports are undone on the Usage page (`netra import`, `netra imports undo`); people are let in "
    "on the "
    "Members page (`netra users`); prices change with `netra prices override`.",
    "invoice": "An invoice is not among the stored calls, so I cannot say from here why it differs. Hand "
    "it over: "
    "`netra prices reconcile INVOICE.csv` puts the provider's own figures beside ours and explains the "
    "difference "
    "by model, day and kind of token. Most often it is calls that were never sent here, calls without a "
    "known "
    "price, a contract discount, or days counted in another time zone.",
    "file": "I write no files. Spend as a file: `netra usage --measure cost_usd --by feature --json`; "
    "every call with "
    "its cost: `netra usage export --out usage.csv` (FOCUS); a report: its page saves HTML and JSON.",
    "language": "I read questions in English.",
}
_LANGUAGES = {
    "de": "Ohne angebundenes Sprachmodell lese ich nur Fragen auf Englisch.",
    "fr": "Sans modèle de langage configuré, je ne lis que les questions en anglais.",
    "es": "Sin un modelo de lenguaje configurado solo leo preguntas en inglés.",
    "it": "Senza un modello linguistico configurato leggo solo domande in inglese.",
    "pt": "Sem um modelo de linguagem configurado, só leio perguntas em inglês.",
    "nl": "Zonder ingesteld taalmodel lees ik alleen vragen in het Engels.",
    "ja": "言語モデルが設定されていないため、英語の質問だけを読めます。",
    "zh": "未配置语言模型时\uff0c我只能读懂英文问题。",
    "ko": "언어 모델이 설정되지 않아 영어 질문만 읽을 수 있습니다.",
    "ru": "Без подключённой языковой модели я читаю только вопросы на английском.",
}


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
            return _unread(triage.frame)
        case _:
            pass
    if triage.sufficiency == "insufficient":
        return _insufficient(triage)
    parts = [_left_out(triage.frame), body_of(brief), _REPORT if brief.get("report_id") else ""]
    return "\n\n".join(part for part in parts if part)


def briefs_of(brief: JsonObject) -> list[JsonObject]:
    """The brief of each question: several in `parts`, else the brief itself."""
    parts = brief.get("parts")
    return cast(list[JsonObject], parts) if isinstance(parts, list) else [brief]


def sections_of(briefs: Sequence[JsonObject], body: Callable[[JsonObject], str]) -> str:
    """What `body` says of each question, below the question."""
    said = [shown(brief["question"]) for brief in briefs]
    return "\n\n".join(
        f"**{number}. {text[:1].upper()}{text[1:]}**\n\n{body(brief)}"
        for number, (text, brief) in enumerate(zip(said, briefs, strict=True), 1)
    )


def joint_message(brief: JsonObject) -> str:
    """The answers to several questions in their order; the report, one for all, is named at the end."""
    briefs = briefs_of(brief)
    last = TriageResult.model_validate(briefs[-1]["triage"]).frame
    parts = [sections_of(briefs, _part_of), _unanswered(last)]
    return "\n\n".join(part for part in (*parts, _REPORT if brief.get("report_id") else "") if part)


def _part_of(brief: JsonObject) -> str:
    """The answer to one of several questions, without what is said once for all."""
    frame = TriageResult.model_validate(brief["triage"]).frame
    if frame.kind == "outside" and frame.outside in {None, "subject", "nonsense", "empty"}:
        return "I could not read this as a question about the stored calls."
    return _unread(frame, examples=False) if frame.kind == "outside" else message_of(brief)


def _left_out(frame: QuestionFrame) -> str:
    """Conditions of the question that the answer does not follow, said before it."""
    if not frame.unread:
        return ""
    return f"**Not read: {_quoted(frame.unread)}.** The answer covers the calls without that condition."


def _unanswered(frame: QuestionFrame) -> str:
    """Further questions of the text."""
    if not frame.unanswered:
        return ""
    each = "it" if len(frame.unanswered) == 1 else "them"
    left = _quoted(frame.unanswered)
    return f"That is as much as I answer at a time. Not answered yet: {left}. Ask {each} next."


def _quoted(parts: list[str]) -> str:
    return ", ".join(f"\u201c{shown(part)}\u201d" for part in parts)


def _can_do() -> str:
    questions = "\n".join(f"- {example}" for example in EXAMPLES)
    return (
        "I answer from the calls stored in this workspace, and every number comes with its query. Ask for "
        "example:\n"
        f"{questions}\n\nWhen the data cannot carry an answer I say what is missing and how to send it."
    )


def _unread(frame: QuestionFrame, *, examples: bool = True) -> str:
    """Why there is no answer, and questions that would have one; never more than that."""
    said = _LANGUAGES.get(frame.language or "") or _OUTSIDE[frame.outside or "subject"]
    if not examples:
        return said
    listed = "\n".join(f"- {example}" for example in _SOME)
    return f"{said}\n\nAsk for example:\n{listed}"


def _insufficient(triage: TriageResult) -> str:
    if triage.frame.unknown and all(": it does not occur" in missing.what for missing in triage.missing):
        return "\n".join(_unknown(entry, triage) for entry in triage.frame.unknown)
    lines = [f"- {missing.what}: {missing.how}" for missing in triage.missing]
    said = any("counted back" in missing.what for missing in triage.missing)
    notes = [note for note in triage.notes if not (said and "counted back" in note)]
    return "\n\n".join(["**Insufficient data.** To answer this I need:\n" + "\n".join(lines), *notes])


def _unknown(entry: UnknownName, triage: TriageResult) -> str:
    """A name that does not occur, the names that do, and that nothing was computed in its place."""
    opening = f"**There is no {entry.column} `{entry.name}` in the data**, so I computed nothing."
    if not entry.nearest:
        if entry.column == "team":
            return f"{opening} No call is tagged with a team: send `tags` with `team` in them to ask by it."
        return f"{opening} No call names a {entry.column}: send `{entry.column}` with each call to ask by it."
    listed = ", ".join(f"`{shown(name)}`" for name in entry.nearest)
    return f"{opening} Did you mean one of these: {listed}?"


def body_of(brief: JsonObject) -> str:
    """The findings in order: savings or data first, then what failed or is missing, then assumptions."""
    triage = TriageResult.model_validate(brief["triage"])
    blocks: list[str] = []
    optimization, data = texts(brief, "optimization"), texts(brief, "data")
    first = triage.frame.reprices or (triage.frame.kind == "audit" and triage.frame.levers)
    if optimization and data and first:
        optimization, data = data, optimization
    blocks.append(_lines([*optimization]))
    blocks.append(_lines(data))
    blocks.append(_actions(brief))
    failures = texts(brief, "failures")
    if failures:
        blocks.append("**This answer is partial:**\n" + "\n".join(f"- {text}" for text in failures))
    said = "\n".join(blocks)
    lacking = [missing for missing in triage.missing if not _is_said(missing.what, said)]
    lacking = [] if "(see what is missing)" in said else lacking
    if lacking:
        lines = [f"- {missing.what}: {missing.how}" for missing in lacking]
        blocks.append("What the data lacks for a fuller answer:\n" + "\n".join(lines))
    notes = [*triage.notes, *texts(brief, "assumptions")]
    if notes:
        blocks.append("\n\n".join(notes))
    return "\n\n".join(block for block in blocks if block)


def _is_said(what: str, text: str) -> bool:
    """Whether a gap is named already: by its words, or by the column it is about."""
    column = re.match(r"`(\w+)`", what)
    return what in text or (column is not None and re.search(rf"\b{column.group(1)}\b", text) is not None)


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
