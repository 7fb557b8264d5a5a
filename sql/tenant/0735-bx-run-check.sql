-- The accounts of a large run are checked, and its readings looked through before the drafts, in pieces by a job (BX01US03 stages 2
-- to 4): check_after is the place in the run's order it has come to; NULL: over, or not begun.
alter table bill_run add column if not exists check_after int null;
