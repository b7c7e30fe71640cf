"""UniversalRegistry: typed registration."""

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

from netra.errors.kinds import ConflictError, InvalidInputError, NotFoundError

T = TypeVar("T")


class AlreadyRegisteredError(ConflictError):
    """The name is taken."""

    code = "already_registered"


class NotRegisteredError(NotFoundError):
    """Nothing has this name."""

    code = "not_registered"


class RegistryFrozenError(ConflictError):
    """The registry takes no more changes."""

    code = "registry_frozen"


class RejectedRegistrationError(InvalidInputError):
    """A validator refused the thing."""

    code = "registration_rejected"


@dataclass(frozen=True, slots=True)
class Registration(Generic[T]):
    """One entry: a thing, or a factory that makes one per context."""

    name: str
    item: T | None
    factory: Callable[[object], T] | None
    tags: frozenset[str]


class UniversalRegistry(Generic[T]):
    """Things of type T by name. `kind` names them in messages; `allow_duplicates` lets a later one replace an
    earlier.

    A validator is called with name and thing before it is registered (and on what a factory makes) and
    returns why it is refused, or None.
    """

    def __init__(
        self,
        kind: str,
        *,
        allow_duplicates: bool = False,
        validators: Iterable[Callable[[str, T], str | None]] = (),
    ) -> None:
        self._kind = kind
        self._allow_duplicates = allow_duplicates
        self._validators = tuple(validators)
        self._entries: dict[str, Registration[T]] = {}
        self._frozen = False
        self._lock = threading.RLock()

    def register(self, name: str, item: T, *, tags: Iterable[str] = ()) -> None:
        """Register a thing. Raises AlreadyRegisteredError, RegistryFrozenError, RejectedRegistrationError."""
        self._check(name, item)
        self._put(Registration(name, item, None, frozenset(tags)))

    def register_factory(
        self, name: str, factory: Callable[[object], T], *, tags: Iterable[str] = ()
    ) -> None:
        """Register a factory; `create` calls it with the caller's context, each time anew."""
        self._put(Registration(name, None, factory, frozenset(tags)))

    def get(self, name: str) -> T:
        """The thing of that name. Raises NotRegisteredError, also for a factory (use `create`)."""
        entry = self._entry(name)
        if entry.item is None:
            raise NotRegisteredError(f"{self._kind} {name} is made per context: use create")
        return entry.item

    def create(self, name: str, context: object) -> T:
        """A fresh thing from the factory of that name, or the registered thing. Raises NotRegisteredError."""
        entry = self._entry(name)
        if entry.factory is None:
            return self.get(name)
        made = entry.factory(context)
        self._check(name, made)
        return made

    def find(self, name: str) -> T | None:
        """The thing of that name, or None."""
        with self._lock:
            entry = self._entries.get(name)
        return None if entry is None else entry.item

    def names(self, *, tag: str | None = None) -> list[str]:
        """All names in order of registration, or those with a tag."""
        with self._lock:
            return [name for name, entry in self._entries.items() if tag is None or tag in entry.tags]

    def unregister(self, name: str) -> None:
        """Remove an entry. Raises NotRegisteredError, RegistryFrozenError."""
        with self._lock:
            self._check_open()
            self._entry(name)
            del self._entries[name]

    def freeze(self) -> None:
        """Refuse every later change."""
        with self._lock:
            self._frozen = True

    def __contains__(self, name: object) -> bool:
        with self._lock:
            return name in self._entries

    def __len__(self) -> int:
        with self._lock:
            return len(self._entries)

    def _put(self, entry: Registration[T]) -> None:
        with self._lock:
            self._check_open()
            if entry.name in self._entries and not self._allow_duplicates:
                raise AlreadyRegisteredError(f"{self._kind} {entry.name} is registered already")
            self._entries[entry.name] = entry

    def _entry(self, name: str) -> Registration[T]:
        with self._lock:
            entry = self._entries.get(name)
            known = ", ".join(self._entries) or "none"
        if entry is None:
            raise NotRegisteredError(f"there is no {self._kind} {name}", hint=f"known: {known}")
        return entry

    def _check(self, name: str, item: T) -> None:
        for validator in self._validators:
            refusal = validator(name, item)
            if refusal is not None:
                raise RejectedRegistrationError(f"{self._kind} {name}: {refusal}")

    def _check_open(self) -> None:
        if self._frozen:
            raise RegistryFrozenError(f"the registry of {self._kind} is frozen")
