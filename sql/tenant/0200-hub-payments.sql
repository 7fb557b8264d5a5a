-- Gateways, providers, payment intents, webhook events, settlements (ONB03US01). Secrets are encrypted (_enc).
create table if not exists gateway_account (
  id bigint unsigned not null auto_increment primary key, utility_id bigint unsigned not null, public_id char(22) collate utf8mb4_bin not null default (replace(replace(left(to_base64(random_bytes(17)), 22), '+', '-'), '/', '_')) unique,
  driver varchar(32) not null check (driver in ('stripe', 'doku', 'razorpay', 'paystack', 'sandbox')), label varchar(80) not null, mode varchar(32) not null default 'test' check (mode in ('test', 'live')),
  status varchar(32) not null default 'not_configured' check (status in ('not_configured', 'configured', 'verified', 'active', 'inactive', 'error')),
  credentials_enc varbinary(4000) null, credentials_hint json null comment 'last 4 of each',
  webhook_secret_current_enc varbinary(600) null, webhook_secret_previous_enc varbinary(600) null, previous_valid_until datetime(6) null,
  endpoint_key char(32) collate utf8mb4_bin not null unique, api_base varchar(200) null,
  methods json not null, currencies json not null, min_minor bigint not null default 100, max_minor bigint not null default 10000000,
  fee_fixed_minor bigint not null default 0, fee_rate_ppm int not null default 0, cost_fixed_minor bigint null comment 'what the gateway takes by contract; NULL: payouts are not compared', cost_rate_ppm int null, priority tinyint not null default 50 check (priority between 1 and 99),
  test_ok_at datetime(6) null, last_verified_at datetime(6) null, last_event_at datetime(6) null, failed_checks int not null default 0, failing_since datetime(6) null,
  breaker_failures int not null default 0 comment 'calls in a row without an answer', breaker_open_until datetime(6) null, breaker_probe_until datetime(6) null,
  created_at datetime(6) not null default (utc_timestamp(6)), created_by bigint unsigned null,
  updated_at datetime(6) not null default (utc_timestamp(6)), updated_by bigint unsigned null, row_version int unsigned not null default 1,
  unique key (utility_id, driver, mode), foreign key (utility_id) references utility (id)
);

create table if not exists message_provider (
  id bigint unsigned not null auto_increment primary key, utility_id bigint unsigned null comment 'NULL: of the tenant', utility_key bigint unsigned generated always as (ifnull(utility_id, 0)) stored, public_id char(22) collate utf8mb4_bin not null default (replace(replace(left(to_base64(random_bytes(17)), 22), '+', '-'), '/', '_')) unique,
  `key` varchar(40) collate utf8mb4_bin not null, channel varchar(32) not null check (channel in ('email', 'sms', 'whatsapp')), adapter varchar(32) not null check (adapter in ('twilio', 'vonage', 'vonage_sms', 'smtp', 'fake')),
  fake_as varchar(20) null comment 'the driver a fake plays', name varchar(80) not null, from_id varchar(254) not null,
  config json null, secret_enc varbinary(4000) null, webhook_secret_current_enc varbinary(600) null, webhook_secret_previous_enc varbinary(600) null, previous_valid_until datetime(6) null,
  endpoint_key char(32) collate utf8mb4_bin not null unique, rate_per_s int not null default 10, priority tinyint not null default 50, enabled tinyint(1) not null default 1, monthly_cap int null,
  status varchar(32) not null default 'not_configured' check (status in ('not_configured', 'configured', 'verified', 'active', 'inactive', 'error')), failed_checks int not null default 0, failing_since datetime(6) null, last_verified_at datetime(6) null, last_event_at datetime(6) null,
  breaker_failures int not null default 0 comment 'calls in a row without an answer', breaker_open_until datetime(6) null, breaker_probe_until datetime(6) null,
  dns_checked_at datetime(6) null, dns_result json null comment 'of SPF, DKIM and DMARC: what was found',
  created_at datetime(6) not null default (utc_timestamp(6)), created_by bigint unsigned null,
  updated_at datetime(6) not null default (utc_timestamp(6)), updated_by bigint unsigned null, row_version int unsigned not null default 1,
  unique key (utility_key, `key`), key (utility_id, channel, status, priority), foreign key (utility_id) references utility (id)
);

