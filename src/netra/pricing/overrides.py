"""Local prices in TOML: contract prices and discounts with effective dates.

    [[price]]
    provider = "anthropic"            # glob, optional
    model = "claude-sonnet-4-5"       # glob on the name as sent, the listed name or the canonical name
    from = 2026-01-01                 # optional, inclusive, UTC
    until = 2027-01-01                # optional, exclusive
    tier = "standard"                 # optional
    input = "2.40"                    # USD per million tokens, as strings; also cache_read, cache_write,
    output = "12.00"                  # cache_write_1h, reasoning
    long_context = [{ above = 200000, input = "4.80", output = "18.00" }]

    [[discount]]
    provider = "openai"
    percent = "10"

    [[capacity]]                      # what provisioned throughput costs, for the commitment lever
    provider = "azure"
    model = "gpt-4o"
    usd_per_hour = "1.00"             # of one unit; a monthly price over 730
    tokens_per_minute = 2500          # that one unit carries, in input tokens
    min_units = 15                    # optional, also step, output_weight, cached_weight

A price names only what differs from the list. Among several that fit, the last one in the file counts.
Discounts come after prices; all that fit are applied one after the other, but not to capacity.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal, InvalidOperation
from fnmatch import fnmatchcase
from fractions import Fraction
from hashlib import sha256
from importlib.resources import files
from pathlib import Path
from typing import Any, cast

from netra.pricing.errors import PriceOverridesError
from netra.pricing.models import TIERS, USAGE_TYPES, RateCard, ServiceTier, Steps, UsageType
from netra.pricing.shipped_data import utc_midnight

_SCOPE_KEYS = frozenset({"provider", "model", "from", "until", "tier", "note"})
_RECURRING_KEYS = frozenset({"weekdays", "hours"})
_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@dataclass(frozen=True, slots=True)
class Recurrence:
    """Weekdays (Monday is 0) and times of day (UTC; empty: all of them) at which an entry holds."""

    weekdays: frozenset[int]
    hours: tuple[tuple[time, time], ...]

    def holds(self, at: datetime) -> bool:
        """Whether it holds at an instant."""
        utc = at.astimezone(UTC)
        timely = not self.hours or any(begin <= utc.time() < end for begin, end in self.hours)
        return timely and utc.weekday() in self.weekdays


@dataclass(frozen=True, slots=True)
class Scope:
    """Which calls an entry is about, and where the entry stands."""

    provider: str
    model: str
    since: datetime | None
    until: datetime | None
    origin: str
    recurs: Recurrence | None = None

    def covers(self, provider: str | None, names: frozenset[str], at: datetime) -> bool:
        """Whether it applies to a call billed by `provider`, known under any of `names`, at an instant."""
        if self.since is not None and at < self.since:
            return False
        if self.until is not None and at >= self.until:
            return False
        if self.recurs is not None and not self.recurs.holds(at):
            return False
        return self.names(provider, names)

    def names(self, provider: str | None, names: frozenset[str]) -> bool:
        """Whether it is about a model billed by `provider`, known under any of `names`, at some time."""
        if self.provider != "*" and not fnmatchcase(provider or "", self.provider):
            return False
        return any(fnmatchcase(name, self.model) for name in names)


@dataclass(frozen=True, slots=True)
class ContractPrice:
    """A price that replaces the listed one for the usage types it names."""

    scope: Scope
    tier: ServiceTier
    card: RateCard


@dataclass(frozen=True, slots=True)
class Discount:
    """A share off every price; `factor` is what remains, e.g. 9/10."""

    scope: Scope
    factor: Fraction
    percent: Decimal


@dataclass(frozen=True, slots=True)
class CapacityPrice:
    """Provisioned throughput of a model: dollars a unit and hour, input tokens that a unit carries in a
    minute, the least number of units and the steps above it. Output tokens count `output_weight` times (None:
    as the prices of output and input are to each other), cache reads `cached_weight` times.
    """

    scope: Scope
    usd_per_hour: Decimal
    tokens_per_minute: int
    min_units: int
    step: int
    output_weight: Decimal | None
    cached_weight: Decimal


@dataclass(frozen=True, slots=True)
class PriceOverrides:
    """The content of one overrides file; `digest` names it."""

    name: str
    prices: tuple[ContractPrice, ...]
    discounts: tuple[Discount, ...]
    digest: str
    capacities: tuple[CapacityPrice, ...] = ()

    def over(self, other: "PriceOverrides") -> "PriceOverrides":
        """Both together: these prices win over `other`'s, discounts of both apply."""
        if not self.digest or not other.digest:
            return self if self.digest else other
        names, digests = f"{other.name} + {self.name}", f"{other.digest}.{self.digest}"
        return PriceOverrides(
            names,
            other.prices + self.prices,
            other.discounts + self.discounts,
            digests,
            other.capacities + self.capacities,
        )

    def instants(self) -> set[datetime]:
        """Every instant at which an entry begins or ends."""
        scopes = [p.scope for p in self.prices] + [d.scope for d in self.discounts]
        return {i for s in scopes for i in (s.since, s.until) if i is not None}

    def recurring(self, provider: str, model: str) -> list[Recurrence]:
        """On which weekdays and at which hours its prices of a model hold, where they do not hold always."""
        names = frozenset([model])
        fitting = (price.scope for price in self.prices if price.scope.names(provider, names))
        return [scope.recurs for scope in fitting if scope.recurs is not None]


