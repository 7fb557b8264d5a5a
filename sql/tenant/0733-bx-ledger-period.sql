-- The journal of one month, and what it sums to.
create index if not exists ledger_period on ledger_entry (gl_period_id);
