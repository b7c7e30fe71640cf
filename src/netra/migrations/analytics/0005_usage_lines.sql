-- What a provider says was used or billed in a span of time: sums over many calls, never added to the calls themselves.
-- Exactly once by (provider, span, and every dimension) inside a workspace.
CREATE TABLE IF NOT EXISTS usage_lines
(
    workspace_id LowCardinality(String),
    provider LowCardinality(String),
    ts DateTime64(6, 'UTC'),
    until DateTime64(6, 'UTC'),
    model LowCardinality(String),
    line_item LowCardinality(String),
    project LowCardinality(String),
    user String,
    api_key_id String,
    service_tier LowCardinality(String),
    requests Int64,
    input_tokens Int64,
    cache_read_tokens Int64,
    cache_write_tokens Int64,
    output_tokens Int64,
    input_audio_tokens Int64,
    output_audio_tokens Int64,
    cost Nullable(Decimal(38, 15)),
    currency LowCardinality(String),
    import_id LowCardinality(String),
    position UInt64,
    id_hash UInt64,
    content_hash UInt64,
    stored_at DateTime('UTC') MATERIALIZED now()
)
ENGINE = MergeTree
ORDER BY (workspace_id, ts, provider, model)
SETTINGS non_replicated_deduplication_window = 100000;
