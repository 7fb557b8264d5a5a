-- Another utility of the tenant as the beginning of this one: run by app/setup/start.c with @utility_id, @from_utility, @today and
-- @user_id; adds what is missing and changes nothing that is there. People, numbers taken, gateways and business stay behind.

update utility_service t join utility_service f on f.utility_id = @from_utility and f.code = t.code and f.active = 1
set t.active = 1, t.metered = f.metered, t.unit = f.unit, t.decimals = f.decimals, t.billing_basis = f.billing_basis, t.gl_revenue_code = f.gl_revenue_code
where t.utility_id = @utility_id and t.active = 0 and t.unit is null;
update utility t join utility f on f.id = @from_utility set t.primary_service_code = f.primary_service_code, t.rounding_mode = f.rounding_mode, t.cash_rounding_minor = f.cash_rounding_minor
where t.id = @utility_id and t.primary_service_code is null;
update module_activation t join module_activation f on f.utility_id = @from_utility and f.module = t.module and f.active = 1
set t.active = 1, t.activated_at = utc_timestamp(6) where t.utility_id = @utility_id and t.active = 0;

insert into department (utility_id, name) select @utility_id, f.name from department f where f.utility_id = @from_utility and f.active = 1
on duplicate key update department.id = department.id;
update role r join role f on f.utility_id = @from_utility and f.code = r.code join department k on k.id = f.department_id join department d on d.utility_id = @utility_id and d.name = k.name
set r.department_id = d.id where r.utility_id = @utility_id and r.department_id is null;

insert into consumer_category (utility_id, code, name, tax_exempt, credit_days, bill_limit_minor, sort)
select @utility_id, f.code, f.name, f.tax_exempt, f.credit_days, f.bill_limit_minor, f.sort from consumer_category f where f.utility_id = @from_utility and f.active = 1 and f.parent_id is null
on duplicate key update consumer_category.id = consumer_category.id;
insert into consumer_sub_category (utility_id, category_id, code, name, tax_exempt, credit_days, sort)
select @utility_id, c.id, f.code, f.name, f.tax_exempt, f.credit_days, f.sort from consumer_sub_category f join consumer_category k on k.id = f.category_id join consumer_category c on c.utility_id = @utility_id and c.code = k.code
where f.utility_id = @from_utility and f.active = 1
on duplicate key update consumer_sub_category.id = consumer_sub_category.id;
insert into document_type (utility_id, code, name, purpose, formats, max_mb, mandatory_for, validity_days, verification)
select @utility_id, f.code, f.name, f.purpose, f.formats, f.max_mb, f.mandatory_for, f.validity_days, f.verification from document_type f where f.utility_id = @from_utility and f.active = 1
on duplicate key update document_type.id = document_type.id;
insert into contract_type (utility_id, code, name, service_code, category_id, term_months, notice_days, auto_renew, template_text, required)
select @utility_id, f.code, f.name, f.service_code, c.id, f.term_months, f.notice_days, f.auto_renew, f.template_text, f.required
from contract_type f left join consumer_category k on k.id = f.category_id left join consumer_category c on c.utility_id = @utility_id and c.code = k.code
where f.utility_id = @from_utility and f.active = 1 and not exists (select 1 from contract_type n where n.utility_id = f.utility_id and n.code = f.code and n.active = 1 and n.version > f.version)
on duplicate key update contract_type.id = contract_type.id;

insert into calendar (utility_id, code, name, always_open) select @utility_id, f.code, f.name, f.always_open from calendar f where f.utility_id = @from_utility and f.active = 1
on duplicate key update calendar.id = calendar.id;
insert into working_hours (utility_id, calendar_id, weekday, working, from_time, to_time)
select @utility_id, c.id, f.weekday, f.working, f.from_time, f.to_time from working_hours f join calendar k on k.id = f.calendar_id join calendar c on c.utility_id = @utility_id and c.code = k.code
where f.utility_id = @from_utility
on duplicate key update working_hours.id = working_hours.id;
insert into holiday (utility_id, calendar_id, holiday_date, name, type, observes_date, half_day_until, recurring, source, country)
select @utility_id, c.id, f.holiday_date, f.name, f.type, f.observes_date, f.half_day_until, f.recurring, f.source, f.country
from holiday f join calendar k on k.id = f.calendar_id join calendar c on c.utility_id = @utility_id and c.code = k.code
where f.utility_id = @from_utility and (f.holiday_date >= @today or f.recurring <> 'none')
on duplicate key update holiday.id = holiday.id;

insert into service_area (utility_id, level, code, name, path, centroid_lat, centroid_lng, geometry)
select @utility_id, f.level, f.code, f.name, f.path, f.centroid_lat, f.centroid_lng, f.geometry from service_area f where f.utility_id = @from_utility and f.status = 'active' order by length(f.path)
on duplicate key update service_area.id = service_area.id;
update service_area t join service_area f on f.utility_id = @from_utility and f.code = t.code join service_area u on u.id = f.parent_id join service_area p on p.utility_id = @utility_id and p.code = u.code
set t.parent_id = p.id where t.utility_id = @utility_id and t.parent_id is null;

