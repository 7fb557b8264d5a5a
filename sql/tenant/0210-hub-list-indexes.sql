-- Lists of payment intents and webhook events by their age: with 200,000 rows each a page took 0.7 to 1.8 s to sort them.
alter table payment_intent
  add key if not exists payment_intent_newest (utility_id, created_at, id),
  add key if not exists payment_intent_state (utility_id, state, created_at, id);
alter table webhook_event
  add key if not exists webhook_event_newest (utility_id, received_at, id);