NO_OVERRIDES = PriceOverrides("", (), (), "")


def load_overrides(path: Path | None) -> PriceOverrides:
    """Read an overrides file. Raises PriceOverridesError that names the entry at fault."""
    if path is None:
        return NO_OVERRIDES
    try:
        text = path.read_bytes().decode()
    except (OSError, UnicodeDecodeError) as error:
        raise PriceOverridesError(f"{path}: {error}", hint="expected a TOML file of prices") from error
    return parse_overrides(text, path.name)


def load_corrections() -> PriceOverrides:
    """What the shipped data corrects in the list prices of the base catalogue."""
    name = "corrections.toml"
    text = (files("netra.pricing") / "data" / name).read_text(encoding="utf-8")
    return parse_overrides(text, name, recurring=True)


def parse_overrides(text: str, name: str, *, recurring: bool = False) -> PriceOverrides:
    """The entries of a TOML text; `recurring`: prices may be of some `weekdays` and `hours`.

    Raises PriceOverridesError that names `name` and the entry at fault.
    """
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise PriceOverridesError(f"{name}: {error}", hint="expected a TOML file of prices") from error
    unknown = set(content) - {"price", "discount", "capacity"}
    if unknown:
        raise PriceOverridesError(
            f"{name}: unknown section {sorted(unknown)[0]!r}",
            hint="use [[price]], [[discount]] and [[capacity]]",
        )
    known = _SCOPE_KEYS | _RECURRING_KEYS if recurring else _SCOPE_KEYS
    prices = tuple(
        _price(e, f"{name}: price {n}", known) for n, e in enumerate(_section(content, "price", name), 1)
    )
    discounts = tuple(
        _discount(e, f"{name}: discount {n}") for n, e in enumerate(_section(content, "discount", name), 1)
    )
    capacities = tuple(
        _capacity(e, f"{name}: capacity {n}") for n, e in enumerate(_section(content, "capacity", name), 1)
    )
    digest = sha256(text.encode()).hexdigest()[:12] if prices or discounts or capacities else ""
    return PriceOverrides(name, prices, discounts, digest, capacities)


def _section(content: Mapping[str, Any], section: str, name: str) -> list[dict[str, Any]]:
    entries: object = content.get(section, [])
    tables = isinstance(entries, list) and all(isinstance(e, dict) for e in cast("list[object]", entries))
    if not tables:
        raise PriceOverridesError(
            f"{name}: {section} is no list of entries", hint=f"write [[{section}]], with two brackets"
        )
    return cast("list[dict[str, Any]]", entries)


def _price(entry: Mapping[str, Any], where: str, known: frozenset[str]) -> ContractPrice:
    _check_keys(entry, known | set(USAGE_TYPES) | {"long_context"}, where)
    tier = entry.get("tier", "standard")
    if tier not in TIERS:
        raise PriceOverridesError(f"{where}: unknown tier {tier!r}", hint=f"one of {', '.join(TIERS)}")
    further = _section(entry, "long_context", where)
    for step in further:
        _check_keys(step, {"above"} | set(USAGE_TYPES), f"{where}: long_context")
        if not set(step) & set(USAGE_TYPES):
            raise PriceOverridesError(
                f"{where}: a long_context step names no price", hint=f"one of {', '.join(USAGE_TYPES)}"
            )
    card: dict[UsageType, Steps] = {}
    for usage in USAGE_TYPES:
        steps: list[tuple[int, Decimal]] = []
        if usage in entry:
            steps.append((-1, _decimal(entry[usage], f"{where}: {usage}")))
        for step in further:
            if usage in step:
                if not steps:
                    raise PriceOverridesError(f"{where}: long_context names {usage} without a base price")
                steps.append((_above(step, where), _decimal(step[usage], f"{where}: long_context {usage}")))
        if steps:
            card[usage] = tuple(sorted(steps))
    if not card:
        raise PriceOverridesError(f"{where}: names no price", hint=f"one of {', '.join(USAGE_TYPES)}")
    return ContractPrice(_scope(entry, where), tier, card)


