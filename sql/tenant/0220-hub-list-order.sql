-- Payment intents by amount and number, and found by what people quote: with 100,000 of them a page sorted all.
alter table payment_intent
  add key if not exists payment_intent_amount (utility_id, amount_minor, id),
  add key if not exists payment_intent_no (utility_id, intent_no),
  add key if not exists payment_intent_provider (utility_id, provider_payment_id),
  add key if not exists payment_intent_exception (utility_id, exception, created_at, id);
-- Messages of the sandbox by their age; those of the whole tenant are among them.
alter table sandbox_outbox add key if not exists sandbox_outbox_sent (created_at, id, utility_id);
