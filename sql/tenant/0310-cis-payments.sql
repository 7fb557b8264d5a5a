-- Money that comes in and what it pays (CIS01US13, CIS01US09).
-- append-only: receipt
create table if not exists payment_channel (
  id bigint unsigned not null auto_increment primary key, utility_id bigint unsigned not null, code varchar(20) collate utf8mb4_bin not null, name varchar(60) not null, service_hours varchar(120) null, sort int not null default 0, active tinyint(1) not null default 0,
  created_at datetime(6) not null default (utc_timestamp(6)), created_by bigint unsigned null,
  updated_at datetime(6) not null default (utc_timestamp(6)), updated_by bigint unsigned null, row_version int unsigned not null default 1,
  unique key (utility_id, code), foreign key (utility_id) references utility (id)
);

create table if not exists payment_mode (
  id bigint unsigned not null auto_increment primary key, utility_id bigint unsigned not null, code varchar(20) collate utf8mb4_bin not null, name varchar(60) not null, cash_like tinyint(1) not null default 0, posting_key varchar(40) collate utf8mb4_bin not null, sort int not null default 0, active tinyint(1) not null default 0,
  created_at datetime(6) not null default (utc_timestamp(6)), created_by bigint unsigned null,
  updated_at datetime(6) not null default (utc_timestamp(6)), updated_by bigint unsigned null, row_version int unsigned not null default 1,
  unique key (utility_id, code), foreign key (utility_id) references utility (id)
);

create table if not exists channel_mode (
  id bigint unsigned not null auto_increment primary key, utility_id bigint unsigned not null, channel_id bigint unsigned not null, mode_id bigint unsigned not null, valid_from date not null, valid_to date null, state varchar(32) not null default 'planned' check (state in ('planned', 'active', 'ended')), enabled tinyint(1) not null default 1,
  min_minor bigint not null default 1, max_minor bigint not null default 10000000, max_day_minor bigint null,
  types set('bill', 'service', 'instalment', 'deposit', 'advance') not null default 'bill,service,instalment,deposit,advance',
  partial_allowed tinyint(1) not null default 1, advance_allowed tinyint(1) not null default 1, required_fields json null, clearing_days tinyint not null default 0, balance_effect varchar(32) not null default 'on_receipt' check (balance_effect in ('on_receipt', 'on_clearance')),
  surcharge_fixed_minor bigint not null default 0, surcharge_ppm int not null default 0 check (surcharge_ppm between 0 and 100000), surcharge_cap_minor bigint null, surcharge_tax_code varchar(20) null,
  posting_key varchar(40) collate utf8mb4_bin null, till_needed tinyint(1) not null default 0, category_ids json null, version int not null default 1,
  created_at datetime(6) not null default (utc_timestamp(6)), created_by bigint unsigned null,
  updated_at datetime(6) not null default (utc_timestamp(6)), updated_by bigint unsigned null, row_version int unsigned not null default 1,
  unique key (channel_id, mode_id, valid_from), foreign key (channel_id) references payment_channel (id), foreign key (mode_id) references payment_mode (id), foreign key (utility_id) references utility (id)
);

create table if not exists payment_rule (
  id bigint unsigned not null auto_increment primary key, utility_id bigint unsigned not null unique, allocation_order json not null, cash_rounding_minor bigint not null default 1, void_same_session tinyint(1) not null default 1, reversal_days int not null default 90,
  duplicate_window_minutes int not null default 10, returned_cheque_fee varchar(30) not null default 'FEE-NSF', cash_only_threshold int not null default 2, partial_allowed tinyint(1) not null default 1, receipt_texts json null,
  created_at datetime(6) not null default (utc_timestamp(6)), created_by bigint unsigned null,
  updated_at datetime(6) not null default (utc_timestamp(6)), updated_by bigint unsigned null, row_version int unsigned not null default 1, foreign key (utility_id) references utility (id)
);

