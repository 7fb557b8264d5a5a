-- Which accounts are billed when (BX03US02) and what a bill looks like (BX03US01).
create table if not exists bill_template (
  id bigint unsigned not null auto_increment primary key, utility_id bigint unsigned not null, public_id char(22) collate utf8mb4_bin not null default (replace(replace(left(to_base64(random_bytes(17)), 22), '+', '-'), '/', '_')) unique, name varchar(80) not null, utility_type varchar(32) not null default 'water' check (utility_type in ('water', 'electricity', 'gas', 'wastewater', 'consolidated')), state varchar(32) not null default 'draft' check (state in ('draft', 'in_review', 'active', 'retired')), is_default tinyint(1) not null default 0,
  default_flag tinyint generated always as (if(is_default = 1 and state = 'active', 1, null)) stored, current_version int not null default 0,
  created_at datetime(6) not null default (utc_timestamp(6)), created_by bigint unsigned null,
  updated_at datetime(6) not null default (utc_timestamp(6)), updated_by bigint unsigned null, row_version int unsigned not null default 1,
  unique key (utility_id, name), unique key (utility_id, utility_type, default_flag), foreign key (utility_id) references utility (id)
);

create table if not exists bill_template_version (
  id bigint unsigned not null auto_increment primary key, utility_id bigint unsigned not null, template_id bigint unsigned not null, version_no int not null, sections json not null, texts json not null, paper varchar(32) not null default 'Letter' check (paper in ('Letter', 'A4')), colour1 char(7) not null default '#0b5cad', colour2 char(7) not null default '#1b1f24', logo_document_id bigint unsigned null,
  state varchar(32) not null default 'draft' check (state in ('draft', 'in_review', 'active', 'retired')), approved_by bigint unsigned null, activated_at datetime(6) null, sha256 binary(32) null, decision_note varchar(300) null,
  created_at datetime(6) not null default (utc_timestamp(6)), created_by bigint unsigned null,
  updated_at datetime(6) not null default (utc_timestamp(6)), updated_by bigint unsigned null, row_version int unsigned not null default 1,
  unique key (template_id, version_no), foreign key (template_id) references bill_template (id)
);

create table if not exists bill_message (
  id bigint unsigned not null auto_increment primary key, utility_id bigint unsigned not null, public_id char(22) collate utf8mb4_bin not null default (replace(replace(left(to_base64(random_bytes(17)), 22), '+', '-'), '/', '_')) unique, texts json not null, priority tinyint not null default 50, valid_from date null, valid_to date null, `condition` json null, active tinyint(1) not null default 1,
  created_at datetime(6) not null default (utc_timestamp(6)), created_by bigint unsigned null,
  updated_at datetime(6) not null default (utc_timestamp(6)), updated_by bigint unsigned null, row_version int unsigned not null default 1, foreign key (utility_id) references utility (id)
);

create table if not exists bill_cycle (
  id bigint unsigned not null auto_increment primary key, utility_id bigint unsigned not null, public_id char(22) collate utf8mb4_bin not null default (replace(replace(left(to_base64(random_bytes(17)), 22), '+', '-'), '/', '_')) unique, code varchar(20) collate utf8mb4_bin not null check (code regexp '^[A-Z0-9-]{2,20}$'), name varchar(60) not null, service_code varchar(4) collate utf8mb4_bin not null, category_ids json null, sub_category_ids json null, area_ids json null, route_ids json null, premise_ids json null,
  frequency varchar(32) not null default 'monthly' check (frequency in ('weekly', 'fortnightly', 'monthly', 'bi_monthly', 'quarterly', 'days')), period_days smallint not null default 30 check (period_days between 1 and 366), anchor_date date not null,
  bill_after_days tinyint not null default 2 check (bill_after_days between 0 and 60), due_days tinyint not null default 21 check (due_days between 1 and 90), grace_days tinyint not null default 10 check (grace_days between 0 and 60),
  read_cycle_id bigint unsigned null, template_id bigint unsigned null, estimate_allowed tinyint(1) not null default 1, max_estimates tinyint not null default 2 check (max_estimates between 0 and 6), true_up varchar(32) not null default 'index' check (true_up in ('index', 'rerate')), normal_days varchar(8) not null default '30' check (normal_days in ('30', '365/12')), factor_decimals tinyint null,
  four_eyes tinyint(1) not null default 1, state varchar(32) not null default 'draft' check (state in ('draft', 'active', 'inactive', 'deleted')),
  created_at datetime(6) not null default (utc_timestamp(6)), created_by bigint unsigned null,
  updated_at datetime(6) not null default (utc_timestamp(6)), updated_by bigint unsigned null, row_version int unsigned not null default 1,
  unique key (utility_id, code), unique key (utility_id, name), key (utility_id, state), foreign key (template_id) references bill_template (id), foreign key (utility_id) references utility (id)
);

create table if not exists bill_cycle_period (
  id bigint unsigned not null auto_increment primary key, utility_id bigint unsigned not null, cycle_id bigint unsigned not null, period_no int not null, label varchar(20) not null, from_date date not null, to_date date not null, window_start date null, window_end date null, estimate_after date null, bill_date date not null, due_date date not null, accounting_date date null,
  state varchar(32) not null default 'planned' check (state in ('planned', 'open', 'running', 'billed', 'closed')),
  created_at datetime(6) not null default (utc_timestamp(6)), created_by bigint unsigned null,
  updated_at datetime(6) not null default (utc_timestamp(6)), updated_by bigint unsigned null, row_version int unsigned not null default 1,
  unique key (cycle_id, from_date), unique key (cycle_id, label), key (utility_id, state, bill_date), foreign key (cycle_id) references bill_cycle (id), check (to_date >= from_date and due_date >= bill_date)
);

create table if not exists account_cycle (
  id bigint unsigned not null auto_increment primary key, utility_id bigint unsigned not null, account_id bigint unsigned not null, cycle_id bigint unsigned not null, from_period date not null comment 'first day of the first period', to_period date null,
  open_flag tinyint generated always as (if(to_period is null, 1, null)) stored,
  created_at datetime(6) not null default (utc_timestamp(6)), created_by bigint unsigned null,
  unique key (account_id, open_flag), unique key (account_id, from_period), key account_cycle_members (cycle_id, open_flag, account_id), foreign key (account_id) references account (id), foreign key (cycle_id) references bill_cycle (id)
);
