-- What was answered to a write that carried an Idempotency-Key: the same key gets the same answer for a day.

create table app.idempotency_keys (
    workspace_id text not null,
    user_id text not null,
    operation text not null,
    key text not null,
    fingerprint bytea not null,
    -- null while the first request is being worked on
    answer json,
    claimed_at timestamptz not null default clock_timestamp(),
    primary key (workspace_id, user_id, operation, key)
);

call app.protect('app.idempotency_keys', true);
