-- Meters and where they are (MX01US02).
create table if not exists meter (
  id bigint unsigned not null auto_increment primary key, utility_id bigint unsigned not null, public_id char(22) collate utf8mb4_bin not null default (replace(replace(left(to_base64(random_bytes(17)), 22), '+', '-'), '/', '_')) unique, meter_no varchar(30) collate utf8mb4_bin not null, serial_no varchar(40) not null, manufacturer_id bigint unsigned not null comment 'copy of the model''s: serial numbers are unique with it', external_ref varchar(60) collate utf8mb4_bin null,
  meter_model_id bigint unsigned not null, service_code varchar(4) collate utf8mb4_bin not null, read_type varchar(32) not null default 'manual' check (read_type in ('manual', 'photo', 'smart')),
  status varchar(32) not null default 'on_order' check (status in ('on_order', 'in_store', 'issued', 'installed', 'faulty_installed', 'removed', 'in_test', 'faulty', 'scrapped', 'lost')), store_id bigint unsigned null, lot_id bigint unsigned null, purchase_date date null, purchase_cost_minor bigint null, warranty_until date null, firmware varchar(40) null, comm_module_no varchar(40) null, test_due_on date null, ownership varchar(32) not null default 'utility' check (ownership in ('utility', 'consumer')),
  reserved_application_id bigint unsigned null, note varchar(250) null,
  created_at datetime(6) not null default (utc_timestamp(6)), created_by bigint unsigned null,
  updated_at datetime(6) not null default (utc_timestamp(6)), updated_by bigint unsigned null, row_version int unsigned not null default 1,
  unique key (utility_id, meter_no), unique key (manufacturer_id, serial_no), unique key (utility_id, external_ref), key (utility_id, status, id), key (meter_model_id, status), key (store_id),
  foreign key (meter_model_id) references meter_model (id), foreign key (manufacturer_id) references manufacturer (id), foreign key (store_id) references store (id), foreign key (utility_id) references utility (id)
);

create table if not exists meter_register (
  id bigint unsigned not null auto_increment primary key, utility_id bigint unsigned not null, meter_id bigint unsigned not null, register_code varchar(10) collate utf8mb4_bin not null default 'R1', kind varchar(32) not null default 'total' check (kind in ('total', 'tou', 'demand', 'reactive', 'high', 'low')), unit varchar(20) not null, digits tinyint not null check (digits between 3 and 10), decimals tinyint not null default 0 check (decimals between 0 and 3), multiplier_e6 bigint not null default 1000000 check (multiplier_e6 > 0),
  is_billed tinyint(1) not null default 1, tou_code varchar(20) null, flow varchar(32) not null default 'delivered' check (flow in ('delivered', 'received')), reading_format_id bigint unsigned null,
  unique key (meter_id, register_code), foreign key (meter_id) references meter (id)
);

create table if not exists meter_installation (
  id bigint unsigned not null auto_increment primary key, utility_id bigint unsigned not null, public_id char(22) collate utf8mb4_bin not null default (replace(replace(left(to_base64(random_bytes(17)), 22), '+', '-'), '/', '_')) unique, meter_id bigint unsigned not null, service_connection_id bigint unsigned not null, premise_id bigint unsigned not null, role varchar(32) not null default 'main' check (role in ('main', 'check', 'sub')), installed_at datetime(6) not null, installed_on date not null comment 'local date', removed_at datetime(6) null, removed_on date null,
  multiplier_e6 bigint not null default 1000000 check (multiplier_e6 > 0), location_note varchar(120) null, lat decimal(9,6) null, lng decimal(9,6) null, removal_reason varchar(40) null, initial_reading_id bigint unsigned null, final_reading_id bigint unsigned null, service_order_id bigint unsigned null,
  open_flag tinyint generated always as (if(removed_at is null, 1, null)) stored,
  created_at datetime(6) not null default (utc_timestamp(6)), created_by bigint unsigned null,
  updated_at datetime(6) not null default (utc_timestamp(6)), updated_by bigint unsigned null, row_version int unsigned not null default 1,
  unique key (meter_id, open_flag), unique key (service_connection_id, role, open_flag), key (meter_id, installed_at), key (service_connection_id, installed_at), foreign key (meter_id) references meter (id), foreign key (service_connection_id) references service_connection (id), foreign key (premise_id) references premise (id)
);

create table if not exists meter_event (
  id bigint unsigned not null auto_increment primary key, utility_id bigint unsigned not null, meter_id bigint unsigned not null, from_status varchar(32) null, to_status varchar(32) not null, at datetime(6) not null, by_id bigint unsigned null, reason varchar(200) null, service_order_id bigint unsigned null,
  key (meter_id, at), foreign key (meter_id) references meter (id)
);

create table if not exists meter_test (
  id bigint unsigned not null auto_increment primary key, utility_id bigint unsigned not null, public_id char(22) collate utf8mb4_bin not null default (replace(replace(left(to_base64(random_bytes(17)), 22), '+', '-'), '/', '_')) unique, meter_id bigint unsigned not null, test_date date not null, place varchar(80) null, type varchar(32) not null check (type in ('new', 'periodic', 'complaint', 'as_found')), low_accuracy_e2 int null, medium_accuracy_e2 int null, high_accuracy_e2 int null, result varchar(32) not null check (result in ('pass', 'fail')), certificate_document_id bigint unsigned null,
  created_at datetime(6) not null default (utc_timestamp(6)), created_by bigint unsigned null,
  updated_at datetime(6) not null default (utc_timestamp(6)), updated_by bigint unsigned null, row_version int unsigned not null default 1,
  key (meter_id, test_date), foreign key (meter_id) references meter (id)
);

create table if not exists meter_seal (
  id bigint unsigned not null auto_increment primary key, utility_id bigint unsigned not null, meter_id bigint unsigned not null, seal_no varchar(40) not null, place varchar(40) null, fixed_at datetime(6) not null, fixed_by bigint unsigned null, removed_at datetime(6) null, removed_by bigint unsigned null, reason varchar(120) null,
  key (meter_id), unique key (utility_id, seal_no), foreign key (meter_id) references meter (id)
);

create table if not exists meter_alarm (
  id bigint unsigned not null auto_increment primary key, utility_id bigint unsigned not null, public_id char(22) collate utf8mb4_bin not null default (replace(replace(left(to_base64(random_bytes(17)), 22), '+', '-'), '/', '_')) unique, meter_id bigint unsigned not null, service_connection_id bigint unsigned null, kind varchar(30) not null, severity varchar(32) not null default 'warning' check (severity in ('warning', 'critical', 'info')), raised_at datetime(6) not null, facts json null, state varchar(32) not null default 'open' check (state in ('open', 'acknowledged', 'closed')), closed_at datetime(6) null, close_reason varchar(120) null, service_order_id bigint unsigned null,
  open_flag tinyint generated always as (if(state = 'closed', null, 1)) stored,
  unique key (meter_id, kind, open_flag), key (utility_id, state, raised_at), foreign key (meter_id) references meter (id)
);
