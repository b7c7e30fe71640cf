"""Calls on their way: accepted in PostgreSQL, stored in ClickHouse a moment later, exactly once.

Owns: what lies between an accepted batch (an export of spans, a call through the gateway) and its rows in the
call fact; the limit of what may wait; totals and rejects of live ingestion. Must not know dialects or HTTP.
Lifetime: the intake lives with the HTTP process, the drain with the worker; neither holds anything that a
crash loses. Invariants: what was accepted is in the outbox until its rows are stored; batches once put
together for one insert stay together, under one insert token; no text of prompts or answers lies here.
"""
