-- Plans, their versions and components (ONB02US05). An approved version is immutable; the engine of billing is the only reader that computes.
create table if not exists tariff_plan (
  id bigint unsigned not null auto_increment primary key, utility_id bigint unsigned not null, public_id char(22) collate utf8mb4_bin not null default (replace(replace(left(to_base64(random_bytes(17)), 22), '+', '-'), '/', '_')) unique,
  code varchar(20) collate utf8mb4_bin not null check (code regexp '^[A-Z0-9-]{2,20}$'), name varchar(80) not null, description varchar(1000) null,
  plan_no varchar(30) null comment 'ID format tariff_plan',
  kind varchar(32) not null check (kind in ('fixed', 'variable')), payment_mode varchar(32) not null default 'postpaid' check (payment_mode in ('postpaid', 'prepaid')),
  service_codes json not null comment '["WA","WW"]; the first is the main one', category_ids json not null, sub_category_ids json null, area_ids json null comment 'NULL or empty: all',
  meter_size_min varchar(10) null, meter_size_max varchar(10) null,
  standard_days smallint not null default 30 check (standard_days in (30, 60, 90, 365)),
  proration_method varchar(32) not null default 'partial_only' check (proration_method in ('partial_only', 'daily', 'none')), rate_change_method varchar(32) not null default 'prorate' check (rate_change_method in ('prorate', 'version_at_end', 'version_at_start')),
  tolerance_days tinyint not null default 5, currency char(3) not null,
  eru_sqft int not null default 2500, default_daily_qty_micro bigint null comment 'plan default for estimates', deemed_daily_qty_micro bigint null comment 'unmetered use', fallback_tou varchar(20) null,
  status varchar(32) not null default 'draft' check (status in ('draft', 'active', 'inactive', 'retired')), retired_on date null,
  created_at datetime(6) not null default (utc_timestamp(6)), created_by bigint unsigned null,
  updated_at datetime(6) not null default (utc_timestamp(6)), updated_by bigint unsigned null, row_version int unsigned not null default 1,
  unique key (utility_id, code), unique key (utility_id, name), key (utility_id, status), foreign key (utility_id) references utility (id)
);

create table if not exists tariff_plan_version (
  id bigint unsigned not null auto_increment primary key, utility_id bigint unsigned not null, public_id char(22) collate utf8mb4_bin not null default (replace(replace(left(to_base64(random_bytes(17)), 22), '+', '-'), '/', '_')) unique, plan_id bigint unsigned not null, version_no int not null,
  effective_from date not null, effective_to date null,
  state varchar(32) not null default 'draft' check (state in ('draft', 'pending_approval', 'approved', 'active', 'superseded', 'rejected', 'withdrawn')),
  change_reason varchar(500) null, submitted_by bigint unsigned null, submitted_at datetime(6) null, approved_by bigint unsigned null, approved_at datetime(6) null, decision_note varchar(500) null, activated_at datetime(6) null, noticed_at datetime(6) null comment 'consumers are being told', impact json null,
  created_at datetime(6) not null default (utc_timestamp(6)), created_by bigint unsigned null,
  updated_at datetime(6) not null default (utc_timestamp(6)), updated_by bigint unsigned null, row_version int unsigned not null default 1,
  unique key (plan_id, version_no), key (plan_id, effective_from), key (state, effective_from), foreign key (plan_id) references tariff_plan (id), foreign key (utility_id) references utility (id),
  check (effective_to is null or effective_to >= effective_from - interval 1 day)
);

