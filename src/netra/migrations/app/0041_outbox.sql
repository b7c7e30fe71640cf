-- Calls on their way to the analytics store: what was accepted is here until it is stored there, so that the store may
-- be away. And what came of it: totals by day, and what could not be stored.

create table app.outbox (
    workspace_id text not null,
    seq bigint generated always as identity,
    accepted_by text not null,
    source text not null check (source in ('otlp', 'gateway')),
    accepted_at timestamptz not null default clock_timestamp(),
    -- Spans (or calls) that came in, and those that were counted as ignored or rejected before anything was stored.
    received integer not null,
    ignored integer not null,
    rejected integer not null,
    rejects json,
    -- The calls as an Arrow stream; no text of prompts or answers.
    calls integer not null,
    body bytea not null,
    -- Batches that are written together have one flush: its name is the insert token of the analytics store.
    flush text,
    attempts integer not null default 0,
    primary key (workspace_id, seq)
);

-- The body is compressed already; kept apart from the row, so that counting rows does not read it.
alter table app.outbox alter column body set storage external;
create index outbox_flush on app.outbox (workspace_id, flush) where flush is not null;

call app.protect('app.outbox', false);

create table app.ingest_totals (
    workspace_id text not null,
    source text not null,
    day date not null,
    batches bigint not null,
    received bigint not null,
    stored bigint not null,
    duplicates bigint not null,
    same_calls bigint not null,
    ignored bigint not null,
    rejected bigint not null,
    unpriced bigint not null,
    last_stored_at timestamptz not null,
    primary key (workspace_id, source, day)
);

call app.protect('app.ingest_totals', false);

-- kind span: one span that was not stored. kind batch: calls that the analytics store would not take, kept whole.
create table app.ingest_rejects (
    workspace_id text not null,
    seq bigint generated always as identity,
    source text not null,
    kind text not null check (kind in ('span', 'batch')),
    accepted_at timestamptz not null,
    rejected_at timestamptz not null default clock_timestamp(),
    trace_id text,
    span_id text,
    code text not null,
    reason text not null,
    calls integer not null default 0,
    body bytea,
    primary key (workspace_id, seq)
);

call app.protect('app.ingest_rejects', false);

-- Which workspaces have batches waiting and how large they are, over all tenants: a worker must find them, and the
-- limit of the outbox holds for all together. The product's role reaches this by the two functions below only.
create table app.outbox_queue (
    workspace_id text not null,
    batch_seq bigint not null,
    bytes bigint not null,
    accepted_at timestamptz not null,
    primary key (workspace_id, batch_seq)
);

revoke all on app.outbox_queue from netra_app;

create function app.queue_outbox() returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    if tg_op = 'INSERT' then
        insert into app.outbox_queue values (new.workspace_id, new.seq, octet_length(new.body) + 200, new.accepted_at);
    else
        delete from app.outbox_queue where workspace_id = old.workspace_id and batch_seq = old.seq;
    end if;
    return null;
end;
$$;

create trigger queue_outbox after insert or delete on app.outbox for each row execute function app.queue_outbox();

-- Workspaces with batches waiting, the longest waiting first.
create function app.outbox_waiting() returns table (workspace_id text, since timestamptz)
language sql stable
security definer
set search_path = pg_catalog, pg_temp
as $$ select q.workspace_id, min(q.accepted_at) from app.outbox_queue q group by q.workspace_id order by 2 limit 100 $$;

create function app.outbox_load() returns table (batches bigint, bytes bigint)
language sql stable
security definer
set search_path = pg_catalog, pg_temp
as $$ select count(*), coalesce(sum(q.bytes), 0)::bigint from app.outbox_queue q $$;

revoke all on function app.queue_outbox(), app.outbox_waiting(), app.outbox_load() from public, netra_app;
grant execute on function app.outbox_waiting(), app.outbox_load() to netra_app;
