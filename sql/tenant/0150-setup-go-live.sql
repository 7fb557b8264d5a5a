-- Going live (ONB-GUIDED.6): one row a utility, from the order to the switch. removed counts the rows of the trial by kind.
create table if not exists go_live (
  utility_id bigint unsigned not null primary key, state varchar(16) not null default 'ordered' check (state in ('ordered', 'running', 'done')),
  part smallint not null default 0 comment 'parts of the purge that are done', parts smallint not null default 0, removed json not null default '{}',
  ordered_by bigint unsigned null, ordered_at datetime(6) not null, finished_at datetime(6) null, ledger_seal binary(32) null comment 'last seal of the ledger that went',
  foreign key (utility_id) references utility (id)
);
