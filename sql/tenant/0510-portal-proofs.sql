-- How an account was proved to be one's own: every proof that a utility may switch on (CSS01US01).
alter table portal_account_link modify column proof varchar(32) not null default 'portal_code' check (proof in ('portal_code', 'meter_no', 'last_bill_amount', 'last_payment_amount', 'postcode_code', 'invitation', 'request', 'staff', 'migration'));