create table if not exists till (
  id bigint unsigned not null auto_increment primary key, utility_id bigint unsigned not null, public_id char(22) collate utf8mb4_bin not null default (replace(replace(left(to_base64(random_bytes(17)), 22), '+', '-'), '/', '_')) unique, code varchar(20) collate utf8mb4_bin not null, service_center_id bigint unsigned null, currency char(3) not null, tolerance_minor bigint not null default 200, max_cash_minor bigint null, cashier_ids json null, active tinyint(1) not null default 1,
  created_at datetime(6) not null default (utc_timestamp(6)), created_by bigint unsigned null,
  updated_at datetime(6) not null default (utc_timestamp(6)), updated_by bigint unsigned null, row_version int unsigned not null default 1,
  unique key (utility_id, code), foreign key (utility_id) references utility (id)
);

create table if not exists till_session (
  id bigint unsigned not null auto_increment primary key, utility_id bigint unsigned not null, public_id char(22) collate utf8mb4_bin not null default (replace(replace(left(to_base64(random_bytes(17)), 22), '+', '-'), '/', '_')) unique, till_id bigint unsigned not null, user_id bigint unsigned not null, opened_at datetime(6) not null, float_minor bigint not null default 0, expected json null, counted json null, expected_minor bigint null, counted_minor bigint null, difference_minor bigint null,
  difference_reason varchar(300) null, state varchar(32) not null default 'open' check (state in ('open', 'counted', 'closed')), closed_at datetime(6) null, approved_by bigint unsigned null, bank_deposit_id bigint unsigned null,
  open_flag tinyint generated always as (if(closed_at is null, 1, null)) stored,
  created_at datetime(6) not null default (utc_timestamp(6)), created_by bigint unsigned null,
  updated_at datetime(6) not null default (utc_timestamp(6)), updated_by bigint unsigned null, row_version int unsigned not null default 1,
  unique key (till_id, open_flag), unique key (user_id, open_flag), foreign key (till_id) references till (id), foreign key (user_id) references user (id)
);

create table if not exists till_movement (
  id bigint unsigned not null auto_increment primary key, utility_id bigint unsigned not null, till_session_id bigint unsigned not null, kind varchar(32) not null check (kind in ('pay_in', 'pay_out', 'drop')), amount_minor bigint not null, reason varchar(200) null, confirmed_by bigint unsigned null,
  created_at datetime(6) not null default (utc_timestamp(6)), created_by bigint unsigned null,
  foreign key (till_session_id) references till_session (id)
);

create table if not exists bank_deposit (
  id bigint unsigned not null auto_increment primary key, utility_id bigint unsigned not null, public_id char(22) collate utf8mb4_bin not null default (replace(replace(left(to_base64(random_bytes(17)), 22), '+', '-'), '/', '_')) unique, deposit_no varchar(30) not null, amount_minor bigint not null, currency char(3) not null, deposited_on date not null, state varchar(32) not null default 'prepared' check (state in ('prepared', 'deposited', 'matched')), bank_reference varchar(80) null,
  created_at datetime(6) not null default (utc_timestamp(6)), created_by bigint unsigned null,
  updated_at datetime(6) not null default (utc_timestamp(6)), updated_by bigint unsigned null, row_version int unsigned not null default 1,
  unique key (utility_id, deposit_no), foreign key (utility_id) references utility (id)
);

