"""Levers: what a change would have cost on a team's own calls, with a 95 % interval, and whether to do it.

Owns the levers, the replays behind them, the block bootstrap, the quality gate, the order of verdicts, the
joint replay, what-ifs over time and load, and the cache of findings. Must not know agents, reports, HTTP
clients or how calls are stored: `service` asks usage and evaluations for frames; everything else here is
pure, frames in and findings out.
A `Workload` lives for one analysis in one thread and is never shared; levers are stateless and listed in
`registry`. Invariants: money is integer femto-dollars until it is written; the same frame, parameters and
prices give the same findings; calls without a known price are counted and never treated as free; a saving is
shown only with its interval, and savings of several levers only through the joint replay.
"""