-- One component. type is what people choose, charge_type/calc/basis/quantity what the engine reads (5-billing, "tariff_rate fields").
create table if not exists tariff_rate (
  id bigint unsigned not null auto_increment primary key, utility_id bigint unsigned not null, version_id bigint unsigned not null, sequence smallint not null check (sequence between 1 and 999), code varchar(30) collate utf8mb4_bin not null, label varchar(80) not null, labels json null comment 'by language',
  type varchar(32) not null check (type in ('fixed', 'meter_size', 'flat', 'tiered', 'flat_by_tier', 'seasonal', 'tou', 'demand', 'wastewater', 'stormwater', 'minimum', 'maximum', 'surcharge', 'adjustment_factor', 'rebate', 'tax')),
  charge_type varchar(30) collate utf8mb4_bin not null,
  calc varchar(32) not null check (calc in ('flat', 'per_unit', 'tiered', 'flat_by_tier', 'tou', 'percent')),
  basis varchar(32) not null default 'per_month' check (basis in ('per_month', 'per_bill', 'per_day', 'per_year')), prorate tinyint(1) not null default 1,
  service_code varchar(4) collate utf8mb4_bin not null, unit varchar(20) null,
  rate_micro bigint null, amount_minor bigint null, rate_ppm bigint null,
  quantity varchar(60) not null default 'usage' comment 'usage, winter_average, min(usage,winter_average) or an attribute: eru, connected_load, dwelling_units, meter_size_factor',
  qty_percent_ppm int not null default 1000000, tier_mode varchar(32) not null default 'marginal' check (tier_mode in ('marginal', 'whole')), tier_period varchar(32) not null default 'month' check (tier_period in ('month', 'bill', 'day')),
  included_qty_micro bigint not null default 0, minimum_minor bigint null, round_qty varchar(32) not null default 'none' check (round_qty in ('none', 'up_to_unit')),
  tax_codes json null comment 'taxes this line is subject to', refs json null comment 'codes of components (percent, minimum) or charge types', tax_code varchar(20) collate utf8mb4_bin null comment 'of a tax component',
  count_source varchar(40) null, tiers_per varchar(40) null comment 'attribute that multiplies the limits', season_code varchar(20) null, valid_from date null, valid_to date null,
  gl_code varchar(12) collate utf8mb4_bin not null, taxable tinyint(1) not null default 0, show_zero tinyint(1) not null default 0, enabled tinyint(1) not null default 1, params json null,
  created_at datetime(6) not null default (utc_timestamp(6)), created_by bigint unsigned null,
  unique key (version_id, sequence), unique key (version_id, code), foreign key (version_id) references tariff_plan_version (id), foreign key (utility_id) references utility (id)
);

create table if not exists tariff_tier (
  id bigint unsigned not null auto_increment primary key, rate_id bigint unsigned not null, season_id bigint unsigned null, seq smallint not null, upto_qty_micro bigint null comment 'NULL: unlimited', upto_attribute varchar(40) null comment 'limit = attribute + upto', rate_micro bigint null, amount_minor bigint null,
  season_key bigint unsigned generated always as (ifnull(season_id, 0)) stored,
  unique key (rate_id, season_key, seq), foreign key (rate_id) references tariff_rate (id) on delete cascade
);

create table if not exists tariff_tou_period (
  id bigint unsigned not null auto_increment primary key, rate_id bigint unsigned not null, code varchar(20) collate utf8mb4_bin not null, day_type varchar(32) not null check (day_type in ('weekday', 'weekend', 'holiday', 'any')), from_time time not null, to_time time not null comment 'exclusive; 24:00:00 ends the day', rate_micro bigint not null, season_code varchar(20) null,
  key (rate_id), foreign key (rate_id) references tariff_rate (id) on delete cascade
);

create table if not exists tariff_season (
  id bigint unsigned not null auto_increment primary key, plan_id bigint unsigned not null, code varchar(20) collate utf8mb4_bin not null, from_md char(5) not null, to_md char(5) not null,
  unique key (plan_id, code), foreign key (plan_id) references tariff_plan (id) on delete cascade
);

create table if not exists tariff_meter_size_price (
  id bigint unsigned not null auto_increment primary key, rate_id bigint unsigned not null, size varchar(10) collate utf8mb4_bin not null, amount_minor bigint not null,
  unique key (rate_id, size), foreign key (rate_id) references tariff_rate (id) on delete cascade
);

-- Components kept ready to be copied into versions.
create table if not exists rate_library (
  id bigint unsigned not null auto_increment primary key, utility_id bigint unsigned not null, public_id char(22) collate utf8mb4_bin not null default (replace(replace(left(to_base64(random_bytes(17)), 22), '+', '-'), '/', '_')) unique, code varchar(30) collate utf8mb4_bin not null, label varchar(80) not null, type varchar(32) not null, content json not null, active tinyint(1) not null default 1,
  created_at datetime(6) not null default (utc_timestamp(6)), created_by bigint unsigned null,
  updated_at datetime(6) not null default (utc_timestamp(6)), updated_by bigint unsigned null, row_version int unsigned not null default 1,
  unique key (utility_id, code), foreign key (utility_id) references utility (id)
);

