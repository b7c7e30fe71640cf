"""What the operations on single calls say. Money is text of plain digits; text nobody gave is null."""

from datetime import datetime
from typing import Any

from pydantic import BaseModel

from netra.usage.calls.working import CostWorking


class ListedCall(BaseModel):
    """One call of a list. `ts` is its start, with the offset of the display time zone.

    `input_tokens` holds all input, cache reads and writes included; `output_tokens` holds reasoning;
    `cache_write_tokens` are those cached for 5 minutes. `cost_usd` null: unpriced. `import_id` says how the
    call came in, `position` its place there (of a file: the line).
    """

    call_id: str
    ts: datetime
    provider: str | None
    model: str | None
    input_tokens: int
    cache_read_tokens: int
    cache_write_tokens: int
    cache_write_1h_tokens: int
    output_tokens: int
    reasoning_tokens: int | None
    total_tokens: int
    service_tier: str
    latency_ms: float | None
    ttft_ms: float | None
    status: str
    retry_of: str | None
    app: str | None
    feature: str | None
    user: str | None
    api_key_id: str | None
    session_id: str | None
    trace_id: str | None
    span_id: str | None
    parent_span_id: str | None
    response_id: str | None
    streaming: bool | None
    interactive: bool | None
    max_output_tokens: int | None
    temperature: float | None
    reasoning_effort: str | None
    request_hash: str | None
    cost_usd: str | None
    reported_cost_usd: str | None
    price_source: str | None
    import_id: str
    position: int


class StoredCall(ListedCall):
    """Everything stored of one call. Of prompts there are digests alone: `prefix_hashes`, one a block of
    `prefix_block_tokens` tokens from the start, and `content_hash` of the row, in hexadecimal digits.
    """

    tags: dict[str, Any]
    prefix_block_tokens: int
    prefix_hashes: list[str]
    content_hash: str
    stored_at: datetime


class CallsPage(BaseModel):
    """Some calls, the cursor of the next page (null at the end), and what all the calls asked for come to.

    `calls`, `cost_usd` and `unpriced_calls` are what the typed question of the same filters and range says:
    the costs of the calls of all pages add up to `cost_usd`. `query` and `sql` are of the page, as is
    `elapsed_ms`; `total_query` and `total_sql` are of the sums.
    """

    items: list[ListedCall]
    next_cursor: str | None
    calls: int
    cost_usd: str | None
    unpriced_calls: int
    since: datetime | None
    until: datetime | None
    timezone: str
    query: dict[str, Any]
    sql: str
    total_query: dict[str, Any]
    total_sql: str
    elapsed_ms: float


class CallDetail(BaseModel):
    """One call with the working of its cost; times with the offset of `timezone`."""

    call: StoredCall
    cost: CostWorking
    timezone: str
