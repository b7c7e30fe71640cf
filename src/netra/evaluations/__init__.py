"""Quality scores: one row per (model, group, item) of a workspace.

Owns: the table `evaluations`, its only writer, and the frame of scores that the quality gate reads.
Must not know: how files are parsed and ledgered (`usage`, a sibling; it is handed the writer as a sink),
what a score decides (`optimization`). Lifetime: services live as long as the process, without state.
Invariants: a score lies in 0..1; a (model, group, item) has one score; no query leaves without its
workspace.
"""
