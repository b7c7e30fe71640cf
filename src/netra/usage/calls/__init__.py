"""Single calls: the list behind a figure, and one call with the working of its cost.

`question` is the typed question and its SQL (filters and limits of `usage.conditions`), `working` explains
a stored cost (pure), `service` reads. Must not know tools or agents. Invariants: a list and the sum of the
same filters and range are of the same calls; the parts of a working add up to its sum, and what that
differs from the stored cost by is said.
"""