create table if not exists rebate_rule (
  id bigint unsigned not null auto_increment primary key, utility_id bigint unsigned not null, public_id char(22) collate utf8mb4_bin not null default (replace(replace(left(to_base64(random_bytes(17)), 22), '+', '-'), '/', '_')) unique, code varchar(20) collate utf8mb4_bin not null, name varchar(80) not null,
  `group` varchar(32) not null check (`group` in ('low_income', 'senior', 'disability', 'hardship', 'conservation', 'other')),
  kind varchar(32) not null check (kind in ('fixed', 'per_unit', 'percent')), amount_minor bigint null, rate_micro bigint null, rate_ppm int null, upto_qty_micro bigint null, refs json null,
  effective_from date not null, effective_to date null, gl_code varchar(12) collate utf8mb4_bin null, active tinyint(1) not null default 1,
  created_at datetime(6) not null default (utc_timestamp(6)), created_by bigint unsigned null,
  updated_at datetime(6) not null default (utc_timestamp(6)), updated_by bigint unsigned null, row_version int unsigned not null default 1,
  unique key (utility_id, code, effective_from), foreign key (utility_id) references utility (id)
);

-- Fee catalogue: other modules ask by code (fee_amount).
create table if not exists fee (
  id bigint unsigned not null auto_increment primary key, utility_id bigint unsigned not null, public_id char(22) collate utf8mb4_bin not null default (replace(replace(left(to_base64(random_bytes(17)), 22), '+', '-'), '/', '_')) unique, code varchar(30) collate utf8mb4_bin not null, name varchar(80) not null,
  kind varchar(32) not null default 'fee' check (kind in ('fee', 'deposit')), charge_type varchar(30) collate utf8mb4_bin not null, post_mode varchar(32) not null default 'immediate' check (post_mode in ('immediate', 'on_bill')),
  amount_minor bigint null, formula json null comment 'by meter size, category', taxable tinyint(1) not null default 0, tax_codes json null, refundable tinyint(1) not null default 0,
  gl_code varchar(12) collate utf8mb4_bin not null, effective_from date not null, effective_to date null, active tinyint(1) not null default 1,
  created_at datetime(6) not null default (utc_timestamp(6)), created_by bigint unsigned null,
  updated_at datetime(6) not null default (utc_timestamp(6)), updated_by bigint unsigned null, row_version int unsigned not null default 1,
  unique key (utility_id, code, effective_from), foreign key (utility_id) references utility (id)
);

-- What a version would have made of the last bills of everybody on a plan (by billing's engine); one row a connection.
create table if not exists tariff_impact (
  id bigint unsigned not null auto_increment primary key, utility_id bigint unsigned not null, version_id bigint unsigned not null, version_row_version int unsigned not null, base_plan_id bigint unsigned not null comment 'whose consumers', before_version_id bigint unsigned null comment 'what they are billed by now',
  state varchar(32) not null default 'queued' check (state in ('queued', 'running', 'done')), total int not null default 0, accounts int not null default 0, without_bill int not null default 0, refused int not null default 0, before_minor bigint not null default 0, after_minor bigint not null default 0, winners int not null default 0, losers int not null default 0, cpu_us bigint not null default 0, results json null, job_id bigint unsigned null,
  finished_at datetime(6) null, created_at datetime(6) not null default (utc_timestamp(6)), created_by bigint unsigned null,
  key (version_id, id), foreign key (version_id) references tariff_plan_version (id) on delete cascade, foreign key (utility_id) references utility (id)
);

create table if not exists tariff_impact_row (
  impact_id bigint unsigned not null, connection_id bigint unsigned not null, account_id bigint unsigned not null, category_code varchar(10) collate utf8mb4_bin not null, qty_micro bigint not null comment 'a month of 30 days', before_minor bigint not null, after_minor bigint not null,
  primary key (impact_id, connection_id), foreign key (impact_id) references tariff_impact (id) on delete cascade
);

-- Everybody of a plan put on another: by a job, each in a transaction of its own.
create table if not exists tariff_move (
  id bigint unsigned not null auto_increment primary key, utility_id bigint unsigned not null, plan_id bigint unsigned not null, to_plan_id bigint unsigned not null, from_on date not null, reason varchar(300) not null, state varchar(32) not null default 'queued' check (state in ('queued', 'running', 'done')), total int not null default 0, moved int not null default 0, refused int not null default 0, refusals json null comment 'the first of them',
  finished_at datetime(6) null, created_at datetime(6) not null default (utc_timestamp(6)), created_by bigint unsigned null,
  key (plan_id, id), foreign key (plan_id) references tariff_plan (id), foreign key (to_plan_id) references tariff_plan (id), foreign key (utility_id) references utility (id)
);
