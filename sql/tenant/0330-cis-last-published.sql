-- When a bill of the account was published last: bill runs ask it of every account, and its bills become many.
alter table account add column if not exists last_published_at datetime(6) null comment 'NULL: not known, look at the bills' after last_bill_on;
