"""Synthetic usage: a month of LLM traffic of a fictitious company, with the answer key of what is wrong
with it.

Owns: the companies (`company`, `companies`, named by `profiles`), how their traffic is drawn (`clock`,
`traffic`, `repeats`, `retries`, `naming`), their quality scores (`scores`), what is planted and worth how
much (`answer_key`, `replays`), and the files (`writing`). Must not know:
imports, stores, levers, agents. The files use the public formats `calls` and `evals`; the amounts of the
answer key come from the price catalogue and from this room's own arithmetic, so that they check the levers.
Lifetime: everything is a value; nothing is kept. Invariants: the same profile gives the same bytes; every
amount of the answer key is computed from the calls that were drawn.
"""
