"""The supervised team that answers a question: triage, data, optimization, actions, report.

Owns the blueprints of the agents, their playbooks (the rules of the built-in analyst), the typed results
they hand over and the prose rules. Must not know SQL, sockets, the durable engine or process environment: it
acts through tools and speaks through the run's emitter.
Lifetime: one immutable `pydantic_ai.Agent` per blueprint lives as long as the process; everything else lives
for one run. Invariants: every figure in prose is cited by id and comes from a tool; two runs share no
mutable object.
"""
