"""What the built-in analyst says about the price list."""

from __future__ import annotations

from netra.reports.citations import cite
from netra.tools.usage.outputs import PriceBand, PriceList, PricesOutput
from netra.tools.usage.prices_tool import PER


def price_statements(output: PricesOutput) -> list[str]:
    """Each model's prices by kind of token; a model nobody publishes a price for is said to have none."""
    return [line for entry in output.models for line in _listed(entry)]


def _listed(entry: PriceList) -> list[str]:
    if not entry.bands:
        return [
            f"**{entry.model}** has no known price: its calls are unpriced, never free. Add a [[price]] "
            f"for it "
            "with `netra prices override`."
        ]
    first = entry.bands[0]
    by = f" at {entry.provider}" if entry.provider else ""
    lines = [f"{PER} of **{entry.model}**{by} cost today:"]
    lines += [f"- {words}: {cite(figure)}" for words, figure in first.figures.items()]
    lines += [f"- {_name(band)}: {_short(band)}" for band in entry.bands[1:]]
    source = f" (source: {entry.source})" if entry.source else ""
    lines.append(f"That is the price list in force for this workspace{source}, not what your calls came to.")
    return lines


def _name(band: PriceBand) -> str:
    return " ".join(
        part for part in (band.above if band.tier == "standard" else f"{band.tier} tier",) if part
    )


def _short(band: PriceBand) -> str:
    named = {words.split(",")[0]: figure for words, figure in band.figures.items() if "cache" not in words}
    return ", ".join(f"{words} {cite(figure)}" for words, figure in named.items())
