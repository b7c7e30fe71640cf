-- The provider's own id of its answer: by it a call that two layers report is recognised as one.
ALTER TABLE llm_calls ADD COLUMN IF NOT EXISTS response_id String DEFAULT '' AFTER parent_span_id;
