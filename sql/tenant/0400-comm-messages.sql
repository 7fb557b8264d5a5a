-- Templates, messages, notices in the application, consent and suppression (UX06US06, UX02US02, UX05US05, CSS01US09).
create table if not exists template_category (
  id bigint unsigned not null auto_increment primary key, utility_id bigint unsigned not null, name varchar(60) not null, colour char(7) null, sort int not null default 0,
  created_at datetime(6) not null default (utc_timestamp(6)), created_by bigint unsigned null,
  updated_at datetime(6) not null default (utc_timestamp(6)), updated_by bigint unsigned null, row_version int unsigned not null default 1,
  unique key (utility_id, name), foreign key (utility_id) references utility (id)
);

create table if not exists comm_settings (
  id bigint unsigned not null auto_increment primary key, utility_id bigint unsigned not null unique, quiet_from time not null default '21:00', quiet_to time not null default '08:00', quiet_days json null, caps json null, approval_threshold int not null default 500, retry_minutes json null, retention_days int not null default 730,
  topics json not null, keywords json not null, default_languages json not null, sender_names json null, bounce_rules json null, emergency_senders json null,
  created_at datetime(6) not null default (utc_timestamp(6)), created_by bigint unsigned null,
  updated_at datetime(6) not null default (utc_timestamp(6)), updated_by bigint unsigned null, row_version int unsigned not null default 1, foreign key (utility_id) references utility (id)
);

create table if not exists template (
  id bigint unsigned not null auto_increment primary key, utility_id bigint unsigned null comment 'NULL: tenant level (sign-in, invitations before a utility)', utility_key bigint unsigned generated always as (ifnull(utility_id, 0)) stored, public_id char(22) collate utf8mb4_bin not null default (replace(replace(left(to_base64(random_bytes(17)), 22), '+', '-'), '/', '_')) unique, `key` varchar(60) collate utf8mb4_bin not null check (`key` regexp '^[a-z0-9_.]{3,60}$'), name varchar(80) not null, description varchar(300) null, category_id bigint unsigned null, class varchar(32) not null check (class in ('otp', 'critical', 'transactional', 'service', 'promotional')), topic varchar(40) collate utf8mb4_bin not null,
  tags json null, channels json not null, is_system tinyint(1) not null default 0, legal tinyint(1) not null default 0, status varchar(32) not null default 'active' check (status in ('active', 'archived')), active_version_id bigint unsigned null, owner_id bigint unsigned null,
  created_at datetime(6) not null default (utc_timestamp(6)), created_by bigint unsigned null,
  updated_at datetime(6) not null default (utc_timestamp(6)), updated_by bigint unsigned null, row_version int unsigned not null default 1,
  unique key (utility_key, `key`), unique key template_name (utility_key, name), foreign key (category_id) references template_category (id), foreign key (utility_id) references utility (id)
);

create table if not exists template_version (
  id bigint unsigned not null auto_increment primary key, utility_id bigint unsigned null, template_id bigint unsigned not null, no int not null, lang char(5) collate utf8mb4_bin not null, channel varchar(32) not null check (channel in ('email', 'sms', 'whatsapp', 'inapp')), subject varchar(200) null, preheader varchar(120) null, body_html mediumtext null, body_text text not null, provider_template varchar(120) null, fields json null,
  state varchar(32) not null default 'draft' check (state in ('draft', 'in_review', 'approved', 'active', 'retired', 'rejected')), approved_by bigint unsigned null, approved_at datetime(6) null, effective_at datetime(6) null, change_note varchar(300) null,
  created_at datetime(6) not null default (utc_timestamp(6)), created_by bigint unsigned null,
  updated_at datetime(6) not null default (utc_timestamp(6)), updated_by bigint unsigned null, row_version int unsigned not null default 1,
  unique key (template_id, no, lang, channel), key (template_id, state, lang, channel), foreign key (template_id) references template (id)
);

