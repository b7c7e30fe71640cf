"""Format `mooncake`: the Mooncake traces (timestamp in ms from the start, input_length, output_length,
hash_ids).

`hash_ids` names every 512-token block of the input, the last of which may be partial; a block counts as a
prefix block only when it is full, which `usage.parsing` sees to for every format. Traces of others in this
format have blocks of other sizes: `--set prefix_block_tokens=16`.
"""

from netra.usage.importers.formats import ImportFormat
from netra.usage.schema import CALL_COLUMNS

MOONCAKE = ImportFormat(
    name="mooncake",
    sink="calls",
    columns=CALL_COLUMNS,
    source_names={
        "ts": "timestamp",
        "input_tokens": "input_length",
        "output_tokens": "output_length",
        "prefix_hashes": "hash_ids",
    },
    constants={"prefix_block_tokens": 512},
    optional=frozenset({"model"}),
    relative_time=True,
)
