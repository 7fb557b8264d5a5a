-- A refund made in the gateway's own pages may be more than its payment holds: what is above it stands in suspense.
alter table refund add column if not exists unheld_minor bigint not null default 0 comment 'of the amount: more than the payment held, in suspense' after amount_minor;
