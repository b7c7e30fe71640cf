"""The tool that writes a report.

Owns how the results of a run become a report document. Must not know how a report is rendered.
Lifetime: one specification, built at start. Invariant: a repeated attempt of the same call writes one report.
"""
