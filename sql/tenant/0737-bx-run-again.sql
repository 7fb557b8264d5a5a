-- Drafts of a whole run are made anew (BX01US03): which accounts wait again is marked in pieces by a job, before the work begins; its
-- place is check_after. NULL: what goes on there are checks or looks.
alter table bill_run add column if not exists again varchar(10) null check (again in ('all', 'stale'));