create table if not exists payment_intent (
  id bigint unsigned not null auto_increment primary key, utility_id bigint unsigned not null, public_id char(22) collate utf8mb4_bin not null default (replace(replace(left(to_base64(random_bytes(17)), 22), '+', '-'), '/', '_')) unique,
  intent_no varchar(20) collate utf8mb4_bin not null unique comment 'PI- and 10 digits',
  account_id bigint unsigned null comment 'of the first line', bill_ids json null, amount_minor bigint not null check (amount_minor > 0), fee_minor bigint not null default 0, currency char(3) not null,
  purpose varchar(32) not null default 'bill' check (purpose in ('bill', 'deposit', 'fee', 'agreement', 'advance', 'test')), channel varchar(32) not null default 'portal' check (channel in ('portal', 'link', 'autopay', 'counter')), method varchar(20) null,
  gateway_account_id bigint unsigned null, provider_ref varchar(160) collate utf8mb4_bin null, provider_payment_id varchar(160) collate utf8mb4_bin null, redirect_url varchar(2000) null,
  state varchar(32) not null default 'created' check (state in ('created', 'requires_action', 'processing', 'succeeded', 'partially_refunded', 'refunded', 'failed', 'cancelled', 'expired', 'needs_review', 'failed_to_start')),
  `rank` tinyint not null default 0, dispute_flag varchar(32) not null default 'none' check (dispute_flag in ('none', 'open', 'won', 'lost')),
  return_url varchar(500) null, expires_at datetime(6) not null, payment_id bigint unsigned null comment 'of the first line', received_minor bigint null, refunded_minor bigint not null default 0,
  failure_code varchar(60) null, failure_text varchar(500) null, exception varchar(40) null comment 'amount_mismatch, currency_mismatch, duplicate_suspect',
  other_minor bigint null comment 'arrived in another currency, in its minor unit', other_currency char(3) null, review_kind varchar(32) null comment 'proposed by one person, approved by another' check (review_kind in ('accept', 'refund', 'refunding')), review_minor bigint null, review_note varchar(300) null, review_by bigint unsigned null, review_at datetime(6) null,
  asked_at datetime(6) null comment 'the provider, last',
  portal_user_id bigint unsigned null, guest_email varchar(254) null, saved_method_id bigint unsigned null, autopay_id bigint unsigned null,
  idempotency_key varchar(80) collate utf8mb4_bin not null, succeeded_at datetime(6) null, ip varbinary(16) null,
  next_check_at datetime(6) null comment 'when the provider is asked again', checks int not null default 0,
  keeps_method tinyint(1) not null default 0 comment 'the gateway keeps the card it is paid with', method_token_enc varbinary(600) null comment 'of a kept card, until the charge has a result',
  created_at datetime(6) not null default (utc_timestamp(6)), created_by bigint unsigned null,
  updated_at datetime(6) not null default (utc_timestamp(6)), updated_by bigint unsigned null, row_version int unsigned not null default 1,
  unique key (utility_id, idempotency_key), unique key (gateway_account_id, provider_ref), unique key (gateway_account_id, provider_payment_id),
  key (account_id, id), key (utility_id, state, id), key (state, next_check_at), key (gateway_account_id, created_at, state), key (portal_user_id, id),
  foreign key (gateway_account_id) references gateway_account (id), foreign key (utility_id) references utility (id)
);

create table if not exists payment_intent_line (
  id bigint unsigned not null auto_increment primary key, intent_id bigint unsigned not null, seq smallint not null, account_id bigint unsigned not null,
  target_kind varchar(32) not null check (target_kind in ('bill', 'instalment', 'down_payment', 'charge', 'deposit', 'advance', 'agreement')), target_id bigint unsigned null, amount_minor bigint not null check (amount_minor > 0), payment_id bigint unsigned null,
  unique key (intent_id, seq), key (account_id), foreign key (intent_id) references payment_intent (id)
);

