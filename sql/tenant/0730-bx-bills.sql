-- Bills and the runs that make them (5-billing, "The billing engine", "Runs, workers, crashes"). Invariants I4 to I6, I10.
-- live_flag and run_flag are 1 while alive, else NULL: one live bill per account and cycle period, one live run per cycle period.
create table if not exists bill_run (
  id bigint unsigned not null auto_increment primary key, utility_id bigint unsigned not null, public_id char(22) collate utf8mb4_bin not null default (replace(replace(left(to_base64(random_bytes(17)), 22), '+', '-'), '/', '_')) unique, run_no varchar(30) collate utf8mb4_bin not null, mode varchar(32) not null default 'v1' check (mode in ('v1', 'v2')), bill_cycle_period_id bigint unsigned not null, bill_date date not null, due_date date not null, options json null, message varchar(300) null, template_version_id bigint unsigned null,
  state varchar(32) not null check (state in ('queued', 'running', 'paused', 'completed', 'completed_with_errors', 'cancelled', 'setup', 'checking', 'ready', 'calculating', 'review', 'awaiting_approval', 'approved', 'publishing', 'published', 'closed', 'rolled_back')),
  stage tinyint not null default 1 check (stage between 1 and 6), sample_of int not null default 0, simulate_only tinyint(1) not null default 0, pause_requested tinyint(1) not null default 0, cancel_requested tinyint(1) not null default 0,
  account_count int not null default 0, billed_count int not null default 0, held_count int not null default 0, error_count int not null default 0, skipped_count int not null default 0, amount_minor bigint not null default 0, tax_minor bigint not null default 0, usage_by_unit json null, workers tinyint null,
  owner_id bigint unsigned null, last_actor_id bigint unsigned null comment 'who generated or released last: may not approve', approver_id bigint unsigned null, approved_at datetime(6) null, approval_note varchar(500) null, publish_at datetime(6) null, checklist json null, compare_run_id bigint unsigned null,
  started_at datetime(6) null, started_by bigint unsigned null, finished_at datetime(6) null, finished_by bigint unsigned null, last_error varchar(500) null,
  run_flag tinyint generated always as (if(simulate_only = 1 or state in ('completed', 'completed_with_errors', 'cancelled', 'published', 'closed', 'rolled_back'), null, 1)) stored,
  created_at datetime(6) not null default (utc_timestamp(6)), created_by bigint unsigned null,
  updated_at datetime(6) not null default (utc_timestamp(6)), updated_by bigint unsigned null, row_version int unsigned not null default 1,
  unique key (utility_id, run_no), unique key bill_run_active (bill_cycle_period_id, run_flag), key (utility_id, id), foreign key (bill_cycle_period_id) references bill_cycle_period (id), foreign key (utility_id) references utility (id), check (due_date >= bill_date)
);

create table if not exists bill_run_item (
  id bigint unsigned not null auto_increment primary key, run_id bigint unsigned not null, account_id bigint unsigned not null, seq int not null, state varchar(32) not null default 'pending' check (state in ('pending', 'claimed', 'calculated', 'held', 'error', 'skipped', 'published', 'rolled_back')), stale tinyint(1) not null default 0,
  claimed_by varchar(80) null, lease_until datetime(6) null, attempt tinyint not null default 0, error_code varchar(10) null, error_text varchar(300) null, skip_reason varchar(300) null, bill_id bigint unsigned null, amount_minor bigint null, released_by bigint unsigned null, release_reason varchar(500) null, done_at datetime(6) null,
  unique key (run_id, account_id), unique key (run_id, seq), key bill_run_item_claim (run_id, state, seq), key (account_id, run_id), foreign key (run_id) references bill_run (id)
);

-- What people decided about the readings of a run (stage 3): check_reading waits for field work.
create table if not exists bill_run_reading (
  run_id bigint unsigned not null, service_connection_id bigint unsigned not null,
  decision varchar(32) not null check (decision in ('estimated', 'accepted', 'check_reading', 'entered')),
  service_order_id bigint unsigned null, decided_at datetime(6) not null, decided_by bigint unsigned null,
  primary key (run_id, service_connection_id), key (service_connection_id, decision), foreign key (run_id) references bill_run (id)
);

