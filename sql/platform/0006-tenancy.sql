-- Add-ons of subscriptions, exports and archives of tenants (ONB08US01), entries of support (AU01US03).
create table if not exists subscription_add_on (
  id bigint unsigned not null auto_increment primary key, code varchar(20) collate utf8mb4_bin not null unique check (code regexp '^[a-z][a-z0-9_]{1,19}$'), name varchar(80) not null,
  metric varchar(40) not null, amount bigint not null comment 'how much more of the metric one is' check (amount > 0), price_minor bigint not null comment 'a month' check (price_minor >= 0), currency char(3) not null,
  sort int not null default 0, active tinyint(1) not null default 1,
  created_at datetime(6) not null default (utc_timestamp(6)), created_by bigint unsigned null,
  updated_at datetime(6) not null default (utc_timestamp(6)), updated_by bigint unsigned null, row_version int unsigned not null default 1
);
insert into subscription_add_on (code, name, metric, amount, price_minor, currency, sort) values
  ('seats_10', '10 staff seats', 'seats', 10, 10000, 'USD', 1),
  ('sms_10000', '10,000 SMS a month', 'sms_month', 10000, 15000, 'USD', 2),
  ('storage_100', '100 GB of storage', 'storage_mb', 102400, 5000, 'USD', 3)
on duplicate key update subscription_add_on.id = subscription_add_on.id;

-- {"seats_10": 2}; add_ons_next: fewer from the next period on.
alter table subscription
  add column if not exists add_ons_next json null;

-- An archive of all a tenant has, for the tenant: tables as CSV, documents as files.
create table if not exists tenant_export (
  id bigint unsigned not null auto_increment primary key, public_id char(22) collate utf8mb4_bin not null default (replace(replace(left(to_base64(random_bytes(17)), 22), '+', '-'), '/', '_')) unique,
  tenant_id bigint unsigned not null, state varchar(32) not null default 'asked' check (state in ('asked', 'making', 'ready', 'failed', 'expired')),
  asked_by varchar(254) not null, files int not null default 0, `rows` bigint not null default 0, bytes bigint not null default 0, sha256 binary(32) null, problem varchar(500) null,
  checked_at datetime(6) null comment 'read again from beginning to end, every file as it was written', ready_at datetime(6) null, expires_at datetime(6) null, fetched int not null default 0,
  created_at datetime(6) not null default (utc_timestamp(6)), created_by bigint unsigned null,
  key (tenant_id, id), key (state, expires_at), foreign key (tenant_id) references tenant (id)
);

-- What is left of an archived tenant: this row, its audit, and the sealed dump until it is destroyed.
alter table tenant
  add column if not exists archive_file varchar(200) null,
  add column if not exists archive_sha256 binary(32) null,
  add column if not exists archive_key varbinary(160) null comment 'of the dump, sealed by the master key',
  add column if not exists archived_at datetime(6) null,
  add column if not exists archive_destroyed_at datetime(6) null;

-- A person of the platform goes into a tenant that granted support access: a link that works once, then a session there.
create table if not exists support_entry (
  id bigint unsigned not null auto_increment primary key, support_access_id bigint unsigned not null, platform_user_id bigint unsigned not null, token_hash binary(32) not null unique,
  made_at datetime(6) not null, used_at datetime(6) null,
  key (support_access_id), foreign key (support_access_id) references support_access (id), foreign key (platform_user_id) references platform_user (id)
);
alter table support_access
  add column if not exists public_id char(22) collate utf8mb4_bin not null default (replace(replace(left(to_base64(random_bytes(17)), 22), '+', '-'), '/', '_')) unique,
  add column if not exists granted_by_name varchar(120) null,
  add column if not exists ended_by varchar(120) null;
