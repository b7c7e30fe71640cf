"""What can go wrong with a data directory and its engines."""

from netra.errors.kinds import ConflictError, UnavailableError


class DataDirectoryHeldError(ConflictError):
    """Another process holds the data directory. `details`: pid, url, since of the holder where known."""

    code = "data_directory_held"


class DataDirectoryUnusableError(UnavailableError):
    """The data directory cannot be written: read-only, full, or somebody else's."""

    code = "data_directory_unusable"


class EngineStartError(UnavailableError):
    """An engine did not become ready. `details`: engine, log."""

    code = "engine_start_failed"
