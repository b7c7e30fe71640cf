"""Requests that mean the same: a cache of answers looked up by the nearest vector, replayed call by call."""

from base64 import b64decode
from binascii import Error as MalformedError
from dataclasses import dataclass
from math import ceil, exp, lgamma, log

import numpy as np
import numpy.typing as npt
import polars as pl

from netra.optimization.workload import Workload

Float32 = npt.NDArray[np.float32]
Int64 = npt.NDArray[np.int64]
Rows = npt.NDArray[np.bool_]

MOST_CALLS = 20_000
"""So many of the newest calls with a vector are compared with each other: each with all before it."""

_AT_ONCE = 512
_CHANCE = 0.05


@dataclass(frozen=True, slots=True)
class Vectors:
    """Unit vectors (k, dimensions) of calls, by row of the workload, ascending; `of`: calls that have one."""

    rows: Int64
    vectors: Float32
    of: int


def vectors_of(workload: Workload, tag: str, model_tag: str) -> Vectors:
    """The vectors in the calls' tags: base64 of one signed byte a dimension; those of the commonest model."""
    none = Vectors(np.zeros(0, np.int64), np.zeros((0, 0), np.float32), 0)
    if not workload.has_text("tags"):
        return none
    column = workload.frame.get_column("tags")
    rows = np.flatnonzero(_contains(column, f'"{tag}":'))
    newest = rows[-MOST_CALLS:]
    if not len(newest):
        return none
    some = (
        column.gather(newest)
        .cast(pl.String)
        .to_frame("tags")
        .with_columns(
            code=pl.col("tags").str.json_path_match(f"$.{tag}"),
            model=pl.col("tags").str.json_path_match(f"$.{model_tag}").fill_null(""),
        )
    )
    decoded = [_bytes(code) for code in some.get_column("code").to_list()]
    kinds = list(zip(some.get_column("model").to_list(), map(len, decoded), strict=True))
    readable = sorted({kind for kind in kinds if kind[1]})
    if not readable:
        return none
    usual = max(readable, key=kinds.count)
    kept = [place for place, kind in enumerate(kinds) if kind == usual]
    raw = np.frombuffer(b"".join(decoded[place] for place in kept), dtype=np.int8)
    vectors = raw.reshape(len(kept), usual[1]).astype(np.float32)
    lengths = np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)
    return Vectors(newest[kept], vectors / lengths, len(rows))


def _contains(column: pl.Series, part: str) -> Rows:
    """Which values of a text column contain a text (n); each different value of an Enum is read once."""
    if isinstance(column.dtype, pl.Enum):
        among = column.dtype.categories.str.contains(part, literal=True).to_numpy()
        return np.append(among, False)[column.to_physical().fill_null(len(among)).to_numpy()]
    return column.cast(pl.String).str.contains(part, literal=True).fill_null(False).to_numpy()


def _bytes(code: str | None) -> bytes:
    try:
        return b64decode(code or "", validate=True)
    except MalformedError:
        return b""


@dataclass(frozen=True, slots=True)
class Lookup:
    """When a complete answer may be reused: cosine of at least `alike`, at most `ttl` microseconds old."""

    alike: float
    ttl: int


def served_by_similar(vectors: Float32, begun: Int64, ready: Int64, may: Rows, lookup: Lookup) -> Rows:
    """Which of k calls (in order) a cache would have served with the answer of a computed call.

    `begun` and `ready` (no earlier) in microseconds; `may`: whether a call may be served. Served calls store
    nothing, and an answer serves only calls that began later than its own.
    """
    k = len(vectors)
    served = np.zeros(k, dtype=bool)
    kept, kept_at = vectors[:0], np.stack([begun, ready])[:, :0]
    for first in range(0, k, _AT_ONCE):
        part = slice(first, min(first + _AT_ONCE, k))
        fresh = kept_at[1] + lookup.ttl >= begun[first]
        kept, kept_at = kept[fresh], kept_at[:, fresh]
        at = np.stack([begun[part], ready[part]])
        old = _near(vectors[part], kept, lookup.alike) & _usable(kept_at, at[0], lookup.ttl)
        before: Rows = np.any(old, axis=1)
        inside = _near(vectors[part], vectors[part], lookup.alike)
        inside &= _usable(at, at[0], lookup.ttl)
        computed = np.zeros(part.stop - first, dtype=bool)
        for place in range(len(computed)):
            found = bool(before[place]) or bool((inside[place, :place] & computed[:place]).any())
            served[first + place] = found and may[first + place]
            computed[place] = not served[first + place]
        kept = np.concatenate([kept, vectors[part][computed]])
        kept_at = np.concatenate([kept_at, at[:, computed]], axis=1)
    return served


def _near(ours: Float32, theirs: Float32, alike: float) -> Rows:
    """(ours, theirs): whether the cosine is large enough, rounding of the vectors allowed for."""
    return np.greater_equal(ours @ theirs.T, np.float32(alike) - np.float32(1e-5))


def _usable(stored: Int64, begun: Int64, ttl: int) -> Rows:
    """(calls, stored): whether an answer is complete and not too old when a call begins; `stored`: when the
    calls that made the answers began and ended (2, stored).
    """
    earlier, ready = (times[None, :] for times in stored)
    now = begun[:, None]
    return (earlier < now) & (ready <= now) & (now <= ready + ttl)


def most_wrong(wrong: int, labelled: int) -> float:
    """The largest share of wrong hits that is not ruled out: one-sided 95 % upper bound of a proportion.

    Source: Clopper and Pearson, Biometrika 26, 1934: where so few wrong ones have a chance of 5 %.
    """
    if wrong >= labelled:
        return 1.0
    low, high = wrong / labelled, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if _at_most(wrong, labelled, middle) > _CHANCE else (low, middle)
    return high


def _at_most(wrong: int, labelled: int, share: float) -> float:
    """The chance of at most that many wrong ones."""
    if share <= 0:
        return 1.0
    if share >= 1:
        return 0.0
    whole = lgamma(labelled + 1)
    return sum(
        exp(
            whole
            - lgamma(count + 1)
            - lgamma(labelled - count + 1)
            + count * log(share)
            + (labelled - count) * log(1 - share)
        )
        for count in range(wrong + 1)
    )


def labels_needed(share: float) -> int:
    """How many labelled hits without a wrong one rule out that share."""
    return 1 if share >= 1 else ceil(log(_CHANCE) / log(1 - share))
