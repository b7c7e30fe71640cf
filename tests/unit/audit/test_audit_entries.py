"""Entries of the audit chain: canonical, clean, chained."""

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netra.audit.entries import GENESIS, AuditEntry, chain_hash, clean

AT = datetime(2026, 1, 2, 3, 4, 5, 678, tzinfo=UTC)


@given(st.text(max_size=200), st.dictionaries(st.text(max_size=10), st.text(max_size=50), max_size=5))
def test_an_entry_is_one_line_of_json_whatever_is_in_it(action: str, details: dict[str, str]) -> None:
    line = AuditEntry(action, "denied", AT, subject=action, details=details).canonical(7)
    assert line.isprintable()
    assert len(line.splitlines()) == 1
    assert json.loads(line)["seq"] == 7


@pytest.mark.parametrize("attack", ['x\n{"seq": 8}', "a\rb", "\x1b[2J", "\u2028", "\0", "\u202e"])
def test_control_characters_cannot_forge_a_line(attack: str) -> None:
    assert clean(attack).isprintable()


def test_secrets_do_not_get_in() -> None:
    key = "ntr_" + "a1B2" * 10
    line = AuditEntry("x", "allowed", AT, details={"note": f"used {key}", "n": [key]}).canonical(1)
    assert key not in line


def test_length_and_number_are_limited() -> None:
    assert len(clean("x" * 10_000)) == 500
    assert len(clean({str(n): n for n in range(1000)})) == 50
    assert len(clean(list(range(1000)))) == 50


def test_the_same_entry_has_the_same_text_and_another_another_hash() -> None:
    one = AuditEntry("x", "allowed", AT, details={"b": 1, "a": 2})
    same = AuditEntry("x", "allowed", AT, details={"a": 2, "b": 1})
    assert one.canonical(1) == same.canonical(1)
    hashes = {
        chain_hash(GENESIS, one.canonical(1)),
        chain_hash(GENESIS, one.canonical(2)),
        chain_hash(b"x" * 32, one.canonical(1)),
    }
    assert len(hashes) == 3
