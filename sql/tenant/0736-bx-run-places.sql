-- What a job found of the readings of each connection of a large run (BX01US03 stage 3): the list of 50,000 is read from here, in its
-- order and by one index, filters too. Two holders of one connection can be in one run. Decisions stand in bill_run_reading and are copied.
create table if not exists bill_run_place (
  id bigint unsigned not null auto_increment primary key, run_id bigint unsigned not null, holder_id bigint unsigned not null comment 'service_connection_holder', service_connection_id bigint unsigned not null, account_id bigint unsigned not null, seq int not null comment 'of the account in the run',
  connection_no varchar(30) collate utf8mb4_bin not null, account_no varchar(30) collate utf8mb4_bin not null, reading_status varchar(32) not null check (reading_status in ('actual', 'estimated', 'waiting', 'missing')),
  exchanged tinyint(1) not null default 0, high tinyint(1) not null default 0, low tinyint(1) not null default 0, zero tinyint(1) not null default 0, decision varchar(32) null,
  unique key (run_id, holder_id), key (run_id, seq), key (run_id, service_connection_id), key bill_run_place_list (run_id, connection_no, id, account_no, reading_status, exchanged, high, low, zero, decision), foreign key (run_id) references bill_run (id)
);
