-- Consumers' own access (CSS01US01, CSS01US02, CSS01US03, CSS01US11, CSS01US12) and the portal's settings.
create table if not exists portal_user (
  id bigint unsigned not null auto_increment primary key, utility_id bigint unsigned not null, public_id char(22) collate utf8mb4_bin not null default (replace(replace(left(to_base64(random_bytes(17)), 22), '+', '-'), '/', '_')) unique, email varchar(254) not null, email_verified_at datetime(6) null, mobile varchar(20) collate utf8mb4_bin null, mobile_verified_at datetime(6) null, password_hash varchar(200) collate utf8mb4_bin null, password_changed_at datetime(6) null, password_history json null,
  status varchar(32) not null default 'pending' check (status in ('pending', 'active', 'disabled', 'closed')), lang varchar(10) not null default 'en', failed_count int not null default 0, failed_at datetime(6) null, locked_until datetime(6) null, totp_secret_enc varbinary(400) null, totp_last_step bigint null, mfa varchar(32) not null default 'off' check (mfa in ('off', 'code', 'totp')), terms_version varchar(20) null, terms_at datetime(6) null, last_signin_at datetime(6) null,
  consumer_id bigint unsigned null, disabled_reason varchar(300) null, closed_at datetime(6) null,
  email_key varchar(254) generated always as (if(status = 'closed', null, email)) stored comment 'free again 30 days after closing: the job blanks email',
  created_at datetime(6) not null default (utc_timestamp(6)), created_by bigint unsigned null,
  updated_at datetime(6) not null default (utc_timestamp(6)), updated_by bigint unsigned null, row_version int unsigned not null default 1,
  unique key (utility_id, email_key), unique key (utility_id, mobile), key (consumer_id), foreign key (utility_id) references utility (id)
);

create table if not exists portal_account_link (
  id bigint unsigned not null auto_increment primary key, utility_id bigint unsigned not null, portal_user_id bigint unsigned not null, account_id bigint unsigned not null, access varchar(32) not null default 'owner' check (access in ('owner', 'manager', 'payer', 'viewer')), relation varchar(32) not null default 'owner' check (relation in ('owner', 'authorised', 'tenant')), nickname varchar(40) null, proof varchar(32) not null default 'portal_code' check (proof in ('portal_code', 'postcode_code', 'invitation', 'request', 'staff', 'migration')), linked_at datetime(6) not null, until date null, ended_at datetime(6) null, ended_by bigint unsigned null, end_reason varchar(120) null,
  open_flag tinyint generated always as (if(ended_at is null, 1, null)) stored, row_version int unsigned not null default 1,
  unique key (portal_user_id, account_id, open_flag), key (account_id, open_flag), foreign key (portal_user_id) references portal_user (id), foreign key (account_id) references account (id)
);

create table if not exists portal_invitation (
  id bigint unsigned not null auto_increment primary key, utility_id bigint unsigned not null, public_id char(22) collate utf8mb4_bin not null default (replace(replace(left(to_base64(random_bytes(17)), 22), '+', '-'), '/', '_')) unique, account_id bigint unsigned not null, email varchar(254) not null, access varchar(32) not null default 'viewer' check (access in ('viewer', 'payer', 'manager', 'owner')), relation varchar(32) not null default 'authorised' check (relation in ('owner', 'authorised', 'tenant')), token_hash binary(32) not null unique, invited_by bigint unsigned null, invited_by_kind varchar(16) not null default 'portal_user', expires_at datetime(6) not null, accepted_at datetime(6) null, revoked_at datetime(6) null, until date null, sent_count int not null default 1,
  created_at datetime(6) not null default (utc_timestamp(6)), created_by bigint unsigned null,
  key (account_id), key (email), foreign key (account_id) references account (id)
);

create table if not exists otp_challenge (
  id bigint unsigned not null auto_increment primary key, utility_id bigint unsigned not null, public_id char(22) collate utf8mb4_bin not null default (replace(replace(left(to_base64(random_bytes(17)), 22), '+', '-'), '/', '_')) unique, purpose varchar(32) not null check (purpose in ('register', 'signin', 'contact', 'stepup', 'guest', 'reset')), subject_hash binary(32) not null, subject_id bigint unsigned null, channel varchar(16) not null, address varchar(254) null, code_hash binary(32) not null, data json null, expires_at datetime(6) not null, tries tinyint not null default 0, max_tries tinyint not null default 5, used_at datetime(6) null, ip varbinary(16) null, created_at datetime(6) not null default (utc_timestamp(6)),
  key (subject_hash, purpose, id), key (expires_at)
);

-- Values in force (live), one row per key; versions are portal_publication.
create table if not exists portal_setting (
  id bigint unsigned not null auto_increment primary key, utility_id bigint unsigned not null, `key` varchar(80) collate utf8mb4_bin not null, value text not null,
  created_at datetime(6) not null default (utc_timestamp(6)), created_by bigint unsigned null,
  updated_at datetime(6) not null default (utc_timestamp(6)), updated_by bigint unsigned null, row_version int unsigned not null default 1,
  unique key (utility_id, `key`), foreign key (utility_id) references utility (id)
);

