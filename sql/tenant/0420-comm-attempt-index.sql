-- What left by a provider within a second, or a month, is counted before each message.
alter table message_attempt add index if not exists message_attempt_provider (message_provider_id, request_at);
