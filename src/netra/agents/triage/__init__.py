"""Triage: what is asked, and whether the data that exists can carry an answer.

Owns the reading of a question (kind, window, filters, targets) and the decision on sufficiency, which is
made from what the stored data holds and never from the wording. Must not compute any number a user sees.
Lifetime: pure functions and values. Invariant: the same question over the same data gives the same frame.
"""
