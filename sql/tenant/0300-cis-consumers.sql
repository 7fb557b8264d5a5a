-- Who is served, where, and by which connection (CIS01US02).
create table if not exists consumer (
  id bigint unsigned not null auto_increment primary key, utility_id bigint unsigned not null, public_id char(22) collate utf8mb4_bin not null default (replace(replace(left(to_base64(random_bytes(17)), 22), '+', '-'), '/', '_')) unique,
  consumer_no varchar(30) collate utf8mb4_bin not null, legacy_no varchar(40) collate utf8mb4_bin null,
  type varchar(32) not null default 'person' check (type in ('person', 'organization')),
  first_name varchar(60) null, middle_name varchar(60) null, last_name varchar(60) null, organization_name varchar(120) null,
  display_name varchar(130) generated always as (if(type = 'organization', organization_name, trim(concat_ws(' ', first_name, middle_name, last_name)))) stored,
  date_of_birth date null, id_document_type varchar(40) null, id_number_enc varbinary(300) null, id_number_last4 varchar(4) null, id_number_hash binary(32) null, tax_id varchar(40) null,
  primary_phone varchar(20) collate utf8mb4_bin null comment 'E.164', phone_verified_at datetime(6) null, alternate_phone varchar(20) collate utf8mb4_bin null,
  email varchar(254) null, email_verified_at datetime(6) null,
  preferred_language varchar(10) null, preferred_channel varchar(32) not null default 'email' check (preferred_channel in ('email', 'sms', 'letter', 'whatsapp')),
  vip tinyint(1) not null default 0, vip_source varchar(32) null check (vip_source in ('rule', 'manual')), health_score tinyint unsigned null, health_parts json null,
  status varchar(32) not null default 'active' check (status in ('active', 'archived', 'merged')), merged_into_id bigint unsigned null,
  billing_line1 varchar(120) null, billing_line2 varchar(120) null, billing_city varchar(80) null, billing_state varchar(10) null, billing_postal_code varchar(20) null, billing_country char(2) null,
  erased_at datetime(6) null,
  created_at datetime(6) not null default (utc_timestamp(6)), created_by bigint unsigned null,
  updated_at datetime(6) not null default (utc_timestamp(6)), updated_by bigint unsigned null, row_version int unsigned not null default 1,
  unique key (utility_id, consumer_no), unique key (utility_id, id_number_hash), key (utility_id, legacy_no),
  key (utility_id, display_name), key (utility_id, primary_phone), key (utility_id, email), key (utility_id, created_at),
  foreign key (merged_into_id) references consumer (id), foreign key (utility_id) references utility (id),
  check ((type = 'organization' and organization_name is not null) or (type = 'person' and (first_name is not null or last_name is not null)))
);

-- Words a person may be found by, normalised (lower case, no accents, digits only): words of names, phone with and without country code
-- and its last 7 digits, e-mail, street and house number, numbers with and without separators. Search is by prefix of each word.
create table if not exists consumer_search (
  utility_id bigint unsigned not null, token varchar(60) collate utf8mb4_bin not null, kind varchar(10) collate utf8mb4_bin not null comment 'name, phone, email, address, number, meter',
  consumer_id bigint unsigned not null, account_id bigint unsigned not null default 0,
  primary key (utility_id, token, kind, consumer_id, account_id), key (consumer_id, kind), key (account_id)
);

create table if not exists contact_point (
  id bigint unsigned not null auto_increment primary key, utility_id bigint unsigned not null, consumer_id bigint unsigned not null, kind varchar(32) not null check (kind in ('email', 'mobile', 'phone')), value varchar(254) not null, verified_at datetime(6) null, is_primary tinyint(1) not null default 0, label varchar(40) null,
  invalid_at datetime(6) null comment 'hard bounce or unknown number', invalid_reason varchar(60) null,
  created_at datetime(6) not null default (utc_timestamp(6)), created_by bigint unsigned null,
  updated_at datetime(6) not null default (utc_timestamp(6)), updated_by bigint unsigned null, row_version int unsigned not null default 1,
  unique key (consumer_id, kind, value), key (utility_id, kind, value), foreign key (consumer_id) references consumer (id)
);

create table if not exists contact_verification (
  id bigint unsigned not null auto_increment primary key, utility_id bigint unsigned not null, contact_point_id bigint unsigned not null, code_hash binary(32) not null, expires_at datetime(6) not null, tries tinyint not null default 0, used_at datetime(6) null,
  created_at datetime(6) not null default (utc_timestamp(6)), created_by bigint unsigned null,
  key (contact_point_id, id), foreign key (contact_point_id) references contact_point (id)
);

