-- What is done to all bills of a run goes in pieces by jobs (BX01US03): ends_as is what a run being rolled back becomes. Figures of a run
-- and of a period are read from indexes alone; those of its readings are counted by a job.
alter table bill_run
  modify column state varchar(32) not null check (state in ('queued', 'running', 'paused', 'completed', 'completed_with_errors', 'cancelled', 'setup', 'checking', 'ready', 'calculating', 'review', 'awaiting_approval', 'approved', 'publishing', 'published', 'closed', 'rolling_back', 'rolled_back')),
  add column if not exists ends_as varchar(32) null check (ends_as in ('rolled_back', 'cancelled', 'published')),
  add column if not exists reading_counts json null,
  add column if not exists readings_counted_at datetime(6) null;

alter table bill_run_item
  add key if not exists bill_run_item_work (run_id, state, seq, amount_minor), drop key if exists bill_run_item_claim,
  add unique key if not exists bill_run_item_order (run_id, seq), drop key if exists run_id_2;

alter table bill
  add key if not exists bill_run_sums (bill_run_id, status, stale, account_id, total_minor, current_charges_minor, tax_minor, is_estimated, usage_qty_micro, usage_unit, tariff_plan_id, category_id), drop key if exists bill_run,
  add key if not exists bill_period_sums (bill_cycle_period_id, status, payment_status, current_charges_minor, tax_minor, is_estimated, usage_qty_micro), drop key if exists bill_period;
