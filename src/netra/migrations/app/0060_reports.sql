-- Reports belong to the workspace: every member reads them. The document is the whole truth about a report; the
-- other columns repeat what a listing shows. `json`, not `jsonb`: a document comes back exactly as it went in.

create table app.reports (
    workspace_id text not null,
    id text not null,
    created_by text not null,
    run_id text,
    title text not null,
    question text not null,
    answer text not null check (answer in ('answered', 'partial', 'insufficient_data')),
    savings_usd text,
    data_version bigint not null,
    created_at timestamptz not null,
    document json not null,
    primary key (workspace_id, id)
);

-- A step of a run that is done again must not leave a second report.
create unique index reports_once_a_run on app.reports (workspace_id, run_id) where run_id is not null;

call app.protect('app.reports', false);
