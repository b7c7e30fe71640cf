"""What a call costs: the dated price catalogue, local overrides, and exact arithmetic over both.

Owns the resolution of a model name to a billed model, its rates per usage type at an instant, the terms of
provider-side prompt caching, and the conversion between Decimal US dollars and integer femto-dollars
(1e-15 USD, int64). Must not know usage tables or levers; only `workspace_prices` and `repository` know that
a workspace may have prices of its own.
A `PriceCatalogue` never changes once it is built; `version` names its content, so a cache keyed by it is
never stale. Later prices win: list prices, the installation's file, the workspace's document. Invariants:
money is never a float; a price that is not known is None and never zero; multipliers (batch, flex, 1 h
writes) are data with a source, never constants in code; the frame pricing equals the scalar pricing for
every row.
"""
