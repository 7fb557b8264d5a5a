-- Signatures of the steps of the set-up: one for each role that signs a step (ONB-GUIDED). One that a later change of the
-- signed values took back keeps its row, with the time at which it ended.
create table if not exists setup_signature (
  id bigint unsigned not null auto_increment primary key, utility_id bigint unsigned null,
  utility_key bigint unsigned generated always as (ifnull(utility_id, 0)) stored,
  step_key varchar(32) collate utf8mb4_bin not null, role_code varchar(40) collate utf8mb4_bin not null,
  basis varchar(16) not null default 'role' comment 'in_place: nobody active held the role; whole: one signature stood for the whole step' check (basis in ('role', 'in_place', 'whole')),
  signed_by bigint unsigned null, signed_at datetime(6) not null, comment varchar(1000) null, snapshot json null,
  ended_at datetime(6) null, live_flag tinyint generated always as (if(ended_at is null, 1, null)) stored,
  created_at datetime(6) not null default (utc_timestamp(6)), created_by bigint unsigned null,
  unique key (utility_key, step_key, role_code, live_flag), key (step_key, live_flag), foreign key (utility_id) references utility (id)
);

-- Steps that were signed off with one signature stay so: it stands for each of their roles.
insert into setup_signature (utility_id, step_key, role_code, basis, signed_by, signed_at, comment, snapshot)
select s.utility_id, s.step_key, k.role_code, 'whole', s.signed_off_by, coalesce(s.signed_off_at, s.updated_at), s.signoff_comment, s.snapshot
from setup_step s join (
  select 'subscription' step_key, 'platform_admin' role_code union all select 'organization', 'tenant_admin' union all select 'admins', 'tenant_admin' union all select 'utility', 'tenant_admin' union all
  select 'core_settings', 'utility_admin' union all select 'staff_access', 'utility_admin' union all select 'calendar', 'utility_admin' union all select 'service_areas', 'utility_admin' union all
  select 'pricing_billing', 'billing_manager' union all select 'pricing_billing', 'utility_admin' union all select 'id_formats', 'utility_admin' union all select 'integrations', 'utility_admin' union all
  select 'customer_settings', 'cso_supervisor' union all select 'customer_settings', 'comms_manager' union all select 'meter_settings', 'meter_manager' union all select 'meter_settings', 'dispatcher' union all
  select 'billing_settings', 'billing_manager' union all select 'data_migration', 'utility_admin' union all select 'data_migration', 'billing_manager' union all
  select 'go_live', 'tenant_admin' union all select 'go_live', 'utility_admin' union all select 'go_live', 'billing_manager'
) k on k.step_key = s.step_key
where s.state = 'signed_off' and not exists (select 1 from setup_signature g where g.utility_key = s.utility_key and g.step_key = s.step_key);
