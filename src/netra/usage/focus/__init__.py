"""Calls as FOCUS rows, for the tools of a finance team.

Owns the mapping of a call to the columns of the FinOps Open Cost and Usage Specification (`columns`) and the
export that streams them (`export`). Must not know prices: it exports the cost that is stored.
"""
