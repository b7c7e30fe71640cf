"""Threads and their messages.

Owns what a user has asked and been told, in threads: create, list, rename, delete, history. Must not know
how a question is answered (runs, agents) nor who watches (realtime). Lifetime: ThreadService is stateless
and lives as long as the process. Invariants: a thread and its messages belong to one user in one workspace,
and a foreign one answers exactly like one that does not exist; what a thread shows changes only together
with an event of its stream.
"""