create table if not exists payment_attempt (
  id bigint unsigned not null auto_increment primary key, intent_id bigint unsigned not null, no smallint not null, gateway_account_id bigint unsigned null, request_id varchar(80) collate utf8mb4_bin null, idempotency_key varchar(80) collate utf8mb4_bin not null unique comment '<intent public_id>-<no>',
  state varchar(32) not null default 'about_to_call' check (state in ('about_to_call', 'accepted', 'refused', 'unknown')), http_status smallint null, started_at datetime(6) not null, finished_at datetime(6) null, error varchar(500) null, answer json null,
  unique key (intent_id, no), foreign key (intent_id) references payment_intent (id)
);

create table if not exists webhook_event (
  id bigint unsigned not null auto_increment primary key, utility_id bigint unsigned null, public_id char(22) collate utf8mb4_bin not null default (replace(replace(left(to_base64(random_bytes(17)), 22), '+', '-'), '/', '_')) unique,
  source varchar(32) not null check (source in ('gateway', 'message', 'telephony')), account_ref bigint unsigned not null comment 'gateway_account.id or message_provider.id', driver varchar(20) not null,
  provider_event_id varchar(160) collate utf8mb4_bin not null, type varchar(80) not null, received_at datetime(6) not null, signature_ok tinyint(1) not null default 1,
  http_headers json null, body mediumblob null, body_sha256 binary(32) null,
  state varchar(32) not null default 'received' check (state in ('received', 'processing', 'processed', 'ignored', 'failed', 'dead')), reason varchar(60) null comment 'stale, unknown_type, malformed',
  attempts int not null default 0, delivery_count int not null default 1, last_delivery_at datetime(6) null, next_attempt_at datetime(6) null, processed_at datetime(6) null, error varchar(2000) null,
  intent_id bigint unsigned null, message_id bigint unsigned null, job_id bigint unsigned null,
  unique key webhook_event_once (source, account_ref, provider_event_id), key (utility_id, id), key (state, next_attempt_at), key (utility_id, state, id), key (intent_id)
);

-- What became of an event beside its state: tries that failed, a person's replay.
create table if not exists webhook_event_step (
  id bigint unsigned not null auto_increment primary key, webhook_event_id bigint unsigned not null, at datetime(6) not null, what varchar(32) not null check (what in ('failed', 'dead', 'replayed')), text varchar(2000) null, by_id bigint unsigned null,
  key (webhook_event_id, id), foreign key (webhook_event_id) references webhook_event (id) on delete cascade
);

-- Callbacks refused at the door: counters only.
create table if not exists webhook_refusal (
  source varchar(16) not null, account_ref bigint unsigned not null, day date not null, reason varchar(40) not null, count int unsigned not null default 0, last_at datetime(6) null,
  primary key (source, account_ref, day, reason)
);

-- The provider's leg of an approved refund_request.
create table if not exists refund (
  id bigint unsigned not null auto_increment primary key, utility_id bigint unsigned not null, public_id char(22) collate utf8mb4_bin not null default (replace(replace(left(to_base64(random_bytes(17)), 22), '+', '-'), '/', '_')) unique, refund_request_id bigint unsigned null unique comment 'NULL: the part of one made at the provider that no payment holds (the fee paid with it)', refund_no varchar(30) not null, payment_id bigint unsigned null, intent_id bigint unsigned null, gateway_account_id bigint unsigned not null,
  amount_minor bigint not null check (amount_minor > 0), currency char(3) not null, state varchar(32) not null default 'submitted' check (state in ('submitted', 'succeeded', 'failed')), external tinyint(1) not null default 0,
  provider_refund_id varchar(160) collate utf8mb4_bin null, attempt_no smallint not null default 1, failure_text varchar(500) null, submitted_at datetime(6) null, finished_at datetime(6) null,
  created_at datetime(6) not null default (utc_timestamp(6)), created_by bigint unsigned null,
  updated_at datetime(6) not null default (utc_timestamp(6)), updated_by bigint unsigned null, row_version int unsigned not null default 1,
  unique key (utility_id, refund_no), unique key (gateway_account_id, provider_refund_id, payment_id), key (payment_id), key (intent_id), key (utility_id, state), foreign key (gateway_account_id) references gateway_account (id)
);

