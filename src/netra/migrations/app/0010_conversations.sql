-- Threads and their messages. They belong to one user in a workspace and are visible to nobody else, so the user
-- is part of every key and of every reference.

create table app.threads (
    workspace_id text not null,
    user_id text not null,
    id text not null,
    title text,
    status text not null default 'idle' check (status in ('idle', 'running')),
    created_at timestamptz not null,
    updated_at timestamptz not null,
    primary key (workspace_id, user_id, id)
);

create index threads_recent on app.threads (workspace_id, user_id, updated_at desc, id desc);

call app.protect('app.threads', true);

create table app.messages (
    workspace_id text not null,
    user_id text not null,
    id text not null,
    thread_id text not null,
    run_id text not null,
    role text not null check (role in ('user', 'assistant')),
    text text not null,
    result json,
    client_message_id text,
    created_at timestamptz not null,
    primary key (workspace_id, user_id, id),
    foreign key (workspace_id, user_id, thread_id)
        references app.threads (workspace_id, user_id, id) on delete cascade
);

create index messages_of_thread on app.messages (workspace_id, user_id, thread_id, created_at, id);

-- The same message of a client is stored once, however often it is sent.
create unique index messages_once on app.messages (workspace_id, user_id, client_message_id)
    where client_message_id is not null;

call app.protect('app.messages', true);
