-- Chart, posting keys, periods and the ledger (BX05US01). Invariants I1 to I3, I17.
-- append-only: ledger_txn, ledger_entry
create table if not exists gl_code (
  id bigint unsigned not null auto_increment primary key, utility_id bigint unsigned not null, public_id char(22) collate utf8mb4_bin not null default (replace(replace(left(to_base64(random_bytes(17)), 22), '+', '-'), '/', '_')) unique,
  code varchar(12) collate utf8mb4_bin not null check (code regexp '^[0-9.-]{3,12}$'), name varchar(80) not null, type varchar(32) not null check (type in ('asset', 'liability', 'revenue', 'expense', 'equity')), normal_side varchar(32) not null check (normal_side in ('debit', 'credit')),
  control tinyint(1) not null default 0 comment 'no manual posting', parent_id bigint unsigned null, erp_code varchar(40) null, active tinyint(1) not null default 1,
  created_at datetime(6) not null default (utc_timestamp(6)), created_by bigint unsigned null,
  updated_at datetime(6) not null default (utc_timestamp(6)), updated_by bigint unsigned null, row_version int unsigned not null default 1,
  unique key (utility_id, code), foreign key (parent_id) references gl_code (id), foreign key (utility_id) references utility (id)
);

create table if not exists gl_role (
  id bigint unsigned not null auto_increment primary key, utility_id bigint unsigned not null, posting_key varchar(40) collate utf8mb4_bin not null, gl_code_id bigint unsigned not null,
  created_at datetime(6) not null default (utc_timestamp(6)), created_by bigint unsigned null,
  updated_at datetime(6) not null default (utc_timestamp(6)), updated_by bigint unsigned null, row_version int unsigned not null default 1,
  unique key (utility_id, posting_key), foreign key (gl_code_id) references gl_code (id), foreign key (utility_id) references utility (id)
);

-- Most specific first: (charge type, service, category, tax code), (charge type, service), (charge type), else SUSPENSE with an exception. '' = any.
create table if not exists gl_mapping (
  id bigint unsigned not null auto_increment primary key, utility_id bigint unsigned not null, charge_type varchar(30) collate utf8mb4_bin not null, service_code varchar(4) collate utf8mb4_bin not null default '', category_id bigint unsigned not null default 0, tax_code varchar(20) collate utf8mb4_bin not null default '', gl_code_id bigint unsigned not null, valid_from date not null default '2000-01-01',
  created_at datetime(6) not null default (utc_timestamp(6)), created_by bigint unsigned null,
  updated_at datetime(6) not null default (utc_timestamp(6)), updated_by bigint unsigned null, row_version int unsigned not null default 1,
  unique key (utility_id, charge_type, service_code, category_id, tax_code, valid_from), foreign key (gl_code_id) references gl_code (id), foreign key (utility_id) references utility (id)
);

create table if not exists gl_period (
  id bigint unsigned not null auto_increment primary key, utility_id bigint unsigned not null, label char(7) not null, from_date date not null, to_date date not null, state varchar(32) not null default 'open' check (state in ('open', 'closing', 'closed')), checklist json null, closed_at datetime(6) null, closed_by bigint unsigned null, reopened_at datetime(6) null, reopen_reason varchar(300) null,
  created_at datetime(6) not null default (utc_timestamp(6)), created_by bigint unsigned null,
  updated_at datetime(6) not null default (utc_timestamp(6)), updated_by bigint unsigned null, row_version int unsigned not null default 1,
  unique key (utility_id, from_date), unique key (utility_id, label), foreign key (utility_id) references utility (id)
);

-- Balances of closed periods: written at closing, removed at reopening. Those of open periods are summed from the entries.
create table if not exists gl_period_balance (
  gl_period_id bigint unsigned not null, gl_code_id bigint unsigned not null, opening_minor bigint not null, debit_minor bigint not null, credit_minor bigint not null,
  primary key (gl_period_id, gl_code_id), foreign key (gl_period_id) references gl_period (id), foreign key (gl_code_id) references gl_code (id)
);

