"""Who is asking, in which workspace, thread and run, with which limits.

Owns `UserExecutionContext` and how an HTTP request becomes one. Must not know any store but through `auth`'s
services. A context lives for one request, one socket or one run; it is frozen and can be handed to another
process as JSON. Invariants: nothing that belongs to a user or workspace is read or written without a context;
a child context is a new object that shares nothing mutable with its parent and never has more permissions
than it.
"""
