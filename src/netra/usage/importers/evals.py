"""Format `evals`: one score of one model on one item.

An item is named by (model, group, item_id); the same item with another score is a conflict. A wide file, one
score column a model, is imported once per model with `--set model=M --map score=COLUMN`.
"""

from netra.usage.importers.formats import ImportFormat
from netra.usage.schema import EVALUATION_COLUMNS

EVALS = ImportFormat(
    name="evals",
    sink="evaluations",
    columns=EVALUATION_COLUMNS,
    identity=("model", "group", "item_id"),
)
