"""When the calls of one workload happen, and how large they are."""

from typing import Any, cast

import numpy as np
import polars as pl
import pyarrow

from netra.generator.clock import Floats, Integers, Period, Random, moments
from netra.generator.company import BLOCK_TOKENS, Spread, Workload
from netra.generator.repeats import asked_again, with_doubles
from netra.generator.retries import with_failed_attempts

_arrow = cast(Any, pyarrow)

_BLOCK_SPACE = 2**20
_ERROR_SHARE = 0.004


def draw_calls(random: Random, workload: Workload, count: int, period: Period) -> pl.DataFrame:
    """About `count` calls (sessions, retries and doubles are not cut), unsorted, not yet named."""
    turn, session, ts = _sessions(random, workload, count, period)
    size = len(ts)
    added = _draw(random, workload.prompt, size)
    request = np.arange(size)
    if workload.questions is not None:
        request, added = asked_again(random, workload, workload.questions, size)
    if workload.growth is not None:
        added = np.where(turn == 0, added, _draw(random, workload.growth, size))
    output = _draw(random, workload.answer, size)
    shared = (workload.shared_blocks or 0) * BLOCK_TOKENS
    tokens = _history(turn, added, output, shared) if workload.turns else added + shared
    output = np.minimum(output, workload.max_output_tokens or output.max(initial=1))
    first_token = _lognormal(random, workload.first_token_ms, size)
    frame = pl.DataFrame(
        {
            "ts": ts,
            "input_tokens": tokens,
            "output_tokens": output,
            "ttft_ms": first_token.round(1),
            "latency_ms": (first_token + 1000 * output / workload.speed).round(1),
            "session": session,
            "request": request,
        }
    ).with_columns(
        pl.Series("user_number", _users(random, workload, session)),
        pl.Series("failed", random.random(size) < _ERROR_SHARE),
    )
    if workload.shared_blocks is not None:
        frame = frame.with_columns(_prefixes(workload, tokens, session))
    if workload.tenants:
        users = frame.get_column("user_number").to_numpy()
        frame = frame.with_columns(pl.Series("tenant_number", users % workload.tenants + 1))
    if workload.fails:
        frame = with_failed_attempts(random, frame, workload.fails)
    if workload.doubles:
        frame = with_doubles(random, frame, workload.doubles)
    return frame


def _draw(random: Random, spread: Spread, size: int) -> Integers:
    return np.maximum(_lognormal(random, spread, size), 1).astype(np.int64)


def _lognormal(random: Random, spread: Spread, size: int) -> Floats:
    return random.lognormal(np.log(spread.median), spread.sigma, size=size)


def _sessions(
    random: Random, workload: Workload, count: int, period: Period
) -> tuple[Integers, Integers, Integers]:
    """Turn within its session, number of the session, instant: one entry a call, sessions together."""
    if workload.turns is None:
        ts = moments(random, count, period, workload)
        return np.zeros(count, dtype=np.int64), np.arange(count), ts
    fewest, most = workload.turns
    number = max(1, round(count / ((fewest + most) / 2)))
    turns = random.integers(fewest, most + 1, size=number)
    starts = moments(random, number, period, workload)
    session = np.repeat(np.arange(number), turns)
    turn = np.arange(len(session)) - np.repeat(np.cumsum(turns) - turns, turns)
    gaps = np.where(turn == 0, 0, random.exponential(1_000 * workload.turn_gap_s, size=len(session)) + 4_000)
    elapsed = np.cumsum(gaps)
    elapsed -= np.repeat(elapsed[np.cumsum(turns) - turns], turns)
    return turn, session, (np.repeat(starts, turns) + elapsed).astype(np.int64)


def _history(turn: Integers, added: Integers, output: Integers, shared: int) -> Integers:
    """Input of a turn: the shared prompt, everything said before in the session, and what is new."""
    said = np.cumsum(added + output) - output
    first = np.flatnonzero(turn == 0)
    before = said[first] - added[first]
    lengths = np.diff(np.concatenate([first, [len(turn)]]))
    return shared + said - np.repeat(before, lengths)


def _users(random: Random, workload: Workload, session: Integers) -> Integers:
    """A user a session; a few use it most."""
    weights = 1 / np.arange(1, workload.users + 1)
    chosen = random.choice(workload.users, size=int(session.max(initial=0)) + 1, p=weights / weights.sum())
    return chosen[session]


def _prefixes(workload: Workload, tokens: Integers, session: Integers) -> list[pl.Series]:
    """Hashes of the full blocks: first the shared ones, then those of the session."""
    shared = workload.shared_blocks or 0
    lengths = tokens // BLOCK_TOKENS
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    place = np.arange(int(offsets[-1])) - np.repeat(offsets[:-1], lengths)
    space = _BLOCK_SPACE * (1 + int.from_bytes(workload.code.encode(), "big"))
    own = (space + np.repeat(session + 1, lengths)) * 4_096 + place
    values = np.where(place < shared, space * 4_096 + place, own)
    lists = _arrow.ListArray.from_arrays(_arrow.array(offsets, _arrow.int32()), _arrow.array(values))
    hashes = cast(pl.Series, cast(Any, pl).from_arrow(lists)).alias("prefix_hashes")
    return [hashes, pl.Series("prefix_block_tokens", np.full(len(tokens), BLOCK_TOKENS))]
