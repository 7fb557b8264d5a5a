-- What happened and what is to be told: audit with its sealed blocks, events, forms, files, counters, alerts.
-- append-only: audit_entry
create table if not exists audit_entry (
  id bigint unsigned not null auto_increment primary key, at datetime(6) not null, utility_id bigint unsigned null,
  actor_kind varchar(16) not null check (actor_kind in ('user', 'portal_user', 'platform', 'system', 'public', 'api')), actor_id bigint unsigned null, actor_name varchar(120) null,
  ip varbinary(16) null, session_id bigint unsigned null, request_id varchar(40) null,
  action varchar(60) not null, entity varchar(60) not null, entity_id bigint unsigned null, number varchar(60) null,
  version int unsigned null comment 'row_version after the change',
  value_hash binary(32) null comment 'BLAKE2b(salt, before, after) of audit_value', reason varchar(500) null,
  key (entity, entity_id, id), key (actor_kind, actor_id, id), key (utility_id, at), key (action, at)
);

-- before and after: changed fields only, secrets as ***; only erasure may blank them.
create table if not exists audit_value (
  audit_id bigint unsigned not null primary key, salt binary(16) not null, before_value json null, after_value json null, blanked_at datetime(6) null
);

-- Sealed blocks of ledger (one chain a utility) and audit (one chain, utility 0).
create table if not exists seal_block (
  id bigint unsigned not null auto_increment primary key, chain varchar(20) collate utf8mb4_bin not null check (chain in ('audit', 'ledger')), chain_utility_id bigint unsigned not null default 0,
  block_no int unsigned not null, first_id bigint unsigned not null, last_id bigint unsigned not null, row_count int unsigned not null,
  previous_hash binary(32) not null, hash binary(32) not null, sealed_at datetime(6) not null default (utc_timestamp(6)),
  unique key (chain, chain_utility_id, block_no), key (chain, chain_utility_id, last_id)
);

create table if not exists outbox_event (
  id bigint unsigned not null auto_increment primary key, event_id char(22) collate utf8mb4_bin not null unique, name varchar(80) collate utf8mb4_bin not null, utility_id bigint unsigned null,
  occurred_at datetime(6) not null, actor_kind varchar(16) not null, actor_id bigint unsigned null,
  entity varchar(60) not null, entity_id bigint unsigned null, number varchar(60) null, account_id bigint unsigned null, consumer_id bigint unsigned null,
  payload json null, dispatched_at datetime(6) null,
  key outbox_open (dispatched_at, id), key (entity, entity_id), key (name, id)
);

create table if not exists event_handled (
  event_id char(22) collate utf8mb4_bin not null, handler varchar(80) collate utf8mb4_bin not null, handled_at datetime(6) not null default (utc_timestamp(6)), primary key (event_id, handler)
);

-- First result of a form that carries a one-time key; kept 30 days. subject 0: not signed in.
create table if not exists form_post (
  id bigint unsigned not null auto_increment primary key, realm varchar(16) not null, subject_id bigint unsigned not null default 0, form_key varchar(64) collate utf8mb4_bin not null,
  path varchar(300) not null, location varchar(500) null, status smallint null, created_at datetime(6) not null default (utc_timestamp(6)),
  unique key (realm, subject_id, form_key), key (created_at)
);

-- What an act on many rows refused, and why: for the person who did it, kept 30 days.
create table if not exists bulk_result (
  id bigint unsigned not null auto_increment primary key, utility_id bigint unsigned null, public_id char(22) collate utf8mb4_bin not null default (replace(replace(left(to_base64(random_bytes(17)), 22), '+', '-'), '/', '_')) unique, user_id bigint unsigned not null,
  title varchar(200) not null, back varchar(300) not null, done int not null default 0, refused int not null default 0, refusals json not null, created_at datetime(6) not null default (utc_timestamp(6)), key (created_at)
);

-- API keys of machines (/api/v1): the key names the utility.
create table if not exists api_key (
  id bigint unsigned not null auto_increment primary key, utility_id bigint unsigned not null, public_id char(22) collate utf8mb4_bin not null default (replace(replace(left(to_base64(random_bytes(17)), 22), '+', '-'), '/', '_')) unique, name varchar(80) not null, key_hash binary(32) not null unique, last4 char(4) not null,
  scopes json not null, last_used_at datetime(6) null, expires_at datetime(6) null, revoked_at datetime(6) null,
  created_at datetime(6) not null default (utc_timestamp(6)), created_by bigint unsigned null,
  updated_at datetime(6) not null default (utc_timestamp(6)), updated_by bigint unsigned null, row_version int unsigned not null default 1, foreign key (utility_id) references utility (id)
);

