"""context-growth: input that a session sends again with every call.

Definition. In order of (ts, position), the new tokens of a call are what its input has grown by since the
session's previous call, no less than 0; all of it in the first call and without a session. With `keep`
(default 8,000) a call would send input' = min(input, keep + new); what goes is taken from recorded cache
reads first, then from cache writes, then from plain input. Less context changes answers: recommended only
through the quality gate, with evaluations under MODEL+context-growth.

Source: Anthropic documentation, Context editing (older tool results and turns are cleared from a prompt that
grows with every turn).
"""

import numpy as np
import polars as pl

from netra.optimization.actions import ChangeTokens, Int64, Rows
from netra.optimization.drafts import Draft
from netra.optimization.findings import Instructions, Missing, Snippet
from netra.optimization.levers.changed_answers import gated_drafts, nothing_to_change
from netra.optimization.params import LeverParams
from netra.optimization.workload import Workload

_KEEP = 8_000
_TRIM = """history = messages[1:]
while count_tokens(history) > {keep}:
    history = history[2:]  # oldest question and answer; or replace them by a summary
messages = [messages[0], *history]"""


class ContextGrowth:
    """Prompts of at most `keep` re-sent tokens plus what is new: input' = min(input, keep + new tokens)."""

    name = "context-growth"
    summary = "stop sending the whole history again"
    parameters: dict[str, str] = {
        "keep": "tokens of earlier context a call may carry (default 8,000)",
        "margin": "largest acceptable drop in quality, e.g. 0.02 for 2 points",
        "group": "only evaluated items of this group count",
    }
    columns = ("session_id", "app", "feature")

    def drafts(self, workload: Workload, evaluations: pl.DataFrame, params: LeverParams) -> list[Draft]:
        """One draft a model whose shortened calls are evaluated, one for the rest."""
        if not workload.has_text("session_id"):
            return [
                nothing_to_change(
                    self.name,
                    workload,
                    Missing(
                        what="which calls belong to one conversation (session_id)",
                        how="send session_id with each call, the same for all calls of a conversation",
                    ),
                )
            ]
        keep = params.whole("keep", _KEEP) or _KEEP
        limits = np.minimum(workload.tokens.input, keep + new_tokens(workload))
        cut = workload.tokens.input - limits

        def some(rows: Rows) -> Instructions:
            return _instructions(workload, np.where(rows, cut, 0), keep)

        base = Draft(
            self.name,
            {"keep": str(keep)},
            workload.n,
            _instructions(workload, cut, keep),
            assumptions=[
                f"{int((cut > 0).sum()):,} of {workload.n:,} calls carry more than {keep:,} tokens that "
                f"their session had sent before, {int(cut.sum()):,} tokens in all",
                "new is what a prompt has grown since the session's previous call; the rest was sent before",
                "what is left out is taken to be what the provider's cache held, where one is recorded",
            ],
            latency="lower: shorter prompts are read sooner",
            risk="medium",
            effort="medium",
        )
        return gated_drafts(workload, evaluations, params, ChangeTokens(input_limit=limits), base, some)


def new_tokens(workload: Workload) -> Int64:
    """Input tokens that a call's session had not sent with its previous call (n); all, without a session."""
    sessions = workload.identities("session_id")
    order = np.argsort(sessions, kind="stable")
    ordered, inputs = sessions[order], workload.tokens.input[order]
    goes_on = np.zeros(workload.n, dtype=bool)
    goes_on[1:] = (ordered[1:] == ordered[:-1]) & (ordered[1:] != 0)
    before = np.zeros(workload.n, dtype=np.int64)
    before[1:] = np.where(goes_on[1:], inputs[:-1], 0)
    new = np.empty(workload.n, dtype=np.int64)
    new[order] = np.maximum(inputs - before, 0)
    return new


def _instructions(workload: Workload, cut: Int64, keep: int) -> Instructions:
    top = workload.labels(("app", "feature"), cut > 0)
    names = [" / ".join(labels.values()) for labels, _ in top if labels]
    where = ", ".join(names) if names else "the longest conversations"
    return Instructions(
        summary=f"Keep at most {keep:,} tokens of earlier context in a prompt.",
        steps=[
            f"In {where}, drop or summarise the oldest turns before each call.",
            "Leave out results of tools once they have been used; refer to them by name.",
            "If prompt caching is on, cut rarely and by large steps: each cut makes the cache start anew.",
        ],
        snippet=Snippet(language="python", text=_TRIM.format(keep=keep)),
    )
