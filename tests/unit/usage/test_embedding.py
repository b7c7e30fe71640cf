"""Prompts as vectors: word pieces, the encoder's arithmetic, files without text."""

import io
import json
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from netra.usage.embedding import encoder as encoding
from netra.usage.embedding.encoder import EmbeddingModelMissingError, Encoder, quantised, read_weights
from netra.usage.embedding.files import NoPromptTextError, prompt_text, write_embedded
from netra.usage.embedding.wordpiece import WordPieces

VOCABULARY = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "re", "##set", "pass", "##word", "!", "中", "cafe", "my"]


def tiny(seed: int = 0) -> Encoder:
    """One layer, two heads, four dimensions, of random weights."""
    draw = np.random.default_rng(seed)
    wide, inner = 4, 8

    def array(*shape: int) -> np.ndarray:
        return draw.normal(0, 0.5, shape).astype(np.float32)

    weights = {
        "embeddings.word_embeddings.weight": array(len(VOCABULARY), wide),
        "embeddings.position_embeddings.weight": array(16, wide),
        "embeddings.token_type_embeddings.weight": array(2, wide),
    }
    layer = "encoder.layer.0"
    for name, shape in {
        f"{layer}.attention.self.query": (wide, wide),
        f"{layer}.attention.self.key": (wide, wide),
        f"{layer}.attention.self.value": (wide, wide),
        f"{layer}.attention.output.dense": (wide, wide),
        f"{layer}.intermediate.dense": (inner, wide),
        f"{layer}.output.dense": (wide, inner),
    }.items():
        weights |= {f"{name}.weight": array(*shape), f"{name}.bias": array(shape[0])}
    for name in ("embeddings.LayerNorm", f"{layer}.attention.output.LayerNorm", f"{layer}.output.LayerNorm"):
        weights |= {f"{name}.weight": array(wide), f"{name}.bias": array(wide)}
    return Encoder(WordPieces(VOCABULARY), weights, layers=1, heads=2)


def test_words_are_cut_into_the_longest_pieces() -> None:
    pieces = WordPieces(VOCABULARY)
    assert pieces.numbers("Reset my PASSWORD!", 20) == [2, 4, 5, 11, 6, 7, 8, 3]
    assert pieces.numbers("Café\u0301 中中\x07", 20) == [2, 10, 9, 9, 3]
    assert pieces.numbers("resetting", 20) == [2, 1, 3]
    assert pieces.numbers("x" * 101, 20) == [2, 1, 3]
    assert pieces.numbers("my " * 50, 5) == [2, 11, 11, 11, 3]
    assert pieces.numbers("", 5) == [2, 3]


def test_vectors_have_unit_length_and_do_not_depend_on_the_company_of_a_batch() -> None:
    model = tiny()
    texts = ["reset my password", "my", "cafe! cafe! cafe!", ""]
    together = model.vectors(texts)
    assert np.linalg.norm(together, axis=1) == pytest.approx(np.ones(4), abs=1e-5)
    for text, vector in zip(texts, together, strict=True):
        assert model.vectors([text])[0] == pytest.approx(vector, abs=1e-5)
    assert np.abs(together[0] - together[2]).max() > 0.01


def test_a_byte_a_dimension_keeps_the_cosine() -> None:
    vectors = np.random.default_rng(1).normal(size=(20, 384)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    from base64 import b64decode

    small = np.stack([np.frombuffer(b64decode(code), dtype=np.int8) for code in quantised(vectors)]).astype(
        float
    )
    small /= np.linalg.norm(small, axis=1, keepdims=True)
    assert np.abs(small @ small.T - vectors @ vectors.T).max() < 0.01


def test_weights_are_read_from_their_file(tmp_path: Path) -> None:
    array = np.arange(6, dtype=np.float32).reshape(2, 3)
    header = json.dumps(
        {
            "__metadata__": {"format": "pt"},
            "a.weight": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]},
            "ids": {"dtype": "I64", "shape": [1], "data_offsets": [24, 32]},
        }
    ).encode()
    path = tmp_path / "model.safetensors"
    path.write_bytes(len(header).to_bytes(8, "little") + header + array.tobytes() + bytes(8))
    assert list(read_weights(path)) == ["a.weight"]
    assert np.array_equal(read_weights(path)["a.weight"], array)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (" reset ", "reset"),
        (
            [
                {"role": "user", "content": "a"},
                {"role": "assistant", "content": "b"},
                {"role": "user", "content": "c"},
            ],
            "c",
        ),
        (
            {
                "messages": [
                    {"role": "user", "content": [{"type": "text", "text": "a"}, {"type": "image_url"}]}
                ]
            },
            "a",
        ),
        ('[{"role":"user","content":"a"}]', "a"),
        ("[not json", "[not json"),
        ([{"role": "system", "content": "s"}], ""),
        (None, ""),
        (7, ""),
    ],
)
def test_what_the_user_asked(value: object, text: str) -> None:
    assert prompt_text(value) == text


def test_the_text_goes_and_the_vector_comes(tmp_path: Path) -> None:
    rows = [
        {"model": "m", "prompt": "reset my password", "tags": '{"team":"x"}'},
        {"model": "m", "prompt": ""},
    ]
    frame = pl.DataFrame(rows, schema={"model": pl.String, "prompt": pl.String, "tags": pl.String})
    sources = [tmp_path / f"calls.{kind}" for kind in ("jsonl", "csv", "parquet")]
    frame.write_ndjson(sources[0])
    frame.write_csv(sources[1])
    frame.write_parquet(sources[2])
    for source in sources:
        target = io.BytesIO()
        assert write_embedded(source, target, "prompt", tiny(), lambda _: None) == 1
        assert b"password" not in target.getvalue()
        first, second = (json.loads(line) for line in target.getvalue().splitlines())
        assert first["tags"]["team"] == "x"
        assert len(first["tags"]["embedding"]) == 8
        assert "embedding" not in (second.get("tags") or {})
    with pytest.raises(NoPromptTextError, match="other"):
        write_embedded(sources[0], io.BytesIO(), "other", tiny(), lambda _: None)


def test_without_the_package_the_hint_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encoding, "PACKAGE", "no_such_package_at_all")
    with pytest.raises(EmbeddingModelMissingError) as missing:
        encoding.load_encoder()
    assert "--no-deps" in str(missing.value.hint)


@pytest.mark.skipif(find_spec(encoding.PACKAGE) is None, reason="the embedding model is not installed")
def test_the_published_similarities_of_the_model() -> None:
    texts = ["The weather is lovely today.", "It's so sunny outside!", "He drove to the stadium."]
    vectors = encoding.load_encoder().vectors(texts)
    cosines = vectors @ vectors.T
    assert [cosines[0, 1], cosines[0, 2], cosines[1, 2]] == pytest.approx([0.6660, 0.1046, 0.1411], abs=2e-4)
