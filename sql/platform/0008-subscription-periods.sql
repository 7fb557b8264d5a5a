-- What an invoice bills of a period ahead, and what the running period was invoiced at: a changed plan pays the difference (ONB08US01).
alter table subscription_invoice
  add column if not exists period_on date null comment 'first day of the period ahead that it bills, wholly or by a difference',
  add column if not exists period_plan_minor bigint not null default 0 comment 'of it for the plan, discount taken off',
  add column if not exists period_more_minor bigint not null default 0 comment 'of it for add-ons',
  add column if not exists credit_minor bigint not null default 0 comment 'credit of earlier invoices that was taken off',
  add key if not exists subscription_invoice_period (subscription_id, period_on);
alter table subscription
  add column if not exists period_net_minor bigint null comment 'what the whole running period costs as it was invoiced; null: by the present terms';
alter table subscription_payment
  add column if not exists received_currency char(3) null comment 'in which received_minor came';
alter table tenant
  add column if not exists held_at datetime(6) null comment 'suspended or cancelled by a person: no payment and no debt changes it, only a person';
-- Invoices ahead of before said their period in words only.
update subscription_invoice set period_on = left(right(json_value(`lines`, '$[0].text'), 24), 10),
    period_plan_minor = json_value(`lines`, '$[0].amount_minor') + if(json_value(`lines`, '$[1].text') like 'Discount %', json_value(`lines`, '$[1].amount_minor'), 0)
  where period_on is null and json_value(`lines`, '$[0].text') regexp ', [0-9]{4}-[0-9]{2}-[0-9]{2} to [0-9]{4}-[0-9]{2}-[0-9]{2}$';