-- The head of a balanced set: one business event posts once (set_key, and txn_type + source).
create table if not exists ledger_txn (
  id bigint unsigned not null auto_increment primary key, utility_id bigint unsigned not null, public_id char(22) collate utf8mb4_bin not null default (replace(replace(left(to_base64(random_bytes(17)), 22), '+', '-'), '/', '_')) unique,
  set_key varchar(120) collate utf8mb4_bin not null, txn_type varchar(40) collate utf8mb4_bin not null comment 'bill, bill_cancel, payment, payment_reversal, charge, late_fee, refund, adjustment, credit_note, agreement, journal, opening ...',
  source_type varchar(40) collate utf8mb4_bin not null, source_id bigint unsigned not null, source_no int not null default 0 comment 'nth event of one kind of the source, as a second approval after a failed refund',
  currency char(3) not null, effective_date date not null, original_date date null, gl_period_id bigint unsigned not null,
  total_minor bigint not null comment 'sum of the debits', line_count smallint not null, reversal_of_txn_id bigint unsigned null unique comment 'reversed at most once',
  memo varchar(200) null, posted_at datetime(6) not null, posted_by bigint unsigned null,
  unique key (utility_id, set_key), unique key ledger_once (utility_id, txn_type, source_type, source_id, source_no), key (source_type, source_id), key (utility_id, effective_date, id),
  foreign key (reversal_of_txn_id) references ledger_txn (id), foreign key (gl_period_id) references gl_period (id)
);

create table if not exists ledger_entry (
  id bigint unsigned not null auto_increment primary key, txn_id bigint unsigned not null, line_no smallint not null, txn_type varchar(40) collate utf8mb4_bin not null, utility_id bigint unsigned not null,
  account_id bigint unsigned null, gl_code_id bigint unsigned not null, debit_minor bigint not null default 0, credit_minor bigint not null default 0,
  effective_date date not null, original_date date null, gl_period_id bigint unsigned not null, posted_at datetime(6) not null, posted_by bigint unsigned null,
  source_type varchar(40) collate utf8mb4_bin not null, source_id bigint unsigned not null, bill_id bigint unsigned null, charge_type varchar(30) collate utf8mb4_bin null, reversal_of_txn_id bigint unsigned null, memo varchar(200) null,
  unique key (txn_id, line_no), key ledger_account (account_id, posted_at), key ledger_code (gl_code_id, gl_period_id, debit_minor, credit_minor),
  foreign key (txn_id) references ledger_txn (id), foreign key (gl_code_id) references gl_code (id),
  check (debit_minor >= 0 and credit_minor >= 0 and (debit_minor > 0) <> (credit_minor > 0))
);

create table if not exists gl_journal (
  id bigint unsigned not null auto_increment primary key, utility_id bigint unsigned not null, public_id char(22) collate utf8mb4_bin not null default (replace(replace(left(to_base64(random_bytes(17)), 22), '+', '-'), '/', '_')) unique, journal_no varchar(30) not null, effective_date date not null, reason varchar(300) not null, `lines` json not null, state varchar(32) not null default 'draft' check (state in ('draft', 'awaiting_approval', 'posted', 'refused')), requested_by bigint unsigned null, approved_by bigint unsigned null, approved_at datetime(6) null, txn_id bigint unsigned null,
  created_at datetime(6) not null default (utc_timestamp(6)), created_by bigint unsigned null,
  updated_at datetime(6) not null default (utc_timestamp(6)), updated_by bigint unsigned null, row_version int unsigned not null default 1,
  unique key (utility_id, journal_no), foreign key (utility_id) references utility (id)
);

create table if not exists gl_export_batch (
  id bigint unsigned not null auto_increment primary key, utility_id bigint unsigned not null, public_id char(22) collate utf8mb4_bin not null default (replace(replace(left(to_base64(random_bytes(17)), 22), '+', '-'), '/', '_')) unique, batch_no varchar(30) not null, gl_period_id bigint unsigned not null, format varchar(32) not null default 'csv' check (format in ('csv', 'json')), detail varchar(32) not null default 'summary' check (detail in ('summary', 'entries')), `rows` int not null default 0, debit_minor bigint not null default 0, credit_minor bigint not null default 0, sha256 binary(32) null, document_id bigint unsigned null,
  state varchar(32) not null default 'created' check (state in ('created', 'downloaded', 'transferred')), erp_reference varchar(80) null, reverses_id bigint unsigned null,
  created_at datetime(6) not null default (utc_timestamp(6)), created_by bigint unsigned null,
  updated_at datetime(6) not null default (utc_timestamp(6)), updated_by bigint unsigned null, row_version int unsigned not null default 1,
  unique key (utility_id, batch_no), foreign key (gl_period_id) references gl_period (id), foreign key (utility_id) references utility (id)
);

-- Each entry is in exactly one batch.
create table if not exists gl_export_entry (
  entry_id bigint unsigned not null primary key, batch_id bigint unsigned not null, key (batch_id), foreign key (batch_id) references gl_export_batch (id), foreign key (entry_id) references ledger_entry (id)
);
