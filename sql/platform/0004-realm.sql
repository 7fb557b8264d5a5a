-- Sign-in and records of the platform's own realm; the tables of the same names in a tenant are alike.
-- append-only: audit_entry
create table if not exists session (
  id bigint unsigned not null auto_increment primary key,
  realm varchar(32) not null default 'platform' check (realm in ('platform')),
  token_hash binary(32) not null unique,
  subject_id bigint unsigned not null, utility_id bigint unsigned null, support_access_id bigint unsigned null,
  created_at datetime(6) not null, last_seen_at datetime(6) not null, expires_at datetime(6) not null,
  ip varbinary(16) null, user_agent varchar(400) null,
  auth_at datetime(6) not null, mfa_at datetime(6) null, reauth_at datetime(6) null, stepup_at datetime(6) null,
  ended_at datetime(6) null, end_reason varchar(32) null check (end_reason in ('logout', 'idle', 'absolute', 'revoked', 'replaced', 'password_changed', 'deactivated')),
  key (realm, subject_id, ended_at), key (expires_at)
);

create table if not exists trusted_device (
  id bigint unsigned not null auto_increment primary key, realm varchar(32) not null default 'platform' check (realm in ('platform')), subject_id bigint unsigned not null, token_hash binary(32) not null unique, label varchar(120) not null,
  created_at datetime(6) not null default (utc_timestamp(6)), last_used_at datetime(6) null, expires_at datetime(6) not null, revoked_at datetime(6) null, key (realm, subject_id)
);

create table if not exists login_attempt (
  id bigint unsigned not null auto_increment primary key, realm varchar(32) not null default 'platform' check (realm in ('platform')), at datetime(6) not null, email varchar(254) not null, user_id bigint unsigned null,
  ip varbinary(16) null, user_agent varchar(400) null, result varchar(32) not null,
  key (realm, email, at), key (ip, at), key (at)
);

create table if not exists mfa_factor (
  id bigint unsigned not null auto_increment primary key, realm varchar(32) not null default 'platform' check (realm in ('platform')), user_id bigint unsigned not null, kind varchar(32) not null check (kind in ('totp', 'recovery')),
  secret_enc varbinary(400) not null, confirmed_at datetime(6) null, used_at datetime(6) null, last_step bigint null comment 'a TOTP step is accepted once',
  created_at datetime(6) not null default (utc_timestamp(6)), key (realm, user_id, kind)
);

create table if not exists password_token (
  id bigint unsigned not null auto_increment primary key, realm varchar(32) not null default 'platform' check (realm in ('platform')), user_id bigint unsigned not null, token_hash binary(32) not null unique, purpose varchar(32) not null check (purpose in ('reset', 'invite', 'email')),
  new_email varchar(254) null, expires_at datetime(6) not null, used_at datetime(6) null, created_at datetime(6) not null default (utc_timestamp(6)), ip varbinary(16) null, key (realm, user_id, purpose, created_at)
);

create table if not exists audit_entry (
  id bigint unsigned not null auto_increment primary key, at datetime(6) not null, tenant_id bigint unsigned null, utility_id bigint unsigned null,
  actor_kind varchar(16) not null, actor_id bigint unsigned null, actor_name varchar(120) null,
  ip varbinary(16) null, session_id bigint unsigned null, request_id varchar(40) null,
  action varchar(60) not null, entity varchar(60) not null, entity_id bigint unsigned null, number varchar(60) null, version int unsigned null,
  value_hash binary(32) null, reason varchar(500) null,
  key (entity, entity_id, id), key (actor_kind, actor_id, id), key (at)
);

create table if not exists audit_value (
  audit_id bigint unsigned not null primary key, salt binary(16) not null, before_value json null, after_value json null, blanked_at datetime(6) null
);

create table if not exists seal_block (
  id bigint unsigned not null auto_increment primary key, chain varchar(20) collate utf8mb4_bin not null comment 'audit', chain_utility_id bigint unsigned not null default 0,
  block_no int unsigned not null, first_id bigint unsigned not null, last_id bigint unsigned not null, row_count int unsigned not null,
  previous_hash binary(32) not null, hash binary(32) not null, sealed_at datetime(6) not null default (utc_timestamp(6)),
  unique key (chain, chain_utility_id, block_no)
);

create table if not exists outbox_event (
  id bigint unsigned not null auto_increment primary key, event_id char(22) collate utf8mb4_bin not null unique, name varchar(80) collate utf8mb4_bin not null, tenant_id bigint unsigned null, utility_id bigint unsigned null,
  occurred_at datetime(6) not null, actor_kind varchar(16) not null, actor_id bigint unsigned null,
  entity varchar(60) not null, entity_id bigint unsigned null, number varchar(60) null, account_id bigint unsigned null, consumer_id bigint unsigned null,
  payload json null, dispatched_at datetime(6) null,
  key (dispatched_at, id), key (entity, entity_id)
);

create table if not exists event_handled (
  event_id char(22) collate utf8mb4_bin not null, handler varchar(80) collate utf8mb4_bin not null, handled_at datetime(6) not null default (utc_timestamp(6)), primary key (event_id, handler)
);

create table if not exists form_post (
  id bigint unsigned not null auto_increment primary key, realm varchar(16) not null, subject_id bigint unsigned not null default 0, form_key varchar(64) collate utf8mb4_bin not null,
  path varchar(300) not null, location varchar(500) null, status smallint null, created_at datetime(6) not null default (utc_timestamp(6)),
  unique key (realm, subject_id, form_key), key (created_at)
);
