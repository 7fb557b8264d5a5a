-- How often an invitation was sent of late: three within an hour, as links to a new password (ONB01US01, ONB02US03).
alter table invitation
  add column if not exists sent_before_at datetime(6) null comment 'the time before sent_at' after sent_at,
  add column if not exists sent_earlier_at datetime(6) null comment 'and the one before that' after sent_before_at;
