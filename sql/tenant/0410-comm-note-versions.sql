-- A number for each person's notes that is another one whenever a note of the person was written: a page's first
-- statement brings it, and what is unread is counted only when it is new to the worker. No row: nothing was ever posted.
create table if not exists note_version (
  recipient_kind varchar(32) not null, recipient_id bigint unsigned not null, version bigint unsigned not null,
  primary key (recipient_id, recipient_kind)
);

insert ignore into note_version (recipient_kind, recipient_id, version)
select recipient_kind, recipient_id, uuid_short() from notification group by recipient_kind, recipient_id;
