"""Start-up configuration: the process environment and the settings read from it.

Owns `IsolatedEnvironment`, the only reader of the process environment, and `Settings`, each setting declared
once with its description (`docs/settings.md` is held equal by a test). Must not know any store, nor the
configuration that changes while running (room `settings`). An environment lives as long as its process;
`Settings` is frozen. Invariants: nothing outside this room touches `os.environ`; a secret never shows in a
repr, a log or an error.
"""
