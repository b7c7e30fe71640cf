"""A provider's invoice or usage report against the calls we stored, with every difference explained.

Owns the formats (`reading`), the comparison (`comparing`, pure) and the service that feeds it. Must not know
how a report came here, and stores nothing. Invariant: the causes add up to the difference to the last digit.
"""
