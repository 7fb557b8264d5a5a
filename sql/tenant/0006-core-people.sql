-- Invitations that are being written (ONB02US03, lib/wizard.h).
create table if not exists user_invite_draft (
  id bigint unsigned not null auto_increment primary key, utility_id bigint unsigned null, public_id char(22) collate utf8mb4_bin not null default (replace(replace(left(to_base64(random_bytes(17)), 22), '+', '-'), '/', '_')) unique,
  user_id bigint unsigned not null, `values` longtext not null, done tinyint(1) not null default 0, result varchar(500) null,
  created_at datetime(6) not null default (utc_timestamp(6)), updated_at datetime(6) not null default (utc_timestamp(6)), version int unsigned not null default 1,
  key (user_id, done, updated_at), foreign key (user_id) references user (id)
);

-- What people choose for themselves beside the look of their screen (AU01US03).
alter table user
  add column if not exists mail_off tinyint(1) not null default 0 comment 'no mail about what waits in the application';
