-- Sums of the ledger by period and code up to one entry (app/billing/ledger_sum.c): who wants a balance adds to them the entries
-- behind it, some minutes' worth, in place of all there ever were. I2 compares them with the entries.
create table if not exists ledger_sum (
  gl_period_id bigint unsigned not null, gl_code_id bigint unsigned not null, utility_id bigint unsigned not null,
  debit_minor bigint not null default 0, credit_minor bigint not null default 0,
  primary key (gl_period_id, gl_code_id), key (gl_code_id), key (utility_id)
);

create table if not exists ledger_sum_mark (
  one tinyint not null default 1 primary key check (one = 1), entry_id bigint unsigned not null comment 'the last entry that is in the sums; those of the tenant have one order'
);

insert ignore into ledger_sum_mark (one, entry_id) values (1, 0);
