-- What a row of a file does to what is there (ONB04US01): said by the dry run, row by row and in the counts of its batch.
alter table import_row add column if not exists effect varchar(10) collate utf8mb4_bin null comment 'of good rows: new, changed, unchanged; before_value has was and now of what changes';
create index if not exists import_row_effect on import_row (batch_id, effect, line_no);
alter table import_batch add column if not exists new_count int not null default 0, add column if not exists changed_count int not null default 0, add column if not exists unchanged_count int not null default 0;
