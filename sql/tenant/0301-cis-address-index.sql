-- An address is searched by its beginning in lists of accounts and bills.
create index if not exists premise_line1 on premise (utility_id, line1);
