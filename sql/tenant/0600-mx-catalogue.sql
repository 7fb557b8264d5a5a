-- What meters are and how they are read (MX04US01, MX04US02, MX04US04).
create table if not exists reading_format (
  id bigint unsigned not null auto_increment primary key, utility_id bigint unsigned not null, public_id char(22) collate utf8mb4_bin not null default (replace(replace(left(to_base64(random_bytes(17)), 22), '+', '-'), '/', '_')) unique, code varchar(10) collate utf8mb4_bin not null, name varchar(60) not null, service_code varchar(4) collate utf8mb4_bin not null, digits tinyint not null check (digits between 3 and 10), decimals tinyint not null default 0 check (decimals between 0 and 3), unit varchar(20) not null,
  rounding varchar(32) not null default 'refuse' check (rounding in ('refuse', 'cut')), leading_zeros tinyint(1) not null default 1, right_to_left tinyint(1) not null default 0, pointer_dials tinyint(1) not null default 0, masked_digits tinyint not null default 0, active tinyint(1) not null default 1,
  created_at datetime(6) not null default (utc_timestamp(6)), created_by bigint unsigned null,
  updated_at datetime(6) not null default (utc_timestamp(6)), updated_by bigint unsigned null, row_version int unsigned not null default 1,
  unique key (utility_id, code), foreign key (utility_id) references utility (id)
);

create table if not exists file_layout (
  id bigint unsigned not null auto_increment primary key, utility_id bigint unsigned not null, public_id char(22) collate utf8mb4_bin not null default (replace(replace(left(to_base64(random_bytes(17)), 22), '+', '-'), '/', '_')) unique, code varchar(20) collate utf8mb4_bin not null, name varchar(80) not null, kind varchar(32) not null check (kind in ('reading_import', 'route_export', 'interval_import')), type varchar(16) not null default 'csv' check (type in ('csv', 'fixed')), options json not null, `columns` json not null, is_system tinyint(1) not null default 0, active tinyint(1) not null default 1,
  created_at datetime(6) not null default (utc_timestamp(6)), created_by bigint unsigned null,
  updated_at datetime(6) not null default (utc_timestamp(6)), updated_by bigint unsigned null, row_version int unsigned not null default 1,
  unique key (utility_id, code), foreign key (utility_id) references utility (id)
);

create table if not exists manufacturer (
  id bigint unsigned not null auto_increment primary key, utility_id bigint unsigned not null, public_id char(22) collate utf8mb4_bin not null default (replace(replace(left(to_base64(random_bytes(17)), 22), '+', '-'), '/', '_')) unique, code varchar(20) collate utf8mb4_bin not null, name varchar(80) not null, country char(2) null, contact varchar(200) null, web varchar(300) null, active tinyint(1) not null default 1,
  created_at datetime(6) not null default (utc_timestamp(6)), created_by bigint unsigned null,
  updated_at datetime(6) not null default (utc_timestamp(6)), updated_by bigint unsigned null, row_version int unsigned not null default 1,
  unique key (utility_id, code), foreign key (utility_id) references utility (id)
);

create table if not exists meter_model (
  id bigint unsigned not null auto_increment primary key, utility_id bigint unsigned not null, public_id char(22) collate utf8mb4_bin not null default (replace(replace(left(to_base64(random_bytes(17)), 22), '+', '-'), '/', '_')) unique, manufacturer_id bigint unsigned not null, code varchar(30) collate utf8mb4_bin not null, name varchar(80) not null, service_code varchar(4) collate utf8mb4_bin not null, read_type varchar(32) not null default 'manual' check (read_type in ('manual', 'photo', 'smart')), technology varchar(30) null, size varchar(20) null, accuracy_class varchar(20) null,
  q_max_e3 bigint null, q_min_e3 bigint null, q_unit varchar(20) null, communication varchar(20) not null default 'none', battery_years tinyint null, test_interval_months smallint not null default 0 check (test_interval_months between 0 and 240), life_years tinyint not null default 20 check (life_years between 1 and 40),
  accuracy_limits json null, warranty_months smallint null, approval_no varchar(60) null, approval_until date null, image_document_id bigint unsigned null, active tinyint(1) not null default 1,
  created_at datetime(6) not null default (utc_timestamp(6)), created_by bigint unsigned null,
  updated_at datetime(6) not null default (utc_timestamp(6)), updated_by bigint unsigned null, row_version int unsigned not null default 1,
  unique key (manufacturer_id, code), foreign key (manufacturer_id) references manufacturer (id), foreign key (utility_id) references utility (id)
);

