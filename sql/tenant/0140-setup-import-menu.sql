-- Data migration (ONB04US01) and the menu (ONB07).
create table if not exists import_template (
  id bigint unsigned not null auto_increment primary key, entity varchar(40) collate utf8mb4_bin not null, version int not null, `columns` json not null, unique key (entity, version)
);

create table if not exists import_mapping (
  id bigint unsigned not null auto_increment primary key, utility_id bigint unsigned not null, entity varchar(40) collate utf8mb4_bin not null, name varchar(80) not null, mapping json not null,
  created_at datetime(6) not null default (utc_timestamp(6)), created_by bigint unsigned null,
  updated_at datetime(6) not null default (utc_timestamp(6)), updated_by bigint unsigned null, row_version int unsigned not null default 1,
  unique key (utility_id, entity, name), foreign key (utility_id) references utility (id)
);

create table if not exists import_batch (
  id bigint unsigned not null auto_increment primary key, utility_id bigint unsigned not null, public_id char(22) collate utf8mb4_bin not null default (replace(replace(left(to_base64(random_bytes(17)), 22), '+', '-'), '/', '_')) unique, batch_no varchar(30) not null, entity varchar(40) collate utf8mb4_bin not null,
  file_name varchar(200) not null, document_id bigint unsigned null, archive_id bigint unsigned null comment 'the files beside the list, a document', sha256 binary(32) not null, size bigint unsigned not null, encoding varchar(20) not null default 'UTF-8', delimiter_char char(1) not null default ',', header json null,
  mapping json null, mapping_name varchar(80) null, mode varchar(32) not null default 'insert' check (mode in ('insert', 'upsert', 'update')), policy varchar(32) not null default 'skip_bad_rows' check (policy in ('skip_bad_rows', 'all_or_nothing')),
  state varchar(32) not null default 'uploaded' check (state in ('uploaded', 'mapped', 'validating', 'validated', 'validation_failed', 'importing', 'paused', 'completed', 'completed_with_errors', 'failed', 'cancelled', 'rolling_back', 'rolled_back', 'partly_rolled_back')),
  problem varchar(500) null comment 'why it failed',
  total_count int not null default 0, valid_count int not null default 0, warning_count int not null default 0, error_count int not null default 0, imported_count int not null default 0, skipped_count int not null default 0,
  cursor_row int not null default 0 comment 'line of the file up to which rows are decided', control_totals json null comment 'what the old system says: count, sum_minor, use_micro',
  has_ledger_effect tinyint(1) not null default 0, job_id bigint unsigned null,
  started_at datetime(6) null, finished_at datetime(6) null, rolled_back_at datetime(6) null,
  created_at datetime(6) not null default (utc_timestamp(6)), created_by bigint unsigned null,
  updated_at datetime(6) not null default (utc_timestamp(6)), updated_by bigint unsigned null, row_version int unsigned not null default 1,
  unique key (utility_id, batch_no), key (utility_id, entity, sha256), key (utility_id, state), foreign key (utility_id) references utility (id)
);

create table if not exists import_row (
  batch_id bigint unsigned not null, line_no int unsigned not null, raw json not null,
  state varchar(32) not null default 'pending' check (state in ('pending', 'valid', 'warning', 'error', 'imported', 'skipped', 'rolled_back', 'blocked')), messages json null, entity_id bigint unsigned null, before_value json null,
  key_value varchar(80) collate utf8mb4_bin null comment 'by which the old system knows the record', amount_minor bigint null, use_micro bigint null comment 'control totals',
  primary key (batch_id, line_no), key (batch_id, state, line_no), key (batch_id, key_value), foreign key (batch_id) references import_batch (id) on delete cascade
);

create table if not exists import_link (
  id bigint unsigned not null auto_increment primary key, utility_id bigint unsigned not null, entity varchar(40) collate utf8mb4_bin not null, legacy_id varchar(80) collate utf8mb4_bin not null, entity_id bigint unsigned not null, batch_id bigint unsigned not null,
  unique key (utility_id, entity, legacy_id), key (entity, entity_id), key (batch_id), foreign key (batch_id) references import_batch (id)
);

