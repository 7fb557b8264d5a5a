-- What every utility template begins with: modules, departments, calendars, fees.
-- Run before the template's own file; adds what is missing and changes nothing that is there.

update module_activation set active = 1, activated_at = utc_timestamp(6) where utility_id = @utility_id and active = 0;

insert into department (utility_id, name)
select @utility_id, d.name
from (select 'Administration' name union all select 'Customer Service' union all select 'Call Center' union all select 'Communication' union all select 'Metering' union all select 'Billing' union all select 'Stores' union all select 'Field Operations') d
where true
on duplicate key update department.id = department.id;
update role r join role_template t on t.code = r.code join department d on d.utility_id = @utility_id and d.name = t.department set r.department_id = d.id where r.utility_id = @utility_id and r.department_id is null;

insert into calendar (utility_id, code, name, always_open) values (@utility_id, 'FIELD', 'Field', 0), (@utility_id, 'EMERGENCY', 'Emergency 24 x 7', 1)
on duplicate key update calendar.id = calendar.id;
insert into working_hours (utility_id, calendar_id, weekday, working, from_time, to_time)
select @utility_id, c.id, d.n, d.n between 1 and 6, if(d.n between 1 and 6, '07:00:00', null), if(d.n between 1 and 6, '18:00:00', null)
from calendar c cross join (select 0 n union all select 1 union all select 2 union all select 3 union all select 4 union all select 5 union all select 6) d
where c.utility_id = @utility_id and c.code = 'FIELD'
on duplicate key update working_hours.id = working_hours.id;

insert into fee (utility_id, code, name, kind, charge_type, post_mode, amount_minor, refundable, gl_code, effective_from) values
  (@utility_id, 'FEE-APP', 'Application fee', 'fee', 'SERVICE_FEE', 'immediate', 2500, 0, '4120', '2020-01-01'),
  (@utility_id, 'FEE-NEWCON', 'New connection', 'fee', 'CONNECTION_FEE', 'immediate', 27500, 0, '4110', '2020-01-01'),
  (@utility_id, 'FEE-DISCON', 'Disconnection', 'fee', 'DISCONNECTION_FEE', 'immediate', 3500, 0, '4110', '2020-01-01'),
  (@utility_id, 'FEE-RECON', 'Reconnection', 'fee', 'RECONNECTION_FEE', 'immediate', 5500, 0, '4110', '2020-01-01'),
  (@utility_id, 'FEE-RECON-AFTERHOURS', 'Reconnection after hours', 'fee', 'RECONNECTION_FEE', 'immediate', 11000, 0, '4110', '2020-01-01'),
  (@utility_id, 'FEE-NSF', 'Returned payment', 'fee', 'RETURNED_PAYMENT_FEE', 'immediate', 3000, 0, '4120', '2020-01-01'),
  (@utility_id, 'FEE-METERTEST', 'Meter test', 'fee', 'SERVICE_FEE', 'immediate', 6000, 0, '4120', '2020-01-01'),
  (@utility_id, 'FEE-TRANSFER', 'Account transfer', 'fee', 'SERVICE_FEE', 'immediate', 2500, 0, '4120', '2020-01-01'),
  (@utility_id, 'FEE-LATE', 'Late fee', 'fee', 'LATE_FEE', 'immediate', 0, 0, '4100', '2020-01-01'),
  (@utility_id, 'FEE-DUPBILL', 'Copy of a bill', 'fee', 'SERVICE_FEE', 'immediate', 0, 0, '4120', '2020-01-01')
on duplicate key update fee.id = fee.id;
