"""Format `azure-llm`: the Azure LLM inference traces (TIMESTAMP, ContextTokens, GeneratedTokens).

The traces name no model: give it with `--set provider=... --set model=...`, or leave the calls unpriced.
"""

from netra.usage.importers.formats import ImportFormat
from netra.usage.schema import CALL_COLUMNS

AZURE_LLM = ImportFormat(
    name="azure-llm",
    sink="calls",
    columns=CALL_COLUMNS,
    source_names={"ts": "TIMESTAMP", "input_tokens": "ContextTokens", "output_tokens": "GeneratedTokens"},
    optional=frozenset({"model"}),
)
