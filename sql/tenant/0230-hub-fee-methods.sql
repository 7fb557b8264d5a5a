-- The convenience fee of a gateway is for the methods for which it is allowed.
alter table gateway_account add column if not exists fee_methods json null comment 'methods the fee is charged for; NULL: all' after fee_rate_ppm;