create table if not exists consumer_contact (
  id bigint unsigned not null auto_increment primary key, utility_id bigint unsigned not null, public_id char(22) collate utf8mb4_bin not null default (replace(replace(left(to_base64(random_bytes(17)), 22), '+', '-'), '/', '_')) unique, consumer_id bigint unsigned not null, kind varchar(32) not null check (kind in ('authorised', 'emergency', 'landlord', 'billing', 'technical')), name varchar(120) not null, phone varchar(20) null, email varchar(254) null,
  pass_phrase_hash varchar(200) collate utf8mb4_bin null, may_discuss tinyint(1) not null default 0, may_order tinyint(1) not null default 0, valid_to date null,
  created_at datetime(6) not null default (utc_timestamp(6)), created_by bigint unsigned null,
  updated_at datetime(6) not null default (utc_timestamp(6)), updated_by bigint unsigned null, row_version int unsigned not null default 1,
  key (consumer_id), foreign key (consumer_id) references consumer (id)
);

create table if not exists consumer_relation (
  id bigint unsigned not null auto_increment primary key, utility_id bigint unsigned not null, consumer_id bigint unsigned not null, other_consumer_id bigint unsigned not null, kind varchar(30) not null, from_on date null, to_on date null,
  created_at datetime(6) not null default (utc_timestamp(6)), created_by bigint unsigned null,
  updated_at datetime(6) not null default (utc_timestamp(6)), updated_by bigint unsigned null, row_version int unsigned not null default 1,
  unique key (consumer_id, other_consumer_id, kind), foreign key (consumer_id) references consumer (id), foreign key (other_consumer_id) references consumer (id)
);

create table if not exists consumer_flag (
  id bigint unsigned not null auto_increment primary key, utility_id bigint unsigned not null, consumer_id bigint unsigned not null, account_id bigint unsigned null, kind varchar(40) not null, from_on date not null, to_on date null, reason varchar(300) null, set_by bigint unsigned null,
  created_at datetime(6) not null default (utc_timestamp(6)), created_by bigint unsigned null,
  updated_at datetime(6) not null default (utc_timestamp(6)), updated_by bigint unsigned null, row_version int unsigned not null default 1,
  key (consumer_id, kind), key (utility_id, kind), foreign key (consumer_id) references consumer (id)
);

create table if not exists premise (
  id bigint unsigned not null auto_increment primary key, utility_id bigint unsigned not null, public_id char(22) collate utf8mb4_bin not null default (replace(replace(left(to_base64(random_bytes(17)), 22), '+', '-'), '/', '_')) unique,
  premise_no varchar(30) collate utf8mb4_bin not null, legacy_no varchar(40) collate utf8mb4_bin null,
  line1 varchar(120) not null, line2 varchar(120) null, unit varchar(20) null, city varchar(80) not null, state varchar(10) null, postal_code varchar(20) not null, country char(2) not null default 'US',
  address_key varchar(200) collate utf8mb4_bin not null comment 'normalised line1, unit, postal code',
  sub_area_id bigint unsigned not null, latitude decimal(9,6) null, longitude decimal(9,6) null, parcel_no varchar(40) null,
  premise_type varchar(32) not null default 'house' check (premise_type in ('house', 'apartment', 'shop', 'office', 'industry', 'public', 'land')), multi_unit tinyint(1) not null default 0 comment 'several open accounts allowed',
  impervious_sqft int null, eru_e3 int null, owner_consumer_id bigint unsigned null, access_note varchar(500) null, status varchar(32) not null default 'active' check (status in ('active', 'inactive')),
  created_at datetime(6) not null default (utc_timestamp(6)), created_by bigint unsigned null,
  updated_at datetime(6) not null default (utc_timestamp(6)), updated_by bigint unsigned null, row_version int unsigned not null default 1,
  unique key (utility_id, premise_no), unique key (utility_id, address_key), key (utility_id, postal_code), key (sub_area_id), key (utility_id, legacy_no),
  foreign key (sub_area_id) references service_area (id), foreign key (owner_consumer_id) references consumer (id), foreign key (utility_id) references utility (id)
);

