"""Blocks of nested rows: the same as row by row, for plain rows, odd ones and any mixture of them."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.import_formats import ROWS as EXPORTED
from netra.errors.kinds import InvalidInputError
from netra.usage.importers.catalogue import get_format
from netra.usage.importing.parsing import FileParser, ImportOptions
from netra.usage.reading.nested_columns import MOST_NAMES, NestedColumns, decode_nested
from testkit.foreign_exports import NOW
from testkit.properties import examples

ODD: list[Any] = [
    *(None, "", 0, -1, 1.5, 2.0, "7", True, [], {}, ["a"], {"a": 1}, "[1]", "{}", "[x", 1e300, "Infinity"),
    *(
        "2025-10-01",
        "2025-02-30T00:00:00Z",
        "2025-10-01T00:00:00+02:00",
        1_759_363_200,
        "2030-01-01T00:00:00Z",
    ),
    *('é":', "a\\", "::", ": null", 2**63),
]
TIMES = [f"2025-10-02{t}:07{z}" for t in ("T09:00", " 10:00") for z in ("Z", "+00:00", "", ".5Z", ".1234+00")]
COUNTS = [0, 1, 5, 100, 900]


Rows = st.SearchStrategy[dict[str, Any]]


def some(**values: Any) -> Rows:
    """Objects that hold some of these, each with one of its values."""
    strategies: dict[str, st.SearchStrategy[Any]] = {
        name: value if isinstance(value, st.SearchStrategy) else st.sampled_from(value)
        for name, value in values.items()
    }
    return st.fixed_dictionaries({}, optional=strategies)


PARTS = (
    "input",
    "input_cached_tokens",
    "cache_creation_1h",
    "reasoning_tokens",
    "output",
    "output_x",
    "total",
)
USAGE = some(
    prompt_tokens_details=some(cached_tokens=[*COUNTS, None], cache_creation_tokens=COUNTS),
    completion_tokens_details=some(reasoning_tokens=COUNTS),
    cache_read_input_tokens=[*COUNTS, None],
    cache_creation=some(ephemeral_1h_input_tokens=COUNTS, ephemeral_5m_input_tokens=COUNTS),
    service_tier=["flex", "default", "other"],
)
ROWS = {
    "langfuse": some(
        id=["a", "b"],
        type=["GENERATION", "generation", "SPAN"],
        startTime=TIMES,
        endTime=[*TIMES, None],
        completionStartTime=TIMES,
        latency=[1, 2.5],
        model=["gpt-4o", ""],
        level=["ERROR", "DEFAULT", "NEW"],
        usageDetails=some(**dict.fromkeys(PARTS, COUNTS)),
        promptTokens=COUNTS,
        costDetails=some(total=[0, 0.5]),
        totalCost=[0, 0.25],
        modelParameters=some(max_tokens=[10, None], temperature=[0.5, 1]),
        version=["1", 2],
        tags=[["a", "b"], [], [""]],
    ),
    "helicone": some(
        request_id=["a", "b"],
        request_created_at=TIMES,
        response_status=[200, 200, 429, -3],
        provider=["OPENAI", "ANTHROPIC", "CUSTOM", "X"],
        response_model=["gpt-4o", "claude-x"],
        prompt_tokens=COUNTS,
        prompt_cache_read_tokens=COUNTS,
        prompt_cache_write_tokens=COUNTS,
        completion_tokens=[*COUNTS, None],
        delay_ms=[5, 6.5],
        cost=[0, 0.1],
        request_properties=some(tenant=["x", ""], schema=["1", 1], country=["de"], score=[1, 0.5, 2.0]),
        country_code=["us", None],
        cache_reference_id=["00000000-0000-0000-0000-000000000000", "c"],
    ),
    "litellm": some(
        request_id=["a", "b"],
        call_type=["acompletion", "aembedding", "batch_completion"],
        startTime=TIMES,
        endTime=TIMES,
        completionStartTime=TIMES,
        model=["openai/gpt-4o", "gpt-4o", "a/b/c"],
        custom_llm_provider=["openai", "vertex_ai", "a", ""],
        prompt_tokens=COUNTS,
        completion_tokens=COUNTS,
        metadata=some(
            status=["success", "failure"],
            usage_object=USAGE,
            additional_usage_values=some(cache_read_input_tokens=COUNTS),
            user_api_key_user_id=["u"],
        ),
        user=["", "z"],
        cache_hit=["True", "None"],
        spend=[0, 0.1],
        request_tags=[["n", "m"], []],
    ),
}


def outcome(path: Path, kind: str, *, blocks: bool) -> object:
    """All that an import is given of a file, or why it is refused."""
    parser = FileParser(ImportOptions(kind), now=NOW)
    if not blocks:
        parser.format = replace(parser.format, block=None)
    try:
        return [(one.frame.to_dicts(), one.rejects, one.ignored) for one in parser.parse(path)]
    except InvalidInputError as error:
        return str(error), error.hint


@pytest.mark.parametrize("kind", ROWS)
@settings(max_examples=examples(8))
@given(data=st.data())
def test_blocks_give_what_single_rows_give(
    kind: str, data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    rows = data.draw(st.lists(ROWS[kind], min_size=1, max_size=12))
    for row in data.draw(st.lists(st.sampled_from(rows), max_size=2)):
        if row:
            row[data.draw(st.sampled_from(sorted(row)))] = data.draw(st.sampled_from(ODD))
    path = tmp_path_factory.mktemp("export") / "rows"
    path.write_bytes(b"\n".join(map(orjson.dumps, [{"x": "keeps the file JSON lines"}, *rows])))
    assert outcome(path, kind, blocks=True) == outcome(path, kind, blocks=False)


def test_a_span_has_the_last_digit_that_it_has_in_a_single_row(tmp_path: Path) -> None:
    path = tmp_path / "rows"
    call = {"id": "a", "model": "m", "prompt_tokens": 1, "completion_tokens": 1}
    call |= {"startTime": "2025-10-02T09:00:00Z", "endTime": "2025-10-14T20:37:47.877Z"}
    path.write_bytes(orjson.dumps(call) + b"\n")
    together = outcome(path, "litellm", blocks=True)
    assert "1078667877.0" in repr(together)
    assert together == outcome(path, "litellm", blocks=False)


@pytest.mark.parametrize(
    ("kind", "rows"),
    [
        ("helicone", [{"request_properties": {"score": score}} for score in (1, 0.5, -0.0, 2.0, 1e-7, None)]),
        ("helicone", [{"request_properties": {"score": score}} for score in (1, True)]),
        ("helicone", [{"request_path": path} for path in (1, 0.5)]),
        ("langfuse", [{"version": version} for version in (1, 0.5)]),
        ("litellm", [{"model_group": group} for group in (1, 0.5)]),
        ("litellm", [{"api_base": address} for address in (1, 0.5)]),
        ("litellm", [{"user": 1, "end_user": None}, {"user": 0.5, "end_user": None}, {}]),
    ],
)
def test_whole_numbers_beside_fractions_stay_whole_in_texts(
    kind: str, rows: list[dict[str, Any]], tmp_path: Path
) -> None:
    path = tmp_path / "rows"
    path.write_bytes(b"\n".join(orjson.dumps(EXPORTED[kind](n) | row) for n, row in enumerate(rows)))
    together = outcome(path, kind, blocks=True)
    assert not isinstance(together, tuple)
    assert together == outcome(path, kind, blocks=False)


@pytest.mark.parametrize("kind", ROWS)
def test_exports_as_tools_write_them_are_plain(kind: str) -> None:
    text = b"\n".join(orjson.dumps(EXPORTED[kind](number)) for number in range(20))
    frame, block = decode_nested(text), get_format(kind).block
    assert frame is not None
    assert block is not None
    rows = NestedColumns(frame)
    assert frame.select(**block(rows), plain=rows.plain)["plain"].to_list() == [True] * 20


@pytest.mark.parametrize(
    "text",
    [
        '{"a":1,"a":2}',
        '{"a":1,"b":{"c":1}}\n{"a" :1,"a":2,"b":{}}',
        '{"a":1}\n{"a":"x"}',
        '{"a":{"b":"x"}}\n{"a":"x"}',
        '{"a":"\\ud800"}',
        '{"a":"\\u0022:","b":1,"b":2}',
        '{"a\\\\":1,"b":1,"b":2}',
        '{"a":',
        "\n".join(f'{{"metadata":{{"k{number}":1}}}}' for number in range(MOST_NAMES)),
    ],
)
def test_what_decoders_differ_about_is_left_to_single_rows(text: str) -> None:
    assert decode_nested(text.encode()) is None


def test_nested_rows_of_one_shape_are_decoded_together() -> None:
    rows: list[dict[str, Any]] = [
        {"a": {"b": [{"c": 'say "x": null'}, {}], "d": None}, "e": ""},
        {"a": {}, "e": "\U0001f600 :", "f": ["", None]},
    ]
    text = b"\n".join(map(orjson.dumps, rows)).replace("\U0001f600".encode(), b"\\ud83d\\ude00")
    frame = decode_nested(text)
    assert frame is not None
    assert frame["e"].to_list() == ["", "\U0001f600 :"]