create table if not exists dispute (
  id bigint unsigned not null auto_increment primary key, utility_id bigint unsigned not null, public_id char(22) collate utf8mb4_bin not null default (replace(replace(left(to_base64(random_bytes(17)), 22), '+', '-'), '/', '_')) unique, gateway_account_id bigint unsigned not null, provider_dispute_id varchar(160) collate utf8mb4_bin not null, payment_id bigint unsigned null, intent_id bigint unsigned null, amount_minor bigint not null, fee_minor bigint not null default 0, currency char(3) not null,
  fee_part_minor bigint not null default 0 comment 'of the fee paid with the payment', unheld_minor bigint not null default 0 comment 'more than the payment held: in suspense', takes int not null default 0 comment 'sets after the first',
  reason varchar(120) null, evidence_due_at datetime(6) null, state varchar(32) not null default 'open' check (state in ('open', 'won', 'lost')), opened_at datetime(6) not null, closed_at datetime(6) null,
  created_at datetime(6) not null default (utc_timestamp(6)), created_by bigint unsigned null,
  updated_at datetime(6) not null default (utc_timestamp(6)), updated_by bigint unsigned null, row_version int unsigned not null default 1,
  unique key (gateway_account_id, provider_dispute_id), key (payment_id), key (utility_id, state), foreign key (gateway_account_id) references gateway_account (id)
);

create table if not exists settlement (
  id bigint unsigned not null auto_increment primary key, utility_id bigint unsigned not null, public_id char(22) collate utf8mb4_bin not null default (replace(replace(left(to_base64(random_bytes(17)), 22), '+', '-'), '/', '_')) unique, gateway_account_id bigint unsigned not null, provider_settlement_id varchar(160) collate utf8mb4_bin not null, period_from date null, period_to date null, currency char(3) not null,
  gross_minor bigint not null default 0, fee_minor bigint not null default 0, refund_minor bigint not null default 0, dispute_minor bigint not null default 0, adjustment_minor bigint not null default 0, net_minor bigint not null default 0,
  bank_reference varchar(80) null, deposited_on date null, failed_at datetime(6) null comment 'the bank sent it back', state varchar(32) not null default 'imported' check (state in ('imported', 'matching', 'matched', 'exceptions', 'closed')),
  created_at datetime(6) not null default (utc_timestamp(6)), created_by bigint unsigned null,
  updated_at datetime(6) not null default (utc_timestamp(6)), updated_by bigint unsigned null, row_version int unsigned not null default 1,
  unique key (gateway_account_id, provider_settlement_id), key (utility_id, state, id), foreign key (gateway_account_id) references gateway_account (id)
);

create table if not exists settlement_line (
  id bigint unsigned not null auto_increment primary key, settlement_id bigint unsigned not null, line_no int not null, provider_payment_id varchar(160) collate utf8mb4_bin null, reference varchar(160) null, type varchar(32) not null check (type in ('charge', 'refund', 'dispute', 'fee', 'adjustment')),
  gross_minor bigint not null default 0, fee_minor bigint not null default 0, net_minor bigint not null default 0, occurred_at datetime(6) null, last4 char(4) null, matched_payment_id bigint unsigned null,
  match_state varchar(32) not null default 'unmatched' check (match_state in ('unmatched', 'matched', 'suggested', 'missing_here', 'missing_at_provider', 'amount_differs', 'fee_differs', 'duplicate', 'resolved')), assigned_to bigint unsigned null, comment varchar(500) null, resolved_by bigint unsigned null, resolved_at datetime(6) null,
  unique key (settlement_id, line_no), key (provider_payment_id), key (matched_payment_id), key (assigned_to, match_state), foreign key (settlement_id) references settlement (id)
);

