"""Prices over time: stored calls priced again by another catalogue, and what that changes.

Owns the price of a call as SQL (`expression`), the differences by model and day (`differences`) and the
doors to override, compare and re-price (`endpoints`). Must not know how a price is looked up (`pricing`
does). Invariants: the SQL gives exactly what `pricing.cost` gives; history changes only when asked, whole
or not at all.
"""
