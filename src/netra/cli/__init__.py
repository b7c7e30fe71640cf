"""The command line: thin doors that speak to a server over HTTP and WebSocket and show what came back.

Owns: commands, their options, tables and live progress, exit codes. Must not know: stores, services, agents;
no decision about the product is made here. Lifetime: one process, one command; a server that had to be
started lives exactly as long as the command.
Invariants: data goes to standard output, everything else to standard error; exit 0 for success, 2 for bad
usage, 1 for failure, 130 for an interrupt; heavy modules are imported inside a command, never at the top, so
that help is instant.
"""
