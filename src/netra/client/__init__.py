"""The Python client of Netra Apex: HTTP with typed errors, and a WebSocket that survives being cut.

Owns the connection to a server as the command line, tests and other programs use it. Must not know the
server's rooms or its stores: it speaks the published HTTP and realtime protocol only. Lifetime: one
NetraClient per program or test, closed by its `async with`; an EventStream per live conversation.
Invariants: a problem response always becomes an ApiError with its code; an EventStream yields each durable
event of a thread once and in order, across reconnects; the same `client_message_id` is sent again, never a
new one, on a retry.
"""
