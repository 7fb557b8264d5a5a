-- Keys of numbers of an old system by name: look-ups of a file's rows name them, because while all are empty the optimizer
-- takes them for useless and reads the whole table for each row.
alter table consumer rename index if exists utility_id_3 to consumer_legacy;
alter table premise rename index if exists utility_id_4 to premise_legacy;
alter table account rename index if exists utility_id_6 to account_legacy;
alter table service_connection rename index if exists utility_id_3 to connection_legacy;
alter table meter rename index if exists utility_id_2 to meter_external;
