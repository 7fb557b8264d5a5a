-- What of a payment of a subscription went back (ONB08US01). succeeded may become failed when the card's bank sends it back; failed is final.
create table if not exists subscription_refund (
  id bigint unsigned not null auto_increment primary key,
  refund_no varchar(30) collate utf8mb4_bin not null unique comment 'the only name of it at the gateway, and the key of the call',
  payment_id bigint unsigned not null, tenant_id bigint unsigned not null, gateway_account_id bigint unsigned not null,
  amount_minor bigint not null check (amount_minor > 0), currency char(3) not null,
  state varchar(32) not null default 'submitted' check (state in ('submitted', 'succeeded', 'failed')),
  made varchar(32) not null default 'asked' comment 'by the gateway when it was asked; by a person in its pages; there, and heard by webhook' check (made in ('asked', 'by_hand', 'external')),
  provider_refund_id varchar(200) collate utf8mb4_bin null, failure_text varchar(500) null,
  reason varchar(300) not null, asked_by varchar(120) null,
  submitted_at datetime(6) not null, finished_at datetime(6) null,
  created_at datetime(6) not null default (utc_timestamp(6)), created_by bigint unsigned null,
  updated_at datetime(6) not null default (utc_timestamp(6)), updated_by bigint unsigned null,
  unique key (gateway_account_id, provider_refund_id), key (payment_id), key (tenant_id, state),
  foreign key (payment_id) references subscription_payment (id), foreign key (tenant_id) references tenant (id), foreign key (gateway_account_id) references gateway_account (id)
);
insert into subscription_series (name) values ('refund') on duplicate key update subscription_series.name = subscription_series.name;
