-- Water utility, US: water by the CCF and wastewater derived from it, four plans, city utility tax.
-- Run for a utility by app/setup/start.c with @utility_id, @today and @user_id; adds what is missing and changes nothing that is there.

update utility_service set active = 1, unit = 'CCF', decimals = 0, billing_basis = null, gl_revenue_code = '4020' where utility_id = @utility_id and code = 'WA' and active = 0 and unit is null;
update utility_service set active = 1, unit = 'CCF', decimals = 0, billing_basis = 'derived from water', gl_revenue_code = '4040' where utility_id = @utility_id and code = 'WW' and active = 0 and unit is null;
update utility set primary_service_code = 'WA' where id = @utility_id and primary_service_code is null;

insert into consumer_category (utility_id, code, name, credit_days, bill_limit_minor, sort) values
  (@utility_id, 'RES', 'Residential', 21, 500000, 1),
  (@utility_id, 'COM', 'Commercial', 21, 500000, 2)
on duplicate key update consumer_category.id = consumer_category.id;
insert into consumer_sub_category (utility_id, category_id, code, name, sort)
select @utility_id, c.id, k.code, k.name, k.sort
from (select 'RES' category, 'SFR' code, 'Single family' name, 1 sort union all select 'RES', 'MFR', 'Multi family', 2 union all select 'COM', 'SML', 'Small', 3 union all select 'COM', 'LRG', 'Large', 4) k
join consumer_category c on c.utility_id = @utility_id and c.code = k.category
where true
on duplicate key update consumer_sub_category.id = consumer_sub_category.id;
insert into contract_type (utility_id, code, name, service_code, category_id, term_months, notice_days, auto_renew, template_text)
select @utility_id, k.code, k.name, 'WA', c.id, 12, 30, 1, concat('Agreement between {{consumer.name}} and ', u.name, ' for account {{account.account_no}}, plan {{plan.name}}, from {{date}}.')
from (select 'RES' category, 'WSA-RES' code, 'Water service agreement RES' name union all select 'COM', 'WSA-COM', 'Water service agreement COM') k
join consumer_category c on c.utility_id = @utility_id and c.code = k.category
join utility u on u.id = @utility_id
where true
on duplicate key update contract_type.id = contract_type.id;

insert into tax_code (utility_id, code, name, rate_ppm, method, gl_code, effective_from) values (@utility_id, 'CUT', 'City utility tax', 50000, 'exclusive', '2400', '2020-01-01')
on duplicate key update tax_code.id = tax_code.id;
insert into fee (utility_id, code, name, kind, charge_type, post_mode, amount_minor, refundable, gl_code, effective_from) values
  (@utility_id, 'DEP-RES', 'Deposit, residential', 'deposit', 'DEPOSIT', 'immediate', 10000, 1, '2300', '2020-01-01'),
  (@utility_id, 'DEP-COM', 'Deposit, commercial', 'deposit', 'DEPOSIT', 'immediate', 40000, 1, '2300', '2020-01-01')
on duplicate key update fee.id = fee.id;
update consumer_category c join fee f on f.utility_id = c.utility_id and f.code = concat('DEP-', c.code) set c.deposit_fee_id = f.id where c.utility_id = @utility_id and c.deposit_fee_id is null;
insert into late_fee_rule (utility_id, code, name, `trigger`, grace_days, kind, rate_ppm, minimum_minor, repeat_mode, exempt, effective_from) values (@utility_id, 'LATE-STD', 'Late fee 1.5 %', 'grace', 10, 'percent', 15000, 500, 'once', '["agreement","dispute"]', '2020-01-01')
on duplicate key update late_fee_rule.id = late_fee_rule.id;

