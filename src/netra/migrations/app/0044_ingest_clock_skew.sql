-- Of what came in live and was stored: calls of which a time is left out because the clocks of their report
-- contradict it.
alter table app.ingest_totals add column clock_skew bigint not null default 0;
