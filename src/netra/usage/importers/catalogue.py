"""The import formats by name."""

from netra.usage.errors import UnknownFormatError
from netra.usage.importers.aider_analytics import AIDER_ANALYTICS
from netra.usage.importers.azure_llm import AZURE_LLM
from netra.usage.importers.calls import CALLS
from netra.usage.importers.claude_code import CLAUDE_CODE
from netra.usage.importers.evals import EVALS
from netra.usage.importers.formats import ImportFormat
from netra.usage.importers.helicone import HELICONE
from netra.usage.importers.langfuse import LANGFUSE
from netra.usage.importers.litellm import LITELLM
from netra.usage.importers.mooncake import MOONCAKE
from netra.usage.importers.openai_usage import OPENAI_USAGE

FORMATS: tuple[ImportFormat, ...] = (
    CALLS,
    EVALS,
    AZURE_LLM,
    MOONCAKE,
    AIDER_ANALYTICS,
    CLAUDE_CODE,
    OPENAI_USAGE,
    LANGFUSE,
    HELICONE,
    LITELLM,
)


def get_format(name: str) -> ImportFormat:
    """The format of that name. Raises UnknownFormatError, which lists the names."""
    for known in FORMATS:
        if known.name == name:
            return known
    names = ", ".join(known.name for known in FORMATS)
    raise UnknownFormatError(f"There is no import format {name[:60]!r}.", hint=f"Formats: {names}.")