create table if not exists api_call (
  api_key_id bigint unsigned not null, idempotency_key varchar(80) collate utf8mb4_bin not null, path varchar(200) not null, body_hash binary(32) not null,
  status smallint null, answer mediumtext null, created_at datetime(6) not null default (utc_timestamp(6)),
  primary key (api_key_id, idempotency_key), key (created_at)
);

create table if not exists document (
  id bigint unsigned not null auto_increment primary key, utility_id bigint unsigned null, public_id char(22) collate utf8mb4_bin not null default (replace(replace(left(to_base64(random_bytes(17)), 22), '+', '-'), '/', '_')) unique,
  type_id bigint unsigned null, entity varchar(60) null, entity_id bigint unsigned null,
  file_name varchar(200) not null, mime varchar(100) not null, size bigint unsigned not null, sha256 binary(32) not null,
  storage_key varchar(200) collate utf8mb4_bin not null, is_private tinyint(1) not null default 1,
  uploaded_by_kind varchar(16) not null default 'user', valid_to date null,
  status varchar(32) not null default 'pending' check (status in ('pending', 'verified', 'rejected')), reject_reason varchar(300) null, checked_by bigint unsigned null, checked_at datetime(6) null,
  erased_at datetime(6) null,
  created_at datetime(6) not null default (utc_timestamp(6)), created_by bigint unsigned null,
  updated_at datetime(6) not null default (utc_timestamp(6)), updated_by bigint unsigned null, row_version int unsigned not null default 1,
  key (entity, entity_id), key (sha256), key (utility_id, status)
);

create table if not exists dashboard_counter (
  id bigint unsigned not null auto_increment primary key, utility_id bigint unsigned null, utility_key bigint unsigned generated always as (ifnull(utility_id, 0)) stored,
  `key` varchar(80) collate utf8mb4_bin not null, period date not null comment 'a day, the first of a month, or 1970-01-01: now',
  area_id bigint unsigned not null default 0 comment 'service_area; 0: the whole utility', service_code varchar(4) collate utf8mb4_bin not null default '' comment 'empty: all services',
  value bigint not null default 0, updated_at datetime(6) not null default (utc_timestamp(6)),
  unique key (utility_key, `key`, period, area_id, service_code), key (period, area_id, `key`)
);

create table if not exists dashboard_pref (
  id bigint unsigned not null auto_increment primary key, utility_id bigint unsigned null, user_id bigint unsigned not null, dashboard varchar(40) not null, layout json not null, updated_at datetime(6) not null default (utc_timestamp(6)),
  unique key (user_id, dashboard, utility_id)
);

create table if not exists saved_view (
  id bigint unsigned not null auto_increment primary key, utility_id bigint unsigned null, public_id char(22) collate utf8mb4_bin not null default (replace(replace(left(to_base64(random_bytes(17)), 22), '+', '-'), '/', '_')) unique, user_id bigint unsigned not null, list varchar(60) not null, name varchar(80) not null, query varchar(2000) not null, shared tinyint(1) not null default 0,
  created_at datetime(6) not null default (utc_timestamp(6)), created_by bigint unsigned null,
  updated_at datetime(6) not null default (utc_timestamp(6)), updated_by bigint unsigned null, row_version int unsigned not null default 1,
  unique key (user_id, list, name, utility_id), key (utility_id, list, shared)
);

create table if not exists alert (
  id bigint unsigned not null auto_increment primary key, utility_id bigint unsigned null, kind varchar(60) not null, severity varchar(32) not null default 'info' check (severity in ('info', 'warning', 'critical')), subject varchar(300) not null,
  entity varchar(60) null, entity_id bigint unsigned null, link varchar(300) null, dedup_key varchar(160) collate utf8mb4_bin null,
  first_at datetime(6) not null, last_at datetime(6) not null, times int not null default 1, acknowledged_by bigint unsigned null, acknowledged_at datetime(6) null, resolved_at datetime(6) null,
  open_flag tinyint generated always as (if(resolved_at is null, 1, null)) stored,
  unique key (dedup_key, open_flag), key (utility_id, resolved_at, last_at)
);
