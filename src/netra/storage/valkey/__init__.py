"""Valkey: hot keys, streams, publish and subscribe.

Owns the driver and its scripts. Must not know what keys mean or who owns them: `data_access` prefixes and
checks. Lifetime: one HotStore and at most one subscription connection per process. Invariants: nothing
here is the only copy of anything; a call ends within seconds or raises HotStoreUnavailableError; a
subscription that was cut says so by `on_gap`, so that readers fill the gap from the log.
"""
