"""Netra Apex: usage of language models in, savings computed, proved, applied and verified.

Each folder below is one room; `ARCHITECTURE.md` walks one message through them.
"""

__version__ = "0.1.0"