insert into tax_code (utility_id, code, name, rate_ppm, method, cap_per_unit_micro, split_by_days, compound, gl_code, effective_from, effective_to, sort)
select @utility_id, f.code, f.name, f.rate_ppm, f.method, f.cap_per_unit_micro, f.split_by_days, f.compound, f.gl_code, f.effective_from, f.effective_to, f.sort from tax_code f where f.utility_id = @from_utility and f.active = 1
on duplicate key update tax_code.id = tax_code.id;
insert into fee (utility_id, code, name, kind, charge_type, post_mode, amount_minor, formula, taxable, tax_codes, refundable, gl_code, effective_from, effective_to)
select @utility_id, f.code, f.name, f.kind, f.charge_type, f.post_mode, f.amount_minor, f.formula, f.taxable, f.tax_codes, f.refundable, f.gl_code, f.effective_from, f.effective_to from fee f where f.utility_id = @from_utility and f.active = 1
on duplicate key update fee.id = fee.id;
update consumer_category t join consumer_category c on c.utility_id = @from_utility and c.code = t.code join fee k on k.id = c.deposit_fee_id join fee f on f.utility_id = @utility_id and f.code = k.code
set t.deposit_fee_id = f.id where t.utility_id = @utility_id and t.deposit_fee_id is null;
insert into late_fee_rule (utility_id, code, name, `trigger`, grace_days, kind, amount_minor, rate_ppm, minimum_minor, maximum_minor, threshold_minor, repeat_mode, compound, exempt, effective_from, effective_to)
select @utility_id, f.code, f.name, f.`trigger`, f.grace_days, f.kind, f.amount_minor, f.rate_ppm, f.minimum_minor, f.maximum_minor, f.threshold_minor, f.repeat_mode, f.compound, f.exempt, f.effective_from, f.effective_to
from late_fee_rule f where f.utility_id = @from_utility and f.active = 1
on duplicate key update late_fee_rule.id = late_fee_rule.id;

-- Plans with the version in force as a draft from the first of this month. Seasonal and time-of-use lines are left to their pages.
insert into tariff_plan (utility_id, code, name, description, kind, payment_mode, service_codes, category_ids, standard_days, proration_method, rate_change_method, tolerance_days, currency, eru_sqft, default_daily_qty_micro, deemed_daily_qty_micro, status, created_by)
select @utility_id, f.code, f.name, f.description, f.kind, f.payment_mode, f.service_codes,
  (select json_arrayagg(c.id) from consumer_category k join consumer_category c on c.utility_id = @utility_id and c.code = k.code where k.utility_id = @from_utility and json_contains(f.category_ids, cast(k.id as char))),
  f.standard_days, f.proration_method, f.rate_change_method, f.tolerance_days, f.currency, f.eru_sqft, f.default_daily_qty_micro, f.deemed_daily_qty_micro, 'draft', @user_id
from tariff_plan f where f.utility_id = @from_utility and f.status = 'active'
  and not exists (select 1 from tariff_plan_version v join tariff_rate r on r.version_id = v.id where v.plan_id = f.id and v.state in ('approved', 'active') and r.type in ('seasonal', 'tou', 'meter_size'))
on duplicate key update tariff_plan.id = tariff_plan.id;
insert into tariff_plan_version (utility_id, plan_id, version_no, effective_from, state, change_reason, created_by)
select @utility_id, p.id, 1, date_format(@today, '%Y-%m-01'), 'draft', concat('As in ', u.name), @user_id
from tariff_plan p join tariff_plan f on f.utility_id = @from_utility and f.code = p.code join utility u on u.id = @from_utility
where p.utility_id = @utility_id and p.status = 'draft' and not exists (select 1 from tariff_plan_version v where v.plan_id = p.id)
on duplicate key update tariff_plan_version.id = tariff_plan_version.id;
insert into tariff_rate (utility_id, version_id, sequence, code, label, labels, type, charge_type, calc, basis, prorate, service_code, unit, rate_micro, amount_minor, rate_ppm, quantity, qty_percent_ppm, tier_mode, tier_period, included_qty_micro,
  minimum_minor, round_qty, tax_codes, refs, tax_code, count_source, tiers_per, gl_code, taxable, show_zero, enabled, params)
select @utility_id, v.id, r.sequence, r.code, r.label, r.labels, r.type, r.charge_type, r.calc, r.basis, r.prorate, r.service_code, r.unit, r.rate_micro, r.amount_minor, r.rate_ppm, r.quantity, r.qty_percent_ppm, r.tier_mode, r.tier_period, r.included_qty_micro,
  r.minimum_minor, r.round_qty, r.tax_codes, r.refs, r.tax_code, r.count_source, r.tiers_per, r.gl_code, r.taxable, r.show_zero, r.enabled, r.params
