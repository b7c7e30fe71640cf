"""What providers call the tiers of service: the words that are known, for all ways in."""

from __future__ import annotations

from collections.abc import Mapping

KNOWN_TIERS: Mapping[str, str] = {
    "standard": "standard",
    "default": "standard",
    "auto": "standard",
    "standard_only": "standard",
    "on_demand": "standard",
    "batch": "batch",
    "flex": "flex",
    "priority": "priority",
}
"""Words of OpenAI, Anthropic, Amazon and Groq, in lower case; `auto` and `standard_only` are only asked for:
the answer says where it was another tier. Others (`scale`, `performance`, `reserved`) have prices that no
list tells.
"""
