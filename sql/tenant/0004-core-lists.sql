-- What people keep of lists: saved filters (README section 2 rule 3) and files made of them (rule 4).
alter table saved_view
  add column if not exists path varchar(300) not null default '' comment 'of the list it was saved on, without the utility''s prefix';

-- The one a person's list begins with: an own or a shared one.
create table if not exists saved_view_default (
  user_id bigint unsigned not null, utility_id bigint unsigned not null, list varchar(60) not null, saved_view_id bigint unsigned not null,
  primary key (user_id, utility_id, list), key (saved_view_id), foreign key (saved_view_id) references saved_view (id) on delete cascade
);

-- An export of more rows than a page writes at once: made by a job, kept some days, for the person who asked for it.
create table if not exists export_file (
  id bigint unsigned not null auto_increment primary key, utility_id bigint unsigned not null, public_id char(22) collate utf8mb4_bin not null default (replace(replace(left(to_base64(random_bytes(17)), 22), '+', '-'), '/', '_')) unique,
  user_id bigint unsigned not null, list varchar(60) not null, title varchar(120) not null, feature varchar(80) collate utf8mb4_bin not null comment 'its export right is asked again when the file is fetched',
  uri varchar(2000) not null comment 'of the list with its filter',
  state varchar(32) not null default 'asked' check (state in ('asked', 'making', 'ready', 'failed', 'cancelled', 'expired')),
  `rows` bigint not null default 0, rows_done bigint not null default 0, problem varchar(500) null,
  job_id bigint unsigned null comment 'of smart360.job', document_id bigint unsigned null, ready_at datetime(6) null, expires_at datetime(6) null, fetched_at datetime(6) null, fetched int not null default 0,
  created_at datetime(6) not null default (utc_timestamp(6)), created_by bigint unsigned null,
  key (user_id, created_at), key (state, expires_at), foreign key (utility_id) references utility (id), foreign key (user_id) references user (id)
);
