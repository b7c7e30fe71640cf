-- One row a call, exactly once by call_id inside a workspace: the writer sees to that, and a block repeated with its
-- token is dropped by the store. Not partitioned: an insert is one block, hence all or nothing.
CREATE TABLE IF NOT EXISTS llm_calls
(
    workspace_id LowCardinality(String),
    call_id String,
    ts DateTime64(6, 'UTC'),
    provider LowCardinality(String),
    model LowCardinality(String),
    input_tokens Int64,
    cache_read_tokens Int64,
    cache_write_tokens Int64,
    cache_write_1h_tokens Int64,
    output_tokens Int64,
    reasoning_tokens Nullable(Int64),
    service_tier LowCardinality(String),
    latency_ms Nullable(Float64),
    ttft_ms Nullable(Float64),
    status LowCardinality(String),
    retry_of String,
    app LowCardinality(String),
    feature LowCardinality(String),
    user String,
    api_key_id String,
    session_id String,
    trace_id String,
    span_id String,
    parent_span_id String,
    streaming Nullable(Bool),
    interactive Nullable(Bool),
    max_output_tokens Nullable(Int64),
    temperature Nullable(Float64),
    reasoning_effort LowCardinality(String),
    request_hash String,
    prefix_hashes Array(UInt64),
    prefix_block_tokens Int64,
    reported_cost_usd Nullable(Decimal(38, 15)),
    tags String,
    cost_usd Nullable(Decimal(38, 15)),
    price_source LowCardinality(String),
    import_id LowCardinality(String),
    position UInt64,
    id_hash UInt64,
    content_hash UInt64,
    day Date MATERIALIZED toDate(ts, 'UTC'),
    stored_at DateTime('UTC') MATERIALIZED now()
)
ENGINE = MergeTree
ORDER BY (workspace_id, day, ts, position)
SETTINGS non_replicated_deduplication_window = 100000;

-- One row a score: model M on item I of a group, exactly once by (model, group, item_id) inside a workspace.
CREATE TABLE IF NOT EXISTS evaluations
(
    workspace_id LowCardinality(String),
    item_id String,
    model LowCardinality(String),
    score Float64,
    `group` LowCardinality(String),
    input_tokens Nullable(Int64),
    output_tokens Nullable(Int64),
    cost_usd Nullable(Decimal(38, 15)),
    import_id LowCardinality(String),
    position UInt64,
    id_hash UInt64,
    content_hash UInt64,
    stored_at DateTime('UTC') MATERIALIZED now()
)
ENGINE = MergeTree
ORDER BY (workspace_id, model, `group`, item_id)
SETTINGS non_replicated_deduplication_window = 100000;
