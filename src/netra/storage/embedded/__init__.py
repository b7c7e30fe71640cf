"""Engines in a data directory: PostgreSQL, Valkey and the analytics process, from the installed packages.

Owns the layout and lock of the data directory, the child processes, their health and their restarts. Must not
know tables, queries or who uses the engines. Lifetime: `running_engines` is entered once by the process that
holds the data directory; when that process ends, in whatever way, its engines end too. Invariants: one
process holds a data directory; an engine's address does not change over a restart; health means that the
process we started answers, not that somebody does; nothing an engine acknowledged is lost by killing it.
"""
