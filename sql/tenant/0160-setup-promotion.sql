-- Promotion of a utility's configuration: files brought from other installations, and whose signature is believed.
create table if not exists config_key (
  id bigint unsigned not null auto_increment primary key, public_id char(22) collate utf8mb4_bin not null default (replace(replace(left(to_base64(random_bytes(17)), 22), '+', '-'), '/', '_')) unique,
  name varchar(80) not null, public_key char(43) collate utf8mb4_bin not null unique, withdrawn_at datetime(6) null,
  created_at datetime(6) not null default (utc_timestamp(6)), created_by bigint unsigned null,
  updated_at datetime(6) not null default (utc_timestamp(6)), updated_by bigint unsigned null, row_version int unsigned not null default 1
);

create table if not exists config_file (
  id bigint unsigned not null auto_increment primary key, utility_id bigint unsigned not null, public_id char(22) collate utf8mb4_bin not null default (replace(replace(left(to_base64(random_bytes(17)), 22), '+', '-'), '/', '_')) unique,
  file_name varchar(200) not null, document_id bigint unsigned not null, sha256 binary(32) not null, signer char(43) collate utf8mb4_bin not null,
  source varchar(60) collate utf8mb4_bin not null comment 'tenant/utility it was made in', source_name varchar(150) null, made_by varchar(120) null, made_at datetime(6) not null,
  state varchar(32) not null default 'brought' check (state in ('brought', 'applied')), applied_at datetime(6) null, applied_by bigint unsigned null, result json null,
  created_at datetime(6) not null default (utc_timestamp(6)), created_by bigint unsigned null,
  updated_at datetime(6) not null default (utc_timestamp(6)), updated_by bigint unsigned null, row_version int unsigned not null default 1,
  unique key (utility_id, sha256), key (utility_id, source, state, made_at), foreign key (utility_id) references utility (id)
);