-- balance_minor = AR + AR_AGREEMENT, deferred_minor = the AR_AGREEMENT part, deposit_balance_minor = held deposits: written by ledger_post of billing
-- alone, in the transaction of the posting, and not a change of row_version.
create table if not exists account (
  id bigint unsigned not null auto_increment primary key, utility_id bigint unsigned not null, public_id char(22) collate utf8mb4_bin not null default (replace(replace(left(to_base64(random_bytes(17)), 22), '+', '-'), '/', '_')) unique,
  account_no varchar(30) collate utf8mb4_bin not null, portal_code char(8) collate utf8mb4_bin not null, legacy_no varchar(40) collate utf8mb4_bin null,
  consumer_id bigint unsigned not null, premise_id bigint unsigned not null, category_id bigint unsigned not null, sub_category_id bigint unsigned null,
  status varchar(32) not null default 'pending' check (status in ('pending', 'active', 'temporarily_disconnected', 'disconnected', 'closed', 'cancelled')),
  single_flag tinyint null comment '1 while open at a single-unit premise, else NULL',
  opened_on date null, closed_on date null, close_reason varchar(60) null,
  balance_minor bigint not null default 0, deferred_minor bigint not null default 0, deposit_balance_minor bigint not null default 0, currency char(3) not null,
  tax_exempt tinyint(1) not null default 0, tax_certificate_no varchar(60) null, tax_exempt_until date null,
  credit_rating smallint not null default 700 check (credit_rating between 0 and 1000), cash_only tinyint(1) not null default 0, due_days tinyint unsigned null,
  billing_address_choice varchar(32) not null default 'consumer' check (billing_address_choice in ('consumer', 'premise', 'own')),
  billing_name varchar(120) null, billing_line1 varchar(120) null, billing_line2 varchar(120) null, billing_city varchar(80) null, billing_state varchar(10) null, billing_postal_code varchar(20) null, billing_country char(2) null,
  dunning_policy_id bigint unsigned null, dispute_flag tinyint(1) not null default 0 comment 'card dispute open', contract_type_id bigint unsigned null,
  last_bill_on date null, last_payment_on date null,
  created_at datetime(6) not null default (utc_timestamp(6)), created_by bigint unsigned null,
  updated_at datetime(6) not null default (utc_timestamp(6)), updated_by bigint unsigned null, row_version int unsigned not null default 1,
  unique key (utility_id, account_no), unique key (utility_id, portal_code), unique key account_single (premise_id, utility_id, single_flag),
  key (utility_id, status, id), key (consumer_id, id), key (utility_id, balance_minor, id), key (utility_id, category_id, status), key (utility_id, legacy_no),
  foreign key (consumer_id) references consumer (id), foreign key (premise_id) references premise (id),
  foreign key (category_id) references consumer_category (id), foreign key (sub_category_id) references consumer_sub_category (id), foreign key (utility_id) references utility (id)
);

create table if not exists account_status_history (
  id bigint unsigned not null auto_increment primary key, utility_id bigint unsigned not null, account_id bigint unsigned not null, from_status varchar(32) null, to_status varchar(32) not null, at datetime(6) not null, reason varchar(300) null, by_id bigint unsigned null,
  key (account_id, at), foreign key (account_id) references account (id)
);

create table if not exists service_connection (
  id bigint unsigned not null auto_increment primary key, utility_id bigint unsigned not null, public_id char(22) collate utf8mb4_bin not null default (replace(replace(left(to_base64(random_bytes(17)), 22), '+', '-'), '/', '_')) unique,
  connection_no varchar(30) collate utf8mb4_bin not null, legacy_no varchar(40) collate utf8mb4_bin null,
  account_id bigint unsigned not null comment 'the holder now', premise_id bigint unsigned not null,
  service_code varchar(4) collate utf8mb4_bin not null, tariff_plan_id bigint unsigned null, plan_valid_from date null,
  status varchar(32) not null default 'pending' check (status in ('pending', 'active', 'disconnected', 'closed')), supply_state varchar(32) not null default 'vacant' check (supply_state in ('vacant', 'connected', 'disconnected')),
  metered tinyint(1) not null default 1, meter_id bigint unsigned null comment 'main meter now; copy of the open meter_installation', size varchar(10) null, pressure varchar(20) null, phases tinyint null,
  eru_e3 int null, connected_load_e3 bigint null, dwelling_units int not null default 1, winter_average_qty_micro bigint null, attributes json null,
  derived_from_id bigint unsigned null comment 'wastewater: the water connection whose use it is billed by',
  connected_on date null, disconnected_on date null, disconnect_type varchar(40) null, closed_on date null,
  last_billed_on date null comment 'last day of a published bill; written by billing through connection_billed',
  created_at datetime(6) not null default (utc_timestamp(6)), created_by bigint unsigned null,
  updated_at datetime(6) not null default (utc_timestamp(6)), updated_by bigint unsigned null, row_version int unsigned not null default 1,
  unique key (utility_id, connection_no), key (account_id, status), key (premise_id), key (tariff_plan_id, status), key (meter_id), key (utility_id, service_code, status), key (utility_id, legacy_no),
  foreign key (account_id) references account (id), foreign key (premise_id) references premise (id), foreign key (tariff_plan_id) references tariff_plan (id), foreign key (derived_from_id) references service_connection (id), foreign key (utility_id) references utility (id)
);