create table if not exists portal_publication (
  id bigint unsigned not null auto_increment primary key, utility_id bigint unsigned not null, version int not null, state varchar(32) not null default 'draft' check (state in ('draft', 'live', 'old')), `values` json not null, differences json null, made_by bigint unsigned null, published_by bigint unsigned null, published_at datetime(6) null,
  created_at datetime(6) not null default (utc_timestamp(6)), created_by bigint unsigned null,
  updated_at datetime(6) not null default (utc_timestamp(6)), updated_by bigint unsigned null, row_version int unsigned not null default 1,
  unique key (utility_id, version), foreign key (utility_id) references utility (id)
);

create table if not exists portal_announcement (
  id bigint unsigned not null auto_increment primary key, utility_id bigint unsigned not null, public_id char(22) collate utf8mb4_bin not null default (replace(replace(left(to_base64(random_bytes(17)), 22), '+', '-'), '/', '_')) unique, title varchar(120) not null, body varchar(2000) not null, kind varchar(32) not null default 'info' check (kind in ('info', 'warning', 'critical')), audience json null, from_at datetime(6) not null, to_at datetime(6) null, dismissible tinyint(1) not null default 1, state varchar(32) not null default 'draft' check (state in ('draft', 'published', 'ended')),
  created_at datetime(6) not null default (utc_timestamp(6)), created_by bigint unsigned null,
  updated_at datetime(6) not null default (utc_timestamp(6)), updated_by bigint unsigned null, row_version int unsigned not null default 1,
  key (utility_id, state, from_at), foreign key (utility_id) references utility (id)
);

create table if not exists saved_payment_method (
  id bigint unsigned not null auto_increment primary key, utility_id bigint unsigned not null, public_id char(22) collate utf8mb4_bin not null default (replace(replace(left(to_base64(random_bytes(17)), 22), '+', '-'), '/', '_')) unique, portal_user_id bigint unsigned not null, gateway_account_id bigint unsigned not null, token_enc varbinary(600) not null, token_hash binary(32) not null, kind varchar(20) not null, brand varchar(20) null, last4 char(4) null, exp_month tinyint null, exp_year smallint null, nickname varchar(30) null, is_default tinyint(1) not null default 0, status varchar(32) not null default 'active' check (status in ('active', 'expired', 'removed')),
  created_at datetime(6) not null default (utc_timestamp(6)), created_by bigint unsigned null,
  updated_at datetime(6) not null default (utc_timestamp(6)), updated_by bigint unsigned null, row_version int unsigned not null default 1,
  unique key (portal_user_id, token_hash), foreign key (portal_user_id) references portal_user (id), foreign key (gateway_account_id) references gateway_account (id)
);

create table if not exists autopay_enrolment (
  id bigint unsigned not null auto_increment primary key, utility_id bigint unsigned not null, public_id char(22) collate utf8mb4_bin not null default (replace(replace(left(to_base64(random_bytes(17)), 22), '+', '-'), '/', '_')) unique, account_id bigint unsigned not null, portal_user_id bigint unsigned not null, saved_method_id bigint unsigned not null, offset_days tinyint not null default 0 check (offset_days between 0 and 10), cap_minor bigint null, skip_bill_id bigint unsigned null, status varchar(32) not null default 'active' check (status in ('active', 'paused', 'suspended', 'cancelled')), fail_count tinyint not null default 0, consent_at datetime(6) not null, consent_text_version varchar(20) not null,
  open_flag tinyint generated always as (if(status = 'cancelled', null, 1)) stored,
  created_at datetime(6) not null default (utc_timestamp(6)), created_by bigint unsigned null,
  updated_at datetime(6) not null default (utc_timestamp(6)), updated_by bigint unsigned null, row_version int unsigned not null default 1,
  unique key (account_id, open_flag), key (utility_id, status), foreign key (account_id) references account (id), foreign key (saved_method_id) references saved_payment_method (id)
);

create table if not exists bill_view (
  id bigint unsigned not null auto_increment primary key, utility_id bigint unsigned not null, portal_user_id bigint unsigned not null, bill_id bigint unsigned not null, first_at datetime(6) not null, last_at datetime(6) not null, count int not null default 1,
  unique key (portal_user_id, bill_id), key (bill_id), foreign key (portal_user_id) references portal_user (id)
);

create table if not exists bill_delivery_pref (
  id bigint unsigned not null auto_increment primary key, utility_id bigint unsigned not null, account_id bigint unsigned not null unique, mode varchar(32) not null default 'paper' check (mode in ('paper', 'email', 'both')), sms_link tinyint(1) not null default 0, email_2 varchar(254) null, since date not null, changed_via varchar(32) not null default 'portal' check (changed_via in ('portal', 'agent', 'bounce', 'import')), row_version int unsigned not null default 1, updated_at datetime(6) not null default (utc_timestamp(6)), updated_by bigint unsigned null,
  foreign key (account_id) references account (id)
);

