"""Who sells the same model: price list entries of other providers that name exactly the same one.

Canonical names are for joining and may put close relatives together (a distilled, quantised or faster
variant). Here two entries are the same model only if what is left of their names is equal: the seller's path
and region, the day of the snapshot (where that seller lists the name without a day too, the day stays) and
the way to write a version (4.5, 4-5) are taken off, nothing else. A name without a number (`mistral-large`)
means another model every few months, and not everywhere on the same day: it is nobody else's. Which entries
are offers at all is data (`data/sellers.toml`): weights that only their maker and some platforms hold are not
compared with gateways that pass calls on.
"""

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from netra.pricing.shipped_data import SellerRules

_PATH = re.compile(r"^.*/")
_HOSTED = re.compile(r"^(?:[a-z]{2,6}\.)?[a-z][a-z0-9-]*\.(?=[a-z])")
_SNAPSHOT = re.compile(r"[-@](?:20\d{2}-?\d{2}-?\d{2})(?=$|-v\d|:)")
_RELEASE = re.compile(r"-v\d+(?::\d+)?$")
_LATEST = re.compile(r"-(?:latest|0)$")


@dataclass(frozen=True, slots=True)
class Seller:
    """A provider that sells a model, and its own name for it."""

    provider: str
    model: str


class SameModels:
    """Price list entries by the model they name. Built once from all lists; immutable."""

    def __init__(self, listed: Iterable[tuple[str, str]], rules: SellerRules) -> None:
        """`listed`: (provider id, model id) of every entry; `rules`: which of them are offers."""
        pairs = [(provider, model) for provider, model in listed if rules.sells(provider, _undated(model))]
        plain = {(provider, _undated(model)) for provider, model in pairs if _bare(model) == _undated(model)}
        self._names: dict[tuple[str, str], str] = {}
        sellers: dict[str, list[Seller]] = defaultdict(list)
        for provider, model in pairs:
            undated = _undated(model)
            dated_beside_plain = _bare(model) != undated and (provider, undated) in plain
            name = _bare(model) if dated_beside_plain else undated
            self._names[(provider, model)] = name
            sellers[name].append(Seller(provider, model))
        self._sellers = {name: tuple(found) for name, found in sellers.items()}

    def beside(self, provider: str, model: str) -> tuple[Seller, ...]:
        """The other providers that sell the model of a price list entry; empty where nobody else does."""
        name = self._names.get((provider, model), _bare(model))
        if not any(character.isdigit() for character in name):
            return ()
        return tuple(seller for seller in self._sellers.get(name, ()) if seller.provider != provider)


def _bare(model: str) -> str:
    """The name without path, region and release; versions with hyphens."""
    name = _HOSTED.sub("", _PATH.sub("", model.lower().strip()))
    name = _RELEASE.sub("", name)
    return _LATEST.sub("", re.sub(r"(?<=\d)\.(?=\d)", "-", name))


def _undated(model: str) -> str:
    return _LATEST.sub("", _SNAPSHOT.sub("", _bare(model)))
