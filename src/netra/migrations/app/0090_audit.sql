-- The record of every authentication and authorisation decision: a chain of hashes that only grows.

create table app.audit_head (
    only_row boolean primary key default true check (only_row),
    last_seq bigint not null,
    last_hash bytea not null
);

insert into app.audit_head (last_seq, last_hash) values (0, decode(repeat('00', 32), 'hex'));

create table app.audit_entries (
    seq bigint primary key,
    at timestamptz not null,
    action text not null,
    outcome text not null,
    actor_user_id text,
    workspace_id text,
    entry text not null,
    previous_hash bytea not null,
    hash bytea not null
);

create index audit_entries_at on app.audit_entries (at);

-- The product writes entries and never reads them back; it may move the head on, not remove it.
revoke all on app.audit_entries, app.audit_head from netra_app;
grant insert on app.audit_entries to netra_app;
grant select, update on app.audit_head to netra_app;

alter table app.audit_entries enable row level security;
alter table app.audit_entries force row level security;
create policy append on app.audit_entries for insert to netra_app with check (true);
create policy inspect on app.audit_entries for select to netra_owner using (true);