create table if not exists message_rate (
  id bigint unsigned not null auto_increment primary key, utility_id bigint unsigned not null, message_provider_id bigint unsigned not null, country char(2) collate utf8mb4_bin not null default '*', unit varchar(32) not null check (unit in ('segment', 'message')), price_micro bigint not null, valid_from date not null,
  created_at datetime(6) not null default (utc_timestamp(6)), created_by bigint unsigned null,
  updated_at datetime(6) not null default (utc_timestamp(6)), updated_by bigint unsigned null, row_version int unsigned not null default 1,
  unique key (message_provider_id, country, valid_from), foreign key (message_provider_id) references message_provider (id), foreign key (utility_id) references utility (id)
);

create table if not exists message (
  id bigint unsigned not null auto_increment primary key, utility_id bigint unsigned null, utility_key bigint unsigned generated always as (ifnull(utility_id, 0)) stored, public_id char(22) collate utf8mb4_bin not null default (replace(replace(left(to_base64(random_bytes(17)), 22), '+', '-'), '/', '_')) unique, channel varchar(32) not null check (channel in ('email', 'sms', 'whatsapp', 'inapp')), class varchar(20) not null, topic varchar(40) not null, source varchar(32) not null default 'system' check (source in ('system', 'individual', 'bulk', 'workflow')), template_version_id bigint unsigned null, template_key varchar(60) collate utf8mb4_bin null, campaign_id bigint unsigned null, workflow_run_id bigint unsigned null, event_id char(22) collate utf8mb4_bin null,
  consumer_id bigint unsigned null, account_id bigint unsigned null, user_id bigint unsigned null, portal_user_id bigint unsigned null, to_address varchar(254) not null, to_hash binary(32) not null, lang char(5) not null, subject varchar(200) null, body_text text null comment 'codes and links that open something stand here as dots', body_enc varbinary(8000) null comment 'the whole text, sealed, until it is sent', body_html mediumtext null, encoding varchar(10) null, segments smallint not null default 1, attachments json null,
  status varchar(32) not null default 'queued' check (status in ('held', 'queued', 'retry', 'unknown', 'sent_to_provider', 'sent', 'delivered', 'opened', 'clicked', 'undelivered', 'failed', 'bounced', 'suppressed', 'cancelled', 'expired')), reason_code varchar(60) null,
  message_provider_id bigint unsigned null, provider_message_id varchar(160) collate utf8mb4_bin null, idempotency_key varchar(80) collate utf8mb4_bin null unique, not_before datetime(6) null, expires_at datetime(6) not null, attempts tinyint not null default 0, next_attempt_at datetime(6) null, status_check_at datetime(6) null, possible_duplicate tinyint(1) not null default 0,
  est_cost_micro bigint not null default 0, cost_micro bigint not null default 0, currency char(3) null, dedup_key varchar(120) collate utf8mb4_bin null, legal tinyint(1) not null default 0,
  created_at datetime(6) not null default (utc_timestamp(6)), created_by bigint unsigned null, sent_at datetime(6) null, delivered_at datetime(6) null, opened_at datetime(6) null, clicked_at datetime(6) null, ended_at datetime(6) null,
  unique key (utility_key, dedup_key), unique key (message_provider_id, provider_message_id), key (utility_id, created_at desc, id desc), key (utility_id, status, id), key (status, next_attempt_at), key (consumer_id, id), key (account_id, id), key (to_hash, id), key (campaign_id, status), key (status, status_check_at)
);

create table if not exists message_attempt (
  id bigint unsigned not null auto_increment primary key, message_id bigint unsigned not null, no tinyint not null, message_provider_id bigint unsigned null comment 'NULL: the platform''s mail server', idempotency_key varchar(80) collate utf8mb4_bin not null, request_at datetime(6) not null, finished_at datetime(6) null, http_status smallint null, provider_code varchar(40) null, meaning varchar(200) null, kind varchar(32) not null default 'unknown' check (kind in ('unknown', 'ok', 'temporary', 'permanent')), latency_ms int null,
  unique key (message_id, no), foreign key (message_id) references message (id)
);

