-- Territory as a tree (ONB02US08) and the numbers people quote (ONB02US07).
create table if not exists service_area (
  id bigint unsigned not null auto_increment primary key, utility_id bigint unsigned not null, public_id char(22) collate utf8mb4_bin not null default (replace(replace(left(to_base64(random_bytes(17)), 22), '+', '-'), '/', '_')) unique,
  level varchar(32) not null check (level in ('region', 'country', 'state', 'city', 'zone', 'division', 'area', 'sub_area')),
  code varchar(20) collate utf8mb4_bin not null check (code regexp '^[A-Z0-9-]{2,20}$'), name varchar(80) not null,
  parent_id bigint unsigned null, parent_key bigint unsigned generated always as (ifnull(parent_id, 0)) stored,
  path varchar(200) collate utf8mb4_bin not null comment 'codes from the region down, joined by /; subtree = path or path/%',
  status varchar(32) not null default 'active' check (status in ('active', 'inactive', 'merged')), merged_into_id bigint unsigned null,
  geometry mediumtext null check (geometry is null or json_valid(geometry)), centroid_lat decimal(9,6) null, centroid_lng decimal(9,6) null,
  manager_user_id bigint unsigned null, time_zone varchar(64) null, population int null, attributes json null,
  created_at datetime(6) not null default (utc_timestamp(6)), created_by bigint unsigned null,
  updated_at datetime(6) not null default (utc_timestamp(6)), updated_by bigint unsigned null, row_version int unsigned not null default 1,
  unique key (utility_id, code), unique key (utility_id, parent_key, name), key (utility_id, path), key (utility_id, level, status),
  foreign key (parent_id) references service_area (id), foreign key (merged_into_id) references service_area (id), foreign key (utility_id) references utility (id)
);

create table if not exists id_format (
  id bigint unsigned not null auto_increment primary key, utility_id bigint unsigned not null, entity_type varchar(40) collate utf8mb4_bin not null, class varchar(32) not null check (class in ('master', 'transaction')),
  parts json not null comment '[{"part":"service"},{"part":"prefix","value":"CUST"},{"part":"date","format":"YYYYMM"},{"part":"sequence"}]; literal, area, category, check',
  separator_char varchar(1) not null default '-' check (separator_char in ('-', '/', '.', '')),
  seq_length tinyint not null default 4 check (seq_length between 1 and 10), seq_start bigint not null default 1, seq_increment int not null default 1 check (seq_increment between 1 and 10),
  `reset` varchar(32) not null default 'never' check (`reset` in ('never', 'yearly', 'monthly', 'daily')),
  check_digit varchar(32) not null default 'none' check (check_digit in ('none', 'luhn', 'mod97')), gapless tinyint(1) not null default 0, active_from date null, version int not null default 1,
  created_at datetime(6) not null default (utc_timestamp(6)), created_by bigint unsigned null,
  updated_at datetime(6) not null default (utc_timestamp(6)), updated_by bigint unsigned null, row_version int unsigned not null default 1,
  unique key (utility_id, entity_type), foreign key (utility_id) references utility (id)
);

-- One row a period; id_next locks it in the caller's transaction, so that gapless numbers roll back with their document.
create table if not exists id_sequence (
  id_format_id bigint unsigned not null, period_key varchar(10) collate utf8mb4_bin not null comment 'YYYY, YYYYMM, YYYYMMDD, fiscal year, or -', next_value bigint not null, issued bigint not null default 0,
  primary key (id_format_id, period_key), foreign key (id_format_id) references id_format (id)
);

create table if not exists id_format_history (
  id bigint unsigned not null auto_increment primary key, id_format_id bigint unsigned not null, version int not null, before_value json null, after_value json not null, reason varchar(500) null,
  created_at datetime(6) not null default (utc_timestamp(6)), created_by bigint unsigned null,
  key (id_format_id, id), foreign key (id_format_id) references id_format (id)
);

-- Numbers without a format people edit: RUN-2026-0001, RC-2026-0001, SM-, FE-001, CR-01, batches, PI- (series_next).
create table if not exists number_series (
  utility_id bigint unsigned not null, series varchar(40) collate utf8mb4_bin not null comment 'the pattern with its date filled in: RUN-2026-{####}', next_value bigint not null default 1,
  primary key (utility_id, series)
);
