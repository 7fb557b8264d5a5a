-- Routes, cycles, readings, validation and use (MX02US01, MX02US02, MX02US04, MX03US01, MX03US03). Invariant I6.
create table if not exists route (
  id bigint unsigned not null auto_increment primary key, utility_id bigint unsigned not null, public_id char(22) collate utf8mb4_bin not null default (replace(replace(left(to_base64(random_bytes(17)), 22), '+', '-'), '/', '_')) unique, code varchar(20) collate utf8mb4_bin not null, name varchar(80) not null, kind varchar(32) not null default 'manual' check (kind in ('manual', 'photo', 'smart')), service_codes json not null, category_ids json null, area_ids json not null, is_dynamic tinyint(1) not null default 0, travel_mode varchar(32) not null default 'walk' check (travel_mode in ('walk', 'drive')), default_executive_id bigint unsigned null, start_lat decimal(9,6) null, start_lng decimal(9,6) null, status varchar(32) not null default 'active' check (status in ('active', 'inactive')),
  created_at datetime(6) not null default (utc_timestamp(6)), created_by bigint unsigned null,
  updated_at datetime(6) not null default (utc_timestamp(6)), updated_by bigint unsigned null, row_version int unsigned not null default 1,
  unique key (utility_id, code), foreign key (utility_id) references utility (id)
);

create table if not exists route_stop (
  id bigint unsigned not null auto_increment primary key, route_id bigint unsigned not null, meter_id bigint unsigned not null, sequence int not null, access_note varchar(250) null, active tinyint null default 1 comment 'NULL: the route is inactive',
  unique key (meter_id, active), unique key (route_id, sequence), foreign key (route_id) references route (id), foreign key (meter_id) references meter (id)
);

create table if not exists read_cycle (
  id bigint unsigned not null auto_increment primary key, utility_id bigint unsigned not null, public_id char(22) collate utf8mb4_bin not null default (replace(replace(left(to_base64(random_bytes(17)), 22), '+', '-'), '/', '_')) unique, cycle_no varchar(20) collate utf8mb4_bin not null, name varchar(100) not null, service_codes json not null, area_ids json null, start_on date not null, duration_days tinyint not null check (duration_days between 1 and 90), end_on date not null, nominal_on date not null, tolerance_days tinyint not null default 3 check (tolerance_days between 0 and 15), bill_cycle_id bigint unsigned null, recurrence json null,
  status varchar(32) not null default 'scheduled' check (status in ('scheduled', 'in_progress', 'delayed', 'paused', 'completed', 'cancelled')),
  created_at datetime(6) not null default (utc_timestamp(6)), created_by bigint unsigned null,
  updated_at datetime(6) not null default (utc_timestamp(6)), updated_by bigint unsigned null, row_version int unsigned not null default 1,
  unique key (utility_id, cycle_no), unique key (utility_id, name), key (utility_id, status), foreign key (utility_id) references utility (id)
);

create table if not exists read_cycle_route (
  id bigint unsigned not null auto_increment primary key, read_cycle_id bigint unsigned not null, route_id bigint unsigned not null, executive_id bigint unsigned null, from_sequence int null, to_sequence int null, dispatch_state varchar(32) not null default 'planned' check (dispatch_state in ('planned', 'dispatched', 'returned')), dispatched_at datetime(6) null,
  key (read_cycle_id, route_id), foreign key (read_cycle_id) references read_cycle (id), foreign key (route_id) references route (id)
);

create table if not exists read_task (
  id bigint unsigned not null auto_increment primary key, utility_id bigint unsigned not null, read_cycle_id bigint unsigned not null, meter_id bigint unsigned not null, service_connection_id bigint unsigned null, route_id bigint unsigned null, sequence int null, executive_id bigint unsigned null, prev_reading_id bigint unsigned null, expected_low_e3 bigint null, expected_high_e3 bigint null, state varchar(32) not null default 'open' check (state in ('open', 'read', 'passed', 'revisit', 'no_read', 'estimated', 'closed')), visits tinyint not null default 0, due_on date null, reading_id bigint unsigned null, closing_reason_id bigint unsigned null, row_version int unsigned not null default 1,
  unique key (read_cycle_id, meter_id), key (executive_id, state), key (meter_id, state), foreign key (read_cycle_id) references read_cycle (id), foreign key (meter_id) references meter (id)
);

