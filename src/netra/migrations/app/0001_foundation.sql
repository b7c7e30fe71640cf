-- The ground every table of the schema `app` stands on: who is asking, and how a table is closed to everybody else.

-- After a commit a transaction-local variable reads '', not NULL: NULLIF makes both mean "nobody".
create function app.current_workspace() returns text
    language sql stable parallel safe
    return nullif(pg_catalog.current_setting('app.workspace_id', true), '');

create function app.current_user_id() returns text
    language sql stable parallel safe
    return nullif(pg_catalog.current_setting('app.user_id', true), '');

-- Closes a table: only rows of the current workspace (and, by_user, of the current user) can be read or written, by the
-- owner of the table too. A tenant table has `workspace_id text not null`, with by_user also `user_id text not null`,
-- and every unique key of it includes workspace_id (a duplicate key would otherwise tell of a foreign row).
create procedure app.protect(target regclass, by_user boolean)
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    rule text := 'workspace_id = (select app.current_workspace())';
begin
    if by_user then
        rule := rule || ' and user_id = (select app.current_user_id())';
    end if;
    execute format('alter table %s enable row level security', target);
    execute format('alter table %s force row level security', target);
    execute format('create policy tenant on %s for all to public using (%s) with check (%s)', target, rule, rule);
end
$$;

revoke execute on all routines in schema app from public;

-- Without `in schema`: a default of one schema can only add to the global one, not take from it.
alter default privileges revoke execute on routines from public;
alter default privileges in schema app grant select, insert, update, delete on tables to netra_app;
alter default privileges in schema app grant usage, select on sequences to netra_app;
alter default privileges in schema app grant execute on routines to netra_app;

grant execute on function app.current_workspace(), app.current_user_id() to netra_app, netra_dbos;
