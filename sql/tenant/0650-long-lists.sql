-- Lists that grow with the customers read their rows in the order of an index, which they name.
alter table account rename index if exists utility_id to account_list;
alter table meter rename index if exists utility_id to meter_list;
alter table payment rename index if exists utility_id_3 to payment_list;
create index if not exists payment_list_status on payment (utility_id, status, received_at desc, id desc);
alter table payment drop index if exists utility_id_4;
create index if not exists payment_reference on payment (utility_id, reference);
create index if not exists consumer_last_name on consumer (utility_id, last_name);
create index if not exists meter_serial on meter (utility_id, serial_no);
alter table premise rename index if exists utility_id to premise_list;
