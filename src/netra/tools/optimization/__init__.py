"""Tools that find and combine savings, and say what load and latency allow.

Owns how findings become figures, tables and charts. Must not know agents or how levers compute.
Lifetime: specifications are built once at start. Invariant: a saving is shown with its interval and its
query.
"""
