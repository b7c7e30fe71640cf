-- Accounts, workspaces and credentials. Reached by the role netra_auth only; every secret is stored as a hash.

alter default privileges in schema auth grant select, insert, update, delete on tables to netra_auth;
alter default privileges in schema auth grant usage, select on sequences to netra_auth;

create table auth.users (
    id text primary key,
    email text not null,
    name text not null,
    password_hash text not null,
    is_installation_owner boolean not null default false,
    created_at timestamptz not null default now(),
    password_changed_at timestamptz not null default now(),
    disabled_at timestamptz,
    constraint users_email_key unique (email),
    constraint users_email_normal check (email = lower(email) and email = btrim(email))
);

create unique index users_one_installation_owner on auth.users (is_installation_owner) where is_installation_owner;

create table auth.workspaces (
    id text primary key,
    owner_id text not null references auth.users (id),
    name text not null,
    created_at timestamptz not null default now()
);

create unique index workspaces_name_per_owner on auth.workspaces (owner_id, lower(name));

create table auth.memberships (
    workspace_id text not null references auth.workspaces (id) on delete cascade,
    user_id text not null references auth.users (id) on delete cascade,
    role text not null check (role in ('owner', 'admin', 'analyst', 'viewer')),
    added_at timestamptz not null default now(),
    primary key (workspace_id, user_id)
);

create index memberships_user on auth.memberships (user_id);

-- A session is one family of refresh tokens: it lives and dies as a whole.
create table auth.sessions (
    id text primary key,
    user_id text not null references auth.users (id) on delete cascade,
    client text not null,
    created_at timestamptz not null default now(),
    expires_at timestamptz not null,
    revoked_at timestamptz,
    revoked_for text
);

create index sessions_user on auth.sessions (user_id) where revoked_at is null;

create table auth.refresh_tokens (
    token_hash bytea primary key,
    session_id text not null references auth.sessions (id) on delete cascade,
    issued_at timestamptz not null default now(),
    spent_at timestamptz,
    successor_hash bytea
);

create index refresh_tokens_session on auth.refresh_tokens (session_id);

-- One-time tickets for a socket; worth nothing after half a minute, so a crash may lose them.
create unlogged table auth.tickets (
    ticket_hash bytea primary key,
    user_id text not null references auth.users (id) on delete cascade,
    session_id text references auth.sessions (id) on delete cascade,
    key_id text,
    expires_at timestamptz not null
);

create index tickets_expiry on auth.tickets (expires_at);

create table auth.api_keys (
    id text primary key,
    user_id text not null references auth.users (id) on delete cascade,
    -- null: the local owner's key for this machine's command line, not bound to one workspace
    workspace_id text references auth.workspaces (id) on delete cascade,
    name text not null,
    display text not null,
    key_hash bytea not null unique,
    role_limit text check (role_limit in ('owner', 'admin', 'analyst', 'viewer')),
    created_at timestamptz not null default now(),
    expires_at timestamptz not null,
    revoked_at timestamptz
);

create index api_keys_workspace on auth.api_keys (workspace_id);
create index api_keys_user on auth.api_keys (user_id);

alter table auth.tickets
    add constraint tickets_key foreign key (key_id) references auth.api_keys (id) on delete cascade;

-- Devices on which a user has signed in before; they keep their own count of guesses.
create table auth.devices (
    token_hash bytea primary key,
    user_id text not null references auth.users (id) on delete cascade,
    created_at timestamptz not null default now(),
    expires_at timestamptz not null
);

create index devices_user on auth.devices (user_id);

-- One row a guess. `bucket` is a keyed hash of the e-mail address, or of address and device: no address is stored.
create table auth.sign_in_guesses (
    id bigint generated always as identity primary key,
    bucket bytea not null,
    at timestamptz not null default now()
);

create index sign_in_guesses_bucket on auth.sign_in_guesses (bucket, at);
