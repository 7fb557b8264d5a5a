-- What can stand on a bill (engine of 5-billing): charge types, taxes, one-off charges, late fee rules.
create table if not exists charge_type (
  id bigint unsigned not null auto_increment primary key, utility_id bigint unsigned not null, code varchar(30) collate utf8mb4_bin not null, name varchar(60) not null, names json null, sign tinyint not null default 1 check (sign in (-1, 1)),
  section varchar(32) not null default 'current' check (section in ('current', 'since_last_bill', 'instalment', 'deposit', 'info')), taxable tinyint(1) not null default 0, kind varchar(32) not null default 'revenue' check (kind in ('revenue', 'liability', 'receivable')), sort int not null default 0, is_system tinyint(1) not null default 0, active tinyint(1) not null default 1,
  created_at datetime(6) not null default (utc_timestamp(6)), created_by bigint unsigned null,
  updated_at datetime(6) not null default (utc_timestamp(6)), updated_by bigint unsigned null, row_version int unsigned not null default 1,
  unique key (utility_id, code), foreign key (utility_id) references utility (id)
);

create table if not exists tax_code (
  id bigint unsigned not null auto_increment primary key, utility_id bigint unsigned not null, public_id char(22) collate utf8mb4_bin not null default (replace(replace(left(to_base64(random_bytes(17)), 22), '+', '-'), '/', '_')) unique, code varchar(20) collate utf8mb4_bin not null, name varchar(80) not null, rate_ppm int not null check (rate_ppm between 0 and 1000000), method varchar(32) not null default 'exclusive' check (method in ('exclusive', 'inclusive')), cap_per_unit_micro bigint null, split_by_days tinyint(1) not null default 0, compound tinyint(1) not null default 0 comment 'the base holds the taxes sorted before it',
  gl_code varchar(12) collate utf8mb4_bin not null, effective_from date not null, effective_to date null, sort int not null default 0, active tinyint(1) not null default 1,
  created_at datetime(6) not null default (utc_timestamp(6)), created_by bigint unsigned null,
  updated_at datetime(6) not null default (utc_timestamp(6)), updated_by bigint unsigned null, row_version int unsigned not null default 1,
  unique key (utility_id, code, effective_from), foreign key (utility_id) references utility (id)
);

create table if not exists late_fee_rule (
  id bigint unsigned not null auto_increment primary key, utility_id bigint unsigned not null, public_id char(22) collate utf8mb4_bin not null default (replace(replace(left(to_base64(random_bytes(17)), 22), '+', '-'), '/', '_')) unique, code varchar(20) collate utf8mb4_bin not null, name varchar(80) not null, `trigger` varchar(32) not null default 'grace' check (`trigger` in ('grace', 'dunning')), grace_days int not null default 10,
  kind varchar(32) not null default 'percent' check (kind in ('percent', 'flat', 'greater', 'percent_per_month')), amount_minor bigint not null default 0, rate_ppm int not null default 0, minimum_minor bigint not null default 0, maximum_minor bigint null, threshold_minor bigint not null default 0 comment 'unpaid up to this is left alone', repeat_mode varchar(32) not null default 'once' check (repeat_mode in ('once', 'monthly')), compound tinyint(1) not null default 0,
  exempt json null comment 'agreement, dispute, rebate groups', category_ids json null, effective_from date not null, effective_to date null, active tinyint(1) not null default 1,
  created_at datetime(6) not null default (utc_timestamp(6)), created_by bigint unsigned null,
  updated_at datetime(6) not null default (utc_timestamp(6)), updated_by bigint unsigned null, row_version int unsigned not null default 1,
  unique key (utility_id, code, effective_from), foreign key (utility_id) references utility (id)
);

create table if not exists charge (
  id bigint unsigned not null auto_increment primary key, utility_id bigint unsigned not null, public_id char(22) collate utf8mb4_bin not null default (replace(replace(left(to_base64(random_bytes(17)), 22), '+', '-'), '/', '_')) unique, account_id bigint unsigned not null, charge_type varchar(30) collate utf8mb4_bin not null, fee_code varchar(30) collate utf8mb4_bin null, description varchar(200) not null,
  qty_micro bigint null, rate_micro bigint null, amount_minor bigint not null, tax_minor bigint not null default 0, tax_codes json null, gl_code varchar(12) collate utf8mb4_bin null, paid_minor bigint not null default 0 comment 'immediate ones only', currency char(3) not null,
  charge_date date not null, due_on date null, post_mode varchar(32) not null default 'on_bill' check (post_mode in ('on_bill', 'immediate')), status varchar(32) not null default 'pending' check (status in ('pending', 'billed', 'voided')), source_type varchar(40) collate utf8mb4_bin not null, source_id bigint unsigned not null, source_no int not null default 0 comment 'nth charge of one type of the source, as the occurrence of a monthly late fee', bill_id bigint unsigned null comment 'the bill that shows it',
  late_fee_bill_id bigint unsigned null, late_fee_rule_id bigint unsigned null, occurrence smallint null,
  posted_txn_id bigint unsigned null, voided_at datetime(6) null, void_reason varchar(300) null,
  created_at datetime(6) not null default (utc_timestamp(6)), created_by bigint unsigned null,
  updated_at datetime(6) not null default (utc_timestamp(6)), updated_by bigint unsigned null, row_version int unsigned not null default 1,
  unique key charge_once (source_type, source_id, charge_type, source_no), unique key charge_late_fee (late_fee_bill_id, late_fee_rule_id, occurrence), key (account_id, status, charge_date), key (bill_id), key (utility_id, status, charge_date),
  foreign key (account_id) references account (id), foreign key (late_fee_rule_id) references late_fee_rule (id)
);
