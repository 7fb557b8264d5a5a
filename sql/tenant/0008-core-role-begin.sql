-- From when a person has a role is always known (AU01US02): the program gives the date of the organization's place, the database none.
-- Roles given before without one hold since they were given; created_at is UTC, so the day before it is the latest that is sure to have come
-- everywhere.
update user_role set valid_from = date(created_at) - interval 1 day where valid_from is null;
alter table user_role modify column valid_from date not null;
