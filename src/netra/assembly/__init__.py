"""The composition root: which parts there are, in which order they start, what each is given.

The only room that may import every other room. It holds no rules of its own. Lifetime: one `Apex` per
process, from `assemble` to the end of its block; what is built later is torn down first. Invariant: a part
gets exactly what it needs by its constructor, never the whole.
"""
