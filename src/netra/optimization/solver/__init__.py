"""Constraint solving: the cheapest set of changes that holds to what was asked for, by joint replay.

Must not know how calls are loaded. Invariant: a plan is shown as holding only where every constraint holds in
the replay of the whole set; otherwise it says which cannot and by how much.
"""
