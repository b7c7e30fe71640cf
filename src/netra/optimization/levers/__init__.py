"""One file a lever. Each reads a Workload and returns drafts: what would have been, not yet whether to do it.

Owns the definitions of the levers and the words that explain them. Must not know stores, services or
verdicts. Levers are stateless. Invariants: a lever never changes the workload; what it would change is an
`Action`, so that the joint replay can apply several together.
"""