-- One payment of one account. amount = allocated + unallocated + refunded + reversed at every commit.
create table if not exists payment (
  id bigint unsigned not null auto_increment primary key, utility_id bigint unsigned not null, public_id char(22) collate utf8mb4_bin not null default (replace(replace(left(to_base64(random_bytes(17)), 22), '+', '-'), '/', '_')) unique,
  payment_no varchar(30) collate utf8mb4_bin not null, receipt_no varchar(30) collate utf8mb4_bin null comment 'unique in receipt; payments of one group share it', payment_group varchar(40) collate utf8mb4_bin null comment 'one payer, several accounts or modes',
  account_id bigint unsigned null comment 'NULL: in suspense', consumer_id bigint unsigned null, channel_id bigint unsigned not null, mode_id bigint unsigned not null, channel_mode_id bigint unsigned null,
  type varchar(32) not null default 'bill' check (type in ('bill', 'service', 'instalment', 'deposit', 'advance', 'other')),
  amount_minor bigint not null check (amount_minor > 0), currency char(3) not null, allocated_minor bigint not null default 0, unallocated_minor bigint not null default 0, refunded_minor bigint not null default 0, reversed_minor bigint not null default 0,
  tendered_minor bigint null, change_minor bigint null,
  received_at datetime(6) not null, value_date date not null, status varchar(32) not null default 'posted' check (status in ('posted', 'pending_clearance', 'reversed', 'partially_refunded', 'refunded')), cleared_at datetime(6) null, clears_on date null,
  reference varchar(120) null, cheque_no varchar(40) null, cheque_bank varchar(80) null, cheque_date date null, card_last4 char(4) null, auth_code varchar(40) null, payer_name varchar(120) null,
  payment_intent_id bigint unsigned null, gateway_account_id bigint unsigned null, provider_payment_id varchar(160) collate utf8mb4_bin null, external_id varchar(160) collate utf8mb4_bin null,
  till_session_id bigint unsigned null, cashier_id bigint unsigned null, note varchar(250) null, form_key varchar(64) collate utf8mb4_bin null, duplicate_suspect tinyint(1) not null default 0, import_batch_id bigint unsigned null,
  created_at datetime(6) not null default (utc_timestamp(6)), created_by bigint unsigned null,
  updated_at datetime(6) not null default (utc_timestamp(6)), updated_by bigint unsigned null, row_version int unsigned not null default 1,
  unique key (utility_id, payment_no), key (utility_id, receipt_no), unique key (payment_intent_id, account_id),
  unique key (gateway_account_id, provider_payment_id, account_id), unique key (channel_id, external_id, account_id),
  key (account_id, value_date, id), key payment_credit (account_id, unallocated_minor), key (utility_id, received_at desc, id desc), key (utility_id, status, id), key (till_session_id), key (payment_group), key (consumer_id, id),
  foreign key (account_id) references account (id), foreign key (channel_id) references payment_channel (id), foreign key (mode_id) references payment_mode (id),
  foreign key (payment_intent_id) references payment_intent (id), foreign key (till_session_id) references till_session (id),
  check (allocated_minor + unallocated_minor + refunded_minor + reversed_minor = amount_minor),
  check (allocated_minor >= 0 and unallocated_minor >= 0 and refunded_minor >= 0 and reversed_minor >= 0)
);

-- What a payment paid. A row is never changed but for undone_at; an undone one counts no more.
create table if not exists payment_allocation (
  id bigint unsigned not null auto_increment primary key, utility_id bigint unsigned not null, payment_id bigint unsigned not null, target_type varchar(32) not null check (target_type in ('bill', 'charge', 'instalment', 'deposit')), target_id bigint unsigned not null, amount_minor bigint not null check (amount_minor > 0),
  created_at datetime(6) not null default (utc_timestamp(6)), undone_at datetime(6) null, undone_reason varchar(40) null,
  key (payment_id), key (target_type, target_id), foreign key (payment_id) references payment (id)
);

-- What credit of an account paid: credit notes, adjustments, deposits and unallocated payments applied later name the payment instead.
create table if not exists credit_application (
  id bigint unsigned not null auto_increment primary key, utility_id bigint unsigned not null, account_id bigint unsigned not null, source_type varchar(32) not null check (source_type in ('credit_note', 'adjustment', 'deposit')), source_id bigint unsigned not null, target_type varchar(32) not null check (target_type in ('bill', 'charge', 'instalment', 'deposit')), target_id bigint unsigned not null, amount_minor bigint not null check (amount_minor > 0),
  created_at datetime(6) not null default (utc_timestamp(6)), undone_at datetime(6) null, undone_reason varchar(40) null,
  key (source_type, source_id), key (target_type, target_id), key (account_id), foreign key (account_id) references account (id)
);

