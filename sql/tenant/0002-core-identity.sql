-- People, rights and sessions (ONB-LOGIN, AU01US02, AU01US03, ONB02US03). session and trusted_device serve the realms staff and portal.
create table if not exists department (
  id bigint unsigned not null auto_increment primary key, utility_id bigint unsigned not null, public_id char(22) collate utf8mb4_bin not null default (replace(replace(left(to_base64(random_bytes(17)), 22), '+', '-'), '/', '_')) unique,
  name varchar(80) not null, head_user_id bigint unsigned null, active tinyint(1) not null default 1,
  created_at datetime(6) not null default (utc_timestamp(6)), created_by bigint unsigned null,
  updated_at datetime(6) not null default (utc_timestamp(6)), updated_by bigint unsigned null, row_version int unsigned not null default 1,
  unique key (utility_id, name), foreign key (utility_id) references utility (id)
);

-- A person of the staff: one row per tenant, roles in several utilities (utility_id stays NULL).
create table if not exists user (
  id bigint unsigned not null auto_increment primary key, utility_id bigint unsigned null, public_id char(22) collate utf8mb4_bin not null default (replace(replace(left(to_base64(random_bytes(17)), 22), '+', '-'), '/', '_')) unique,
  email varchar(254) not null unique,
  full_name varchar(120) not null, phone varchar(20) null,
  password_hash varchar(200) collate utf8mb4_bin null,
  status varchar(32) not null default 'invited' check (status in ('invited', 'pending', 'active', 'inactive', 'invitation_expired', 'revoked')),
  failed_count int not null default 0, failed_at datetime(6) null, locked_until datetime(6) null,
  must_change_password tinyint(1) not null default 0, password_changed_at datetime(6) null, password_history json null comment 'hashes of the last 5',
  locale varchar(10) null, time_zone varchar(64) null, date_format varchar(12) null,
  theme varchar(20) not null default 'system',
  employee_no varchar(20) null unique, department_id bigint unsigned null, job_title varchar(80) null, manager_user_id bigint unsigned null,
  avatar_document_id bigint unsigned null, is_external tinyint(1) not null default 0 comment 'print vendor',
  last_login_at datetime(6) null, deactivated_at datetime(6) null, deactivation_reason varchar(500) null,
  created_at datetime(6) not null default (utc_timestamp(6)), created_by bigint unsigned null,
  updated_at datetime(6) not null default (utc_timestamp(6)), updated_by bigint unsigned null, row_version int unsigned not null default 1,
  key (status, full_name), key (department_id), foreign key (department_id) references department (id)
);

create table if not exists role (
  id bigint unsigned not null auto_increment primary key, utility_id bigint unsigned null, public_id char(22) collate utf8mb4_bin not null default (replace(replace(left(to_base64(random_bytes(17)), 22), '+', '-'), '/', '_')) unique,
  utility_key bigint unsigned generated always as (ifnull(utility_id, 0)) stored,
  code varchar(40) collate utf8mb4_bin not null, name varchar(60) not null, description varchar(300) null,
  department_id bigint unsigned null, kind varchar(32) not null default 'custom' check (kind in ('custom', 'system')), mfa_required tinyint(1) not null default 0, active tinyint(1) not null default 1,
  created_at datetime(6) not null default (utc_timestamp(6)), created_by bigint unsigned null,
  updated_at datetime(6) not null default (utc_timestamp(6)), updated_by bigint unsigned null, row_version int unsigned not null default 1,
  unique key (utility_key, code), unique key role_name (utility_key, name), foreign key (utility_id) references utility (id)
);

create table if not exists permission (
  id bigint unsigned not null auto_increment primary key,
  `key` varchar(80) collate utf8mb4_bin not null unique, module varchar(20) not null, resource varchar(40) not null,
  action varchar(16) not null check (action in ('view', 'create', 'edit', 'delete', 'approve', 'export')),
  label varchar(120) not null, `sensitive` tinyint(1) not null default 0, sort int not null default 0,
  key (module, resource)
);

create table if not exists role_permission (
  role_id bigint unsigned not null, permission_id bigint unsigned not null,
  primary key (role_id, permission_id), key (permission_id),
  foreign key (role_id) references role (id) on delete cascade, foreign key (permission_id) references permission (id)
);

create table if not exists user_role (
  id bigint unsigned not null auto_increment primary key, user_id bigint unsigned not null, role_id bigint unsigned not null, utility_id bigint unsigned null comment 'NULL: all utilities of the tenant', service_area_id bigint unsigned null,
  utility_key bigint unsigned generated always as (ifnull(utility_id, 0)) stored,
  area_key bigint unsigned generated always as (ifnull(service_area_id, 0)) stored,
  valid_from date null, valid_to date null,
  created_at datetime(6) not null default (utc_timestamp(6)), created_by bigint unsigned null,
  unique key (user_id, role_id, utility_key, area_key), key (role_id),
  foreign key (user_id) references user (id), foreign key (role_id) references role (id), foreign key (utility_id) references utility (id)
);

create table if not exists user_permission_override (
  id bigint unsigned not null auto_increment primary key, utility_id bigint unsigned null, user_id bigint unsigned not null, permission_id bigint unsigned not null, effect varchar(32) not null check (effect in ('grant', 'deny')), reason varchar(300) not null, expires_at datetime(6) null,
  created_at datetime(6) not null default (utc_timestamp(6)), created_by bigint unsigned null,
  updated_at datetime(6) not null default (utc_timestamp(6)), updated_by bigint unsigned null, row_version int unsigned not null default 1,
  unique key (user_id, permission_id, utility_id), foreign key (user_id) references user (id), foreign key (permission_id) references permission (id)
);

