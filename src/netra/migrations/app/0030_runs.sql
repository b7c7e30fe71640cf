-- Runs, the workers that carry them out, and the door through which a run enters the durable engine's queue.

create table app.runs (
    workspace_id text not null,
    user_id text not null,
    id text not null,
    thread_id text not null,
    message_id text not null,
    status text not null
        check (status in ('queued', 'running', 'completed', 'failed', 'timed_out', 'cancelled')),
    question text not null,
    context json not null,
    created_at timestamptz not null,
    started_at timestamptz,
    deadline_at timestamptz,
    finished_at timestamptz,
    cancel_requested_at timestamptz,
    answer text,
    report_id text,
    result json,
    primary key (workspace_id, user_id, id),
    foreign key (workspace_id, user_id, thread_id)
        references app.threads (workspace_id, user_id, id) on delete cascade
);

create index runs_of_thread on app.runs (workspace_id, user_id, thread_id, created_at, id);
create index runs_in_progress on app.runs (workspace_id, user_id, thread_id)
    where status in ('queued', 'running');

call app.protect('app.runs', true);

-- Processes, not tenants' data: who carries out runs and was last seen alive, by the database's clock.
create table app.workers (
    executor_id text primary key,
    application_version text not null,
    host text not null,
    pid integer not null,
    started_at timestamptz not null default clock_timestamp(),
    heartbeat_at timestamptz not null default clock_timestamp()
);

-- Puts a run of the current tenant into the durable engine's queue, in the transaction that stores the run. Owned by
-- the engine's role, because the application's role may not read or write the engine's schema. A thread's runs share
-- a partition and so follow one another; a user has four partitions, hence at most four runs at once.
create function app.enqueue_run(p_run text, p_user text)
returns void
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_thread text;
begin
    select r.thread_id into v_thread
    from app.runs r
    where r.workspace_id = app.current_workspace() and r.user_id = app.current_user_id()
      and r.user_id = p_user and r.id = p_run and r.status = 'queued';
    if not found then
        raise exception 'no such run waits for the current user' using errcode = 'NT003';
    end if;
    perform dbos.enqueue_workflow(
        workflow_name => 'netra.run',
        queue_name => 'netra-runs',
        named_args => json_build_object(
            'run_id', p_run, 'thread_id', v_thread, 'workspace_id', app.current_workspace(), 'user_id', p_user
        ),
        workflow_id => p_run,
        queue_partition_key => p_user || ':' || (hashtext(v_thread) & 3)::text,
        application_name => 'netra'
    );
end;
$$;

revoke all on function app.enqueue_run(text, text) from public;
grant execute on function app.enqueue_run(text, text) to netra_app;
grant select (workspace_id, user_id, id, thread_id, status) on app.runs to netra_dbos;
-- The new owner of a function needs the right to create in its schema, for as long as the change takes.
grant create on schema app to netra_dbos;
alter function app.enqueue_run(text, text) owner to netra_dbos;
revoke create on schema app from netra_dbos;
