-- Saved cards on their way, and what autopay did (CSS01US03). The cards themselves are saved_payment_method.
create table if not exists method_setup (
  id bigint unsigned not null auto_increment primary key, utility_id bigint unsigned not null, public_id char(22) collate utf8mb4_bin not null default (replace(replace(left(to_base64(random_bytes(17)), 22), '+', '-'), '/', '_')) unique,
  portal_user_id bigint unsigned not null, gateway_account_id bigint unsigned not null, intent_id bigint unsigned null unique comment 'a payment that keeps its card', ref varchar(160) collate utf8mb4_bin null,
  state varchar(32) not null default 'open' check (state in ('open', 'done', 'failed')), saved_method_id bigint unsigned null, consent_at datetime(6) not null, consent_text_version varchar(20) not null, for_account_no varchar(30) null comment 'autopay of this account is set up next',
  created_at datetime(6) not null default (utc_timestamp(6)),
  key (portal_user_id, id), key (ref), foreign key (portal_user_id) references portal_user (id), foreign key (gateway_account_id) references gateway_account (id)
);

-- One try to take one bill: (enrolment, bill, number) is the key of the charge for ever.
create table if not exists autopay_attempt (
  id bigint unsigned not null auto_increment primary key, utility_id bigint unsigned not null, autopay_id bigint unsigned not null, bill_id bigint unsigned not null, try_no tinyint not null, on_date date not null, amount_minor bigint not null, intent_id bigint unsigned null unique,
  state varchar(32) not null default 'charging' check (state in ('charging', 'paid', 'failed')), failure_code varchar(60) null, failure_text varchar(500) null, is_hard tinyint(1) not null default 0,
  created_at datetime(6) not null default (utc_timestamp(6)), ended_at datetime(6) null,
  unique key (autopay_id, bill_id, try_no), key (bill_id, state), foreign key (autopay_id) references autopay_enrolment (id)
);
