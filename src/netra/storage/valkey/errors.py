"""Failures of Valkey as callers see them."""

from netra.errors.kinds import UnavailableError


class HotStoreUnavailableError(UnavailableError):
    """Valkey cannot be reached or refuses to write; nothing of record is lost by that."""

    code = "hot_store_unavailable"
