-- Electricity utility, slab tariff: use in steps of 100, 200 and 400 kWh, duty on all of it.
-- Run for a utility by app/setup/start.c with @utility_id, @today and @user_id; adds what is missing and changes nothing that is there.

update utility_service set active = 1, unit = 'kWh', decimals = 0, billing_basis = null, gl_revenue_code = '4060' where utility_id = @utility_id and code = 'EL' and active = 0 and unit is null;
update utility set primary_service_code = 'EL' where id = @utility_id and primary_service_code is null;

insert into consumer_category (utility_id, code, name, credit_days, bill_limit_minor, sort) values
  (@utility_id, 'DOM', 'Domestic', 21, 500000, 1),
  (@utility_id, 'COM', 'Commercial', 21, 500000, 2)
on duplicate key update consumer_category.id = consumer_category.id;
insert into consumer_sub_category (utility_id, category_id, code, name, sort)
select @utility_id, c.id, k.code, k.name, k.sort
from (select 'DOM' category, 'URB' code, 'Urban' name, 1 sort union all select 'DOM', 'RUR', 'Rural', 2 union all select 'COM', 'SML', 'Small', 3 union all select 'COM', 'LRG', 'Large', 4) k
join consumer_category c on c.utility_id = @utility_id and c.code = k.category
where true
on duplicate key update consumer_sub_category.id = consumer_sub_category.id;
insert into contract_type (utility_id, code, name, service_code, category_id, term_months, notice_days, auto_renew, template_text)
select @utility_id, k.code, k.name, 'EL', c.id, 12, 30, 1, concat('Agreement between {{consumer.name}} and ', u.name, ' for account {{account.account_no}}, plan {{plan.name}}, from {{date}}.')
from (select 'DOM' category, 'ESA-DOM' code, 'Electricity service agreement DOM' name union all select 'COM', 'ESA-COM', 'Electricity service agreement COM') k
join consumer_category c on c.utility_id = @utility_id and c.code = k.category
join utility u on u.id = @utility_id
where true
on duplicate key update contract_type.id = contract_type.id;

insert into tax_code (utility_id, code, name, rate_ppm, method, gl_code, effective_from) values (@utility_id, 'DUTY', 'Electricity duty', 60000, 'exclusive', '2400', '2020-01-01')
on duplicate key update tax_code.id = tax_code.id;
insert into fee (utility_id, code, name, kind, charge_type, post_mode, amount_minor, refundable, gl_code, effective_from) values
  (@utility_id, 'DEP-DOM', 'Deposit, domestic', 'deposit', 'DEPOSIT', 'immediate', 8000, 1, '2300', '2020-01-01'),
  (@utility_id, 'DEP-COM', 'Deposit, commercial', 'deposit', 'DEPOSIT', 'immediate', 30000, 1, '2300', '2020-01-01')
on duplicate key update fee.id = fee.id;
update consumer_category c join fee f on f.utility_id = c.utility_id and f.code = concat('DEP-', c.code) set c.deposit_fee_id = f.id where c.utility_id = @utility_id and c.deposit_fee_id is null;
insert into late_fee_rule (utility_id, code, name, `trigger`, grace_days, kind, rate_ppm, minimum_minor, repeat_mode, exempt, effective_from) values (@utility_id, 'LATE-STD', 'Late fee 1.25 %', 'grace', 10, 'percent', 12500, 300, 'once', '["agreement","dispute"]', '2020-01-01')
on duplicate key update late_fee_rule.id = late_fee_rule.id;

