"""What every HTTP answer of the product has in common.

Owns problem responses (RFC 9457), the request and trace id of a request, limits on bodies, pages with opaque
cursors, idempotency keys, the rule which web origins may use cookies. Must not know any room's endpoints, nor
who is asking. Everything here lives for one request or as long as the application. Invariants: every error
leaves as a problem with a stable code and a trace id; an unexpected error says nothing of its inside; a body
beyond its limit is never read whole.
"""