from tariff_plan p join tariff_plan_version v on v.plan_id = p.id and v.version_no = 1 and v.state = 'draft'
join tariff_plan f on f.utility_id = @from_utility and f.code = p.code
join tariff_plan_version w on w.plan_id = f.id and w.state in ('approved', 'active') and not exists (select 1 from tariff_plan_version n where n.plan_id = f.id and n.state in ('approved', 'active') and n.version_no > w.version_no)
join tariff_rate r on r.version_id = w.id
where p.utility_id = @utility_id and not exists (select 1 from tariff_rate x where x.version_id = v.id and x.code = r.code)
on duplicate key update tariff_rate.id = tariff_rate.id;
insert into tariff_tier (rate_id, seq, upto_qty_micro, upto_attribute, rate_micro, amount_minor)
select x.id, t.seq, t.upto_qty_micro, t.upto_attribute, t.rate_micro, t.amount_minor
from tariff_plan p join tariff_plan_version v on v.plan_id = p.id and v.version_no = 1 and v.state = 'draft' join tariff_rate x on x.version_id = v.id
join tariff_plan f on f.utility_id = @from_utility and f.code = p.code
join tariff_plan_version w on w.plan_id = f.id and w.state in ('approved', 'active') and not exists (select 1 from tariff_plan_version n where n.plan_id = f.id and n.state in ('approved', 'active') and n.version_no > w.version_no)
join tariff_rate r on r.version_id = w.id and r.code = x.code join tariff_tier t on t.rate_id = r.id and t.season_id is null
where p.utility_id = @utility_id
on duplicate key update tariff_tier.id = tariff_tier.id;
update consumer_category t join consumer_category c on c.utility_id = @from_utility and c.code = t.code join tariff_plan k on k.id = c.default_tariff_plan_id join tariff_plan p on p.utility_id = @utility_id and p.code = k.code
set t.default_tariff_plan_id = p.id where t.utility_id = @utility_id and t.default_tariff_plan_id is null;

update id_format t join id_format f on f.utility_id = @from_utility and f.entity_type = t.entity_type
set t.parts = f.parts, t.separator_char = f.separator_char, t.seq_length = f.seq_length, t.seq_start = f.seq_start, t.seq_increment = f.seq_increment, t.`reset` = f.`reset`, t.check_digit = f.check_digit
where t.utility_id = @utility_id and t.version = 1 and f.version > 1 and not exists (select 1 from id_sequence s where s.id_format_id = t.id);

insert into reading_format (utility_id, code, name, service_code, digits, decimals, unit, rounding, leading_zeros)
select @utility_id, f.code, f.name, f.service_code, f.digits, f.decimals, f.unit, f.rounding, f.leading_zeros from reading_format f where f.utility_id = @from_utility and f.active = 1
on duplicate key update reading_format.id = reading_format.id;
insert into manufacturer (utility_id, code, name, country) select @utility_id, f.code, f.name, f.country from manufacturer f where f.utility_id = @from_utility and f.active = 1
on duplicate key update manufacturer.id = manufacturer.id;
insert into meter_model (utility_id, manufacturer_id, code, name, service_code, read_type, technology, size, q_max_e3, q_unit, test_interval_months, warranty_months)
select @utility_id, m.id, f.code, f.name, f.service_code, f.read_type, f.technology, f.size, f.q_max_e3, f.q_unit, f.test_interval_months, f.warranty_months
from meter_model f join manufacturer k on k.id = f.manufacturer_id join manufacturer m on m.utility_id = @utility_id and m.code = k.code where f.utility_id = @from_utility and f.active = 1
on duplicate key update meter_model.id = meter_model.id;
insert into meter_model_register (meter_model_id, register_code, kind, reading_format_id, unit, multiplier_e6, is_billed, tou_code)
select n.id, g.register_code, g.kind, t.id, g.unit, g.multiplier_e6, g.is_billed, g.tou_code
from meter_model f join manufacturer k on k.id = f.manufacturer_id join meter_model_register g on g.meter_model_id = f.id join reading_format x on x.id = g.reading_format_id
join manufacturer m on m.utility_id = @utility_id and m.code = k.code join meter_model n on n.manufacturer_id = m.id and n.code = f.code join reading_format t on t.utility_id = @utility_id and t.code = x.code
where f.utility_id = @from_utility
on duplicate key update meter_model_register.id = meter_model_register.id;
insert into store (utility_id, code, name, kind) select @utility_id, f.code, f.name, f.kind from store f where f.utility_id = @from_utility and f.kind <> 'virtual'
on duplicate key update store.id = store.id;
insert into estimation_policy (utility_id, service_code, methods, max_consecutive, max_days) select @utility_id, f.service_code, f.methods, f.max_consecutive, f.max_days from estimation_policy f where f.utility_id = @from_utility and f.category_id = 0
on duplicate key update estimation_policy.id = estimation_policy.id;