create table if not exists payment_reversal (
  id bigint unsigned not null auto_increment primary key, utility_id bigint unsigned not null, payment_id bigint unsigned not null, reason varchar(32) not null check (reason in ('wrong_account', 'wrong_amount', 'duplicate', 'returned_cheque', 'chargeback', 'void', 'other')), text varchar(300) null, at datetime(6) not null, by_id bigint unsigned null, approved_by bigint unsigned null,
  moved_to_payment_id bigint unsigned null, dispute_id bigint unsigned null, amount_minor bigint not null comment 'the whole, or what a chargeback took', undone_at datetime(6) null comment 'dispute won', row_version int unsigned not null default 1,
  unique key (payment_id, dispute_id), foreign key (payment_id) references payment (id)
);

-- The paper: written once with its payment or group, never changed. Reprints are counted in receipt_print.
create table if not exists receipt (
  id bigint unsigned not null auto_increment primary key, utility_id bigint unsigned not null, public_id char(22) collate utf8mb4_bin not null default (replace(replace(left(to_base64(random_bytes(17)), 22), '+', '-'), '/', '_')) unique,
  receipt_no varchar(30) collate utf8mb4_bin not null, payment_id bigint unsigned not null comment 'the first of the group', payment_group varchar(40) collate utf8mb4_bin null, account_id bigint unsigned null, consumer_id bigint unsigned null,
  issued_at datetime(6) not null, issued_on date not null, amount_minor bigint not null, fee_minor bigint not null default 0, currency char(3) not null, payer_name varchar(130) null, address varchar(300) null,
  items json not null comment '[{"type","number","due_on","amount_minor"}]', mode_name varchar(60) not null, reference varchar(120) null, amount_words varchar(300) null,
  balance_after_minor bigint null, cashier_name varchar(120) null, till_code varchar(20) null, language varchar(10) not null default 'en', created_by bigint unsigned null,
  unique key (utility_id, receipt_no), unique key (payment_id), key (account_id, id), key (payment_group), foreign key (payment_id) references payment (id)
);

create table if not exists receipt_print (
  id bigint unsigned not null auto_increment primary key, receipt_id bigint unsigned not null, at datetime(6) not null default (utc_timestamp(6)), by_id bigint unsigned null, kind varchar(32) not null default 'print' check (kind in ('print', 'pdf', 'email', 'sms')), key (receipt_id), foreign key (receipt_id) references receipt (id)
);

create table if not exists deposit (
  id bigint unsigned not null auto_increment primary key, utility_id bigint unsigned not null, public_id char(22) collate utf8mb4_bin not null default (replace(replace(left(to_base64(random_bytes(17)), 22), '+', '-'), '/', '_')) unique, account_id bigint unsigned not null, fee_code varchar(30) null, amount_minor bigint not null check (amount_minor > 0), paid_minor bigint not null default 0 comment 'what has been paid of it', held_minor bigint not null default 0, applied_minor bigint not null default 0, refunded_minor bigint not null default 0, currency char(3) not null,
  interest_from date null, interest_rate_ppm int not null default 0, demanded_on date not null, due_on date null, reason varchar(200) null, status varchar(32) not null default 'demanded' check (status in ('demanded', 'held', 'applied', 'refunded', 'cancelled')), bill_id bigint unsigned null,
  source_type varchar(40) null, source_id bigint unsigned null,
  created_at datetime(6) not null default (utc_timestamp(6)), created_by bigint unsigned null,
  updated_at datetime(6) not null default (utc_timestamp(6)), updated_by bigint unsigned null, row_version int unsigned not null default 1,
  unique key (source_type, source_id), key (account_id, status), key (utility_id, status), foreign key (account_id) references account (id)
);