create table if not exists bill (
  id bigint unsigned not null auto_increment primary key, utility_id bigint unsigned not null, account_id bigint unsigned not null, consumer_id bigint unsigned not null, bill_no varchar(30) collate utf8mb4_bin null comment 'taken when published: gapless', draft_ref char(22) collate utf8mb4_bin null, kind varchar(32) not null default 'cycle' check (kind in ('cycle', 'single', 'final', 'correction', 'one_off', 'migration')),
  bill_cycle_period_id bigint unsigned null, bill_run_id bigint unsigned null, period_start date not null, period_end date not null, days smallint not null, bill_date date not null, due_date date not null, accounting_date date null, currency char(3) not null,
  status varchar(32) not null default 'draft' check (status in ('draft', 'held', 'approved', 'published', 'cancelled', 'discarded')), payment_status varchar(32) not null default 'unpaid' check (payment_status in ('unpaid', 'partial', 'paid', 'overdue', 'credit')), is_estimated tinyint(1) not null default 0, stale tinyint(1) not null default 0, hold_code varchar(10) null,
  previous_balance_minor bigint not null default 0, payments_minor bigint not null default 0, adjustments_minor bigint not null default 0, posted_charges_minor bigint not null default 0, balance_forward_minor bigint not null default 0, current_charges_minor bigint not null default 0 comment 'incl. tax', tax_minor bigint not null default 0, deposit_minor bigint not null default 0, instalment_due_minor bigint not null default 0, deferred_minor bigint not null default 0, rounding_minor bigint not null default 0,
  total_minor bigint not null default 0 comment 'sum of the lines that post: what this bill adds to AR', amount_due_minor bigint not null default 0, credit_carried_minor bigint not null default 0, credit_applied_minor bigint not null default 0,
  paid_minor bigint not null default 0 comment 'payments and credits applied to this bill', open_minor bigint generated always as (if(status = 'published', total_minor - paid_minor, 0)) stored,
  dispute_hold tinyint(1) not null default 0, supersedes_bill_id bigint unsigned null, superseded_by_bill_id bigint unsigned null, version_group_id bigint unsigned null, version_no smallint not null default 1, template_version_id bigint unsigned null, language varchar(10) not null default 'en', message varchar(300) null, reason varchar(300) null, bill_group_id bigint unsigned null,
  usage_qty_micro bigint null, usage_unit varchar(20) null comment 'of the first metered service: for lists', use_charges_minor bigint not null default 0, service_charges_minor bigint not null default 0 comment 'current lines by use; others but tax and discount', category_id bigint unsigned null, sub_area_id bigint unsigned null, tariff_plan_id bigint unsigned null comment 'as billed: for lists and totals',
  calc_trace_document_id bigint unsigned null, calc_trace mediumtext null check (calc_trace is null or json_valid(calc_trace)), pdf_document_id bigint unsigned null, pdf_sha256 binary(32) null, pay_token char(22) collate utf8mb4_bin not null default (replace(replace(left(to_base64(random_bytes(17)), 22), '+', '-'), '/', '_')) unique,
  published_at datetime(6) null, published_by bigint unsigned null, cancelled_at datetime(6) null, cancelled_by bigint unsigned null, cancel_reason varchar(500) null, import_batch_id bigint unsigned null,
  live_flag tinyint generated always as (if(status in ('draft', 'held', 'approved', 'published'), 1, null)) stored,
  single_live tinyint generated always as (if(bill_cycle_period_id is null and kind in ('single', 'final') and status in ('draft', 'held', 'approved', 'published'), 1, null)) stored,
  listed tinyint generated always as (if(status in ('published', 'cancelled'), 1, null)) stored,
  created_at datetime(6) not null default (utc_timestamp(6)), created_by bigint unsigned null,
  updated_at datetime(6) not null default (utc_timestamp(6)), updated_by bigint unsigned null, row_version int unsigned not null default 1,
  unique key bill_number (utility_id, bill_no), unique key bill_live_cycle (account_id, bill_cycle_period_id, live_flag), unique key bill_live_single (account_id, kind, period_start, period_end, single_live),
  key bill_account (account_id, bill_date, id, status, published_at), key bill_list (utility_id, listed, bill_date desc, id desc), key bill_list_payment (utility_id, listed, payment_status, bill_date desc, id desc, status, due_date, open_minor), key bill_list_state (utility_id, status, bill_date desc, id desc), key bill_period (bill_cycle_period_id, status, payment_status, id), key bill_run (bill_run_id, status), key bill_consumer (consumer_id, id), key (version_group_id),
  key bill_month (utility_id, status, bill_date, kind, bill_cycle_period_id, total_minor, is_estimated, paid_minor, credit_applied_minor, usage_qty_micro, days, use_charges_minor, service_charges_minor),
  foreign key (account_id) references account (id), foreign key (bill_cycle_period_id) references bill_cycle_period (id), foreign key (bill_run_id) references bill_run (id),
  check (status not in ('published', 'cancelled') or bill_no is not null), check (period_end >= period_start)
);

