-- Accounts of a V1 run that failed or are held wait again in pieces too (BX01US01).
alter table bill_run modify column again varchar(10) null check (again in ('all', 'stale', 'failed'));
