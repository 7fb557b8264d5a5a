-- What a platform sells to begin with (ONB08US01); edited on /platform/plans.
insert into subscription_plan (code, name, price_minor, currency, `interval`, limits, modules, sort) values
  ('starter', 'Starter', 60000, 'USD', 'month', '{"utilities":1,"accounts":5000,"seats":15,"sms_month":2000,"email_month":20000,"storage_mb":20000}', '["core","cis","bx","portal"]', 1),
  ('growth', 'Growth', 240000, 'USD', 'month', '{"utilities":3,"accounts":60000,"seats":150,"sms_month":50000,"email_month":500000,"storage_mb":500000}', '["core","hub","cis","cc","comm","portal","mx","bx","wx"]', 2),
  ('enterprise', 'Enterprise', 0, 'USD', 'month', '{}', '["core","hub","cis","cc","comm","portal","mx","bx","wx"]', 3)
on duplicate key update subscription_plan.id = subscription_plan.id;
update subscription_plan set by_contract = 1 where code = 'enterprise' and price_minor = 0;
