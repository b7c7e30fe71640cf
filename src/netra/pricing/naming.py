"""Which listed model a name means, and under which canonical name it is compared.

Names come as the caller sent them: `gpt-4o-2024-08-06`, `anthropic/claude-sonnet-4-5`,
`models/gemini-2.5-pro`, `us.anthropic.claude-sonnet-4-5-20250929-v1:0`, `claude-sonnet-4-5@20250929`.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from netra.pricing.base_catalogue import BaseCatalogue, ListedModel
from netra.pricing.models import CanonicalModel
from netra.pricing.shipped_data import ShippedData

_SNAPSHOT = re.compile(r"(?:[-@]20\d{2}-?\d{2}-?\d{2})(?:-v\d+)?(?::\d+)?$")
_HOSTED_PREFIX = re.compile(r"^(?:[a-z]{2,6}\.)?([a-z0-9-]+)\.(?=[a-z])")


@dataclass(frozen=True, slots=True)
class Located:
    """A name resolved: who bills, the list entry if any, the canonical name, every name it goes by."""

    provider: str | None
    listed: ListedModel | None
    canonical: CanonicalModel
    names: frozenset[str]


class ModelNames:
    """Resolves names over one base catalogue; remembers what it has resolved (names recur by the million)."""

    def __init__(self, base: BaseCatalogue, shipped: ShippedData) -> None:
        self._base = base
        self._shipped = shipped
        self._known: dict[tuple[str, str | None], Located] = {}

    def locate(self, model: str, provider: str | None) -> Located:
        """Resolve a name; an unknown one keeps itself, lower-cased, as its canonical name."""
        key = (model, provider)
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = self._locate(model.strip().lower(), (provider or "").strip().lower())
        return found

    def provider_id(self, name: str) -> str | None:
        """The catalogue's id of a provider under any name gateways and instrumentations use for it."""
        return self._base.provider_id(self._shipped.provider_names.get(name, name))

    def _locate(self, model: str, provider: str) -> Located:
        billing = self.provider_id(provider) if provider else None
        listed = next(self._listed(model, provider, billing), None)
        if listed is not None:
            billing = listed.provider
        maker = self._maker(model, listed)
        name = maker.model if maker is not None else listed.model if listed is not None else model
        biller = billing or provider or None
        names = {model, name, model if listed is None else listed.model}
        return Located(biller, listed, CanonicalModel(biller, name), frozenset(names))

    def _listed(self, model: str, provider: str, billing: str | None) -> Iterator[ListedModel]:
        head, _, rest = model.partition("/")
        if provider and provider != "litellm":
            if billing is None:
                return
            spellings = [model, *([rest] if rest else [])]
            yield from self._in_lists([(billing, name) for name in spellings])
            return
        if rest:
            named = self.provider_id(head)
            yield from self._in_lists([(named, rest)] if named else [])
            if head == "models":
                yield from self._listed(rest, "", None)
            return
        guessed = [(guess, model) for guess in self._base.guess_providers(model)]
        yield from self._in_lists(guessed + [(maker, model) for maker in self._shipped.makers])

    def _in_lists(self, candidates: list[tuple[str, str]]) -> Iterator[ListedModel]:
        for provider, name in candidates:
            for spelling in dict.fromkeys((name, _SNAPSHOT.sub("", name))):
                found = self._base.find(provider, spelling)
                if found is not None:
                    yield found

    def _maker(self, model: str, listed: ListedModel | None) -> ListedModel | None:
        """The maker's own list entry, whoever bills."""
        if listed is not None and listed.provider in self._shipped.makers and "/" not in listed.model:
            own = listed.provider
            if any(guess == own for guess in self._base.guess_providers(listed.model)):
                return listed
        bare = model.rsplit("/", 1)[-1]
        for name in dict.fromkeys((bare, _HOSTED_PREFIX.sub("", bare))):
            guesses = [(g, name) for g in self._base.guess_providers(name) if g in self._shipped.makers]
            found = next(self._in_lists(guesses), None)
            if found is not None:
                return found
        return None
