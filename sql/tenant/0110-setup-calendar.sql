-- Business time (ONB02US04): calendars with weekly hours, holidays and special days; recurring jobs in local time.
create table if not exists calendar (
  id bigint unsigned not null auto_increment primary key, utility_id bigint unsigned not null, public_id char(22) collate utf8mb4_bin not null default (replace(replace(left(to_base64(random_bytes(17)), 22), '+', '-'), '/', '_')) unique, code varchar(20) collate utf8mb4_bin not null, name varchar(60) not null, is_default tinyint(1) not null default 0, always_open tinyint(1) not null default 0, active tinyint(1) not null default 1,
  created_at datetime(6) not null default (utc_timestamp(6)), created_by bigint unsigned null,
  updated_at datetime(6) not null default (utc_timestamp(6)), updated_by bigint unsigned null, row_version int unsigned not null default 1,
  unique key (utility_id, code), foreign key (utility_id) references utility (id)
);

create table if not exists working_hours (
  id bigint unsigned not null auto_increment primary key, utility_id bigint unsigned not null, calendar_id bigint unsigned not null, weekday tinyint not null comment '0 = Sunday' check (weekday between 0 and 6), working tinyint(1) not null default 0,
  from_time time null, to_time time null, break_from time null, break_to time null,
  unique key (calendar_id, weekday), foreign key (calendar_id) references calendar (id) on delete cascade
);

create table if not exists holiday (
  id bigint unsigned not null auto_increment primary key, utility_id bigint unsigned not null, public_id char(22) collate utf8mb4_bin not null default (replace(replace(left(to_base64(random_bytes(17)), 22), '+', '-'), '/', '_')) unique, calendar_id bigint unsigned not null, holiday_date date not null, name varchar(80) not null, type varchar(32) not null check (type in ('federal', 'company', 'observed')), observes_date date null,
  half_day_until time null, recurring varchar(32) not null default 'none' check (recurring in ('none', 'yearly_fixed', 'rule')), source varchar(32) not null default 'manual' check (source in ('manual', 'import')), country char(2) null, state char(2) null comment 'of days that only a state keeps',
  created_at datetime(6) not null default (utc_timestamp(6)), created_by bigint unsigned null,
  updated_at datetime(6) not null default (utc_timestamp(6)), updated_by bigint unsigned null, row_version int unsigned not null default 1,
  unique key (calendar_id, holiday_date, name), foreign key (calendar_id) references calendar (id) on delete cascade
);

create table if not exists special_day (
  id bigint unsigned not null auto_increment primary key, utility_id bigint unsigned not null, public_id char(22) collate utf8mb4_bin not null default (replace(replace(left(to_base64(random_bytes(17)), 22), '+', '-'), '/', '_')) unique, calendar_id bigint unsigned not null, special_date date not null, from_time time not null, to_time time not null, note varchar(120) null,
  created_at datetime(6) not null default (utc_timestamp(6)), created_by bigint unsigned null,
  updated_at datetime(6) not null default (utc_timestamp(6)), updated_by bigint unsigned null, row_version int unsigned not null default 1,
  unique key (calendar_id, special_date), foreign key (calendar_id) references calendar (id) on delete cascade
);

create table if not exists scheduled_job (
  id bigint unsigned not null auto_increment primary key, utility_id bigint unsigned not null, public_id char(22) collate utf8mb4_bin not null default (replace(replace(left(to_base64(random_bytes(17)), 22), '+', '-'), '/', '_')) unique, code varchar(60) collate utf8mb4_bin not null, handler varchar(60) collate utf8mb4_bin not null, name varchar(80) not null,
  rule varchar(80) not null comment 'daily 02:00 | hourly 15 | weekly 1 06:00 | monthly 1 03:00 | every 15m', time_zone varchar(64) null, enabled tinyint(1) not null default 1,
  holiday_policy varchar(32) not null default 'run' check (holiday_policy in ('run', 'skip', 'shift')), catch_up varchar(32) not null default 'run_once' check (catch_up in ('run_once', 'skip')),
  next_run_at datetime(6) null, last_run_at datetime(6) null, last_status varchar(16) null, last_error varchar(2000) null, last_job_id bigint unsigned null,
  created_at datetime(6) not null default (utc_timestamp(6)), created_by bigint unsigned null,
  updated_at datetime(6) not null default (utc_timestamp(6)), updated_by bigint unsigned null, row_version int unsigned not null default 1,
  unique key (utility_id, code), key (enabled, next_run_at), foreign key (utility_id) references utility (id)
);
