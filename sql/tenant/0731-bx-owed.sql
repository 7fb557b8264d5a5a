-- What is unpaid of published bills by due date, for the billing overview: each change of it is a row, in the transaction of the
-- change (app/billing/owed.c); a job adds rows up. Summed, it is open_minor of all bills that is above 0 (I2).
create table if not exists bill_owed (
  id bigint unsigned not null auto_increment, utility_id bigint unsigned not null, due_date date not null, amount_minor bigint not null,
  primary key (utility_id, id), key (id)
);

insert into bill_owed (utility_id, due_date, amount_minor)
  select utility_id, due_date, sum(open_minor) from bill where open_minor > 0 and not exists (select 1 from bill_owed) group by utility_id, due_date;
