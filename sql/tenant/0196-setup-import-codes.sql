-- Rows of a file by the code of what is wrong with them first (ONB04US01), found and counted by an index.
alter table import_row add column if not exists code varchar(4) collate utf8mb4_bin as (json_value(messages, '$[0].code')) stored comment 'of the first message';
create index if not exists import_row_code on import_row (batch_id, code, line_no);
