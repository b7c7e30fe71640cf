"""Ids: typed by prefix, sortable by time, parsed and validated in one place.

Owns the format `<prefix>_<26 lower-case Crockford base32>` (48 bits of milliseconds, 80 bits of randomness).
Must not know what an id names, nor any store. One `UnifiedIDManager` lives as long as its process; it may be
shared by threads and survives a fork. Invariants: ids of one manager strictly increase per process, also when
the clock goes back; ids of two processes differ by 80 random bits.
"""
