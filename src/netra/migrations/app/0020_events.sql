-- The event log: one stream per thread with a gapless seq, who may append for a run, and the attempts of its steps.

-- Half-full pages: the row is updated with every event, in place as long as there is room beside it.
create table app.event_streams (
    workspace_id text not null,
    user_id text not null,
    thread_id text not null,
    epoch text not null,
    last_seq bigint not null default 0,
    primary key (workspace_id, user_id, thread_id),
    foreign key (workspace_id, user_id, thread_id)
        references app.threads (workspace_id, user_id, id) on delete cascade
) with (fillfactor = 50);

call app.protect('app.event_streams', true);

-- `data` is json, not jsonb: a replayed frame is the text that was sent live, key order included.
create table app.events (
    workspace_id text not null,
    user_id text not null,
    thread_id text not null,
    seq bigint not null,
    event_id text not null,
    run_id text,
    type text not null,
    parent text,
    ts timestamptz not null,
    step text not null,
    attempt integer not null,
    ordinal integer not null,
    data json not null,
    primary key (workspace_id, user_id, thread_id, seq),
    foreign key (workspace_id, user_id, thread_id)
        references app.event_streams (workspace_id, user_id, thread_id) on delete cascade
);

-- The idempotency key: an event of a run's step is appended once.
create unique index events_once on app.events (workspace_id, user_id, run_id, step, attempt, ordinal)
    where run_id is not null;

call app.protect('app.events', true);

-- The one writer of a run. A worker that takes the run over replaces the claim, which fences the former one.
create table app.event_writers (
    workspace_id text not null,
    user_id text not null,
    run_id text not null,
    thread_id text not null,
    claim text not null,
    claims integer not null default 1,
    closed boolean not null default false,
    claimed_at timestamptz not null default clock_timestamp(),
    primary key (workspace_id, user_id, run_id),
    foreign key (workspace_id, user_id, thread_id)
        references app.event_streams (workspace_id, user_id, thread_id) on delete cascade
);

call app.protect('app.event_writers', true);

create table app.step_attempts (
    workspace_id text not null,
    user_id text not null,
    run_id text not null,
    step text not null,
    attempt integer not null,
    started_at timestamptz not null default clock_timestamp(),
    primary key (workspace_id, user_id, run_id, step, attempt),
    foreign key (workspace_id, user_id, run_id)
        references app.event_writers (workspace_id, user_id, run_id) on delete cascade
);

call app.protect('app.step_attempts', true);

-- Appends p_events (an array of {event_id, type, parent, step, attempt, ordinal, data}) to the thread's stream and
-- returns each as stored; an event whose key is known is returned as it was first stored, with o_fresh false.
-- The row of the stream is locked first, here and in claim_writer: this orders the thread's events and makes the
-- check of the claim race-free. SQLSTATE NT001: the writer's claim is not the current one, or the run is closed.
-- SQLSTATE NT002: the stream is gone. With p_close the run takes no event after these; without a claim that is
-- granted only to a run that no writer has claimed.
create function app.append_events(p_thread text, p_run text, p_claim text, p_close boolean, p_events json)
returns table (
    o_seq bigint, o_event_id text, o_type text, o_parent text, o_ts timestamptz, o_data json, o_epoch text,
    o_fresh boolean
)
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_workspace text := app.current_workspace();
    v_user text := app.current_user_id();
    v_first bigint;
    v_last bigint;
    v_item json;