create table if not exists inbound_message (
  id bigint unsigned not null auto_increment primary key, utility_id bigint unsigned not null, channel varchar(16) not null, message_provider_id bigint unsigned null, provider_message_id varchar(160) collate utf8mb4_bin null, from_hash binary(32) not null, from_address varchar(254) not null, to_id varchar(254) null, body varchar(1600) not null, received_at datetime(6) not null, keyword varchar(20) null, action varchar(40) null, message_id bigint unsigned null, consumer_id bigint unsigned null,
  unique key (message_provider_id, provider_message_id), key (utility_id, received_at), key (from_hash)
);

create table if not exists suppression (
  id bigint unsigned not null auto_increment primary key, utility_id bigint unsigned not null, channel varchar(16) not null, address_hash binary(32) not null, reason varchar(32) not null check (reason in ('stop', 'hard_bounce', 'soft_bounce', 'complaint', 'manual', 'invalid')), scope varchar(32) not null default 'all' check (scope in ('all', 'service_promotional')), since datetime(6) not null, until datetime(6) null, source varchar(60) null, lifted_by bigint unsigned null, lifted_at datetime(6) null,
  open_flag tinyint generated always as (if(lifted_at is null, 1, null)) stored,
  unique key (utility_id, channel, address_hash, scope, open_flag)
);

-- The latest row counts; rows are never changed.
create table if not exists consent (
  id bigint unsigned not null auto_increment primary key, utility_id bigint unsigned not null, consumer_id bigint unsigned not null, channel varchar(16) not null, topic_or_class varchar(40) not null, state varchar(32) not null check (state in ('in', 'out')), source varchar(32) not null check (source in ('portal', 'keyword', 'agent', 'import', 'paper')), evidence varchar(500) null, at datetime(6) not null, by_id bigint unsigned null,
  key (consumer_id, channel, topic_or_class, id), foreign key (consumer_id) references consumer (id)
);

create table if not exists notification (
  id bigint unsigned not null auto_increment primary key, utility_id bigint unsigned null, public_id char(22) collate utf8mb4_bin not null default (replace(replace(left(to_base64(random_bytes(17)), 22), '+', '-'), '/', '_')) unique, recipient_kind varchar(32) not null check (recipient_kind in ('portal_user', 'user', 'role')), recipient_id bigint unsigned not null, account_id bigint unsigned null, topic varchar(40) not null, severity varchar(32) not null default 'info' check (severity in ('info', 'success', 'warning', 'critical')), title varchar(120) not null, body varchar(500) not null, link varchar(300) null, message_id bigint unsigned null, event_id char(22) collate utf8mb4_bin null,
  dedup_key varchar(120) collate utf8mb4_bin null, count int not null default 1, created_at datetime(6) not null default (utc_timestamp(6)), read_at datetime(6) null, archived_at datetime(6) null, expires_at datetime(6) not null,
  open_flag tinyint generated always as (if(archived_at is null, 1, null)) stored,
  unique key (recipient_kind, recipient_id, dedup_key, open_flag), key (recipient_kind, recipient_id, read_at, created_at)
);

create table if not exists campaign (
  id bigint unsigned not null auto_increment primary key, utility_id bigint unsigned not null, public_id char(22) collate utf8mb4_bin not null default (replace(replace(left(to_base64(random_bytes(17)), 22), '+', '-'), '/', '_')) unique, code varchar(20) collate utf8mb4_bin not null, name varchar(120) not null, purpose varchar(500) null, class varchar(20) not null, topic varchar(40) not null, channel_mode varchar(20) not null default 'preferred', channels json not null, template_version_id bigint unsigned null, include_lists json null, exclude_lists json null, per varchar(32) not null default 'address' check (per in ('address', 'account')),
  scheduled_at datetime(6) null, window_from time null, window_to time null, rate_per_min int null, est_recipients int null, est_cost_micro bigint null, recipients int not null default 0, counters json null,
  status varchar(32) not null default 'draft' check (status in ('draft', 'pending_approval', 'approved', 'scheduled', 'running', 'paused', 'completed', 'rejected', 'cancelled', 'failed')), approved_by bigint unsigned null, approved_at datetime(6) null, reject_reason varchar(300) null,
  created_at datetime(6) not null default (utc_timestamp(6)), created_by bigint unsigned null,
  updated_at datetime(6) not null default (utc_timestamp(6)), updated_by bigint unsigned null, row_version int unsigned not null default 1,
  unique key (utility_id, code), key (utility_id, status), foreign key (utility_id) references utility (id)
);