def _discount(entry: Mapping[str, Any], where: str) -> Discount:
    _check_keys(entry, (_SCOPE_KEYS - {"tier"}) | {"percent"}, where)
    percent = _decimal(entry.get("percent"), f"{where}: percent")
    if percent > 100:
        raise PriceOverridesError(f"{where}: {percent} % is more than the whole price")
    return Discount(_scope(entry, where), 1 - Fraction(percent) / 100, percent)


def _capacity(entry: Mapping[str, Any], where: str) -> CapacityPrice:
    known = {"usd_per_hour", "tokens_per_minute", "min_units", "step", "output_weight", "cached_weight"}
    _check_keys(entry, (_SCOPE_KEYS - {"tier"}) | known, where)
    weight = entry.get("output_weight")
    return CapacityPrice(
        _scope(entry, where),
        _decimal(entry.get("usd_per_hour"), f"{where}: usd_per_hour"),
        _whole(entry.get("tokens_per_minute"), f"{where}: tokens_per_minute"),
        _whole(entry.get("min_units", 1), f"{where}: min_units"),
        _whole(entry.get("step", 1), f"{where}: step"),
        None if weight is None else _decimal(weight, f"{where}: output_weight"),
        _decimal(entry.get("cached_weight", 0), f"{where}: cached_weight"),
    )


def _whole(value: object, where: str) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise PriceOverridesError(f"{where}: {value!r} is no positive whole number")
    return value


def _scope(entry: Mapping[str, Any], where: str) -> Scope:
    for key in ("provider", "model"):
        if not isinstance(entry.get(key, "*"), str):
            raise PriceOverridesError(f"{where}: {key} is no text", hint=f'write {key} = "gpt-*"')
    since, until = (
        _instant(entry.get("from"), f"{where}: from"),
        _instant(entry.get("until"), f"{where}: until"),
    )
    if since is not None and until is not None and since >= until:
        raise PriceOverridesError(f"{where}: `until` does not lie after `from`", hint="`until` is exclusive")
    provider, model = str(entry.get("provider", "*")).lower(), str(entry.get("model", "*")).lower()
    return Scope(provider, model, since, until, where, _recurrence(entry))


def _recurrence(entry: Mapping[str, Any]) -> Recurrence | None:
    if not _RECURRING_KEYS.intersection(entry):
        return None
    days = frozenset(_WEEKDAYS.index(day) for day in entry.get("weekdays", _WEEKDAYS))
    spans = (str(span).split("-") for span in entry.get("hours", ()))
    return Recurrence(
        days, tuple((time.fromisoformat(begin), time.fromisoformat(end)) for begin, end in spans)
    )


def _instant(value: object, where: str) -> datetime | None:
    if value is None:
        return None
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise PriceOverridesError(
                f"{where}: {value} has no time zone", hint="write 2026-01-01T00:00:00Z or a date"
            )
        return value
    if isinstance(value, date):
        return utc_midnight(value)
    raise PriceOverridesError(f"{where}: {value!r} is no date", hint="write 2026-01-01, without quotes")


def _decimal(value: object, where: str) -> Decimal:
    if isinstance(value, float):
        raise PriceOverridesError(f"{where}: {value} is a float", hint='write prices as strings, e.g. "2.40"')
    try:
        number = Decimal(str(value))
    except InvalidOperation as error:
        raise PriceOverridesError(f"{where}: {value!r} is no number") from error
    if not number.is_finite() or number < 0:
        raise PriceOverridesError(f"{where}: {value!r} is no price")
    return number


def _above(step: Mapping[str, Any], where: str) -> int:
    above = step.get("above")
    if not isinstance(above, int) or above < 0:
        raise PriceOverridesError(f"{where}: long_context needs `above`, a number of input tokens")
    return above


def _check_keys(entry: Mapping[str, Any], known: set[str] | frozenset[str], where: str) -> None:
    unknown = set(entry) - known
    if unknown:
        raise PriceOverridesError(
            f"{where}: unknown key {sorted(unknown)[0]!r}", hint=f"known: {', '.join(sorted(known))}"
        )
