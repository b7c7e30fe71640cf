"""One file a company: its features, what is planted in their traffic, and what cannot be decided from it.

Owns nothing but values. Must not know how traffic is drawn or what a lever is worth. Invariant: the file's
docstring says in words what the answer key says in amounts.
"""