create table if not exists campaign_test (
  id bigint unsigned not null auto_increment primary key, campaign_id bigint unsigned not null, address varchar(254) not null, content_hash binary(32) not null, sent_at datetime(6) not null, by_id bigint unsigned null, key (campaign_id), foreign key (campaign_id) references campaign (id)
);

create table if not exists contact_list (
  id bigint unsigned not null auto_increment primary key, utility_id bigint unsigned not null, public_id char(22) collate utf8mb4_bin not null default (replace(replace(left(to_base64(random_bytes(17)), 22), '+', '-'), '/', '_')) unique, name varchar(80) not null, description varchar(300) null, kind varchar(32) not null default 'static' check (kind in ('static', 'dynamic')), contact_type varchar(32) not null default 'consumer' check (contact_type in ('consumer', 'business', 'technician', 'mixed_external')), rules json null, tags json null, owner_id bigint unsigned null, visibility varchar(32) not null default 'private' check (visibility in ('private', 'shared', 'all')), size int not null default 0, refreshed_at datetime(6) null, status varchar(32) not null default 'active' check (status in ('active', 'archived', 'deleted')),
  live_flag tinyint generated always as (if(status = 'deleted', null, 1)) stored,
  created_at datetime(6) not null default (utc_timestamp(6)), created_by bigint unsigned null,
  updated_at datetime(6) not null default (utc_timestamp(6)), updated_by bigint unsigned null, row_version int unsigned not null default 1,
  unique key (utility_id, name, live_flag), foreign key (utility_id) references utility (id)
);

create table if not exists contact_list_member (
  id bigint unsigned not null auto_increment primary key, list_id bigint unsigned not null, consumer_id bigint unsigned null, account_id bigint unsigned null, user_id bigint unsigned null, ext_name varchar(120) null, ext_email varchar(254) null, ext_mobile varchar(20) null, to_hash binary(32) null, lang varchar(10) null, custom json null, added_by bigint unsigned null, added_at datetime(6) not null default (utc_timestamp(6)),
  unique key (list_id, account_id), unique key (list_id, to_hash), foreign key (list_id) references contact_list (id) on delete cascade
);

create table if not exists comm_daily_stat (
  id bigint unsigned not null auto_increment primary key, utility_id bigint unsigned not null, stat_date date not null, channel varchar(16) not null, topic varchar(40) not null, source varchar(16) not null, status varchar(32) not null, count int not null default 0, cost_micro bigint not null default 0,
  unique key (utility_id, stat_date, channel, topic, source, status)
);

create table if not exists outage_notice (
  id bigint unsigned not null auto_increment primary key, utility_id bigint unsigned not null, public_id char(22) collate utf8mb4_bin not null default (replace(replace(left(to_base64(random_bytes(17)), 22), '+', '-'), '/', '_')) unique, notice_no varchar(30) collate utf8mb4_bin not null, service_code varchar(4) null, kind varchar(32) not null check (kind in ('planned', 'unplanned', 'quality')), area_ids json null, contact_list_id bigint unsigned null, polygon mediumtext null, titles json not null, texts json not null, reason varchar(300) null, starts_at datetime(6) not null, ends_expected_at datetime(6) not null, ended_at datetime(6) null, status varchar(32) not null default 'draft' check (status in ('draft', 'announced', 'active', 'restored', 'cancelled')), service_order_id bigint unsigned null,
  created_at datetime(6) not null default (utc_timestamp(6)), created_by bigint unsigned null,
  updated_at datetime(6) not null default (utc_timestamp(6)), updated_by bigint unsigned null, row_version int unsigned not null default 1,
  unique key (utility_id, notice_no), key (utility_id, status, starts_at), foreign key (utility_id) references utility (id)
);
