"""Live delivery to browsers and programs over one WebSocket endpoint.

Owns the protocol's client and server frames, the handshake (UnifiedWebSocketAuth), the live sockets with
their bounded queues (UnifiedWebSocketManager), and the way from a published event to the right sockets
(WebSocketEventRouter). Must not know how a run is carried out: it calls the same RunService as HTTP and
reads the event log. Lifetime: manager, router and gate live as long as the process; a Connection lives as
long as its socket. No database session lives as long as a socket. Invariants: nothing is processed before
`ready`; a subscriber gets the events of a thread without a hole and in order, or is told to resynchronise;
every subscribe and command is authorised anew; a slow reader harms only itself.
"""
