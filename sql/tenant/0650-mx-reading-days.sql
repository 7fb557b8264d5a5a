-- Readings of a day and tasks that are due: dashboards count them (ONB02US01).
create index if not exists meter_reading_day on meter_reading (utility_id, read_on);
create index if not exists read_task_due on read_task (utility_id, state, due_on);
