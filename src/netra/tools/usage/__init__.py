"""Tools that look at usage: what data there is, any typed query, cost drivers, a change between periods,
latency.

Owns how results of the usage room become figures, tables and charts. Must not know agents, nor compute money
itself. Lifetime: specifications are built once at start over the usage service. Invariant: every number
handed out is a figure with its query.
"""
