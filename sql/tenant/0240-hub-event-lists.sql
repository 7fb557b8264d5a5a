-- Webhook events by state, provider and type, and found by what people quote: with 100,000 of them a page sorted all.
alter table webhook_event
  add key if not exists webhook_event_state (utility_id, state, received_at, id),
  add key if not exists webhook_event_driver (utility_id, driver, received_at, id),
  add key if not exists webhook_event_both (utility_id, driver, state, received_at, id),
  add key if not exists webhook_event_no (utility_id, provider_event_id),
  add key if not exists webhook_event_type (utility_id, type, id);
