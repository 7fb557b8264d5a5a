-- Bills taken together from the viewer (BX04US01): sent again, as a ZIP, as one file to print. The file is kept a week.
create table if not exists bill_set (
  id bigint unsigned not null auto_increment primary key, utility_id bigint unsigned not null, public_id char(22) collate utf8mb4_bin not null default (replace(replace(left(to_base64(random_bytes(17)), 22), '+', '-'), '/', '_')) unique, what varchar(32) not null check (what in ('send', 'zip', 'print')), state varchar(32) not null default 'queued' check (state in ('queued', 'working', 'ready', 'failed', 'expired')),
  bills int not null, done_n int not null default 0, refused_n int not null default 0, document_id bigint unsigned null, problem varchar(300) null, owner_id bigint unsigned not null, expires_at datetime(6) null,
  created_at datetime(6) not null default (utc_timestamp(6)), created_by bigint unsigned null,
  updated_at datetime(6) not null default (utc_timestamp(6)), updated_by bigint unsigned null, row_version int unsigned not null default 1,
  key (owner_id, state), key (utility_id, state, expires_at), foreign key (utility_id) references utility (id)
);

create table if not exists bill_set_item (
  set_id bigint unsigned not null, seq int not null, bill_id bigint unsigned not null, state varchar(32) not null default 'waiting' check (state in ('waiting', 'done', 'refused')), reason varchar(300) null,
  primary key (set_id, seq), key (set_id, state, seq), foreign key (set_id) references bill_set (id), foreign key (bill_id) references bill (id)
);
