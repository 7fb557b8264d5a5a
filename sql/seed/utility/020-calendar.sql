-- The office calendar: Monday to Friday 08:00 to 17:00.

insert into calendar (utility_id, code, name, is_default) values (@utility_id, 'OFFICE', 'Office', 1)
on duplicate key update calendar.id = calendar.id;

insert into working_hours (utility_id, calendar_id, weekday, working, from_time, to_time)
select @utility_id, c.id, d.n, d.n between 1 and 5, if(d.n between 1 and 5, '08:00:00', null), if(d.n between 1 and 5, '17:00:00', null)
from calendar c
cross join (select 0 n union all select 1 union all select 2 union all select 3 union all select 4 union all select 5 union all select 6) d
where c.utility_id = @utility_id and c.code = 'OFFICE'
on duplicate key update working_hours.id = working_hours.id;
