-- Imports of usage and evaluations, the ledger of their chunks, and the version of a workspace's data.

create table app.imports (
    workspace_id text not null,
    id text not null,
    created_by text not null,
    name text not null,
    format text not null,
    options json not null,
    -- Digest of the file's bytes, format, options and chunk borders: the same file again resumes where it stopped.
    fingerprint text not null,
    bytes bigint not null,
    status text not null check (status in ('running', 'completed', 'failed')),
    read bigint not null default 0,
    stored bigint not null default 0,
    duplicates bigint not null default 0,
    rejected bigint not null default 0,
    ignored bigint not null default 0,
    unpriced bigint not null default 0,
    error json,
    started_at timestamptz not null,
    finished_at timestamptz,
    primary key (workspace_id, id)
);

create unique index imports_unfinished on app.imports (workspace_id, fingerprint) where status = 'running';


call app.protect('app.imports', false);

-- A chunk is announced (pending) before its rows go to the analytics store and settled (done) after; its number is
-- the insert token there, so a chunk repeated after a crash changes nothing.
create table app.import_chunks (
    workspace_id text not null,
    import_id text not null,
    number integer not null,
    status text not null check (status in ('pending', 'done')),
    read bigint not null default 0,
    stored bigint not null default 0,
    duplicates bigint not null default 0,
    rejected bigint not null default 0,
    ignored bigint not null default 0,
    unpriced bigint not null default 0,
    -- Length of the reject file once this chunk was done; a resumed import cuts the file there.
    reject_bytes bigint not null default 0,
    primary key (workspace_id, import_id, number),
    foreign key (workspace_id, import_id) references app.imports (workspace_id, id) on delete cascade
);

call app.protect('app.import_chunks', false);

-- Grows with every change of the workspace's usage or evaluations; what is computed from them is cached under it.
create table app.data_versions (
    workspace_id text primary key,
    version bigint not null,
    changed_at timestamptz not null
);

call app.protect('app.data_versions', false);
