"""Format `calls`: our own columns, as JSON lines, CSV or Parquet."""

from netra.usage.importers.formats import ImportFormat
from netra.usage.schema import CALL_COLUMNS

CALLS = ImportFormat(name="calls", sink="calls", columns=CALL_COLUMNS)
