"""UniversalRegistry[T]: named things of one type, registered once and looked up.

Owns registration, factories, tags, validators, freezing. Must not know what is registered. A registry is made
by the composition root and lives as long as its process. Invariants: a name is taken once unless duplicates
are allowed; a frozen registry never changes; every method may be called from any thread.
"""