-- live_flag: 1 unless superseded or rejected; a register has one live reading of a type at a time.
create table if not exists meter_reading (
  id bigint unsigned not null auto_increment primary key, utility_id bigint unsigned not null, public_id char(22) collate utf8mb4_bin not null default (replace(replace(left(to_base64(random_bytes(17)), 22), '+', '-'), '/', '_')) unique, meter_id bigint unsigned not null, register_id bigint unsigned not null, installation_id bigint unsigned null, service_connection_id bigint unsigned not null, read_at datetime(6) not null, read_on date not null comment 'local date: the index at the end of this day', value_e3 bigint null,
  type varchar(32) not null default 'regular' check (type in ('regular', 'initial', 'final', 'special', 'check', 'estimated')), source varchar(32) not null default 'manual' check (source in ('manual', 'csv', 'photo', 'smart', 'consumer', 'order', 'estimate', 'import', 'edit')), status_code varchar(20) collate utf8mb4_bin null, reason_code varchar(20) collate utf8mb4_bin null, reader_executive_id bigint unsigned null, read_task_id bigint unsigned null, service_order_id bigint unsigned null,
  lat decimal(9,6) null, lng decimal(9,6) null, gps_accuracy_m int null, document_id bigint unsigned null, ocr_value_e3 bigint null, ocr_confidence_e2 smallint null, ocr_state varchar(32) not null default 'none' check (ocr_state in ('none', 'queued', 'done', 'failed')), photo_taken_at datetime(6) null, photo_lat decimal(9,6) null, photo_lng decimal(9,6) null, photo_distance_m int null, photo_sha256 char(64) collate utf8mb4_bin null, photo_dhash bigint null,
  prev_reading_id bigint unsigned null, raw_difference_e3 bigint null, consumption_e3 bigint null, days smallint null, adu_e6 bigint null, base_adu_e6 bigint null, expected_e3 bigint null, rollover tinyint(1) not null default 0, is_first_read tinyint(1) not null default 0,
  status varchar(32) not null default 'captured' check (status in ('captured', 'passed', 'pending', 'exempted', 'revisit', 'rejected', 'superseded')), supersedes_id bigint unsigned null, vee_group_id bigint unsigned null, vee_group_version int null, validated_by bigint unsigned null, validated_at datetime(6) null, decision varchar(20) null, decision_reason_id bigint unsigned null, decision_note varchar(250) null,
  locked_by bigint unsigned null, locked_until datetime(6) null, estimate_method varchar(20) null, estimate_inputs json null, note varchar(250) null, late_upload tinyint(1) not null default 0, submission_id char(36) collate utf8mb4_bin null, import_batch_id bigint unsigned null,
  live_flag tinyint generated always as (if(status in ('superseded', 'rejected'), null, 1)) stored,
  created_at datetime(6) not null default (utc_timestamp(6)), created_by bigint unsigned null,
  updated_at datetime(6) not null default (utc_timestamp(6)), updated_by bigint unsigned null, row_version int unsigned not null default 1,
  unique key meter_reading_once (register_id, read_at, type, live_flag), key meter_reading_connection (service_connection_id, read_on, status), key (register_id, status, read_at), key (utility_id, status, id), key (meter_id, read_at), key (submission_id), key (read_task_id),
  foreign key (meter_id) references meter (id), foreign key (register_id) references meter_register (id), foreign key (service_connection_id) references service_connection (id)
);

