"""Prompts as vectors, on the machine where the prompts are: only the vectors travel.

Owns the reading of a sentence embedding model that a package ships, and files of calls in which the prompt is
replaced by its vector. Must not know stores, servers or levers. An `Encoder` holds 90 MB of weights, is built
once per command and not shared between threads. Invariants: the text of a prompt is never written; the same
text gives the same vector.
"""
