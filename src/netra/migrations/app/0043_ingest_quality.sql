-- Of what came in live and was stored: calls whose report leaves out how much of the input was cached. Their
-- cost is an upper bound.
alter table app.ingest_totals add column cache_unreported bigint not null default 0;