create table if not exists invitation (
  id bigint unsigned not null auto_increment primary key, utility_id bigint unsigned null, public_id char(22) collate utf8mb4_bin not null default (replace(replace(left(to_base64(random_bytes(17)), 22), '+', '-'), '/', '_')) unique,
  user_id bigint unsigned null, email varchar(254) not null, full_name varchar(120) not null, phone varchar(20) null,
  role_id bigint unsigned null, role_code varchar(40) null, utility_ids json null, message varchar(1000) null,
  token_hash binary(32) not null unique,
  status varchar(32) not null default 'sent' check (status in ('sent', 'accepted', 'expired', 'revoked')),
  expires_at datetime(6) not null, opened_at datetime(6) null, accepted_at datetime(6) null, revoked_at datetime(6) null, sent_count int not null default 1, sent_at datetime(6) not null,
  created_at datetime(6) not null default (utc_timestamp(6)), created_by bigint unsigned null,
  updated_at datetime(6) not null default (utc_timestamp(6)), updated_by bigint unsigned null, row_version int unsigned not null default 1,
  key (email, status), key (status, expires_at), foreign key (user_id) references user (id)
);

create table if not exists password_token (
  id bigint unsigned not null auto_increment primary key, realm varchar(32) not null default 'staff' check (realm in ('staff', 'portal')), user_id bigint unsigned not null, token_hash binary(32) not null unique, purpose varchar(32) not null check (purpose in ('reset', 'invite', 'email')),
  new_email varchar(254) null, expires_at datetime(6) not null, used_at datetime(6) null, created_at datetime(6) not null default (utc_timestamp(6)), ip varbinary(16) null, key (realm, user_id, purpose, created_at)
);

create table if not exists session (
  id bigint unsigned not null auto_increment primary key,
  realm varchar(32) not null check (realm in ('staff', 'portal')),
  token_hash binary(32) not null unique,
  subject_id bigint unsigned not null comment 'user or portal_user', utility_id bigint unsigned null comment 'the utility in use', support_access_id bigint unsigned null, view_as_user_id bigint unsigned null,
  created_at datetime(6) not null, last_seen_at datetime(6) not null, expires_at datetime(6) not null, keep tinyint(1) not null default 0 comment 'keep me signed in',
  ip varbinary(16) null, user_agent varchar(400) null,
  auth_at datetime(6) not null, mfa_at datetime(6) null, reauth_at datetime(6) null, stepup_at datetime(6) null,
  ended_at datetime(6) null, end_reason varchar(32) null check (end_reason in ('logout', 'idle', 'absolute', 'revoked', 'replaced', 'password_changed', 'deactivated')),
  note varchar(200) null comment 'what the next request tells the user',
  key (realm, subject_id, ended_at), key (expires_at)
);

create table if not exists trusted_device (
  id bigint unsigned not null auto_increment primary key, realm varchar(32) not null check (realm in ('staff', 'portal')), subject_id bigint unsigned not null, token_hash binary(32) not null unique, label varchar(120) not null,
  created_at datetime(6) not null default (utc_timestamp(6)), last_used_at datetime(6) null, expires_at datetime(6) not null, revoked_at datetime(6) null, key (realm, subject_id)
);

create table if not exists login_attempt (
  id bigint unsigned not null auto_increment primary key, realm varchar(32) not null default 'staff' check (realm in ('staff', 'portal')), utility_id bigint unsigned null, at datetime(6) not null, email varchar(254) not null, user_id bigint unsigned null,
  ip varbinary(16) null, user_agent varchar(400) null, result varchar(32) not null,
  key (realm, email, at), key (ip, at), key (at)
);

create table if not exists mfa_factor (
  id bigint unsigned not null auto_increment primary key, realm varchar(32) not null default 'staff' check (realm in ('staff', 'portal')), user_id bigint unsigned not null, kind varchar(32) not null check (kind in ('totp', 'recovery')),
  secret_enc varbinary(400) not null, confirmed_at datetime(6) null, used_at datetime(6) null, last_step bigint null comment 'a TOTP step is accepted once',
  created_at datetime(6) not null default (utc_timestamp(6)), key (realm, user_id, kind)
);

create table if not exists security_policy (
  id bigint unsigned not null auto_increment primary key,
  one tinyint not null default 1 unique check (one = 1),
  idle_minutes int not null default 30 check (idle_minutes between 5 and 480),
  absolute_hours int not null default 12 check (absolute_hours between 1 and 24),
  concurrent_sessions int not null default 3 check (concurrent_sessions between 1 and 10),
  lock_failures int not null default 5 check (lock_failures between 3 and 10),
  lock_minutes int not null default 15 check (lock_minutes between 5 and 60),
  password_age_days int null check (password_age_days in (90, 180, 365)),
  inactive_days int not null default 90, auto_deactivate tinyint(1) not null default 0,
  ip_allow_list json null,
  rights_version bigint unsigned not null default (uuid_short()) comment 'a new one whenever roles, grants, areas or modules change',
  created_at datetime(6) not null default (utc_timestamp(6)), created_by bigint unsigned null,
  updated_at datetime(6) not null default (utc_timestamp(6)), updated_by bigint unsigned null, row_version int unsigned not null default 1
);
