-- Findings cost seconds to compute and the same question over the same data always has the same answer: the last
-- answer to each question is kept, and is good while data version and prices version are what they were.

create table app.optimizations (
    workspace_id text not null,
    request_hash text not null,
    data_version bigint not null,
    prices_version text not null,
    result json not null,
    computed_at timestamptz not null default now(),
    primary key (workspace_id, request_hash)
);

call app.protect('app.optimizations', false);
