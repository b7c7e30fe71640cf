"""Typed registration."""

import threading

import pytest

from netra.registry.registry import (
    AlreadyRegisteredError,
    NotRegisteredError,
    RegistryFrozenError,
    RejectedRegistrationError,
    UniversalRegistry,
)


def test_a_thing_is_found_under_its_name() -> None:
    registry = UniversalRegistry[int]("number")
    registry.register("one", 1)
    assert registry.get("one") == 1
    assert registry.find("one") == 1
    assert registry.find("two") is None
    assert "one" in registry
    assert len(registry) == 1


def test_a_missing_name_says_which_there_are() -> None:
    registry = UniversalRegistry[int]("number")
    registry.register("one", 1)
    with pytest.raises(NotRegisteredError) as refused:
        registry.get("two")
    assert refused.value.hint == "known: one"


def test_duplicates_are_refused_unless_allowed() -> None:
    strict, loose = UniversalRegistry[int]("number"), UniversalRegistry[int]("number", allow_duplicates=True)
    for registry in (strict, loose):
        registry.register("one", 1)
    with pytest.raises(AlreadyRegisteredError):
        strict.register("one", 2)
    loose.register("one", 2)
    assert (strict.get("one"), loose.get("one")) == (1, 2)


def test_a_factory_makes_a_fresh_thing_for_each_context() -> None:
    registry = UniversalRegistry[list[object]]("list")
    registry.register_factory("per user", lambda context: [context])
    first, second = registry.create("per user", "a"), registry.create("per user", "a")
    assert first == ["a"]
    assert first is not second
    assert registry.find("per user") is None
    with pytest.raises(NotRegisteredError, match="create"):
        registry.get("per user")


def test_create_gives_a_registered_thing_as_it_is() -> None:
    registry = UniversalRegistry[str]("word")
    registry.register("hello", "world")
    assert registry.create("hello", None) == "world"


def test_tags_choose() -> None:
    registry = UniversalRegistry[int]("number")
    registry.register("one", 1, tags=["odd"])
    registry.register("two", 2, tags=["even"])
    registry.register("three", 3, tags=["odd"])
    assert registry.names() == ["one", "two", "three"]
    assert registry.names(tag="odd") == ["one", "three"]
    assert registry.names(tag="none") == []


def test_a_frozen_registry_never_changes() -> None:
    registry = UniversalRegistry[int]("number")
    registry.register("one", 1)
    registry.freeze()
    with pytest.raises(RegistryFrozenError):
        registry.register("two", 2)
    with pytest.raises(RegistryFrozenError):
        registry.register_factory("two", lambda _: 2)
    with pytest.raises(RegistryFrozenError):
        registry.unregister("one")
    assert registry.names() == ["one"]


def test_an_entry_can_be_removed() -> None:
    registry = UniversalRegistry[int]("number")
    registry.register("one", 1)
    registry.unregister("one")
    assert len(registry) == 0
    with pytest.raises(NotRegisteredError):
        registry.unregister("one")


def test_validators_refuse_with_a_reason_also_what_a_factory_makes() -> None:
    registry = UniversalRegistry[int](
        "number", validators=[lambda _name, item: None if item > 0 else "must be positive"]
    )
    with pytest.raises(RejectedRegistrationError, match="must be positive"):
        registry.register("minus", -1)
    registry.register_factory("made", lambda context: int(str(context)))
    assert registry.create("made", "5") == 5
    with pytest.raises(RejectedRegistrationError):
        registry.create("made", "-5")


def test_of_many_threads_one_registers_a_name() -> None:
    registry = UniversalRegistry[int]("number")
    refused: list[int] = []

    def work(number: int) -> None:
        try:
            registry.register("one", number)
        except AlreadyRegisteredError:
            refused.append(number)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(refused) == 15
