-- A workspace's own prices over those of the installation: one TOML document, validated before it is stored.

create table app.price_overrides (
    workspace_id text primary key,
    content text not null check (length(content) <= 200000),
    changed_by text not null,
    changed_at timestamptz not null default now()
);

call app.protect('app.price_overrides', false);

-- Re-pricings of stored calls. One that is running has begun to rewrite costs: until it is done, answers over this
-- workspace's data are not kept. The same request again finishes one that was interrupted.
create table app.repricings (
    workspace_id text not null,
    id text not null,
    requested_by text not null,
    status text not null check (status in ('running', 'done')),
    prices_version text not null,
    since timestamptz,
    until timestamptz,
    calls bigint not null,
    before_usd numeric(38, 15) not null,
    after_usd numeric(38, 15) not null,
    started_at timestamptz not null default now(),
    finished_at timestamptz,
    primary key (workspace_id, id)
);

create index repricings_running on app.repricings (workspace_id) where status = 'running';

call app.protect('app.repricings', false);
