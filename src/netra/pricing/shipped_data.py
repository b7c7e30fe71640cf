"""The data files that come with the product: cache terms, tier factors, supplements, provider names."""

import tomllib
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from fnmatch import fnmatchcase
from fractions import Fraction
from hashlib import sha256
from importlib.resources import files
from typing import Any

from netra.pricing.models import CacheTerms, CacheTtl, ServiceTier, UsageType

_FILES = ("cache_terms.toml", "tiers.toml", "supplements.toml", "names.toml", "sellers.toml")


@dataclass(frozen=True, slots=True)
class CacheTermsRule:
    """Cache terms of the models a rule covers."""

    providers: frozenset[str]
    models: tuple[str, ...]
    terms: CacheTerms


@dataclass(frozen=True, slots=True)
class TierRule:
    """A service tier sold since an instant: at a factor of the standard price, `like` another tier, or with
    neither at the ratio recorded later.
    """

    provider: str
    tier: ServiceTier
    models: tuple[str, ...]
    since: datetime
    factor: Fraction | None
    like: ServiceTier | None

    def covers(self, provider: str, tier: ServiceTier, model: str, at: datetime) -> bool:
        """Whether it is about a model of that provider, in that tier, at an instant."""
        named = (self.provider, self.tier) == (provider, tier)
        return named and at >= self.since and fits(self.models, model)


@dataclass(frozen=True, slots=True)
class SupplementRule:
    """A usage type priced as a multiple of another one."""

    usage: UsageType
    of: UsageType
    factor: Fraction
    requires: UsageType
    providers: frozenset[str]
    models: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SellerRules:
    """Who really sells a model: lists that offer none, models that only some hold (globs, their providers),
    and models that a maker lists and does not host (globs, the maker).
    """

    no_offer: frozenset[str]
    held: tuple[tuple[tuple[str, ...], frozenset[str]], ...]
    reference: tuple[tuple[tuple[str, ...], str], ...]

    def sells(self, provider: str, model: str) -> bool:
        """Whether a list entry (name without path, region and day) is an offer of the model itself."""
        if provider in self.no_offer:
            return False
        if any(provider == maker and fits(models, model) for models, maker in self.reference):
            return False
        return all(provider in holders for models, holders in self.held if fits(models, model))


@dataclass(frozen=True, slots=True)
class ShippedData:
    """Everything the data files say; `digest` names their content. `uncached`: tiers that give no discount
    for cached input.
    """

    cache_terms: tuple[CacheTermsRule, ...]
    tiers: tuple[TierRule, ...]
    uncached: tuple[TierRule, ...]
    supplements: tuple[SupplementRule, ...]
    provider_names: dict[str, str]
    makers: tuple[str, ...]
    sellers: SellerRules
    digest: str

    def instants(self) -> set[datetime]:
        """Every instant from which a tier is sold or billed in another way."""
        return {rule.since for rule in (*self.tiers, *self.uncached)}


def load_shipped_data() -> ShippedData:
    """Read the package's data files."""
    folder = files("netra.pricing") / "data"
    texts = {name: (folder / name).read_bytes() for name in _FILES}
    terms, tiers, supplements, names, sellers = (tomllib.loads(texts[name].decode()) for name in _FILES)
    return ShippedData(
        cache_terms=tuple(_cache_rule(entry) for entry in terms["terms"]),
        tiers=tuple(_tier_rule(entry) for kind in ("backdate", "factor", "like") for entry in tiers[kind]),
        uncached=tuple(_tier_rule(entry) for entry in tiers["uncached"]),
        supplements=tuple(_supplement_rule(entry) for entry in supplements["supplement"]),
        provider_names=dict(names["providers"]),
        makers=tuple(names["makers"]["order"]),
        sellers=_seller_rules(sellers),
        digest=sha256(b"".join(texts.values())).hexdigest()[:12],
    )


def fits(patterns: tuple[str, ...], model: str) -> bool:
    """Whether a model name fits any of the glob patterns."""
    return any(fnmatchcase(model, pattern) for pattern in patterns)


def utc_midnight(day: date) -> datetime:
    """The instant a date begins in UTC."""
    return datetime.combine(day, time(), UTC)


def _seller_rules(content: dict[str, Any]) -> SellerRules:
    return SellerRules(
        frozenset(content["lists"]["none"]),
        tuple((tuple(entry["models"]), frozenset(entry["providers"])) for entry in content["held"]),
        tuple((tuple(entry["models"]), str(entry["provider"])) for entry in content["reference"]),
    )


def _cache_rule(entry: dict[str, Any]) -> CacheTermsRule:
    ttls = tuple(CacheTtl(t["seconds"], t["write"]) for t in entry["ttls"])
    terms = CacheTerms(entry["min_tokens"], ttls, entry["settable"], entry["automatic"], entry["source"])
    return CacheTermsRule(frozenset(entry["providers"]), tuple(entry["models"]), terms)


def _tier_rule(entry: dict[str, Any]) -> TierRule:
    factor = Fraction(entry["factor"]) if "factor" in entry else None
    return TierRule(
        entry["provider"],
        entry["tier"],
        tuple(entry.get("models", ["*"])),
        utc_midnight(entry["since"]),
        factor,
        entry.get("like"),
    )


def _supplement_rule(entry: dict[str, Any]) -> SupplementRule:
    return SupplementRule(
        entry["usage"],
        entry["of"],
        Fraction(entry["factor"]),
        entry["requires"],
        frozenset(entry["providers"]),
        tuple(entry["models"]),
    )
