-- Services, modules, categories, documents and contracts of a utility (ONB02US02).
create table if not exists utility_service (
  id bigint unsigned not null auto_increment primary key, utility_id bigint unsigned not null,
  code varchar(4) collate utf8mb4_bin not null check (code regexp '^[A-Z]{2,4}$'), name varchar(60) not null,
  kind varchar(32) not null default 'other' check (kind in ('water', 'wastewater', 'electricity', 'gas', 'hot_water', 'heat', 'micro_grid', 'broadband', 'property_tax', 'ev', 'waste', 'other')),
  metered tinyint(1) not null default 0, unit varchar(20) null, decimals tinyint not null default 0 check (decimals between 0 and 3),
  billing_basis varchar(40) null, gl_revenue_code varchar(12) null, sort int not null default 0, active tinyint(1) not null default 0,
  created_at datetime(6) not null default (utc_timestamp(6)), created_by bigint unsigned null,
  updated_at datetime(6) not null default (utc_timestamp(6)), updated_by bigint unsigned null, row_version int unsigned not null default 1,
  unique key (utility_id, code), foreign key (utility_id) references utility (id)
);

create table if not exists module_activation (
  id bigint unsigned not null auto_increment primary key, utility_id bigint unsigned not null, module varchar(20) not null check (module in ('cis', 'cc', 'comm', 'portal', 'mx', 'bx', 'wx', 'hub')), active tinyint(1) not null default 0, activated_at datetime(6) null,
  created_at datetime(6) not null default (utc_timestamp(6)), created_by bigint unsigned null,
  updated_at datetime(6) not null default (utc_timestamp(6)), updated_by bigint unsigned null, row_version int unsigned not null default 1,
  unique key (utility_id, module), foreign key (utility_id) references utility (id)
);

create table if not exists consumer_category (
  id bigint unsigned not null auto_increment primary key, utility_id bigint unsigned not null, public_id char(22) collate utf8mb4_bin not null default (replace(replace(left(to_base64(random_bytes(17)), 22), '+', '-'), '/', '_')) unique,
  code varchar(10) collate utf8mb4_bin not null check (code regexp '^[A-Z0-9_]{2,10}$'), name varchar(60) not null, parent_id bigint unsigned null,
  default_tariff_plan_id bigint unsigned null, deposit_fee_id bigint unsigned null, tax_exempt tinyint(1) not null default 0, credit_days tinyint unsigned not null default 21 check (credit_days <= 90),
  bill_limit_minor bigint null comment 'hold BX-H03', sort int not null default 0, active tinyint(1) not null default 1,
  merged_into_id bigint unsigned null comment 'its accounts are there',
  created_at datetime(6) not null default (utc_timestamp(6)), created_by bigint unsigned null,
  updated_at datetime(6) not null default (utc_timestamp(6)), updated_by bigint unsigned null, row_version int unsigned not null default 1,
  unique key (utility_id, code), unique key (utility_id, name), foreign key (parent_id) references consumer_category (id), foreign key (utility_id) references utility (id)
);

create table if not exists consumer_sub_category (
  id bigint unsigned not null auto_increment primary key, utility_id bigint unsigned not null, public_id char(22) collate utf8mb4_bin not null default (replace(replace(left(to_base64(random_bytes(17)), 22), '+', '-'), '/', '_')) unique, category_id bigint unsigned not null,
  code varchar(10) collate utf8mb4_bin not null, name varchar(60) not null,
  default_tariff_plan_id bigint unsigned null, deposit_fee_id bigint unsigned null, tax_exempt tinyint(1) null, credit_days tinyint unsigned null, sort int not null default 0, active tinyint(1) not null default 1,
  created_at datetime(6) not null default (utc_timestamp(6)), created_by bigint unsigned null,
  updated_at datetime(6) not null default (utc_timestamp(6)), updated_by bigint unsigned null, row_version int unsigned not null default 1,
  unique key (utility_id, code), foreign key (category_id) references consumer_category (id), foreign key (utility_id) references utility (id)
);

create table if not exists document_type (
  id bigint unsigned not null auto_increment primary key, utility_id bigint unsigned not null, public_id char(22) collate utf8mb4_bin not null default (replace(replace(left(to_base64(random_bytes(17)), 22), '+', '-'), '/', '_')) unique,
  code varchar(20) collate utf8mb4_bin not null, name varchar(80) not null,
  purpose varchar(32) not null check (purpose in ('identity', 'address', 'ownership', 'agreement', 'photo', 'other')),
  formats set('pdf', 'jpg', 'png', 'heic', 'webp') not null default 'pdf,jpg,png', max_mb tinyint not null default 5 check (max_mb between 1 and 10),
  mandatory_for json null comment 'application kinds x categories', validity_days int null, verification varchar(32) not null default 'none' check (verification in ('none', 'manual')), active tinyint(1) not null default 1,
  created_at datetime(6) not null default (utc_timestamp(6)), created_by bigint unsigned null,
  updated_at datetime(6) not null default (utc_timestamp(6)), updated_by bigint unsigned null, row_version int unsigned not null default 1,
  unique key (utility_id, code), unique key (utility_id, name), foreign key (utility_id) references utility (id)
);

create table if not exists contract_type (
  id bigint unsigned not null auto_increment primary key, utility_id bigint unsigned not null, public_id char(22) collate utf8mb4_bin not null default (replace(replace(left(to_base64(random_bytes(17)), 22), '+', '-'), '/', '_')) unique,
  code varchar(20) collate utf8mb4_bin not null, name varchar(120) not null, service_code varchar(4) null, category_id bigint unsigned null,
  term_months int null, notice_days int not null default 30, auto_renew tinyint(1) not null default 1, template_document_id bigint unsigned null, template_text mediumtext null,
  version int not null default 1, required tinyint(1) not null default 0, active tinyint(1) not null default 1,
  created_at datetime(6) not null default (utc_timestamp(6)), created_by bigint unsigned null,
  updated_at datetime(6) not null default (utc_timestamp(6)), updated_by bigint unsigned null, row_version int unsigned not null default 1,
  unique key (utility_id, code, version), foreign key (utility_id) references utility (id)
);

-- Texts of contracts that another one replaced.
create table if not exists contract_text (
  contract_type_id bigint unsigned not null, version int not null, template_text mediumtext not null,
  created_at datetime(6) not null default (utc_timestamp(6)), created_by bigint unsigned null,
  primary key (contract_type_id, version), foreign key (contract_type_id) references contract_type (id) on delete cascade
);
