"""One analysis: which levers, over which calls, and where it runs.

`analyse` is pure; `job` is what another process can be handed; `runner` decides between this process and one
of its own (`process`) by size and free memory. Must not know who asked or where findings are kept.
"""