create table if not exists bill_segment (
  id bigint unsigned not null auto_increment primary key, bill_id bigint unsigned not null, seq smallint not null, service_connection_id bigint unsigned not null, tariff_plan_id bigint unsigned not null, tariff_plan_version_id bigint unsigned null, segment_start date not null, segment_end date not null, days smallint not null,
  usage_qty_micro bigint not null default 0, usage_unit varchar(20) null, usage_source varchar(32) not null default 'actual' check (usage_source in ('actual', 'estimated', 'mixed', 'unmetered', 'deemed')), readings json null comment 'start and end reading id, index, date, meter, multiplier', estimate_method varchar(60) null, avg_daily_qty_micro bigint null, carried_qty_micro bigint not null default 0 comment 'interpolation: left for the next bill', last_year_qty_micro bigint null,
  unique key (bill_id, seq), key bill_segment_days (service_connection_id, segment_end), foreign key (bill_id) references bill (id)
);

create table if not exists bill_line (
  id bigint unsigned not null auto_increment primary key, bill_id bigint unsigned not null, segment_id bigint unsigned null, seq smallint not null, section varchar(32) not null default 'since_last_bill' check (section in ('since_last_bill', 'current', 'instalment', 'deposit', 'info')), charge_type varchar(30) collate utf8mb4_bin not null, description varchar(200) not null, tariff_rate_id bigint unsigned null, service_code varchar(4) collate utf8mb4_bin null,
  from_date date null, to_date date null, qty_micro bigint null, unit varchar(20) null, rate_micro bigint null, factor_num bigint null, factor_den bigint null, amount_minor bigint not null, detail json null comment 'tiers or time-of-use periods, unrounded; tax base; formula',
  tax_codes json null, tax_code varchar(20) collate utf8mb4_bin null, gl_code_id bigint unsigned null, posts tinyint(1) not null default 1 comment '0: shown only (already in the ledger or information)', charge_id bigint unsigned null, instalment_id bigint unsigned null, adjustment_id bigint unsigned null, deposit_id bigint unsigned null, true_up_of_bill_id bigint unsigned null,
  unique key (bill_id, seq), key (charge_id), foreign key (bill_id) references bill (id)
);

