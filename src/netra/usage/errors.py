"""What can be wrong with an import or a question about usage, each with what to do about it."""

from typing import ClassVar

from netra.errors.kinds import ConflictError, InvalidInputError, NotFoundError, UnavailableError


class UnknownFormatError(InvalidInputError):
    """The named import format does not exist."""

    code: ClassVar[str] = "unknown_format"


class UnreadableFileError(InvalidInputError):
    """The file is not what its format promises: binary, wrongly encoded, truncated, or of another kind."""

    code: ClassVar[str] = "unreadable_file"


class EmptyFileError(InvalidInputError):
    """The file holds no rows."""

    code: ClassVar[str] = "empty_file"


class MissingColumnsError(InvalidInputError):
    """The file lacks columns that its format needs; details name them and the columns it has."""

    code: ClassVar[str] = "missing_columns"


class InvalidOptionError(InvalidInputError):
    """A `--set` or `--map` names a column that does not exist or gives it an impossible value."""

    code: ClassVar[str] = "invalid_option"


class ImportRunningError(ConflictError):
    """The same file is being imported into this workspace right now."""

    code: ClassVar[str] = "import_running"


class ImportNotFoundError(NotFoundError):
    """No such import in this workspace."""

    code: ClassVar[str] = "import_not_found"


class CallNotFoundError(NotFoundError):
    """No such call in this workspace."""

    code: ClassVar[str] = "call_not_found"


class UploadBrokenOffError(InvalidInputError):
    """The sender went away before the whole file had arrived; nothing of it was imported."""

    code: ClassVar[str] = "upload_broken_off"


class DiskFullError(UnavailableError):
    """The server cannot keep the upload or the reject file: the disk is full or read-only."""

    code: ClassVar[str] = "disk_full"


class InvalidQueryError(InvalidInputError):
    """The typed query asks for something that cannot be computed."""

    code: ClassVar[str] = "invalid_query"


class RepricingUnfinishedError(UnavailableError):
    """Costs are still being rewritten; nothing is lost, and the same request again finishes it."""

    code = "repricing_unfinished"


class UnreadableInvoiceError(InvalidInputError):
    """The report of a provider is not of the format it is read as."""

    code: ClassVar[str] = "unreadable_invoice"


class TooManyPricesError(InvalidInputError):
    """The calls in question have more different prices than one statement of the store takes."""

    code = "too_many_prices"
