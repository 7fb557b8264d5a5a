-- The connections of a plan are listed by their number, or by the day they came to it.
alter table service_connection
  add index if not exists connection_plan (utility_id, tariff_plan_id, connection_no),
  add index if not exists connection_plan_from (utility_id, tariff_plan_id, plan_valid_from);
