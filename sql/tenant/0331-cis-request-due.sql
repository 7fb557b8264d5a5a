-- Until when a service request is promised, by the working hours of its type (ONB02US01): reckoned when it is made and
-- anew when the calendar changes; the list of those past their time and the dashboard's figure compare it.
alter table service_request add column if not exists due_at datetime(6) null comment 'of the calendar as it stands';
create index if not exists service_request_due on service_request (utility_id, status, due_at);
