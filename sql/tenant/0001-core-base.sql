-- What every other table of a tenant stands on: the organization, its utilities, and the record of migrations.
create table if not exists schema_migration (
  name varchar(120) collate utf8mb4_bin not null primary key,
  sha256 binary(32) not null,
  applied_at datetime(6) not null default (utc_timestamp(6))
);

-- One row per tenant (ONB01US01); history is its audit.
create table if not exists organization_setting (
  id bigint unsigned not null auto_increment primary key,
  one tinyint not null default 1 unique check (one = 1),
  name varchar(150) not null, legal_name varchar(200) null,
  admin_email varchar(254) not null,
  contact_phone varchar(20) null, country char(2) null, state varchar(10) null, city varchar(80) null,
  line1 varchar(120) null, line2 varchar(120) null, postcode varchar(20) null,
  registration_no varchar(60) null, tax_no varchar(60) null,
  currency char(3) null, date_format varchar(12) null check (date_format in ('MM/DD/YYYY', 'DD/MM/YYYY', 'YYYY-MM-DD', 'DD-MMM-YYYY')),
  time_format varchar(32) not null default '12h' check (time_format in ('12h', '24h')),
  time_zone varchar(64) null,
  number_format varchar(12) not null default '1,234.56' check (number_format in ('1,234.56', '1.234,56', '1 234,56', '1,23,456.78')),
  first_day_of_week tinyint not null default 0 check (first_day_of_week between 0 and 6),
  fiscal_year_start char(5) not null default '01-01',
  default_language varchar(10) not null default 'en',
  measurement_system varchar(32) not null default 'metric' check (measurement_system in ('metric', 'imperial')),
  logo_document_id bigint unsigned null, brand_colour char(7) null, email_footer varchar(1000) null,
  registered_at datetime(6) null,
  mailbox_token_hash binary(32) null, mailbox_sent_at datetime(6) null, mailbox_confirmed varchar(254) null comment 'the address that was confirmed', mailbox_confirmed_at datetime(6) null,
  created_at datetime(6) not null default (utc_timestamp(6)), created_by bigint unsigned null,
  updated_at datetime(6) not null default (utc_timestamp(6)), updated_by bigint unsigned null, row_version int unsigned not null default 1
);

create table if not exists utility (
  id bigint unsigned not null auto_increment primary key, public_id char(22) collate utf8mb4_bin not null default (replace(replace(left(to_base64(random_bytes(17)), 22), '+', '-'), '/', '_')) unique,
  code varchar(16) collate utf8mb4_bin not null unique check (code regexp '^[a-z][a-z0-9-]{1,15}$'),
  name varchar(120) not null unique,
  email varchar(254) not null, contact_phone varchar(20) not null,
  city varchar(80) not null, address varchar(300) not null, website varchar(300) null, logo_document_id bigint unsigned null,
  country char(2) null, state varchar(10) null, time_zone varchar(64) null comment 'NULL: the organization''s',
  currency char(3) not null,
  status varchar(32) not null default 'draft' check (status in ('draft', 'configuring', 'ready', 'live', 'suspended', 'closed')),
  deleted_at datetime(6) null comment 'closed before it held anything: shown nowhere, its code and name are free again',
  suspended_reason varchar(500) null,
  environment varchar(32) not null default 'sandbox' check (environment in ('sandbox', 'live')),
  parent_utility_id bigint unsigned null,
  regulator_name varchar(120) null, licence_no varchar(60) null, primary_service_code varchar(4) null,
  support_hours_text varchar(300) null, emergency_phone varchar(20) null,
  map_center_lat decimal(9,6) null, map_center_lng decimal(9,6) null,
  bill_sender_name varchar(120) null, go_live_at datetime(6) null,
  rounding_mode varchar(32) not null default 'half_up' check (rounding_mode in ('half_up', 'half_even')),
  cash_rounding_minor bigint not null default 0,
  created_at datetime(6) not null default (utc_timestamp(6)), created_by bigint unsigned null,
  updated_at datetime(6) not null default (utc_timestamp(6)), updated_by bigint unsigned null, row_version int unsigned not null default 1,
  foreign key (parent_utility_id) references utility (id)
);

-- Settings of a utility that are one value each, by module: key as bx.match_window_days; the module declares its keys with default, minimum, maximum.
create table if not exists setting (
  id bigint unsigned not null auto_increment primary key, utility_id bigint unsigned not null,
  `key` varchar(80) collate utf8mb4_bin not null, value varchar(4000) not null, version int unsigned not null default 1,
  created_at datetime(6) not null default (utc_timestamp(6)), created_by bigint unsigned null,
  updated_at datetime(6) not null default (utc_timestamp(6)), updated_by bigint unsigned null, row_version int unsigned not null default 1,
  unique key (utility_id, `key`), foreign key (utility_id) references utility (id)
);

create table if not exists setup_step (
  id bigint unsigned not null auto_increment primary key, utility_id bigint unsigned null,
  utility_key bigint unsigned generated always as (ifnull(utility_id, 0)) stored,
  step_key varchar(32) collate utf8mb4_bin not null,
  state varchar(32) not null default 'locked' check (state in ('locked', 'open', 'in_progress', 'complete', 'signed_off', 'changed_after_signoff', 'skipped')),
  percent tinyint unsigned not null default 0 check (percent <= 100), saved_at datetime(6) null,
  skipped_reason varchar(500) null,
  signed_off_by bigint unsigned null, signed_off_at datetime(6) null, signoff_comment varchar(1000) null, snapshot json null,
  created_at datetime(6) not null default (utc_timestamp(6)), created_by bigint unsigned null,
  updated_at datetime(6) not null default (utc_timestamp(6)), updated_by bigint unsigned null, row_version int unsigned not null default 1,
  unique key (utility_key, step_key), foreign key (utility_id) references utility (id)
);

-- Ids reserved for bulk inserts (db_ids): tables named here take all their ids from it, single rows too.
create table if not exists id_range (
  name varchar(64) collate utf8mb4_bin not null primary key comment 'table', next_id bigint unsigned not null default 1
);