-- Use between two passed readings of a register: what billing bills. Figures of reserved and billed ones never change.
create table if not exists usage_segment (
  id bigint unsigned not null auto_increment primary key, utility_id bigint unsigned not null, service_connection_id bigint unsigned not null, account_id bigint unsigned null, meter_id bigint unsigned not null, register_id bigint unsigned not null, from_reading_id bigint unsigned null, to_reading_id bigint unsigned null, from_at datetime(6) not null, to_at datetime(6) not null, from_on date not null comment 'index at the end of this day', to_on date not null, days smallint not null,
  from_value_e3 bigint null, to_value_e3 bigint null, multiplier_e6 bigint not null default 1000000, quantity_e3 bigint not null, unit varchar(20) not null, billing_quantity_e3 bigint not null, billing_unit varchar(20) not null, is_estimated tinyint(1) not null default 0, estimate_method varchar(20) null,
  status varchar(32) not null default 'active' check (status in ('active', 'reversed')), billing_status varchar(32) not null default 'unbilled' check (billing_status in ('unbilled', 'reserved', 'billed')), bill_id bigint unsigned null comment 'while reserved or billed', bill_line_id bigint unsigned null, reversed_by_id bigint unsigned null,
  created_at datetime(6) not null default (utc_timestamp(6)), row_version int unsigned not null default 1,
  key usage_open (service_connection_id, billing_status, status, to_on), key usage_period (service_connection_id, to_on), key (to_reading_id), key (from_reading_id), key (bill_id), key (account_id, to_on),
  foreign key (service_connection_id) references service_connection (id), foreign key (register_id) references meter_register (id)
);

create table if not exists vee_group (
  id bigint unsigned not null auto_increment primary key, utility_id bigint unsigned not null, public_id char(22) collate utf8mb4_bin not null default (replace(replace(left(to_base64(random_bytes(17)), 22), '+', '-'), '/', '_')) unique, code varchar(20) collate utf8mb4_bin not null, name varchar(80) not null, match_on json not null comment 'service, category, read_type, source; {} matches all', sort int not null default 0, version int not null default 1, auto_pass tinyint(1) not null default 1, is_default tinyint(1) not null default 0, active tinyint(1) not null default 1,
  created_at datetime(6) not null default (utc_timestamp(6)), created_by bigint unsigned null,
  updated_at datetime(6) not null default (utc_timestamp(6)), updated_by bigint unsigned null, row_version int unsigned not null default 1,
  unique key (utility_id, code), foreign key (utility_id) references utility (id)
);

create table if not exists vee_rule (
  id bigint unsigned not null auto_increment primary key, group_id bigint unsigned not null, code varchar(20) collate utf8mb4_bin not null, severity varchar(32) not null default 'hold' check (severity in ('hold', 'info', 'off')), params json not null, category_code varchar(10) collate utf8mb4_bin not null default '' comment 'empty: all categories', sort int not null default 0, row_version int unsigned not null default 1,
  unique key (group_id, code, category_code), foreign key (group_id) references vee_group (id)
);

create table if not exists vee_exception (
  id bigint unsigned not null auto_increment primary key, utility_id bigint unsigned not null, reading_id bigint unsigned null, channel_id bigint unsigned null, day date null, rule varchar(20) collate utf8mb4_bin not null, severity varchar(32) not null default 'hold' check (severity in ('hold', 'info')), facts json not null, state varchar(32) not null default 'open' check (state in ('open', 'resolved')), resolution varchar(40) null, resolved_by bigint unsigned null, resolved_at datetime(6) null, created_at datetime(6) not null default (utc_timestamp(6)),
  key (reading_id), key (utility_id, state, id), foreign key (reading_id) references meter_reading (id)
);

create table if not exists estimation_policy (
  id bigint unsigned not null auto_increment primary key, utility_id bigint unsigned not null, service_code varchar(4) collate utf8mb4_bin not null, category_id bigint unsigned not null default 0, methods json not null, max_consecutive tinyint not null default 2, max_days smallint not null default 120,
  created_at datetime(6) not null default (utc_timestamp(6)), created_by bigint unsigned null,
  updated_at datetime(6) not null default (utc_timestamp(6)), updated_by bigint unsigned null, row_version int unsigned not null default 1,
  unique key (utility_id, service_code, category_id), foreign key (utility_id) references utility (id)
);
