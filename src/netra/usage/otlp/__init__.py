"""OTLP traces in: spans of language-model calls, in the dialects that instrumentations speak, become calls.

Owns: the bytes of an export request (protobuf and JSON), which spans are calls, and which attribute of which
dialect means which column. Must not know: stores; rows go to `usage.outbox`. Lifetime: stateless.
Invariants: text of prompts and answers never leaves this room, only digests of it; a span is stored, counted
as ignored, or rejected with a reason; a request is understood whole or refused whole before it is answered.
"""
