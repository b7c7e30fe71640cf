-- Sums kept ready with the rows: the store writes a projection with every part, in the same step, and rewrites it
-- when rows are changed or deleted. `netra.usage.rollups` says which questions they answer and words them alike.

-- A lightweight DELETE rewrites the projections of the parts it touches, instead of being refused.
ALTER TABLE llm_calls MODIFY SETTING lightweight_mutation_projection_mode = 'rebuild';

ALTER TABLE llm_calls ADD PROJECTION IF NOT EXISTS calls_by_hour
(
    SELECT
        workspace_id, toStartOfHour(ts, 'UTC'), provider, model, service_tier, status, app, feature,
        reasoning_effort, interactive, streaming, price_source,
        count(), min(ts), max(ts),
        sum(input_tokens), sum(output_tokens), sum(cache_read_tokens), sum(cache_write_tokens),
        sum(cache_write_1h_tokens), sum(reasoning_tokens),
        sum(cost_usd), count(cost_usd), sumIf(input_tokens + output_tokens, isNotNull(cost_usd)),
        sum(reported_cost_usd), count(reported_cost_usd),
        countIf(status != 'ok'), countIf(status = 'rate_limited'), countIf(status = 'timeout'),
        countIf(notEmpty(retry_of)),
        sum(latency_ms), count(latency_ms), max(latency_ms), sum(ttft_ms), count(ttft_ms), max(ttft_ms)
    GROUP BY
        workspace_id, toStartOfHour(ts, 'UTC'), provider, model, service_tier, status, app, feature,
        reasoning_effort, interactive, streaming, price_source
);

ALTER TABLE llm_calls ADD PROJECTION IF NOT EXISTS people_by_day
(
    SELECT
        workspace_id, toStartOfDay(ts, 'UTC'), user, api_key_id,
        count(), min(ts), max(ts),
        sum(input_tokens), sum(output_tokens), sum(cache_read_tokens),
        sum(cost_usd), count(cost_usd), countIf(status != 'ok')
    GROUP BY workspace_id, toStartOfDay(ts, 'UTC'), user, api_key_id
);

-- What was stored before gets them in the background; until then such parts are read row by row.
ALTER TABLE llm_calls MATERIALIZE PROJECTION calls_by_hour;

ALTER TABLE llm_calls MATERIALIZE PROJECTION people_by_day;