create table if not exists adjustment (
  id bigint unsigned not null auto_increment primary key, utility_id bigint unsigned not null, public_id char(22) collate utf8mb4_bin not null default (replace(replace(left(to_base64(random_bytes(17)), 22), '+', '-'), '/', '_')) unique, adjustment_no varchar(30) collate utf8mb4_bin not null, account_id bigint unsigned not null, bill_id bigint unsigned null, kind varchar(32) not null check (kind in ('debit', 'credit')), amount_minor bigint not null check (amount_minor > 0), currency char(3) not null,
  charge_type varchar(30) collate utf8mb4_bin not null default 'ADJUSTMENT', gl_code varchar(12) collate utf8mb4_bin null, reason_code varchar(40) not null, note varchar(500) not null,
  status varchar(32) not null default 'draft' check (status in ('draft', 'pending_approval', 'posted', 'rejected', 'void')), applied_minor bigint not null default 0, requested_by bigint unsigned null, approved_by bigint unsigned null, approved_at datetime(6) null, posted_at datetime(6) null, decision_note varchar(500) null, billed_bill_id bigint unsigned null comment 'the bill that shows it',
  source_type varchar(40) null, source_id bigint unsigned null,
  created_at datetime(6) not null default (utc_timestamp(6)), created_by bigint unsigned null,
  updated_at datetime(6) not null default (utc_timestamp(6)), updated_by bigint unsigned null, row_version int unsigned not null default 1,
  unique key (utility_id, adjustment_no), unique key (source_type, source_id), key (account_id, status), key (utility_id, status, id), foreign key (account_id) references account (id)
);

create table if not exists credit_note (
  id bigint unsigned not null auto_increment primary key, utility_id bigint unsigned not null, public_id char(22) collate utf8mb4_bin not null default (replace(replace(left(to_base64(random_bytes(17)), 22), '+', '-'), '/', '_')) unique, credit_note_no varchar(30) collate utf8mb4_bin null comment 'taken when it is issued: gapless', account_id bigint unsigned not null, bill_id bigint unsigned null, issue_date date null, kind varchar(32) not null default 'credit' check (kind in ('credit', 'cancellation')),
  reason_code varchar(40) not null, reason_text varchar(500) null, amount_minor bigint not null check (amount_minor > 0), tax_minor bigint not null default 0, currency char(3) not null,
  applied_minor bigint not null default 0, reserved_minor bigint not null default 0, refunded_minor bigint not null default 0,
  left_minor bigint generated always as (amount_minor - applied_minor - reserved_minor - refunded_minor) stored,
  status varchar(32) not null default 'draft' check (status in ('draft', 'pending_approval', 'issued', 'partially_applied', 'applied', 'refunded', 'void')), `lines` json null, requested_by bigint unsigned null, approved_by bigint unsigned null, approved_at datetime(6) null, decision_note varchar(500) null, document_id bigint unsigned null,
  moved_from_id bigint unsigned null, source_type varchar(40) null, source_id bigint unsigned null,
  created_at datetime(6) not null default (utc_timestamp(6)), created_by bigint unsigned null,
  updated_at datetime(6) not null default (utc_timestamp(6)), updated_by bigint unsigned null, row_version int unsigned not null default 1,
  unique key (utility_id, credit_note_no), unique key (source_type, source_id), key (account_id, status), key (utility_id, status, id), key (bill_id), foreign key (account_id) references account (id),
  check (applied_minor >= 0 and reserved_minor >= 0 and refunded_minor >= 0 and applied_minor + reserved_minor + refunded_minor <= amount_minor)
);

create table if not exists refund_request (
  id bigint unsigned not null auto_increment primary key, utility_id bigint unsigned not null, public_id char(22) collate utf8mb4_bin not null default (replace(replace(left(to_base64(random_bytes(17)), 22), '+', '-'), '/', '_')) unique, refund_no varchar(30) collate utf8mb4_bin not null, account_id bigint unsigned null comment 'NULL: of a payment in suspense', payment_id bigint unsigned null, credit_note_id bigint unsigned null, intent_id bigint unsigned null, amount_minor bigint not null check (amount_minor > 0), currency char(3) not null,
  payout_kind varchar(32) not null default 'original' check (payout_kind in ('original', 'bank', 'cheque')), bank_enc varbinary(600) null, bank_hint varchar(40) null, reserve json null, reason varchar(300) not null,
  status varchar(32) not null default 'requested' check (status in ('requested', 'approved', 'paid', 'rejected', 'failed', 'cancelled')), requested_by bigint unsigned null, requested_via varchar(20) not null default 'staff', approved_by bigint unsigned null, approved_at datetime(6) null, decision_note varchar(500) null, paid_at datetime(6) null, failure_text varchar(300) null, attempt_no smallint not null default 1,
  created_at datetime(6) not null default (utc_timestamp(6)), created_by bigint unsigned null,
  updated_at datetime(6) not null default (utc_timestamp(6)), updated_by bigint unsigned null, row_version int unsigned not null default 1,
  unique key (utility_id, refund_no), key (account_id, status), key (payment_id), key (utility_id, status, id), foreign key (account_id) references account (id), foreign key (payment_id) references payment (id)
);

