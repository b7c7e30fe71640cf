"""What agents may do: tools, who may use them, and how one call is carried out.

Owns the tool catalogue, the decision whether a call is permitted (UnifiedToolDispatcher) and the mechanics
of one call (ToolExecutionEngine: validation, durable step, timeout, retry, events). Must not know which
agent asks or why, nor any store: a tool body talks to the services of the rooms below.
Lifetime: tool specifications live as long as the process and are immutable; a dispatcher and an engine live
for one run of one user. Invariants: `tool_executing` and `tool_completed` always pair; a tool without a
granted permission never runs.
"""