-- Statements of the bank, as files; a line that is a payout names its settlement. The key makes the same line of two files one.
create table if not exists bank_statement (
  id bigint unsigned not null auto_increment primary key, utility_id bigint unsigned not null, public_id char(22) collate utf8mb4_bin not null default (replace(replace(left(to_base64(random_bytes(17)), 22), '+', '-'), '/', '_')) unique, file_name varchar(200) not null, format varchar(32) not null check (format in ('csv', 'mt940')), document_id bigint unsigned null, line_count int not null default 0,
  created_at datetime(6) not null default (utc_timestamp(6)), created_by bigint unsigned null,
  key (utility_id, id), foreign key (utility_id) references utility (id)
);

create table if not exists bank_statement_line (
  id bigint unsigned not null auto_increment primary key, utility_id bigint unsigned not null, public_id char(22) collate utf8mb4_bin not null default (replace(replace(left(to_base64(random_bytes(17)), 22), '+', '-'), '/', '_')) unique, bank_statement_id bigint unsigned not null, line_no int not null, booked_on date not null, amount_minor bigint not null, reference varchar(80) null, text varchar(300) null, line_key binary(32) not null,
  settlement_id bigint unsigned null, state varchar(32) not null default 'open' check (state in ('open', 'suggested', 'matched', 'set_aside')), comment varchar(300) null, decided_by bigint unsigned null, decided_at datetime(6) null,
  unique key bank_line_once (utility_id, line_key), unique key (bank_statement_id, line_no), key (settlement_id), key (utility_id, state, booked_on), key (utility_id, amount_minor), foreign key (bank_statement_id) references bank_statement (id), foreign key (settlement_id) references settlement (id)
);

-- What each gateway owes us by two ways of counting, every night.
create table if not exists gateway_clearing (
  gateway_account_id bigint unsigned not null primary key, reckoned_at datetime(6) not null, ledger_minor bigint not null, unsettled_minor bigint not null,
  foreign key (gateway_account_id) references gateway_account (id)
);

-- Sandbox drivers: what was "sent" and which outcome comes next (/integrations/sandbox).
create table if not exists sandbox_outcome (
  id bigint unsigned not null auto_increment primary key, utility_id bigint unsigned null, provider_id bigint unsigned null, intent_id bigint unsigned null, recipient varchar(254) null, outcome varchar(40) not null, times int not null default 1, params json null,
  created_at datetime(6) not null default (utc_timestamp(6)), created_by bigint unsigned null,
  key (provider_id, recipient), key (intent_id)
);

create table if not exists sandbox_outbox (
  id bigint unsigned not null auto_increment primary key, utility_id bigint unsigned null, provider_id bigint unsigned not null, provider_message_id varchar(80) collate utf8mb4_bin not null unique, channel varchar(16) not null, to_address varchar(254) not null, from_id varchar(254) null,
  subject varchar(200) null, body_text mediumtext null, body_html mediumtext null, outcome varchar(40) null, created_at datetime(6) not null default (utc_timestamp(6)),
  key (utility_id, id), key (utility_id, to_address, id)
);

-- What the sandbox gateway itself knows of money: as a provider would, apart from what we post.
create table if not exists sandbox_money (
  id bigint unsigned not null auto_increment primary key, utility_id bigint unsigned not null, gateway_account_id bigint unsigned not null, intent_id bigint unsigned not null,
  kind varchar(32) not null check (kind in ('charge', 'refund', 'dispute', 'dispute_back')), provider_id varchar(80) collate utf8mb4_bin not null, idempotency_key varchar(80) collate utf8mb4_bin null, refund_no varchar(30) null,
  amount_minor bigint not null check (amount_minor > 0), fee_minor bigint not null default 0, state varchar(32) not null default 'done' check (state in ('open', 'done', 'failed')), text varchar(200) null, payout varchar(40) collate utf8mb4_bin null,
  created_at datetime(6) not null default (utc_timestamp(6)),
  unique key (gateway_account_id, provider_id), unique key (gateway_account_id, idempotency_key), key (intent_id), key (gateway_account_id, payout), foreign key (gateway_account_id) references gateway_account (id)
);