create table if not exists meter_model_register (
  id bigint unsigned not null auto_increment primary key, meter_model_id bigint unsigned not null, register_code varchar(10) collate utf8mb4_bin not null default 'R1', kind varchar(32) not null default 'total' check (kind in ('total', 'tou', 'demand', 'reactive', 'high', 'low')), reading_format_id bigint unsigned not null, unit varchar(20) not null, multiplier_e6 bigint not null default 1000000 check (multiplier_e6 > 0), is_billed tinyint(1) not null default 1, tou_code varchar(20) null, interval_s int null,
  unique key (meter_model_id, register_code), foreign key (meter_model_id) references meter_model (id), foreign key (reading_format_id) references reading_format (id)
);

create table if not exists reading_status_code (
  id bigint unsigned not null auto_increment primary key, utility_id bigint unsigned not null, code varchar(20) collate utf8mb4_bin not null, label varchar(60) not null, labels json null, needs_value tinyint(1) not null default 0, allowed_reasons json null, effect varchar(32) not null default 'accept' check (effect in ('accept', 'pend', 'exempt', 'estimate', 'revisit', 'order', 'close')), effect_params json null, sort int not null default 0, active tinyint(1) not null default 1,
  created_at datetime(6) not null default (utc_timestamp(6)), created_by bigint unsigned null,
  updated_at datetime(6) not null default (utc_timestamp(6)), updated_by bigint unsigned null, row_version int unsigned not null default 1,
  unique key (utility_id, code), foreign key (utility_id) references utility (id)
);

create table if not exists reading_reason_code (
  id bigint unsigned not null auto_increment primary key, utility_id bigint unsigned not null, code varchar(20) collate utf8mb4_bin not null, label varchar(60) not null, labels json null, contexts json not null comment 'reading, no_read, decision, removal, correction, order', needs_photo tinyint(1) not null default 0, needs_note tinyint(1) not null default 0, effect varchar(32) not null default 'accept' check (effect in ('accept', 'pend', 'exempt', 'estimate', 'revisit', 'order', 'close')), effect_params json null,
  order_type varchar(20) null, priority varchar(16) null, template_key varchar(60) null, sort int not null default 0, active tinyint(1) not null default 1,
  created_at datetime(6) not null default (utc_timestamp(6)), created_by bigint unsigned null,
  updated_at datetime(6) not null default (utc_timestamp(6)), updated_by bigint unsigned null, row_version int unsigned not null default 1,
  unique key (utility_id, code), foreign key (utility_id) references utility (id)
);

create table if not exists store (
  id bigint unsigned not null auto_increment primary key, utility_id bigint unsigned not null, public_id char(22) collate utf8mb4_bin not null default (replace(replace(left(to_base64(random_bytes(17)), 22), '+', '-'), '/', '_')) unique, code varchar(20) collate utf8mb4_bin not null, name varchar(80) not null, kind varchar(32) not null default 'warehouse' check (kind in ('warehouse', 'van', 'workshop', 'virtual')), keeper_user_id bigint unsigned null, active tinyint(1) not null default 1,
  created_at datetime(6) not null default (utc_timestamp(6)), created_by bigint unsigned null,
  updated_at datetime(6) not null default (utc_timestamp(6)), updated_by bigint unsigned null, row_version int unsigned not null default 1,
  unique key (utility_id, code), foreign key (utility_id) references utility (id)
);

create table if not exists meter_lot (
  id bigint unsigned not null auto_increment primary key, utility_id bigint unsigned not null, public_id char(22) collate utf8mb4_bin not null default (replace(replace(left(to_base64(random_bytes(17)), 22), '+', '-'), '/', '_')) unique, lot_no varchar(30) collate utf8mb4_bin not null, meter_model_id bigint unsigned null, supplier varchar(80) null, received_on date null, quantity int not null default 0, sample_n int null, sample_c int null, status varchar(32) not null default 'quarantine' check (status in ('quarantine', 'accepted', 'rejected')), certificate_document_id bigint unsigned null,
  created_at datetime(6) not null default (utc_timestamp(6)), created_by bigint unsigned null,
  updated_at datetime(6) not null default (utc_timestamp(6)), updated_by bigint unsigned null, row_version int unsigned not null default 1,
  unique key (utility_id, lot_no), foreign key (utility_id) references utility (id)
);