create table if not exists agreement_policy (
  id bigint unsigned not null auto_increment primary key, utility_id bigint unsigned not null, category_id bigint unsigned null, min_amount_minor bigint not null, down_payment_ppm int not null, down_payment_days int not null, max_instalments int not null default 12,
  first_from_days int not null default 0, first_to_days int not null, notice_day int not null, cure_days int not null default 10, default_days int not null, new_bill_overdue_days int not null default 10,
  self_service_max_minor bigint null, self_service_max_instalments int null, moves_max int not null default 1,
  created_at datetime(6) not null default (utc_timestamp(6)), created_by bigint unsigned null,
  updated_at datetime(6) not null default (utc_timestamp(6)), updated_by bigint unsigned null, row_version int unsigned not null default 1,
  unique key (utility_id, category_id), foreign key (utility_id) references utility (id)
);

create table if not exists payment_agreement (
  id bigint unsigned not null auto_increment primary key, utility_id bigint unsigned not null, public_id char(22) collate utf8mb4_bin not null default (replace(replace(left(to_base64(random_bytes(17)), 22), '+', '-'), '/', '_')) unique, number varchar(30) collate utf8mb4_bin not null, legacy_no varchar(40) collate utf8mb4_bin null, import_batch_id bigint unsigned null comment 'brought in: stays when the utility goes live', account_id bigint unsigned not null, total_minor bigint not null, down_payment_minor bigint not null, down_payment_due_on date null, down_payment_paid_minor bigint not null default 0, currency char(3) not null, count int not null, frequency varchar(32) not null default 'monthly' check (frequency in ('monthly', 'weekly', 'fortnightly')), start_on date not null,
  state varchar(32) not null default 'draft' check (state in ('draft', 'pending_approval', 'pending_acceptance', 'active', 'at_risk', 'completed', 'defaulted', 'cancelled', 'expired')), accepted_via varchar(20) null, document_id bigint unsigned null, signed_name varchar(120) null, signed_at datetime(6) null, signed_ip varbinary(16) null, text_version varchar(20) null,
  reason varchar(300) null, moves_used int not null default 0, replaces_id bigint unsigned null, approved_by bigint unsigned null, activated_at datetime(6) null, ended_at datetime(6) null,
  created_at datetime(6) not null default (utc_timestamp(6)), created_by bigint unsigned null,
  updated_at datetime(6) not null default (utc_timestamp(6)), updated_by bigint unsigned null, row_version int unsigned not null default 1,
  unique key (utility_id, number), key (account_id, state), key (utility_id, state), foreign key (account_id) references account (id)
);

create table if not exists payment_agreement_item (
  id bigint unsigned not null auto_increment primary key, agreement_id bigint unsigned not null, item_type varchar(32) not null check (item_type in ('bill', 'charge', 'deposit')), item_id bigint unsigned not null, amount_minor bigint not null check (amount_minor > 0),
  unique key (agreement_id, item_type, item_id), key (item_type, item_id), foreign key (agreement_id) references payment_agreement (id)
);

create table if not exists instalment (
  id bigint unsigned not null auto_increment primary key, utility_id bigint unsigned not null, agreement_id bigint unsigned not null, account_id bigint unsigned not null, seq smallint not null, due_on date not null, amount_minor bigint not null check (amount_minor > 0), paid_minor bigint not null default 0, state varchar(32) not null default 'due' check (state in ('due', 'part_paid', 'paid', 'missed')), moved_from date null,
  became_due_at datetime(6) null comment 'when it moved from AR_AGREEMENT to AR', bill_id bigint unsigned null, row_version int unsigned not null default 1,
  unique key (agreement_id, seq), key (account_id, state, due_on), key (utility_id, state, due_on), foreign key (agreement_id) references payment_agreement (id)
);
