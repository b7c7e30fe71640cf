-- What an import found out about its data, and imports that were taken back.

alter table app.imports add column quality json;
alter table app.imports add column undone_at timestamptz;
alter table app.imports drop constraint imports_status_check;
-- undoing: its rows are being deleted; whoever is interrupted there deletes them again.
alter table app.imports add constraint imports_status_check
    check (status in ('running', 'completed', 'failed', 'undoing', 'undone'));
