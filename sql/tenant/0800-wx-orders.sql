-- Field work (WX03US03): an order and what happened to it. One open order of a type for a source.
create table if not exists service_order (
  id bigint unsigned not null auto_increment primary key, utility_id bigint unsigned not null,
  order_no varchar(30) collate utf8mb4_bin not null, legacy_no varchar(40) collate utf8mb4_bin null,
  import_batch_id bigint unsigned null comment 'brought in: stays when the utility goes live', order_type varchar(30) collate utf8mb4_bin not null,
  source_type varchar(30) not null check (source_type in ('manual', 'application', 'complaint', 'service_request', 'disconnection_request',
    'reconnection_request', 'account_transfer', 'alarm', 'read_task', 'plan', 'test_due')), source_id bigint unsigned not null,
  premise_id bigint unsigned not null, account_id bigint unsigned null, service_connection_id bigint unsigned null, meter_id bigint unsigned null,
  title varchar(120) not null, description varchar(500) null,
  priority varchar(16) not null default 'medium' check (priority in ('low', 'medium', 'high', 'critical')),
  status varchar(32) not null default 'created' check (status in ('created', 'assigned', 'accepted', 'en_route', 'in_progress', 'on_hold',
    'completed', 'approved', 'incomplete', 'cancelled')),
  dispatcher_user_id bigint unsigned null comment 'who looks after it; NULL: the queue',
  due_at datetime(6) not null, done_at datetime(6) null,
  open_flag tinyint generated always as (if(status in ('approved', 'incomplete', 'cancelled'), null, 1)) stored,
  created_at datetime(6) not null default (utc_timestamp(6)), created_by bigint unsigned null,
  updated_at datetime(6) not null default (utc_timestamp(6)), updated_by bigint unsigned null, row_version int unsigned not null default 1,
  unique key (utility_id, order_no), unique key service_order_open (source_type, source_id, order_type, open_flag),
  key (utility_id, status, due_at), key (premise_id), key (account_id), key (meter_id, open_flag), key (dispatcher_user_id, open_flag), foreign key (utility_id) references utility (id)
);

create table if not exists service_order_event (
  id bigint unsigned not null auto_increment primary key, service_order_id bigint unsigned not null, at datetime(6) not null,
  by_user_id bigint unsigned null, from_status varchar(32) null, to_status varchar(32) not null, reason varchar(500) null,
  key (service_order_id, id), foreign key (service_order_id) references service_order (id)
);
