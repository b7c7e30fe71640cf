-- Invitations into a workspace: by address, whether or not somebody has an account with it. They are accepted by
-- whoever holds the token and is signed in with that address; only the token's hash is stored.

create table auth.invitations (
    id text primary key,
    workspace_id text not null references auth.workspaces (id) on delete cascade,
    email text not null,
    role text not null check (role in ('owner', 'admin', 'analyst', 'viewer')),
    token_hash bytea not null unique,
    invited_by text not null references auth.users (id) on delete cascade,
    created_at timestamptz not null default now(),
    expires_at timestamptz not null,
    constraint invitations_email_normal check (email = lower(email) and email = btrim(email))
);

-- The latest invitation of an address into a workspace takes the place of the one before.
create unique index invitations_one_per_address on auth.invitations (workspace_id, email);
