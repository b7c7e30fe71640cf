"""What is kept of a prompt's text: digests by which equal requests and equal beginnings are recognised."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import blake2b

BLOCK_BYTES = 512
"""A prefix block: some 128 tokens of English. Bytes need no tokenizer and are alike for every provider."""

MAX_BLOCKS = 8_192


@dataclass(frozen=True, slots=True)
class PromptDigests:
    """`request_hash` of all parts (32 hexadecimal digits); one 64-bit hash for each full block from the
    start, each standing for the prompt up to its end; and the tokens one block is taken for.
    """

    request_hash: str
    prefix_hashes: list[int]
    prefix_block_tokens: int


def prompt_digests(head: str, parts: Iterable[str], input_tokens: int) -> PromptDigests:
    """Digests of a prompt whose parts come in the provider's order; `head` (model, parameters) only tells
    requests apart and is no part of the prefix.

    A block's tokens are its share of the tokens the provider counted for the whole prompt, rounded down, so
    that the blocks never hold more than was counted.
    """
    prompt = "\x1e".join(parts).encode("utf-8", "surrogatepass")
    whole = blake2b(head.encode("utf-8", "surrogatepass"), digest_size=16)
    whole.update(b"\x1f" + prompt)
    tokens = input_tokens * BLOCK_BYTES // len(prompt) if prompt else 0
    count = min(len(prompt) // BLOCK_BYTES, MAX_BLOCKS) if tokens else 0
    chain = blake2b(digest_size=8)
    hashes: list[int] = []
    for number in range(count):
        chain.update(prompt[number * BLOCK_BYTES : (number + 1) * BLOCK_BYTES])
        hashes.append(int.from_bytes(chain.digest(), "little"))
    return PromptDigests(whole.hexdigest(), hashes, tokens if hashes else 0)