create table if not exists bill_exception (
  id bigint unsigned not null auto_increment primary key, utility_id bigint unsigned not null, public_id char(22) collate utf8mb4_bin not null default (replace(replace(left(to_base64(random_bytes(17)), 22), '+', '-'), '/', '_')) unique, run_id bigint unsigned null, account_id bigint unsigned not null, bill_id bigint unsigned null, code varchar(10) collate utf8mb4_bin not null, message varchar(300) not null, severity varchar(32) not null check (severity in ('error', 'hold', 'warning')), state varchar(32) not null default 'open' check (state in ('open', 'assigned', 'resolved', 'left_out')), assignee_id bigint unsigned null, amount_minor bigint null, facts json null,
  opened_at datetime(6) not null, resolved_at datetime(6) null, resolved_by bigint unsigned null, resolution varchar(32) null check (resolution in ('released', 'corrected', 'left_out', 'auto')), note varchar(500) null, row_version int unsigned not null default 1,
  open_flag tinyint generated always as (if(state in ('open', 'assigned'), 1, null)) stored,
  unique key (run_id, account_id, code, open_flag), key (utility_id, state, opened_at), key (account_id, state), key (bill_id), foreign key (account_id) references account (id)
);

create table if not exists bill_group (
  id bigint unsigned not null auto_increment primary key, utility_id bigint unsigned not null, public_id char(22) collate utf8mb4_bin not null default (replace(replace(left(to_base64(random_bytes(17)), 22), '+', '-'), '/', '_')) unique, group_no varchar(30) collate utf8mb4_bin not null, consumer_id bigint unsigned not null, total_minor bigint not null default 0, currency char(3) not null, due_date date not null, state varchar(32) not null default 'draft' check (state in ('draft', 'published', 'cancelled')), pdf_document_id bigint unsigned null,
  created_at datetime(6) not null default (utc_timestamp(6)), created_by bigint unsigned null,
  updated_at datetime(6) not null default (utc_timestamp(6)), updated_by bigint unsigned null, row_version int unsigned not null default 1,
  unique key (utility_id, group_no), foreign key (consumer_id) references consumer (id)
);

create table if not exists single_bill_draft (
  id bigint unsigned not null auto_increment primary key, utility_id bigint unsigned not null, public_id char(22) collate utf8mb4_bin not null default (replace(replace(left(to_base64(random_bytes(17)), 22), '+', '-'), '/', '_')) unique, account_id bigint unsigned null, consumer_id bigint unsigned null, purpose varchar(32) not null default 'single' check (purpose in ('single', 'correction', 'replacement', 'reactivation', 'final', 'consolidated', 'one_off', 'rebill')), step tinyint not null default 1, inputs json not null, owner_id bigint unsigned null, form_key varchar(64) collate utf8mb4_bin null unique,
  state varchar(32) not null default 'draft' check (state in ('draft', 'awaiting_approval', 'approved', 'issued', 'discarded')), bill_id bigint unsigned null, source_bill_id bigint unsigned null, source_type varchar(40) null, source_id bigint unsigned null, difference_minor bigint null, expires_at datetime(6) not null,
  open_flag tinyint generated always as (if(state in ('issued', 'discarded'), null, 1)) stored,
  created_at datetime(6) not null default (utc_timestamp(6)), created_by bigint unsigned null,
  updated_at datetime(6) not null default (utc_timestamp(6)), updated_by bigint unsigned null, row_version int unsigned not null default 1,
  unique key single_bill_draft_open (source_type, source_id, purpose, open_flag), key (utility_id, state, owner_id), key (account_id)
);

create table if not exists bill_approval (
  id bigint unsigned not null auto_increment primary key, utility_id bigint unsigned not null, bill_id bigint unsigned null, draft_id bigint unsigned null, requested_by bigint unsigned not null, requested_at datetime(6) not null, approver_id bigint unsigned null, decision varchar(32) not null default 'open' check (decision in ('open', 'approved', 'refused')), decided_at datetime(6) null, note varchar(500) null,
  key (bill_id), key (draft_id), key (utility_id, decision)
);

create table if not exists bill_note (
  id bigint unsigned not null auto_increment primary key, utility_id bigint unsigned not null, bill_id bigint unsigned not null, text varchar(1000) not null, author_id bigint unsigned not null, at datetime(6) not null, key (bill_id, id), foreign key (bill_id) references bill (id)
);

