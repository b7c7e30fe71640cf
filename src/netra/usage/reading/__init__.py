"""From bytes on disk to frames of source columns with their line numbers, in bounded memory.

Owns: compression, line and record splitting, JSON lines, CSV and Parquet decoding, and the refusal of what is
none of them.
Must not know: what the columns mean.
Lifetime: a reader lives for one pass over one file.
Invariants: chunk borders depend on the file alone, so a second pass sees the same chunks; a line longer than
the cap is rejected without ever being held whole.
"""
