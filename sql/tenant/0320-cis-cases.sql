-- Complaints, service requests and what is said about them (CIS01US05, CIS01US06): the part other modules read and write.
create table if not exists case_category (
  id bigint unsigned not null auto_increment primary key, utility_id bigint unsigned not null, kind varchar(32) not null check (kind in ('service', 'complaint')), parent_id bigint unsigned null, parent_key bigint unsigned generated always as (ifnull(parent_id, 0)) stored, name varchar(60) not null, path varchar(200) not null, active tinyint(1) not null default 1,
  created_at datetime(6) not null default (utc_timestamp(6)), created_by bigint unsigned null,
  updated_at datetime(6) not null default (utc_timestamp(6)), updated_by bigint unsigned null, row_version int unsigned not null default 1,
  unique key (utility_id, kind, parent_key, name), foreign key (parent_id) references case_category (id), foreign key (utility_id) references utility (id)
);

create table if not exists team (
  id bigint unsigned not null auto_increment primary key, utility_id bigint unsigned not null, public_id char(22) collate utf8mb4_bin not null default (replace(replace(left(to_base64(random_bytes(17)), 22), '+', '-'), '/', '_')) unique, code varchar(20) collate utf8mb4_bin not null, name varchar(60) not null, area_ids json null, active tinyint(1) not null default 1,
  created_at datetime(6) not null default (utc_timestamp(6)), created_by bigint unsigned null,
  updated_at datetime(6) not null default (utc_timestamp(6)), updated_by bigint unsigned null, row_version int unsigned not null default 1,
  unique key (utility_id, code), foreign key (utility_id) references utility (id)
);

create table if not exists team_member (
  id bigint unsigned not null auto_increment primary key, team_id bigint unsigned not null, user_id bigint unsigned not null, is_lead tinyint(1) not null default 0, unique key (team_id, user_id), foreign key (team_id) references team (id), foreign key (user_id) references user (id)
);

create table if not exists complaint_type (
  id bigint unsigned not null auto_increment primary key, utility_id bigint unsigned not null, code varchar(20) collate utf8mb4_bin not null, name varchar(80) not null, category_id bigint unsigned null, default_priority varchar(32) not null default 'normal' check (default_priority in ('normal', 'low', 'high', 'critical', 'emergency')), sla_policy_id bigint unsigned null, team_id bigint unsigned null,
  field_work tinyint(1) not null default 0, order_type varchar(20) null, bill_dispute tinyint(1) not null default 0, questions json null, active tinyint(1) not null default 1,
  created_at datetime(6) not null default (utc_timestamp(6)), created_by bigint unsigned null,
  updated_at datetime(6) not null default (utc_timestamp(6)), updated_by bigint unsigned null, row_version int unsigned not null default 1,
  unique key (utility_id, code), foreign key (utility_id) references utility (id)
);

create table if not exists complaint (
  id bigint unsigned not null auto_increment primary key, utility_id bigint unsigned not null, public_id char(22) collate utf8mb4_bin not null default (replace(replace(left(to_base64(random_bytes(17)), 22), '+', '-'), '/', '_')) unique, complaint_no varchar(30) collate utf8mb4_bin not null, legacy_no varchar(40) collate utf8mb4_bin null, import_batch_id bigint unsigned null comment 'brought in: stays when the utility goes live', consumer_id bigint unsigned null, account_id bigint unsigned null, contact_name varchar(120) null, contact_phone varchar(20) null, premise_id bigint unsigned null, latitude decimal(9,6) null, longitude decimal(9,6) null,
  service_code varchar(4) null, complaint_type_id bigint unsigned not null, priority varchar(32) not null default 'normal' check (priority in ('normal', 'low', 'high', 'critical', 'emergency')), channel varchar(32) not null default 'counter' check (channel in ('counter', 'call', 'portal', 'email', 'social', 'field', 'letter')),
  subject varchar(120) not null, description text not null, extra json null, disputed_bill_id bigint unsigned null, disputed_amount_minor bigint null,
  status varchar(32) not null default 'pending' check (status in ('pending', 'assigned', 'in_progress', 'on_hold', 'resolved', 'closed', 'rejected', 'merged', 'cancelled')), hold_reason varchar(300) null, assigned_to bigint unsigned null, team_id bigint unsigned null, call_id bigint unsigned null, parent_id bigint unsigned null, merged_into_id bigint unsigned null,
  resolution_code varchar(40) null, resolution_text varchar(2000) null, upheld tinyint(1) null, root_cause varchar(200) null, reopen_count int not null default 0, regulator_ref varchar(60) null, form_answers json null,
  assigned_at datetime(6) null, resolved_at datetime(6) null, closed_at datetime(6) null,
  created_at datetime(6) not null default (utc_timestamp(6)), created_by bigint unsigned null,
  updated_at datetime(6) not null default (utc_timestamp(6)), updated_by bigint unsigned null, row_version int unsigned not null default 1,
  unique key (utility_id, complaint_no), key (utility_id, status, id), key (account_id, status), key (consumer_id, id), key (assigned_to, status), key (team_id, status), key (disputed_bill_id),
  foreign key (complaint_type_id) references complaint_type (id), foreign key (account_id) references account (id), foreign key (consumer_id) references consumer (id)
);

