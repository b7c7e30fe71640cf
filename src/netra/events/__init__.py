"""What happened in a thread, in order: the typed events, the durable log, and the write side of live
delivery.

Owns the envelope and payload types of the realtime protocol, the streams (one gapless `seq` per thread),
the log, the fence that lets one writer at a time append for a run, step attempts, the publisher and
UserWebSocketEmitter. Must not know sockets, agents, tools, runs' business or HTTP: it is told what to
append and by whom. Lifetime: EventLog and EventPublisher live as long as the process; an emitter lives for
one run. Invariants: `seq` of a thread counts 1, 2, 3 ... without a hole and is allotted in the appending
transaction; the same (run, step, ordinal, attempt) appended twice gives the first event back; nothing is
published before its commit; after the closing event of a run nothing more is appended for it.
"""