create table if not exists preference (
  id bigint unsigned not null auto_increment primary key, utility_id bigint unsigned not null, consumer_id bigint unsigned not null, account_id bigint unsigned not null default 0 comment '0: all accounts', topic varchar(40) collate utf8mb4_bin not null, channel varchar(16) collate utf8mb4_bin not null, is_on tinyint(1) not null, updated_at datetime(6) not null default (utc_timestamp(6)),
  unique key (consumer_id, account_id, topic, channel), foreign key (consumer_id) references consumer (id)
);

create table if not exists display_pref (
  id bigint unsigned not null auto_increment primary key, portal_user_id bigint unsigned not null unique, lang varchar(10) null, unit varchar(20) null, date_format varchar(12) null, theme varchar(32) not null default 'system' check (theme in ('system', 'light', 'dark', 'high_contrast')), font_scale smallint not null default 100 check (font_scale between 100 and 200), digest varchar(32) not null default 'off' check (digest in ('off', 'daily')), quiet_from time null, quiet_to time null, updated_at datetime(6) not null default (utc_timestamp(6)),
  foreign key (portal_user_id) references portal_user (id)
);

create table if not exists contact_change (
  id bigint unsigned not null auto_increment primary key, utility_id bigint unsigned not null, public_id char(22) collate utf8mb4_bin not null default (replace(replace(left(to_base64(random_bytes(17)), 22), '+', '-'), '/', '_')) unique, portal_user_id bigint unsigned not null, kind varchar(32) not null check (kind in ('email', 'mobile', 'phone')), old_value varchar(254) null, new_value varchar(254) not null, requested_at datetime(6) not null, verified_at datetime(6) null, undo_token_hash binary(32) null unique, undo_until datetime(6) null, undone_at datetime(6) null, state varchar(32) not null default 'requested' check (state in ('requested', 'verified', 'final', 'undone', 'expired')),
  key (portal_user_id, id), foreign key (portal_user_id) references portal_user (id)
);

create table if not exists ticket_draft (
  id bigint unsigned not null auto_increment primary key, utility_id bigint unsigned not null, public_id char(22) collate utf8mb4_bin not null default (replace(replace(left(to_base64(random_bytes(17)), 22), '+', '-'), '/', '_')) unique, portal_user_id bigint unsigned not null, type varchar(40) not null, data json not null, expires_at datetime(6) not null, updated_at datetime(6) not null default (utc_timestamp(6)), key (portal_user_id), foreign key (portal_user_id) references portal_user (id)
);

create table if not exists request_follow (
  id bigint unsigned not null auto_increment primary key, utility_id bigint unsigned not null, portal_user_id bigint unsigned not null, entity varchar(40) not null, entity_id bigint unsigned not null, created_at datetime(6) not null default (utc_timestamp(6)), unique key (portal_user_id, entity, entity_id), foreign key (portal_user_id) references portal_user (id)
);

create table if not exists dashboard_layout (
  id bigint unsigned not null auto_increment primary key, portal_user_id bigint unsigned not null unique, cards json null, dismissed json null, updated_at datetime(6) not null default (utc_timestamp(6)), foreign key (portal_user_id) references portal_user (id)
);

create table if not exists csat_response (
  id bigint unsigned not null auto_increment primary key, utility_id bigint unsigned not null, entity varchar(40) not null, entity_id bigint unsigned not null, score tinyint not null check (score between 1 and 5), comment varchar(1000) null, at datetime(6) not null, unique key (entity, entity_id)
);

create table if not exists service_center (
  id bigint unsigned not null auto_increment primary key, utility_id bigint unsigned not null, public_id char(22) collate utf8mb4_bin not null default (replace(replace(left(to_base64(random_bytes(17)), 22), '+', '-'), '/', '_')) unique, code varchar(20) collate utf8mb4_bin not null, name varchar(80) not null, type varchar(40) not null default 'office', line1 varchar(120) not null, line2 varchar(120) null, city varchar(80) not null, state varchar(10) null, postal_code varchar(20) not null, country char(2) not null default 'US', lat decimal(9,6) not null, lon decimal(9,6) not null, phone varchar(20) null, email varchar(254) null,
  services json null, languages json null, hours json not null, wheelchair tinyint(1) not null default 0, notes json null, time_zone varchar(64) null, status varchar(32) not null default 'active' check (status in ('active', 'temporarily_closed', 'closed')), notice varchar(300) null, notice_until datetime(6) null,
  created_at datetime(6) not null default (utc_timestamp(6)), created_by bigint unsigned null,
  updated_at datetime(6) not null default (utc_timestamp(6)), updated_by bigint unsigned null, row_version int unsigned not null default 1,
  unique key (utility_id, code), foreign key (utility_id) references utility (id)
);
