-- How tenants pay their subscription: the platform's own gateway account, payments and events (ONB08US01).
alter table gateway_account
  add column if not exists public_id char(22) collate utf8mb4_bin not null default (replace(replace(left(to_base64(random_bytes(17)), 22), '+', '-'), '/', '_')) unique,
  add column if not exists credentials_hint varchar(600) null comment 'the last four characters of each, by name';

-- One try to pay one invoice. succeeded is final; rank only rises (created 0, requires_action 1, processing 2, ended 3, succeeded 4).
create table if not exists subscription_payment (
  id bigint unsigned not null auto_increment primary key, public_id char(22) collate utf8mb4_bin not null default (replace(replace(left(to_base64(random_bytes(17)), 22), '+', '-'), '/', '_')) unique,
  payment_no varchar(30) collate utf8mb4_bin not null unique,
  tenant_id bigint unsigned not null, invoice_id bigint unsigned not null, gateway_account_id bigint unsigned not null,
  amount_minor bigint not null check (amount_minor > 0), currency char(3) not null,
  state varchar(32) not null default 'created' check (state in ('created', 'requires_action', 'processing', 'failed_to_start', 'failed', 'cancelled', 'expired', 'succeeded')),
  `rank` tinyint not null default 0,
  provider_ref varchar(200) collate utf8mb4_bin null, provider_payment_id varchar(200) collate utf8mb4_bin null, redirect_url varchar(2000) null,
  failure_text varchar(500) null, card_last4 char(4) null, received_minor bigint null,
  surplus varchar(32) null comment 'money that paid no invoice: a person gives it back' check (surplus in ('paid_already', 'amount', 'currency')),
  surplus_note varchar(300) null comment 'what was done about it',
  receipt_no varchar(30) collate utf8mb4_bin null unique,
  calls int not null default 0, asked_at datetime(6) null, expires_at datetime(6) not null, succeeded_at datetime(6) null,
  sandbox_card json null comment 'what the sandbox gateway knows of it',
  started_by varchar(120) null, payer_email varchar(254) null,
  created_at datetime(6) not null default (utc_timestamp(6)), created_by bigint unsigned null,
  updated_at datetime(6) not null default (utc_timestamp(6)), updated_by bigint unsigned null, row_version int unsigned not null default 1,
  key (tenant_id, id), key (invoice_id, state), key (state, asked_at), key (surplus),
  foreign key (tenant_id) references tenant (id), foreign key (invoice_id) references subscription_invoice (id), foreign key (gateway_account_id) references gateway_account (id)
);

-- Receipts without a gap: the row is locked by whoever takes the next number.
create table if not exists subscription_series (
  name varchar(20) collate utf8mb4_bin not null primary key, next_no bigint not null default 1
);
insert into subscription_series (name) values ('receipt') on duplicate key update subscription_series.name = subscription_series.name;

-- Webhook events of the platform's own accounts, each taken once.
create table if not exists subscription_event (
  id bigint unsigned not null auto_increment primary key, gateway_account_id bigint unsigned not null, provider_event_id varchar(160) collate utf8mb4_bin not null,
  type varchar(80) not null, body mediumblob not null,
  state varchar(32) not null default 'received' check (state in ('received', 'processed', 'ignored', 'dead')), reason varchar(60) null,
  payment_id bigint unsigned null, received_at datetime(6) not null, processed_at datetime(6) null, delivery_count int not null default 1, tries int not null default 0,
  unique key (gateway_account_id, provider_event_id), key (state, received_at), foreign key (gateway_account_id) references gateway_account (id)
);

-- By contract: only the platform gives such a plan, at an agreed price. Who gets the bills.
alter table subscription_plan
  add column if not exists by_contract tinyint(1) not null default 0;
alter table subscription
  add column if not exists credit_minor bigint not null default 0 comment 'of invoices below zero: taken off the next one' check (credit_minor >= 0),
  add column if not exists contract_no varchar(60) null,
  add column if not exists discount_until date null comment 'last day of a period that has it; null: no end',
  add column if not exists discount_reason varchar(200) null,
  add column if not exists billing_name varchar(150) null,
  add column if not exists billing_email varchar(254) null,
  add column if not exists billing_address varchar(400) null,
  add column if not exists billing_tax_no varchar(40) null,
  add column if not exists billing_reference varchar(60) null comment 'their purchase order';
-- Who sells, as it stands on invoices and receipts.
create table if not exists platform_seller (
  one tinyint not null default 1 primary key check (one = 1),
  name varchar(150) not null default 'SMART360', address varchar(400) null, tax_no varchar(40) null, email varchar(254) null,
  updated_at datetime(6) not null default (utc_timestamp(6)), updated_by bigint unsigned null, row_version int unsigned not null default 1
);
insert into platform_seller (one) values (1) on duplicate key update platform_seller.one = platform_seller.one;