-- Who held a connection: no gap, no overlap; open row = now.
create table if not exists service_connection_holder (
  id bigint unsigned not null auto_increment primary key, utility_id bigint unsigned not null, service_connection_id bigint unsigned not null, account_id bigint unsigned not null, from_on date not null, to_on date null, opening_reading_id bigint unsigned null, closing_reading_id bigint unsigned null,
  open_flag tinyint generated always as (if(to_on is null, 1, null)) stored,
  unique key (service_connection_id, from_on), unique key (service_connection_id, open_flag), key (account_id),
  foreign key (service_connection_id) references service_connection (id), foreign key (account_id) references account (id)
);

-- Which plan on which days: no overlap; valid_to NULL = until further notice.
create table if not exists service_connection_plan (
  id bigint unsigned not null auto_increment primary key, utility_id bigint unsigned not null, service_connection_id bigint unsigned not null, tariff_plan_id bigint unsigned not null, valid_from date not null, valid_to date null,
  created_at datetime(6) not null default (utc_timestamp(6)), created_by bigint unsigned null,
  unique key (service_connection_id, valid_from), key (tariff_plan_id, valid_from),
  foreign key (service_connection_id) references service_connection (id), foreign key (tariff_plan_id) references tariff_plan (id)
);

create table if not exists rebate_enrolment (
  id bigint unsigned not null auto_increment primary key, utility_id bigint unsigned not null, public_id char(22) collate utf8mb4_bin not null default (replace(replace(left(to_base64(random_bytes(17)), 22), '+', '-'), '/', '_')) unique, account_id bigint unsigned not null, rebate_rule_id bigint unsigned not null, from_on date not null, to_on date null, status varchar(32) not null default 'requested' check (status in ('requested', 'approved', 'rejected', 'ended')), document_id bigint unsigned null, approved_by bigint unsigned null, approved_at datetime(6) null, note varchar(300) null,
  created_at datetime(6) not null default (utc_timestamp(6)), created_by bigint unsigned null,
  updated_at datetime(6) not null default (utc_timestamp(6)), updated_by bigint unsigned null, row_version int unsigned not null default 1,
  key (account_id, status), foreign key (account_id) references account (id), foreign key (rebate_rule_id) references rebate_rule (id)
);

create table if not exists profile_lock (
  id bigint unsigned not null auto_increment primary key, utility_id bigint unsigned not null, account_id bigint unsigned not null unique, user_id bigint unsigned not null, purpose varchar(40) not null, started_at datetime(6) not null, expires_at datetime(6) not null,
  foreign key (account_id) references account (id)
);

create table if not exists note (
  id bigint unsigned not null auto_increment primary key, utility_id bigint unsigned not null, public_id char(22) collate utf8mb4_bin not null default (replace(replace(left(to_base64(random_bytes(17)), 22), '+', '-'), '/', '_')) unique, entity varchar(40) not null, entity_id bigint unsigned not null, consumer_id bigint unsigned null, account_id bigint unsigned null, text varchar(2000) not null, pinned tinyint(1) not null default 0, visibility varchar(32) not null default 'team' check (visibility in ('team', 'all')),
  created_at datetime(6) not null default (utc_timestamp(6)), created_by bigint unsigned null,
  updated_at datetime(6) not null default (utc_timestamp(6)), updated_by bigint unsigned null, row_version int unsigned not null default 1,
  key (entity, entity_id, pinned, id), key (consumer_id, id), key (account_id, id)
);

create table if not exists reason_code (
  id bigint unsigned not null auto_increment primary key, utility_id bigint unsigned not null, kind varchar(40) collate utf8mb4_bin not null, code varchar(40) collate utf8mb4_bin not null, name varchar(80) not null, sort int not null default 0, active tinyint(1) not null default 1,
  created_at datetime(6) not null default (utc_timestamp(6)), created_by bigint unsigned null,
  updated_at datetime(6) not null default (utc_timestamp(6)), updated_by bigint unsigned null, row_version int unsigned not null default 1,
  unique key (utility_id, kind, code), foreign key (utility_id) references utility (id)
);

create table if not exists approval_limit (
  id bigint unsigned not null auto_increment primary key, utility_id bigint unsigned not null, action varchar(40) collate utf8mb4_bin not null comment 'credit_note, adjustment, refund, write_off, bill_single', role_id bigint unsigned not null, max_amount_minor bigint not null,
  created_at datetime(6) not null default (utc_timestamp(6)), created_by bigint unsigned null,
  updated_at datetime(6) not null default (utc_timestamp(6)), updated_by bigint unsigned null, row_version int unsigned not null default 1,
  unique key (utility_id, action, role_id), foreign key (role_id) references role (id), foreign key (utility_id) references utility (id)
);

create table if not exists cis_daily_stat (
  id bigint unsigned not null auto_increment primary key, utility_id bigint unsigned not null, service_area_id bigint unsigned not null default 0, stat_date date not null, metric varchar(60) collate utf8mb4_bin not null, value bigint not null default 0,
  unique key (utility_id, service_area_id, stat_date, metric)
);
