-- Tenants, what they bought, and who administers the installation (ONB08US01).
create table if not exists tenant (
  id bigint unsigned not null auto_increment primary key, public_id char(22) collate utf8mb4_bin not null default (replace(replace(left(to_base64(random_bytes(17)), 22), '+', '-'), '/', '_')) unique,
  slug varchar(31) collate utf8mb4_bin not null unique check (slug regexp '^[a-z][a-z0-9-]{1,30}$'),
  name varchar(150) not null unique,
  status varchar(32) not null default 'provisioning' check (status in ('provisioning', 'failed', 'trial', 'active', 'past_due', 'suspended', 'cancelled', 'archived')),
  schema_name varchar(64) collate utf8mb4_bin not null unique,
  data_key varbinary(160) not null comment 'data key wrapped by the master key',
  admin_email varchar(254) not null, admin_name varchar(120) null,
  country char(2) null,
  provisioning_stage varchar(40) null,
  activated_at datetime(6) null, suspended_at datetime(6) null, cancelled_at datetime(6) null,
  archive_approved_by bigint unsigned null, archive_approved2_by bigint unsigned null,
  created_at datetime(6) not null default (utc_timestamp(6)), created_by bigint unsigned null,
  updated_at datetime(6) not null default (utc_timestamp(6)), updated_by bigint unsigned null, row_version int unsigned not null default 1,
  key tenant_status (status, id)
);

create table if not exists subscription_plan (
  id bigint unsigned not null auto_increment primary key, public_id char(22) collate utf8mb4_bin not null default (replace(replace(left(to_base64(random_bytes(17)), 22), '+', '-'), '/', '_')) unique,
  code varchar(40) not null unique,
  name varchar(80) not null,
  price_minor bigint not null check (price_minor >= 0), currency char(3) not null,
  `interval` varchar(32) not null default 'month' check (`interval` in ('month', 'year')),
  limits json not null, modules json not null,
  sort int not null default 0,
  active tinyint(1) not null default 1,
  created_at datetime(6) not null default (utc_timestamp(6)), created_by bigint unsigned null,
  updated_at datetime(6) not null default (utc_timestamp(6)), updated_by bigint unsigned null, row_version int unsigned not null default 1
);

create table if not exists subscription (
  id bigint unsigned not null auto_increment primary key, public_id char(22) collate utf8mb4_bin not null default (replace(replace(left(to_base64(random_bytes(17)), 22), '+', '-'), '/', '_')) unique,
  tenant_id bigint unsigned not null, plan_id bigint unsigned not null,
  status varchar(32) not null default 'trial' check (status in ('trial', 'active', 'pending_change', 'past_due', 'suspended', 'cancelled')),
  term varchar(32) not null default 'month' check (term in ('month', 'year')),
  current_period_start date not null, current_period_end date not null,
  trial_end date null, cancel_on date null, pending_plan_id bigint unsigned null,
  price_minor bigint not null, currency char(3) not null, discount_ppm int not null default 0 check (discount_ppm between 0 and 1000000),
  add_ons json null,
  live tinyint generated always as (if(status = 'cancelled', null, 1)) stored,
  created_at datetime(6) not null default (utc_timestamp(6)), created_by bigint unsigned null,
  updated_at datetime(6) not null default (utc_timestamp(6)), updated_by bigint unsigned null, row_version int unsigned not null default 1,
  unique key subscription_live (tenant_id, live),
  foreign key (tenant_id) references tenant (id), foreign key (plan_id) references subscription_plan (id)
);

create table if not exists subscription_invoice (
  id bigint unsigned not null auto_increment primary key, public_id char(22) collate utf8mb4_bin not null default (replace(replace(left(to_base64(random_bytes(17)), 22), '+', '-'), '/', '_')) unique,
  tenant_id bigint unsigned not null, subscription_id bigint unsigned not null,
  number varchar(30) not null unique,
  `lines` json not null, total_minor bigint not null, currency char(3) not null,
  issued_on date not null, due_on date not null,
  status varchar(32) not null default 'open' check (status in ('open', 'paid', 'void')),
  paid_at datetime(6) null, payment_ref varchar(120) null,
  created_at datetime(6) not null default (utc_timestamp(6)), created_by bigint unsigned null,
  updated_at datetime(6) not null default (utc_timestamp(6)), updated_by bigint unsigned null, row_version int unsigned not null default 1,
  key (status, due_on), foreign key (tenant_id) references tenant (id), foreign key (subscription_id) references subscription (id)
);

