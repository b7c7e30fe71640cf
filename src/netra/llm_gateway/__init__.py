"""The OpenAI-compatible gateway: forwards to the configured provider and records every call.

Owns the provider's key (nobody else has it), the forwarding and the recording of calls as usage. Must not
know agents or runs: our own agents are callers like any other.
Lifetime: the connection pool and the recorder live as long as the process; a forwarding lives for one
request. Invariants: what the provider answers reaches the caller unchanged, errors included; a call that was
forwarded is recorded even when its caller has gone; a shutdown waits for the records.
"""
