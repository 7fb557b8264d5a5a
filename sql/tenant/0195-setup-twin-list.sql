-- The twin run's list is read in the order of an index: what it shows of the old bill stands beside what came of it.
alter table import_twin
  add column if not exists bill_no varchar(60) collate utf8mb4_bin null, add column if not exists account_id bigint unsigned null,
  add column if not exists bill_date date null, add column if not exists theirs_minor bigint null;
update import_twin w join import_bill h on h.id = w.import_bill_id set w.bill_no = h.bill_no, w.account_id = h.account_id, w.bill_date = h.bill_date, w.theirs_minor = h.total_minor where w.bill_no is null;
alter table import_twin
  add key if not exists import_twin_account (account_id), add key if not exists import_twin_no (utility_id, bill_no, import_bill_id), add key if not exists import_twin_day (utility_id, bill_date, import_bill_id),
  add key if not exists import_twin_cause (utility_id, cause, bill_no, import_bill_id), add key if not exists import_twin_sums (utility_id, cause, theirs_minor, ours_minor);