begin
    select s.last_seq, s.epoch into v_last, o_epoch
    from app.event_streams s
    where s.workspace_id = v_workspace and s.user_id = v_user and s.thread_id = p_thread
    for update;
    if not found then
        raise exception 'no event stream for this thread' using errcode = 'NT002';
    end if;
    v_first := v_last;

    if p_claim is not null then
        perform 1 from app.event_writers w
        where w.workspace_id = v_workspace and w.user_id = v_user and w.run_id = p_run
          and w.claim = p_claim and not w.closed;
        if not found then
            raise exception 'another writer has taken the run over, or it is closed' using errcode = 'NT001';
        end if;
        if p_close then
            update app.event_writers w set closed = true
            where w.workspace_id = v_workspace and w.user_id = v_user and w.run_id = p_run;
        end if;
    elsif p_close then
        insert into app.event_writers (workspace_id, user_id, run_id, thread_id, claim, closed)
        values (v_workspace, v_user, p_run, p_thread, '', true)
        on conflict do nothing;
        if not found then
            raise exception 'a writer has claimed the run' using errcode = 'NT001';
        end if;
    end if;

    for v_item in select e.value from json_array_elements(p_events) e loop
        o_fresh := false;
        select e.seq, e.event_id, e.type, e.parent, e.ts, e.data
        into o_seq, o_event_id, o_type, o_parent, o_ts, o_data
        from app.events e
        where p_run is not null and e.workspace_id = v_workspace and e.user_id = v_user and e.run_id = p_run
          and e.step = v_item ->> 'step' and e.attempt = (v_item ->> 'attempt')::integer
          and e.ordinal = (v_item ->> 'ordinal')::integer;
        if not found then
            v_last := v_last + 1;
            o_fresh := true;
            o_seq := v_last;
            o_event_id := v_item ->> 'event_id';
            o_type := v_item ->> 'type';
            o_parent := v_item ->> 'parent';
            o_ts := clock_timestamp();
            o_data := v_item -> 'data';
            insert into app.events (
                workspace_id, user_id, thread_id, seq, event_id, run_id, type, parent, ts, step, attempt,
                ordinal, data
            ) values (
                v_workspace, v_user, p_thread, o_seq, o_event_id, p_run, o_type, o_parent, o_ts,
                v_item ->> 'step', (v_item ->> 'attempt')::integer, (v_item ->> 'ordinal')::integer, o_data
            );
        end if;
        return next;
    end loop;

    if v_last > v_first then
        update app.event_streams s set last_seq = v_last
        where s.workspace_id = v_workspace and s.user_id = v_user and s.thread_id = p_thread;
    end if;
end;
$$;

-- Makes p_claim the run's only writer; the number of claims so far, 0 when the run is closed or its thread gone.
create function app.claim_writer(p_thread text, p_run text, p_claim text)
returns integer
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_workspace text := app.current_workspace();
    v_user text := app.current_user_id();
    v_claims integer;
begin
    perform 1 from app.event_streams s
    where s.workspace_id = v_workspace and s.user_id = v_user and s.thread_id = p_thread
    for update;
    if not found then
        return 0;
    end if;
    insert into app.event_writers as w (workspace_id, user_id, run_id, thread_id, claim)
    values (v_workspace, v_user, p_run, p_thread, p_claim)
    on conflict (workspace_id, user_id, run_id) do update
        set claim = excluded.claim, claims = w.claims + 1, claimed_at = clock_timestamp()
        where not w.closed
    returning w.claims into v_claims;
    return coalesce(v_claims, 0);
end;
$$;

-- Records that the holder of p_claim begins p_step; which attempt this is. SQLSTATE NT001 as in append_events.
create function app.begin_step(p_run text, p_claim text, p_step text)
returns integer
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_workspace text := app.current_workspace();
    v_user text := app.current_user_id();
    v_attempt integer;
begin
    perform 1 from app.event_writers w
    where w.workspace_id = v_workspace and w.user_id = v_user and w.run_id = p_run
      and w.claim = p_claim and not w.closed;
    if not found then
        raise exception 'another writer has taken the run over, or it is closed' using errcode = 'NT001';
    end if;
    insert into app.step_attempts (workspace_id, user_id, run_id, step, attempt)
    select v_workspace, v_user, p_run, p_step, coalesce(max(a.attempt), 0) + 1
    from app.step_attempts a
    where a.workspace_id = v_workspace and a.user_id = v_user and a.run_id = p_run and a.step = p_step
    returning attempt into v_attempt;
    return v_attempt;
end;
$$;