create table if not exists subscription_usage (
  id bigint unsigned not null auto_increment primary key,
  tenant_id bigint unsigned not null, metric varchar(40) not null, period date not null, value bigint not null default 0, updated_at datetime(6) not null default (utc_timestamp(6)),
  unique key (tenant_id, metric, period), foreign key (tenant_id) references tenant (id)
);

create table if not exists platform_user (
  id bigint unsigned not null auto_increment primary key, public_id char(22) collate utf8mb4_bin not null default (replace(replace(left(to_base64(random_bytes(17)), 22), '+', '-'), '/', '_')) unique,
  email varchar(254) not null unique,
  full_name varchar(120) not null,
  password_hash varchar(200) collate utf8mb4_bin null,
  status varchar(32) not null default 'active' check (status in ('active', 'inactive')),
  failed_count int not null default 0, failed_at datetime(6) null, locked_until datetime(6) null,
  must_change_password tinyint(1) not null default 0, password_changed_at datetime(6) null, password_history json null, last_login_at datetime(6) null,
  locale varchar(10) not null default 'en', time_zone varchar(64) null,
  created_at datetime(6) not null default (utc_timestamp(6)), created_by bigint unsigned null,
  updated_at datetime(6) not null default (utc_timestamp(6)), updated_by bigint unsigned null, row_version int unsigned not null default 1
);

-- Time-boxed read access that a tenant grants to the platform's people (AU01US03).
create table if not exists support_access (
  id bigint unsigned not null auto_increment primary key,
  tenant_id bigint unsigned not null, granted_by bigint unsigned not null comment 'user of the tenant', reason varchar(300) not null,
  starts_at datetime(6) not null, ends_at datetime(6) not null, ended_at datetime(6) null,
  created_at datetime(6) not null default (utc_timestamp(6)), created_by bigint unsigned null,
  key (tenant_id, ends_at), foreign key (tenant_id) references tenant (id)
);

-- /hooks/<driver>/<endpoint_key>: the only way from a path to a tenant. Owner of the endpoint: hub or comm in the tenant's schema.
create table if not exists webhook_route (
  endpoint_key char(32) collate utf8mb4_bin not null primary key,
  tenant_id bigint unsigned not null, utility_id bigint unsigned not null,
  driver varchar(20) not null,
  source varchar(32) not null check (source in ('gateway', 'message', 'telephony')),
  account_ref bigint unsigned not null comment 'gateway_account.id or message_provider.id in the tenant',
  active tinyint(1) not null default 1,
  refused_count bigint unsigned not null default 0, refused_at datetime(6) null,
  created_at datetime(6) not null default (utc_timestamp(6)),
  unique key (tenant_id, source, account_ref), foreign key (tenant_id) references tenant (id)
);

-- Portal hosts of utilities (portal_setting.portal_host is the value people edit; this is the look-up by host).
create table if not exists portal_host (
  host varchar(190) collate utf8mb4_bin not null primary key,
  tenant_id bigint unsigned not null, utility_code varchar(16) collate utf8mb4_bin not null,
  unique key (tenant_id, utility_code), foreign key (tenant_id) references tenant (id)
);

create table if not exists gateway_account (
  id bigint unsigned not null auto_increment primary key,
  driver varchar(20) not null, label varchar(80) not null,
  mode varchar(32) not null default 'test' check (mode in ('test', 'live')),
  status varchar(32) not null default 'not_configured' check (status in ('not_configured', 'configured', 'verified', 'active', 'inactive', 'error')),
  credentials_enc varbinary(4000) null, webhook_secret_current_enc varbinary(600) null,
  webhook_secret_previous_enc varbinary(600) null, previous_valid_until datetime(6) null,
  endpoint_key char(32) collate utf8mb4_bin not null unique, api_base varchar(200) null,
  last_verified_at datetime(6) null, last_event_at datetime(6) null,
  created_at datetime(6) not null default (utc_timestamp(6)), created_by bigint unsigned null,
  updated_at datetime(6) not null default (utc_timestamp(6)), updated_by bigint unsigned null, row_version int unsigned not null default 1,
  unique key (driver, mode)
);
