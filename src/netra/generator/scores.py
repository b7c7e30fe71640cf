"""Quality scores of pairs of models on the same items."""

import numpy as np
import polars as pl

from netra.generator.clock import Random
from netra.generator.company import Examination


def draw_scores(random: Random, examinations: tuple[Examination, ...]) -> pl.DataFrame:
    """The examinations in the columns of the format `evals`: two rows an item, scores 0 or 1.

    Both models get the same number of tokens, so the price alone decides what a switch saves.
    """
    return pl.concat([_examine(random, examination) for examination in examinations])


def _examine(random: Random, exam: Examination) -> pl.DataFrame:
    """Exactly the stated shares: how many items only one model gets right is set, which ones is drawn."""
    items = exam.items
    right_current, right_candidate = round(exam.right_current * items), round(exam.right_candidate * items)
    only_candidate = round(exam.differ / 2 * items)
    only_current = only_candidate + right_current - right_candidate
    order = random.permutation(items)
    current, candidate = np.zeros(items, dtype=np.int64), np.zeros(items, dtype=np.int64)
    current[order[:right_current]] = 1
    candidate[order[only_current : only_current + right_candidate]] = 1
    inputs = random.integers(300, 1_200, size=items)
    outputs = random.integers(8, 400, size=items)
    ids = [f"{exam.group}-{number:05d}" for number in range(items)]
    frames = [
        pl.DataFrame(
            {
                "item_id": ids,
                "model": [model] * items,
                "score": score,
                "group": [exam.group] * items,
                "input_tokens": inputs,
                "output_tokens": outputs,
            }
        )
        for model, score in ((exam.current, current), (exam.candidate, candidate))
    ]
    return pl.concat(frames)