create table if not exists service_type (
  id bigint unsigned not null auto_increment primary key, utility_id bigint unsigned not null, code varchar(20) collate utf8mb4_bin not null, name varchar(80) not null, description varchar(300) null, category_id bigint unsigned null, sub_category_id bigint unsigned null, fee_code varchar(30) null, tax_code varchar(20) null, posting_key varchar(40) null,
  response_hours int not null default 24, resolution_hours int not null default 72, priority varchar(32) not null default 'normal' check (priority in ('normal', 'low', 'high', 'critical', 'emergency')), field_work tinyint(1) not null default 0, order_type varchar(20) null, effect varchar(40) null,
  approval varchar(32) not null default 'none' check (approval in ('none', 'supervisor')), payment_mode varchar(32) not null default 'none' check (payment_mode in ('none', 'before', 'on_bill')), portal_visible tinyint(1) not null default 0, questions json null, documents json null, active tinyint(1) not null default 1,
  created_at datetime(6) not null default (utc_timestamp(6)), created_by bigint unsigned null,
  updated_at datetime(6) not null default (utc_timestamp(6)), updated_by bigint unsigned null, row_version int unsigned not null default 1,
  unique key (utility_id, code), foreign key (utility_id) references utility (id)
);

create table if not exists service_request (
  id bigint unsigned not null auto_increment primary key, utility_id bigint unsigned not null, public_id char(22) collate utf8mb4_bin not null default (replace(replace(left(to_base64(random_bytes(17)), 22), '+', '-'), '/', '_')) unique, request_no varchar(30) collate utf8mb4_bin not null, legacy_no varchar(40) collate utf8mb4_bin null, import_batch_id bigint unsigned null comment 'brought in: stays when the utility goes live', consumer_id bigint unsigned null, account_id bigint unsigned null, contact_name varchar(120) null, contact_phone varchar(20) null, service_type_id bigint unsigned not null,
  status varchar(32) not null default 'pending_approval' check (status in ('draft', 'pending_approval', 'awaiting_payment', 'in_progress', 'on_hold', 'estimate_sent', 'completed', 'rejected', 'cancelled')),
  priority varchar(32) not null default 'normal' check (priority in ('normal', 'low', 'high', 'critical', 'emergency')), channel varchar(32) not null default 'counter' check (channel in ('counter', 'call', 'portal', 'email', 'social', 'field', 'letter')), preferred_date date null, slot varchar(40) null, answers json null, instructions varchar(1000) null,
  fee_amount_minor bigint not null default 0, tax_minor bigint not null default 0, payment_state varchar(32) not null default 'unpaid' check (payment_state in ('unpaid', 'paid', 'on_bill', 'waived')), charge_id bigint unsigned null, approval_by bigint unsigned null, approval_at datetime(6) null, reject_reason varchar(300) null, service_order_id bigint unsigned null, effective_date date null,
  estimate_amount_minor bigint null, estimate_accepted_at datetime(6) null, completion_note varchar(1000) null, assigned_to bigint unsigned null, team_id bigint unsigned null, call_id bigint unsigned null, amount_minor bigint null, payout_kind varchar(16) null, bank_enc varbinary(600) null, reserve json null,
  completed_at datetime(6) null, closed_at datetime(6) null,
  created_at datetime(6) not null default (utc_timestamp(6)), created_by bigint unsigned null,
  updated_at datetime(6) not null default (utc_timestamp(6)), updated_by bigint unsigned null, row_version int unsigned not null default 1,
  unique key (utility_id, request_no), key (utility_id, status, id), key (account_id, status), key (consumer_id, id), key (assigned_to, status),
  foreign key (service_type_id) references service_type (id), foreign key (account_id) references account (id), foreign key (consumer_id) references consumer (id)
);

create table if not exists case_message (
  id bigint unsigned not null auto_increment primary key, utility_id bigint unsigned not null, public_id char(22) collate utf8mb4_bin not null default (replace(replace(left(to_base64(random_bytes(17)), 22), '+', '-'), '/', '_')) unique, entity varchar(32) not null check (entity in ('complaint', 'service_request', 'application', 'disconnection_request', 'reconnection_request', 'account_transfer')), entity_id bigint unsigned not null, author_kind varchar(32) not null check (author_kind in ('consumer', 'staff', 'system')), author_id bigint unsigned null,
  body varchar(4000) not null, internal tinyint(1) not null default 0, document_ids json null, via varchar(32) not null default 'portal' check (via in ('portal', 'email', 'staff', 'sms')), created_at datetime(6) not null default (utc_timestamp(6)),
  key (entity, entity_id, id)
);