-- Plans as drafts from the first of this month: somebody sends them in, somebody else approves.
insert into tariff_plan (utility_id, code, name, kind, service_codes, category_ids, currency, status, created_by)
select @utility_id, k.code, k.name, k.kind, '["WA","WW"]', concat('[', c.id, ']'), u.currency, 'draft', @user_id
from (select 'RES-FIX' code, 'Residential fixed' name, 'fixed' kind, 'RES' category union all select 'RES-VAR', 'Residential variable', 'variable', 'RES' union all select 'COM-FIX', 'Commercial fixed', 'fixed', 'COM' union all select 'COM-VAR', 'Commercial variable', 'variable', 'COM') k
join consumer_category c on c.utility_id = @utility_id and c.code = k.category
join utility u on u.id = @utility_id
where true
on duplicate key update tariff_plan.id = tariff_plan.id;
insert into tariff_plan_version (utility_id, plan_id, version_no, effective_from, state, change_reason, created_by)
select @utility_id, p.id, 1, date_format(@today, '%Y-%m-01'), 'draft', 'First version', @user_id
from tariff_plan p
where p.utility_id = @utility_id and p.code in ('RES-FIX','RES-VAR','COM-FIX','COM-VAR') and not exists (select 1 from tariff_plan_version v where v.plan_id = p.id)
on duplicate key update tariff_plan_version.id = tariff_plan_version.id;
insert into tariff_rate (utility_id, version_id, sequence, code, label, type, charge_type, calc, basis, service_code, unit, rate_micro, amount_minor, qty_percent_ppm, tier_mode, tier_period, minimum_minor, tax_codes, refs, gl_code, taxable)
select @utility_id, v.id, k.sequence, k.code, k.label, k.type, k.charge_type, k.calc, 'per_month', k.service, k.unit, k.rate, k.amount, k.percent, 'marginal', 'month', k.minimum, if(k.taxed, '["CUT"]', null), k.refs, k.gl, k.taxed
from (
  select 'RES-FIX' plan, 10 sequence, 'WATER-FIX' code, 'Water, fixed' label, 'fixed' type, 'FIXED' charge_type, 'flat' calc, 'WA' service, null unit, null rate, 3850 amount, 1000000 percent, null minimum, 1 taxed, null refs, '4010' gl union all
  select 'RES-FIX', 40, 'SEWER-FIX', 'Wastewater, fixed', 'fixed', 'SEWER_FIXED', 'flat', 'WW', null, null, 3150, 1000000, null, 0, null, '4030' union all
  select 'RES-VAR', 10, 'WATER-BASE', 'Water, base charge', 'fixed', 'FIXED', 'flat', 'WA', null, null, 1820, 1000000, null, 1, null, '4010' union all
  select 'RES-VAR', 20, 'WATER-USE', 'Water use', 'tiered', 'USAGE', 'tiered', 'WA', 'CCF', null, null, 1000000, null, 1, null, '4020' union all
  select 'RES-VAR', 40, 'SEWER-USE', 'Wastewater, 90 % of water', 'wastewater', 'SEWER_USAGE', 'per_unit', 'WW', 'CCF', 8400000, null, 900000, null, 0, null, '4040' union all
  select 'COM-FIX', 10, 'WATER-FIX', 'Water, fixed', 'fixed', 'FIXED', 'flat', 'WA', null, null, 12000, 1000000, null, 1, null, '4010' union all
  select 'COM-FIX', 40, 'SEWER-FIX', 'Wastewater, fixed', 'fixed', 'SEWER_FIXED', 'flat', 'WW', null, null, 8000, 1000000, null, 0, null, '4030' union all
  select 'COM-VAR', 10, 'WATER-BASE', 'Water, base charge', 'fixed', 'FIXED', 'flat', 'WA', null, null, 4500, 1000000, null, 1, null, '4010' union all
  select 'COM-VAR', 20, 'WATER-USE', 'Water use', 'flat', 'USAGE', 'per_unit', 'WA', 'CCF', 6200000, null, 1000000, null, 1, null, '4020' union all
  select 'COM-VAR', 30, 'WATER-MIN', 'Water, minimum', 'minimum', 'MIN_BILL', 'flat', 'WA', null, null, 6000, 1000000, 6000, 1, '["FIXED","USAGE"]', '4010' union all
  select 'COM-VAR', 40, 'SEWER-USE', 'Wastewater, 95 % of water', 'wastewater', 'SEWER_USAGE', 'per_unit', 'WW', 'CCF', 9100000, null, 950000, null, 0, null, '4040'
) k
join tariff_plan p on p.utility_id = @utility_id and p.code = k.plan
join tariff_plan_version v on v.plan_id = p.id and v.version_no = 1 and v.state = 'draft'
where not exists (select 1 from tariff_rate x where x.version_id = v.id and x.code = k.code)
on duplicate key update tariff_rate.id = tariff_rate.id;
insert into tariff_tier (rate_id, seq, upto_qty_micro, rate_micro)
select r.id, k.seq, k.upto, k.rate
from (select 'RES-VAR' plan, 'WATER-USE' code, 1 seq, 5000000 upto, 4500000 rate union all select 'RES-VAR', 'WATER-USE', 2, 10000000, 6750000 union all select 'RES-VAR', 'WATER-USE', 3, null, 9100000) k
join tariff_plan p on p.utility_id = @utility_id and p.code = k.plan
join tariff_plan_version v on v.plan_id = p.id and v.version_no = 1 and v.state = 'draft'
join tariff_rate r on r.version_id = v.id and r.code = k.code
where true
on duplicate key update tariff_tier.id = tariff_tier.id;
update consumer_category c join tariff_plan p on p.utility_id = c.utility_id and json_contains(p.category_ids, cast(c.id as char)) and p.kind = 'variable' set c.default_tariff_plan_id = p.id where c.utility_id = @utility_id and c.default_tariff_plan_id is null;

insert into reading_format (utility_id, code, name, service_code, digits, decimals, unit) values (@utility_id, 'F6.0', 'Six digits', 'WA', 6, 0, 'CCF'), (@utility_id, 'F5.0', 'Five digits', 'WA', 5, 0, 'CCF')
on duplicate key update reading_format.id = reading_format.id;
insert into manufacturer (utility_id, code, name) values (@utility_id, 'MFR-A', 'Manufacturer A')
on duplicate key update manufacturer.id = manufacturer.id;
insert into meter_model (utility_id, manufacturer_id, code, name, service_code, read_type, technology, size, test_interval_months, warranty_months)
select @utility_id, m.id, k.code, k.name, 'WA', 'manual', k.technology, k.size, 120, 60
from (select 'WM15' code, 'Water meter 5/8 in' name, 'mechanical' technology, '5/8' size union all select 'WM50', 'Water meter 2 in', 'ultrasonic', '2') k
join manufacturer m on m.utility_id = @utility_id and m.code = 'MFR-A'
where true
on duplicate key update meter_model.id = meter_model.id;
insert into meter_model_register (meter_model_id, register_code, reading_format_id, unit)
select m.id, 'R1', f.id, f.unit
from meter_model m
join reading_format f on f.utility_id = m.utility_id and f.code = 'F6.0'
where m.utility_id = @utility_id
on duplicate key update meter_model_register.id = meter_model_register.id;
insert into store (utility_id, code, name, kind) values (@utility_id, 'ST-MAIN', 'Main warehouse', 'warehouse')
on duplicate key update store.id = store.id;
insert into estimation_policy (utility_id, service_code, methods, max_consecutive, max_days) values (@utility_id, 'WA', '["E1","E2","E4"]', 2, 120)
on duplicate key update estimation_policy.id = estimation_policy.id;