create table if not exists bill_delivery (
  id bigint unsigned not null auto_increment primary key, utility_id bigint unsigned not null, bill_id bigint unsigned not null, channel varchar(32) not null check (channel in ('email', 'sms', 'whatsapp', 'portal', 'paper')), address varchar(300) null, reason_key varchar(40) collate utf8mb4_bin not null default 'publish', state varchar(32) not null default 'queued' check (state in ('queued', 'sent', 'delivered', 'opened', 'soft_bounced', 'hard_bounced', 'failed', 'fallback', 'in_batch', 'printed', 'handed_over', 'returned', 'cancelled')),
  attempts tinyint not null default 0, next_attempt_at datetime(6) null, message_id bigint unsigned null, provider_ref varchar(160) null, reason varchar(300) null, fallback_of bigint unsigned null, note varchar(300) null, sent_at datetime(6) null, ended_at datetime(6) null, row_version int unsigned not null default 1, created_at datetime(6) not null default (utc_timestamp(6)),
  unique key (bill_id, channel, reason_key), key (state, next_attempt_at), key (utility_id, channel, state), key (message_id), foreign key (bill_id) references bill (id)
);

create table if not exists billing_daily_total (
  id bigint unsigned not null auto_increment primary key, utility_id bigint unsigned not null, total_date date not null, cycle_id bigint unsigned not null default 0, category_id bigint unsigned not null default 0, sub_area_id bigint unsigned not null default 0, service_code varchar(4) collate utf8mb4_bin not null default '',
  bills int not null default 0, amount_minor bigint not null default 0, tax_minor bigint not null default 0, usage_qty_micro bigint not null default 0, estimated int not null default 0, payments_minor bigint not null default 0, reading_days int not null default 0 comment 'sum over the bills: days from the last reading to the bill', rebuilt_at datetime(6) not null default (utc_timestamp(6)),
  unique key (utility_id, total_date, cycle_id, category_id, sub_area_id, service_code)
);

-- What a month's overview shows beside the daily totals; made with them.
create table if not exists billing_month_figure (
  utility_id bigint unsigned not null, month char(7) not null, late_fees_minor bigint not null default 0, adjustments_minor bigint not null default 0, credit_notes_minor bigint not null default 0, use_bands json not null comment 'bills by use', largest json not null comment 'accounts of the largest use', rebuilt_at datetime(6) not null,
  primary key (utility_id, month)
);

-- Simulations of a billed period with other tariff versions (BX02US01): results only, never bills.
create table if not exists bill_simulation (
  id bigint unsigned not null auto_increment primary key, utility_id bigint unsigned not null, public_id char(22) collate utf8mb4_bin not null default (replace(replace(left(to_base64(random_bytes(17)), 22), '+', '-'), '/', '_')) unique,
  name varchar(80) not null, bill_cycle_period_id bigint unsigned not null, versions json not null comment 'tariff_plan_version ids, each in place of its plan', sample_n int not null default 0 comment '0: all', seed int unsigned not null default 1,
  state varchar(32) not null default 'queued' check (state in ('queued', 'running', 'done', 'failed')), accounts int not null default 0, done_n int not null default 0, skipped_n int not null default 0, problem varchar(300) null,
  owner_id bigint unsigned null, started_at datetime(6) null, finished_at datetime(6) null,
  created_at datetime(6) not null default (utc_timestamp(6)), created_by bigint unsigned null,
  updated_at datetime(6) not null default (utc_timestamp(6)), updated_by bigint unsigned null, row_version int unsigned not null default 1,
  unique key (utility_id, name), key (utility_id, id), foreign key (utility_id) references utility (id), foreign key (bill_cycle_period_id) references bill_cycle_period (id)
);

-- By category and by size of the change: band -4 lower by over 20 %, -3 over 10, -2 over 5, -1 lower, 0 the same, 1 to 4 higher.
create table if not exists bill_simulation_result (
  simulation_id bigint unsigned not null, category_id bigint unsigned not null default 0, band tinyint not null check (band between -4 and 4), bills int not null default 0, now_minor bigint not null default 0, then_minor bigint not null default 0,
  primary key (simulation_id, category_id, band), foreign key (simulation_id) references bill_simulation (id)
);
