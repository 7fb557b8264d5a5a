-- Which migrations this schema has; the migrate command writes it (docs/data.md: conventions).
create table if not exists schema_migration (
  name varchar(120) collate utf8mb4_bin not null primary key,
  sha256 binary(32) not null,
  applied_at datetime(6) not null default (utc_timestamp(6))
);

-- Settings of the installation: default_tenant, clock_offset_us (test instances only), public_address, master key id.
create table if not exists platform_setting (
  name varchar(60) not null primary key,
  value varchar(2000) not null,
  updated_at datetime(6) not null default (utc_timestamp(6)), updated_by bigint unsigned null
);

-- Ids reserved for bulk inserts (db_ids): tables named here take all their ids from it, single rows too.
create table if not exists id_range (
  name varchar(64) collate utf8mb4_bin not null primary key comment 'table', next_id bigint unsigned not null default 1
);
