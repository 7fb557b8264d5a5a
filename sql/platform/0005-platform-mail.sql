-- Mails the platform's own server sends: to the platform's people, and to staff of tenants without a provider (S13, I13).
create table if not exists platform_mail (
  id bigint unsigned not null auto_increment primary key, public_id char(22) collate utf8mb4_bin not null default (replace(replace(left(to_base64(random_bytes(17)), 22), '+', '-'), '/', '_')) unique,
  mail_key varchar(60) not null comment 'which text, of the messages', to_address varchar(254) not null, lang varchar(10) not null default 'en', subject varchar(200) not null,
  body_text mediumtext not null comment 'secrets of links left out', body_enc mediumblob null comment 'as it goes out; emptied then',
  status varchar(32) not null default 'queued' check (status in ('queued', 'retry', 'sending', 'unknown', 'sent', 'failed', 'expired')), attempts tinyint not null default 0,
  code varchar(20) null, meaning varchar(200) null, expires_at datetime(6) not null, created_at datetime(6) not null, ended_at datetime(6) null,
  key (status, id), key (to_address, id)
);

-- Where a sandbox without a mail server keeps what would have gone out.
create table if not exists platform_outbox (
  mail_no varchar(80) collate utf8mb4_bin not null primary key, to_address varchar(254) not null, subject varchar(200) not null, body_text mediumtext not null, body_html mediumtext null,
  created_at datetime(6) not null default (utc_timestamp(6)), key (to_address, created_at)
);