-- Bills and payments of the old system, to look at and to compare with: they post nothing.
create table if not exists import_bill (
  id bigint unsigned not null auto_increment primary key, utility_id bigint unsigned not null, account_id bigint unsigned not null, bill_no varchar(60) collate utf8mb4_bin not null,
  bill_date date not null, due_date date not null, from_on date null, to_on date null, total_minor bigint not null, use_micro bigint null, pdf_file varchar(200) null, batch_id bigint unsigned not null,
  created_at datetime(6) not null default (utc_timestamp(6)),
  unique key (utility_id, bill_no), key (account_id, bill_date), foreign key (utility_id) references utility (id)
);
create table if not exists import_payment (
  id bigint unsigned not null auto_increment primary key, utility_id bigint unsigned not null, account_id bigint unsigned not null, payment_no varchar(60) collate utf8mb4_bin not null,
  paid_at datetime(6) not null, amount_minor bigint not null, mode varchar(40) not null, reference varchar(80) null, batch_id bigint unsigned not null,
  created_at datetime(6) not null default (utc_timestamp(6)),
  unique key (utility_id, payment_no), key (account_id, paid_at), foreign key (utility_id) references utility (id)
);

-- The twin run: old bills computed again by our engine. cause NULL: not compared yet.
create table if not exists import_twin (
  import_bill_id bigint unsigned not null primary key, utility_id bigint unsigned not null, cause varchar(32) collate utf8mb4_bin not null, ours_minor bigint null, use_micro bigint null, detail varchar(300) null,
  compared_at datetime(6) not null default (utc_timestamp(6)),
  key (utility_id, cause), foreign key (import_bill_id) references import_bill (id) on delete cascade, foreign key (utility_id) references utility (id)
);

-- The menu itself comes from the program at start-up; these rows keep what a utility or a person changed.
create table if not exists menu_item (
  id bigint unsigned not null auto_increment primary key, utility_id bigint unsigned null, `key` varchar(60) collate utf8mb4_bin not null, module varchar(20) not null, label varchar(60) not null, icon varchar(40) null, path varchar(300) not null,
  permission_key varchar(80) null, parent_key varchar(60) null, sort int not null default 0, badge_source varchar(60) null, kind varchar(32) not null default 'internal' check (kind in ('internal', 'external')), role_id bigint unsigned null,
  utility_key bigint unsigned generated always as (ifnull(utility_id, 0)) stored,
  created_at datetime(6) not null default (utc_timestamp(6)), created_by bigint unsigned null,
  updated_at datetime(6) not null default (utc_timestamp(6)), updated_by bigint unsigned null, row_version int unsigned not null default 1,
  unique key (utility_key, `key`)
);

create table if not exists menu_override (
  id bigint unsigned not null auto_increment primary key, utility_id bigint unsigned not null, role_id bigint unsigned null, menu_key varchar(60) collate utf8mb4_bin not null, label varchar(60) null, sort int null, hidden tinyint(1) not null default 0,
  role_key bigint unsigned generated always as (ifnull(role_id, 0)) stored,
  created_at datetime(6) not null default (utc_timestamp(6)), created_by bigint unsigned null,
  updated_at datetime(6) not null default (utc_timestamp(6)), updated_by bigint unsigned null, row_version int unsigned not null default 1,
  unique key (utility_id, role_key, menu_key), foreign key (utility_id) references utility (id)
);

create table if not exists menu_preference (
  id bigint unsigned not null auto_increment primary key, user_id bigint unsigned not null unique, favourites json null, landing_path varchar(300) null, collapsed tinyint(1) not null default 0, recents json null, updated_at datetime(6) not null default (utc_timestamp(6)),
  foreign key (user_id) references user (id)
);
