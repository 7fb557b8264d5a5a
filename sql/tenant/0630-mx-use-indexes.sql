-- Nobody asks for use by its first reading or by account: each cost every reading an entry.
alter table usage_segment drop key if exists from_reading_id, drop key if exists account_id;
