"""Runs: one question carried out, durably, from the message to the terminal event.

Owns sending and cancelling, the run's row, the workflow that carries it out, the engine built for each run,
the durable engine (contained in durability.py) and the workers' heartbeats. Must not know sockets or HTTP
beyond its own endpoints, nor how agents think. Lifetime: services, factories and the workflow live as long
as the process and keep no user's data; an ExecutionEngine lives for one run in one worker. Invariants:
message, run, first event and queued workflow are one transaction; the terminal event, the run's and the
thread's status and the answer are another; every run gets exactly one terminal event, whatever happens; a
worker that has lost its claim writes nothing.
"""