-- Plans as drafts from the first of this month: somebody sends them in, somebody else approves.
insert into tariff_plan (utility_id, code, name, kind, service_codes, category_ids, currency, status, created_by)
select @utility_id, k.code, k.name, k.kind, '["EL"]', concat('[', c.id, ']'), u.currency, 'draft', @user_id
from (select 'DOM-SLAB' code, 'Domestic slabs' name, 'variable' kind, 'DOM' category union all select 'COM-FLAT', 'Commercial', 'variable', 'COM') k
join consumer_category c on c.utility_id = @utility_id and c.code = k.category
join utility u on u.id = @utility_id
where true
on duplicate key update tariff_plan.id = tariff_plan.id;
insert into tariff_plan_version (utility_id, plan_id, version_no, effective_from, state, change_reason, created_by)
select @utility_id, p.id, 1, date_format(@today, '%Y-%m-01'), 'draft', 'First version', @user_id
from tariff_plan p
where p.utility_id = @utility_id and p.code in ('DOM-SLAB','COM-FLAT') and not exists (select 1 from tariff_plan_version v where v.plan_id = p.id)
on duplicate key update tariff_plan_version.id = tariff_plan_version.id;
insert into tariff_rate (utility_id, version_id, sequence, code, label, type, charge_type, calc, basis, service_code, unit, rate_micro, amount_minor, qty_percent_ppm, tier_mode, tier_period, minimum_minor, tax_codes, refs, gl_code, taxable)
select @utility_id, v.id, k.sequence, k.code, k.label, k.type, k.charge_type, k.calc, 'per_month', k.service, k.unit, k.rate, k.amount, k.percent, 'marginal', 'month', k.minimum, if(k.taxed, '["DUTY"]', null), k.refs, k.gl, k.taxed
from (
  select 'DOM-SLAB' plan, 10 sequence, 'EL-BASE' code, 'Fixed charge' label, 'fixed' type, 'FIXED' charge_type, 'flat' calc, 'EL' service, null unit, null rate, 500 amount, 1000000 percent, null minimum, 1 taxed, null refs, '4060' gl union all
  select 'DOM-SLAB', 20, 'EL-USE', 'Energy', 'tiered', 'USAGE', 'tiered', 'EL', 'kWh', null, null, 1000000, null, 1, null, '4060' union all
  select 'COM-FLAT', 10, 'EL-BASE', 'Fixed charge', 'fixed', 'FIXED', 'flat', 'EL', null, null, 1800, 1000000, null, 1, null, '4060' union all
  select 'COM-FLAT', 20, 'EL-USE', 'Energy', 'flat', 'USAGE', 'per_unit', 'EL', 'kWh', 142000, null, 1000000, null, 1, null, '4060'
) k
join tariff_plan p on p.utility_id = @utility_id and p.code = k.plan
join tariff_plan_version v on v.plan_id = p.id and v.version_no = 1 and v.state = 'draft'
where not exists (select 1 from tariff_rate x where x.version_id = v.id and x.code = k.code)
on duplicate key update tariff_rate.id = tariff_rate.id;
insert into tariff_tier (rate_id, seq, upto_qty_micro, rate_micro)
select r.id, k.seq, k.upto, k.rate
from (select 'DOM-SLAB' plan, 'EL-USE' code, 1 seq, 100000000 upto, 60000 rate union all select 'DOM-SLAB', 'EL-USE', 2, 200000000, 85000 union all select 'DOM-SLAB', 'EL-USE', 3, 400000000, 112000 union all select 'DOM-SLAB', 'EL-USE', 4, null, 135000) k
join tariff_plan p on p.utility_id = @utility_id and p.code = k.plan
join tariff_plan_version v on v.plan_id = p.id and v.version_no = 1 and v.state = 'draft'
join tariff_rate r on r.version_id = v.id and r.code = k.code
where true
on duplicate key update tariff_tier.id = tariff_tier.id;
update consumer_category c join tariff_plan p on p.utility_id = c.utility_id and json_contains(p.category_ids, cast(c.id as char)) and p.kind = 'variable' set c.default_tariff_plan_id = p.id where c.utility_id = @utility_id and c.default_tariff_plan_id is null;

insert into reading_format (utility_id, code, name, service_code, digits, decimals, unit) values (@utility_id, 'E6.0', 'Six digits', 'EL', 6, 0, 'kWh'), (@utility_id, 'E7.1', 'Seven digits, one decimal', 'EL', 7, 1, 'kWh')
on duplicate key update reading_format.id = reading_format.id;
insert into manufacturer (utility_id, code, name) values (@utility_id, 'MFR-A', 'Manufacturer A')
on duplicate key update manufacturer.id = manufacturer.id;
insert into meter_model (utility_id, manufacturer_id, code, name, service_code, read_type, technology, size, test_interval_months, warranty_months)
select @utility_id, m.id, k.code, k.name, 'EL', 'manual', k.technology, k.size, 120, 60
from (select 'EM1' code, 'Single phase meter' name, 'electronic' technology, '1P' size union all select 'EM3', 'Three phase meter', 'electronic', '3P') k
join manufacturer m on m.utility_id = @utility_id and m.code = 'MFR-A'
where true
on duplicate key update meter_model.id = meter_model.id;
insert into meter_model_register (meter_model_id, register_code, reading_format_id, unit)
select m.id, 'R1', f.id, f.unit
from meter_model m
join reading_format f on f.utility_id = m.utility_id and f.code = 'E6.0'
where m.utility_id = @utility_id
on duplicate key update meter_model_register.id = meter_model_register.id;
insert into store (utility_id, code, name, kind) values (@utility_id, 'ST-MAIN', 'Main warehouse', 'warehouse')
on duplicate key update store.id = store.id;
insert into estimation_policy (utility_id, service_code, methods, max_consecutive, max_days) values (@utility_id, 'EL', '["E1","E2","E4"]', 2, 120)
on duplicate key update estimation_policy.id = estimation_policy.id;
-- A new connection of a domestic consumer asks for the photo ID, as the seeds have it for their residential category.
update document_type set mandatory_for = '[{"kind":"new_connection","category":"DOM"}]'
where utility_id = @utility_id and code = 'PHOTO-ID' and json_value(mandatory_for, '$[0].category') = 'RES';
