-- Printing and distribution (BX06US01).
create table if not exists print_vendor (
  id bigint unsigned not null auto_increment primary key, utility_id bigint unsigned not null, public_id char(22) collate utf8mb4_bin not null default (replace(replace(left(to_base64(random_bytes(17)), 22), '+', '-'), '/', '_')) unique, name varchar(80) not null, contact varchar(200) null, sla_hours smallint not null default 48 check (sla_hours between 1 and 240), user_id bigint unsigned null, active tinyint(1) not null default 1,
  created_at datetime(6) not null default (utc_timestamp(6)), created_by bigint unsigned null,
  updated_at datetime(6) not null default (utc_timestamp(6)), updated_by bigint unsigned null, row_version int unsigned not null default 1,
  unique key (utility_id, name), foreign key (utility_id) references utility (id)
);

create table if not exists print_batch (
  id bigint unsigned not null auto_increment primary key, utility_id bigint unsigned not null, public_id char(22) collate utf8mb4_bin not null default (replace(replace(left(to_base64(random_bytes(17)), 22), '+', '-'), '/', '_')) unique, batch_no varchar(30) collate utf8mb4_bin not null, run_id bigint unsigned null, bill_cycle_period_id bigint unsigned null, vendor_id bigint unsigned null, paper varchar(10) not null default 'Letter', return_envelope tinyint(1) not null default 1, state varchar(32) not null default 'building' check (state in ('building', 'ready', 'at_vendor', 'printed', 'handed_over', 'closed', 'rejected', 'cancelled')),
  bills int not null default 0, pages int not null default 0, sheets int not null default 0, files json null, sla_due datetime(6) null, reported json null, reject_reason varchar(300) null, parent_batch_id bigint unsigned null,
  created_at datetime(6) not null default (utc_timestamp(6)), created_by bigint unsigned null,
  updated_at datetime(6) not null default (utc_timestamp(6)), updated_by bigint unsigned null, row_version int unsigned not null default 1,
  unique key (utility_id, batch_no), key (utility_id, state), foreign key (vendor_id) references print_vendor (id)
);

create table if not exists print_batch_item (
  id bigint unsigned not null auto_increment primary key, batch_id bigint unsigned not null, seq int not null, bill_id bigint unsigned not null, delivery_id bigint unsigned null, pages smallint not null default 1, sheets smallint not null default 1, postal_key varchar(200) not null, state varchar(32) not null default 'in_batch' check (state in ('in_batch', 'printed', 'spoiled', 'handed_over', 'pulled')),
  unique key (batch_id, seq), key (bill_id), foreign key (batch_id) references print_batch (id), foreign key (bill_id) references bill (id)
);

create table if not exists paper_round (
  id bigint unsigned not null auto_increment primary key, utility_id bigint unsigned not null, public_id char(22) collate utf8mb4_bin not null default (replace(replace(left(to_base64(random_bytes(17)), 22), '+', '-'), '/', '_')) unique, area_id bigint unsigned null, assignee_id bigint unsigned null, round_date date not null, state varchar(32) not null default 'planned' check (state in ('planned', 'started', 'done')), results json null,
  created_at datetime(6) not null default (utc_timestamp(6)), created_by bigint unsigned null,
  updated_at datetime(6) not null default (utc_timestamp(6)), updated_by bigint unsigned null, row_version int unsigned not null default 1, foreign key (utility_id) references utility (id)
);
