-- A job that is asked for while it runs (same kind and unique_key) runs once more when it has ended: it may have read
-- what the caller changed before that was committed.
alter table job add column if not exists again_at datetime(6) null comment 'asked for while it ran; NULL: not';
