-- The permission keys (one row a key and action), the system roles and their default rights. What a utility made of its roles stands
-- in role and role_permission; these rows say how they begin and what "Reset to default" restores. Platform keys belong to the
-- platform's own realm and are not granted to anybody here.
-- To add a key: a line in each of the two lists below, in a new migration.

create table if not exists role_template (
  code varchar(40) collate utf8mb4_bin not null primary key, name varchar(60) not null, description varchar(300) null,
  tenant_level tinyint(1) not null default 0, mfa_required tinyint(1) not null default 0, department varchar(80) null, sort int not null default 0
);

-- letters: V view, C create, E edit, D delete, A approve, X export.
create table if not exists role_template_right (
  role_code varchar(40) collate utf8mb4_bin not null, resource varchar(40) collate utf8mb4_bin not null, letters varchar(6) not null,
  primary key (role_code, resource), foreign key (role_code) references role_template (code)
);

insert into role_template (code, name, description, tenant_level, mfa_required, department, sort) values
  ('tenant_admin', 'System administrator', 'Everything of the organization and its utilities', 1, 1, 'Administration', 1),
  ('utility_admin', 'Utility administrator', 'Everything of one utility', 0, 0, 'Administration', 2),
  ('billing_manager', 'Billing manager', 'Bills, approvals, tariffs and the general ledger', 0, 0, 'Billing', 3),
  ('billing_clerk', 'Billing clerk', 'Bill runs and single bills up to review', 0, 0, 'Billing', 4),
  ('meter_manager', 'Meter manager', 'Meters, readings, validation rules and stock', 0, 0, 'Metering', 5),
  ('reading_validator', 'Reading validator', 'Decides readings that were held', 0, 0, 'Metering', 6),
  ('storekeeper', 'Storekeeper', 'Meter stock and movements', 0, 0, 'Stores', 7),
  ('cso_supervisor', 'CSO supervisor', 'Consumer service desk with approvals', 0, 0, 'Customer Service', 8),
  ('cso', 'Customer service officer', 'Consumers, requests, complaints and payments', 0, 0, 'Customer Service', 9),
  ('cc_supervisor', 'Call center supervisor', 'Call center and its agents', 0, 0, 'Call Center', 10),
  ('cc_agent', 'Call center agent', 'Calls and what they lead to', 0, 0, 'Call Center', 11),
  ('cashier', 'Cashier', 'Payments, receipts and the own till', 0, 0, 'Customer Service', 12),
  ('comms_manager', 'Communications manager', 'Messages, templates and notices', 0, 0, 'Communication', 13),
  ('dispatcher', 'Dispatcher', 'Field work and its people', 0, 0, 'Field Operations', 14),
  ('field_executive', 'Field executive', 'Own work in the field', 0, 0, 'Field Operations', 15),
  ('consumer', 'Consumer', 'Own accounts through the portal', 0, 0, null, 16)
on duplicate key update name = values(name), description = values(description), department = values(department), sort = values(sort);

insert into permission (`key`, module, resource, action, label, `sensitive`, sort)
select concat(k.resource, ':', a.action), k.module, k.resource, a.action, concat(upper(left(a.action, 1)), substring(a.action, 2), ' ', k.noun), k.is_sensitive, k.sort * 10 + a.sort
from (
  select 'core' module, 'core.organization' resource, 'the organization' noun, 0 is_sensitive, 1 sort union all
  select 'core', 'core.subscription', 'the subscription', 0, 2 union all
  select 'core', 'core.utilities', 'utilities', 0, 3 union all
  select 'core', 'core.settings', 'core settings', 0, 4 union all
  select 'core', 'core.users', 'users', 0, 5 union all
  select 'core', 'core.roles', 'roles', 1, 6 union all
  select 'core', 'core.id_formats', 'ID formats', 0, 7 union all
  select 'core', 'core.dashboard', 'the utility dashboard', 0, 8 union all
  select 'core', 'core.audit', 'the audit', 1, 9 union all
  select 'core', 'core.jobs', 'jobs', 0, 10 union all
  select 'core', 'core.calendar', 'calendars', 0, 11 union all
  select 'core', 'core.areas', 'service areas', 0, 12 union all
  select 'core', 'core.tariffs', 'plans and tariffs', 0, 13 union all
  select 'core', 'core.migration', 'data imports', 0, 14 union all
  select 'hub', 'hub.gateways', 'payment gateways', 1, 15 union all
  select 'hub', 'hub.events', 'webhook events', 0, 16 union all
  select 'hub', 'hub.providers', 'message providers', 1, 17 union all
  select 'hub', 'hub.intents', 'online payments', 0, 18 union all
  select 'hub', 'hub.refunds', 'gateway refunds and disputes', 0, 19 union all
  select 'hub', 'hub.settlements', 'settlements', 0, 20 union all
  select 'cis', 'cis.dashboard', 'the CSO dashboard', 0, 21 union all
  select 'cis', 'cis.consumers', 'consumers and accounts', 0, 22 union all
  select 'cis', 'cis.pii', 'identity numbers', 1, 23 union all
  select 'cis', 'cis.applications', 'applications', 0, 24 union all
  select 'cis', 'cis.complaints', 'complaints', 0, 25 union all
  select 'cis', 'cis.service_requests', 'service requests', 0, 26 union all
  select 'cis', 'cis.disconnections', 'disconnections', 0, 27 union all
  select 'cis', 'cis.reconnections', 'reconnections', 0, 28 union all
  select 'cis', 'cis.transfers', 'account transfers', 0, 29 union all
  select 'cis', 'cis.payments', 'payments', 0, 30 union all
  select 'cis', 'cis.credits', 'credit notes and adjustments', 0, 31 union all
  select 'cis', 'cis.refunds', 'refund requests', 0, 32 union all
  select 'cis', 'cis.outstanding', 'outstanding debt', 0, 33 union all
  select 'cis', 'cis.sla', 'SLA policies', 0, 34 union all
  select 'cis', 'cis.payment_config', 'payment channels and modes', 0, 35 union all
  select 'cis', 'cis.settings', 'CIS settings', 0, 36 union all
  select 'cc', 'cc.console', 'the call console', 0, 37 union all
  select 'cc', 'cc.dashboard', 'the call center dashboard', 0, 38 union all
  select 'cc', 'cc.performance', 'performance', 0, 39 union all
  select 'comm', 'comm.dashboard', 'the communication dashboard', 0, 40 union all
  select 'comm', 'comm.message', 'individual messages', 0, 41 union all
  select 'comm', 'comm.campaign', 'bulk messages', 0, 42 union all
  select 'comm', 'comm.list', 'contact lists', 0, 43 union all
  select 'comm', 'comm.workflow', 'workflows', 0, 44 union all
  select 'comm', 'comm.template', 'message templates', 0, 45 union all
  select 'comm', 'comm.history', 'message history', 0, 46 union all
  select 'comm', 'comm.notice', 'service notices', 0, 47 union all
  select 'comm', 'comm.settings', 'communication settings', 0, 48 union all
  select 'portal', 'portal.settings', 'portal settings', 0, 49 union all
  select 'portal', 'portal.users', 'portal users', 0, 50 union all
  select 'portal', 'portal.content', 'portal content', 0, 51 union all
  select 'portal', 'portal.usage_rules', 'usage rules and tips', 0, 52 union all
  select 'mx', 'mx.device', 'meters', 0, 53 union all
  select 'mx', 'mx.inventory', 'meter stock', 0, 54 union all
  select 'mx', 'mx.order', 'meter service orders', 0, 55 union all
  select 'mx', 'mx.route', 'routes', 0, 56 union all
  select 'mx', 'mx.cycle', 'read cycles', 0, 57 union all
  select 'mx', 'mx.reads', 'meter readings', 0, 58 union all
  select 'mx', 'mx.interval', 'interval data', 0, 59 union all
  select 'mx', 'mx.validation', 'reading validation', 0, 60 union all
  select 'mx', 'mx.config', 'metering configuration', 0, 61 union all
  select 'wx', 'wx.master', 'workforce masters', 0, 62 union all
  select 'wx', 'wx.force', 'field executives', 0, 63 union all
  select 'wx', 'wx.dispatch', 'dispatch', 0, 64 union all
  select 'wx', 'wx.settings', 'workforce settings', 0, 65 union all
  select 'wx', 'wx.order', 'service orders', 0, 66 union all
  select 'wx', 'wx.field', 'field work', 0, 67 union all
  select 'bx', 'bx.run', 'bill runs', 0, 68 union all
  select 'bx', 'bx.single', 'single bills', 0, 69 union all
  select 'bx', 'bx.cycle', 'bill cycles', 0, 70 union all
  select 'bx', 'bx.template', 'bill templates', 0, 71 union all
  select 'bx', 'bx.bill', 'bills', 0, 72 union all
  select 'bx', 'bx.dashboard', 'the billing dashboard', 0, 73 union all
  select 'bx', 'bx.gl', 'the general ledger', 0, 74 union all
  select 'bx', 'bx.print', 'printing and distribution', 0, 75
) k join (
  select 'view' action, 1 sort union all select 'create', 2 union all select 'edit', 3 union all select 'delete', 4 union all select 'approve', 5 union all select 'export', 6
) a
where true
on duplicate key update label = values(label), `sensitive` = values(`sensitive`), sort = values(sort);

insert into role_template_right (role_code, resource, letters) values
  ('tenant_admin', 'core.organization', 'VCEDAX'),
  ('tenant_admin', 'core.subscription', 'VCEDAX'),
  ('tenant_admin', 'core.utilities', 'VCEDAX'),
  ('tenant_admin', 'core.settings', 'VCEDAX'),
  ('tenant_admin', 'core.users', 'VCEDAX'),
  ('tenant_admin', 'core.roles', 'VCEDAX'),
  ('tenant_admin', 'core.id_formats', 'VCEDAX'),
  ('tenant_admin', 'core.dashboard', 'VCEDAX'),
  ('tenant_admin', 'core.audit', 'VCEDAX'),
  ('tenant_admin', 'core.jobs', 'VCEDAX'),
  ('tenant_admin', 'core.calendar', 'VCEDAX'),
  ('tenant_admin', 'core.areas', 'VCEDAX'),
  ('tenant_admin', 'core.tariffs', 'VCEDAX'),
  ('tenant_admin', 'core.migration', 'VCEDAX'),
  ('tenant_admin', 'hub.gateways', 'VCEDAX'),
  ('tenant_admin', 'hub.events', 'VCEDAX'),
  ('tenant_admin', 'hub.providers', 'VCEDAX'),
  ('tenant_admin', 'hub.intents', 'VCEDAX'),
  ('tenant_admin', 'hub.refunds', 'VCEDAX'),
  ('tenant_admin', 'hub.settlements', 'VCEDAX'),
  ('tenant_admin', 'cis.dashboard', 'VCEDAX'),
  ('tenant_admin', 'cis.consumers', 'VCEDAX'),
  ('tenant_admin', 'cis.pii', 'VCEDAX'),
  ('tenant_admin', 'cis.applications', 'VCEDAX'),
  ('tenant_admin', 'cis.complaints', 'VCEDAX'),
  ('tenant_admin', 'cis.service_requests', 'VCEDAX'),
  ('tenant_admin', 'cis.disconnections', 'VCEDAX'),
  ('tenant_admin', 'cis.reconnections', 'VCEDAX'),
  ('tenant_admin', 'cis.transfers', 'VCEDAX'),
  ('tenant_admin', 'cis.payments', 'VCEDAX'),
  ('tenant_admin', 'cis.credits', 'VCEDAX'),
  ('tenant_admin', 'cis.refunds', 'VCEDAX'),
  ('tenant_admin', 'cis.outstanding', 'VCEDAX'),
  ('tenant_admin', 'cis.sla', 'VCEDAX'),
  ('tenant_admin', 'cis.payment_config', 'VCEDAX'),
  ('tenant_admin', 'cis.settings', 'VCEDAX'),
  ('tenant_admin', 'cc.console', 'VCEDAX'),
  ('tenant_admin', 'cc.dashboard', 'VCEDAX'),
  ('tenant_admin', 'cc.performance', 'VCEDAX'),
  ('tenant_admin', 'comm.dashboard', 'VCEDAX'),
  ('tenant_admin', 'comm.message', 'VCEDAX'),
  ('tenant_admin', 'comm.campaign', 'VCEDAX'),
  ('tenant_admin', 'comm.list', 'VCEDAX'),
  ('tenant_admin', 'comm.workflow', 'VCEDAX'),
  ('tenant_admin', 'comm.template', 'VCEDAX'),
  ('tenant_admin', 'comm.history', 'VCEDAX'),
  ('tenant_admin', 'comm.notice', 'VCEDAX'),
  ('tenant_admin', 'comm.settings', 'VCEDAX'),
  ('tenant_admin', 'portal.settings', 'VCEDAX'),
  ('tenant_admin', 'portal.users', 'VCEDAX'),
  ('tenant_admin', 'portal.content', 'VCEDAX'),
  ('tenant_admin', 'portal.usage_rules', 'VCEDAX'),
  ('tenant_admin', 'mx.device', 'VCEDAX'),
  ('tenant_admin', 'mx.inventory', 'VCEDAX'),
  ('tenant_admin', 'mx.order', 'VCEDAX'),
  ('tenant_admin', 'mx.route', 'VCEDAX'),
  ('tenant_admin', 'mx.cycle', 'VCEDAX'),
  ('tenant_admin', 'mx.reads', 'VCEDAX'),
  ('tenant_admin', 'mx.interval', 'VCEDAX'),
  ('tenant_admin', 'mx.validation', 'VCEDAX'),
  ('tenant_admin', 'mx.config', 'VCEDAX'),
  ('tenant_admin', 'wx.master', 'VCEDAX'),
  ('tenant_admin', 'wx.force', 'VCEDAX'),
  ('tenant_admin', 'wx.dispatch', 'VCEDAX'),
  ('tenant_admin', 'wx.settings', 'VCEDAX'),
  ('tenant_admin', 'wx.order', 'VCEDAX'),
  ('tenant_admin', 'wx.field', 'VCEDAX'),
  ('tenant_admin', 'bx.run', 'VCEDAX'),
  ('tenant_admin', 'bx.single', 'VCEDAX'),
  ('tenant_admin', 'bx.cycle', 'VCEDAX'),
  ('tenant_admin', 'bx.template', 'VCEDAX'),
  ('tenant_admin', 'bx.bill', 'VCEDAX'),
  ('tenant_admin', 'bx.dashboard', 'VCEDAX'),
  ('tenant_admin', 'bx.gl', 'VCEDAX'),
  ('tenant_admin', 'bx.print', 'VCEDAX'),
  ('utility_admin', 'core.organization', 'V'),
  ('utility_admin', 'core.subscription', 'V'),
  ('utility_admin', 'core.utilities', 'VCEDAX'),
  ('utility_admin', 'core.settings', 'VCEDAX'),
  ('utility_admin', 'core.users', 'VCEDAX'),
  ('utility_admin', 'core.roles', 'VCEDAX'),
  ('utility_admin', 'core.id_formats', 'VCEDAX'),
  ('utility_admin', 'core.dashboard', 'VCEDAX'),
  ('utility_admin', 'core.audit', 'VCEDAX'),
  ('utility_admin', 'core.jobs', 'VCEDAX'),
  ('utility_admin', 'core.calendar', 'VCEDAX'),
  ('utility_admin', 'core.areas', 'VCEDAX'),
  ('utility_admin', 'core.tariffs', 'VCEDAX'),
  ('utility_admin', 'core.migration', 'VCEDAX'),
  ('utility_admin', 'hub.gateways', 'VCEDAX'),
  ('utility_admin', 'hub.events', 'VCEDAX'),
  ('utility_admin', 'hub.providers', 'VCEDAX'),
  ('utility_admin', 'hub.intents', 'VCEDAX'),
  ('utility_admin', 'hub.refunds', 'VCEDAX'),
  ('utility_admin', 'hub.settlements', 'VCEDAX'),
  ('utility_admin', 'cis.dashboard', 'VCEDAX'),
  ('utility_admin', 'cis.consumers', 'VCEDAX'),
  ('utility_admin', 'cis.pii', 'VCEDAX'),
  ('utility_admin', 'cis.applications', 'VCEDAX'),
  ('utility_admin', 'cis.complaints', 'VCEDAX'),
  ('utility_admin', 'cis.service_requests', 'VCEDAX'),
  ('utility_admin', 'cis.disconnections', 'VCEDAX'),
  ('utility_admin', 'cis.reconnections', 'VCEDAX'),
  ('utility_admin', 'cis.transfers', 'VCEDAX'),
  ('utility_admin', 'cis.payments', 'VCEDAX'),
  ('utility_admin', 'cis.credits', 'VCEDAX'),
  ('utility_admin', 'cis.refunds', 'VCEDAX'),
  ('utility_admin', 'cis.outstanding', 'VCEDAX'),
  ('utility_admin', 'cis.sla', 'VCEDAX'),
  ('utility_admin', 'cis.payment_config', 'VCEDAX'),
  ('utility_admin', 'cis.settings', 'VCEDAX'),
  ('utility_admin', 'cc.console', 'VCEDAX'),
  ('utility_admin', 'cc.dashboard', 'VCEDAX'),
  ('utility_admin', 'cc.performance', 'VCEDAX'),
  ('utility_admin', 'comm.dashboard', 'VCEDAX'),
  ('utility_admin', 'comm.message', 'VCEDAX'),
  ('utility_admin', 'comm.campaign', 'VCEDAX'),
  ('utility_admin', 'comm.list', 'VCEDAX'),
  ('utility_admin', 'comm.workflow', 'VCEDAX'),
  ('utility_admin', 'comm.template', 'VCEDAX'),
  ('utility_admin', 'comm.history', 'VCEDAX'),
  ('utility_admin', 'comm.notice', 'VCEDAX'),
  ('utility_admin', 'comm.settings', 'VCEDAX'),
  ('utility_admin', 'portal.settings', 'VCEDAX'),
  ('utility_admin', 'portal.users', 'VCEDAX'),
  ('utility_admin', 'portal.content', 'VCEDAX'),
  ('utility_admin', 'portal.usage_rules', 'VCEDAX'),
  ('utility_admin', 'mx.device', 'VCEDAX'),
  ('utility_admin', 'mx.inventory', 'VCEDAX'),
  ('utility_admin', 'mx.order', 'VCEDAX'),
  ('utility_admin', 'mx.route', 'VCEDAX'),
  ('utility_admin', 'mx.cycle', 'VCEDAX'),
  ('utility_admin', 'mx.reads', 'VCEDAX'),
  ('utility_admin', 'mx.interval', 'VCEDAX'),
  ('utility_admin', 'mx.validation', 'VCEDAX'),
  ('utility_admin', 'mx.config', 'VCEDAX'),
  ('utility_admin', 'wx.master', 'VCEDAX'),
  ('utility_admin', 'wx.force', 'VCEDAX'),
  ('utility_admin', 'wx.dispatch', 'VCEDAX'),
  ('utility_admin', 'wx.settings', 'VCEDAX'),
  ('utility_admin', 'wx.order', 'VCEDAX'),
  ('utility_admin', 'wx.field', 'VCEDAX'),
  ('utility_admin', 'bx.run', 'VCEDAX'),
  ('utility_admin', 'bx.single', 'VCEDAX'),
  ('utility_admin', 'bx.cycle', 'VCEDAX'),
  ('utility_admin', 'bx.template', 'VCEDAX'),
  ('utility_admin', 'bx.bill', 'VCEDAX'),
  ('utility_admin', 'bx.dashboard', 'VCEDAX'),
  ('utility_admin', 'bx.gl', 'VCEDAX'),
  ('utility_admin', 'bx.print', 'VCEDAX'),
  ('billing_manager', 'core.tariffs', 'VCEDAX'),
  ('billing_manager', 'core.migration', 'VCE'),
  ('billing_manager', 'hub.gateways', 'V'),
  ('billing_manager', 'hub.events', 'V'),
  ('billing_manager', 'hub.intents', 'V'),
  ('billing_manager', 'hub.refunds', 'V'),
  ('billing_manager', 'hub.settlements', 'VEAX'),
  ('billing_manager', 'cis.dashboard', 'V'),
  ('billing_manager', 'cis.consumers', 'VX'),
  ('billing_manager', 'cis.complaints', 'V'),
  ('billing_manager', 'cis.service_requests', 'V'),
  ('billing_manager', 'cis.payments', 'VX'),
  ('billing_manager', 'cis.credits', 'VCEAX'),
  ('billing_manager', 'cis.refunds', 'VCEAX'),
  ('billing_manager', 'cis.outstanding', 'VCEAX'),
  ('billing_manager', 'cis.payment_config', 'V'),
  ('billing_manager', 'cis.settings', 'V'),
  ('billing_manager', 'comm.dashboard', 'V'),
  ('billing_manager', 'comm.message', 'VCE'),
  ('billing_manager', 'comm.campaign', 'VCE'),
  ('billing_manager', 'comm.list', 'VCE'),
  ('billing_manager', 'comm.workflow', 'VCE'),
  ('billing_manager', 'comm.template', 'VCEA'),
  ('billing_manager', 'comm.history', 'V'),
  ('billing_manager', 'mx.cycle', 'VX'),
  ('billing_manager', 'mx.reads', 'VX'),
  ('billing_manager', 'mx.interval', 'VX'),
  ('billing_manager', 'bx.run', 'VCEDAX'),
  ('billing_manager', 'bx.single', 'VCEDAX'),
  ('billing_manager', 'bx.cycle', 'VCEDAX'),
  ('billing_manager', 'bx.template', 'VCEDAX'),
  ('billing_manager', 'bx.bill', 'VCEDAX'),
  ('billing_manager', 'bx.dashboard', 'VCEDAX'),
  ('billing_manager', 'bx.gl', 'VCEAX'),
  ('billing_manager', 'bx.print', 'VCEAX'),
  ('billing_clerk', 'core.tariffs', 'V'),
  ('billing_clerk', 'hub.intents', 'V'),
  ('billing_clerk', 'hub.refunds', 'V'),
  ('billing_clerk', 'cis.consumers', 'V'),
  ('billing_clerk', 'cis.payments', 'V'),
  ('billing_clerk', 'cis.credits', 'VC'),
  ('billing_clerk', 'cis.outstanding', 'VCE'),
  ('billing_clerk', 'mx.cycle', 'VX'),
  ('billing_clerk', 'mx.reads', 'VX'),
  ('billing_clerk', 'mx.interval', 'VX'),
  ('billing_clerk', 'bx.run', 'VCE'),
  ('billing_clerk', 'bx.single', 'VCE'),
  ('billing_clerk', 'bx.cycle', 'VCE'),
  ('billing_clerk', 'bx.template', 'VCE'),
  ('billing_clerk', 'bx.bill', 'VCEX'),
  ('billing_clerk', 'bx.dashboard', 'VCEX'),
  ('billing_clerk', 'bx.gl', 'V'),
  ('billing_clerk', 'bx.print', 'VCEX'),
  ('meter_manager', 'core.calendar', 'V'),
  ('meter_manager', 'core.areas', 'V'),
  ('meter_manager', 'core.migration', 'VCE'),
  ('meter_manager', 'cis.applications', 'V'),
  ('meter_manager', 'cis.disconnections', 'V'),
  ('meter_manager', 'cis.reconnections', 'V'),
  ('meter_manager', 'cis.transfers', 'V'),
  ('meter_manager', 'comm.dashboard', 'V'),
  ('meter_manager', 'comm.message', 'VCE'),
  ('meter_manager', 'comm.campaign', 'VCE'),
  ('meter_manager', 'comm.list', 'VCE'),
  ('meter_manager', 'comm.workflow', 'VCE'),
  ('meter_manager', 'comm.template', 'VCEA'),
  ('meter_manager', 'comm.history', 'V'),
  ('meter_manager', 'portal.usage_rules', 'VCEDA'),
  ('meter_manager', 'mx.device', 'VCEDAX'),
  ('meter_manager', 'mx.inventory', 'VCEDAX'),
  ('meter_manager', 'mx.order', 'VCEDAX'),
  ('meter_manager', 'mx.route', 'VCEDAX'),
  ('meter_manager', 'mx.cycle', 'VCEDAX'),
  ('meter_manager', 'mx.reads', 'VCEDAX'),
  ('meter_manager', 'mx.interval', 'VCEDAX'),
  ('meter_manager', 'mx.validation', 'VCEDAX'),
  ('meter_manager', 'mx.config', 'VCEDAX'),
  ('meter_manager', 'wx.force', 'V'),
  ('meter_manager', 'wx.dispatch', 'V'),
  ('meter_manager', 'wx.order', 'VCEAX'),
  ('reading_validator', 'core.calendar', 'V'),
  ('reading_validator', 'core.areas', 'V'),
  ('reading_validator', 'mx.reads', 'VE'),
  ('reading_validator', 'mx.interval', 'VE'),
  ('reading_validator', 'mx.validation', 'VEA'),
  ('storekeeper', 'core.calendar', 'V'),
  ('storekeeper', 'core.areas', 'V'),
  ('storekeeper', 'mx.device', 'V'),
  ('storekeeper', 'mx.inventory', 'VCEX'),
  ('storekeeper', 'mx.order', 'V'),
  ('cso_supervisor', 'core.calendar', 'V'),
  ('cso_supervisor', 'core.areas', 'V'),
  ('cso_supervisor', 'core.tariffs', 'V'),
  ('cso_supervisor', 'core.migration', 'VCE'),
  ('cso_supervisor', 'hub.intents', 'V'),
  ('cso_supervisor', 'hub.refunds', 'V'),
  ('cso_supervisor', 'hub.settlements', 'VE'),
  ('cso_supervisor', 'cis.dashboard', 'VX'),
  ('cso_supervisor', 'cis.consumers', 'VCEDAX'),
  ('cso_supervisor', 'cis.pii', 'V'),
  ('cso_supervisor', 'cis.applications', 'VCEDAX'),
  ('cso_supervisor', 'cis.complaints', 'VCEDAX'),
  ('cso_supervisor', 'cis.service_requests', 'VCEDAX'),
  ('cso_supervisor', 'cis.disconnections', 'VCEDAX'),
  ('cso_supervisor', 'cis.reconnections', 'VCEDAX'),
  ('cso_supervisor', 'cis.transfers', 'VCEDAX'),
  ('cso_supervisor', 'cis.payments', 'VCEAX'),
  ('cso_supervisor', 'cis.credits', 'VCEAX'),
  ('cso_supervisor', 'cis.refunds', 'VCEAX'),
  ('cso_supervisor', 'cis.outstanding', 'VCEAX'),
  ('cso_supervisor', 'cis.sla', 'VEAX'),
  ('cso_supervisor', 'cis.payment_config', 'V'),
  ('cso_supervisor', 'cis.settings', 'V'),
  ('cso_supervisor', 'comm.dashboard', 'V'),
  ('cso_supervisor', 'comm.message', 'VCE'),
  ('cso_supervisor', 'comm.campaign', 'VCE'),
  ('cso_supervisor', 'comm.list', 'VCE'),
  ('cso_supervisor', 'comm.workflow', 'VCE'),
  ('cso_supervisor', 'comm.template', 'VCE'),
  ('cso_supervisor', 'comm.history', 'VCEX'),
  ('cso_supervisor', 'portal.settings', 'V'),
  ('cso_supervisor', 'portal.users', 'VEA'),
  ('cso_supervisor', 'portal.content', 'VCEDA'),
  ('cso_supervisor', 'mx.reads', 'V'),
  ('cso_supervisor', 'wx.order', 'VC'),
  ('cso_supervisor', 'bx.single', 'VCEA'),
  ('cso_supervisor', 'bx.bill', 'VX'),
  ('cso', 'core.calendar', 'V'),
  ('cso', 'core.areas', 'V'),
  ('cso', 'core.tariffs', 'V'),
  ('cso', 'cis.dashboard', 'V'),
  ('cso', 'cis.consumers', 'VCE'),
  ('cso', 'cis.pii', 'V'),
  ('cso', 'cis.applications', 'VCE'),
  ('cso', 'cis.complaints', 'VCE'),
  ('cso', 'cis.service_requests', 'VCE'),
  ('cso', 'cis.disconnections', 'VCE'),
  ('cso', 'cis.reconnections', 'VCE'),
  ('cso', 'cis.transfers', 'VCE'),
  ('cso', 'cis.payments', 'VC'),
  ('cso', 'cis.credits', 'VC'),
  ('cso', 'cis.refunds', 'VC'),
  ('cso', 'cis.outstanding', 'VCE'),
  ('cso', 'cis.sla', 'V'),
  ('cso', 'comm.message', 'VC'),
  ('cso', 'comm.template', 'VC'),
  ('cso', 'comm.history', 'V'),
  ('cso', 'portal.users', 'V'),
  ('cso', 'mx.reads', 'V'),
  ('cso', 'wx.order', 'VC'),
  ('cso', 'bx.single', 'VC'),
  ('cso', 'bx.bill', 'VX'),
  ('cc_supervisor', 'cis.consumers', 'VCEX'),
  ('cc_supervisor', 'cis.applications', 'VCE'),
  ('cc_supervisor', 'cis.complaints', 'VCEX'),
  ('cc_supervisor', 'cis.service_requests', 'VCEX'),
  ('cc_supervisor', 'cis.disconnections', 'VC'),
  ('cc_supervisor', 'cis.reconnections', 'VC'),
  ('cc_supervisor', 'cis.transfers', 'VC'),
  ('cc_supervisor', 'cis.outstanding', 'VC'),
  ('cc_supervisor', 'cis.sla', 'V'),
  ('cc_supervisor', 'cc.console', 'VCEDAX'),
  ('cc_supervisor', 'cc.dashboard', 'VCEDAX'),
  ('cc_supervisor', 'cc.performance', 'VCEDAX'),
  ('cc_supervisor', 'mx.reads', 'V'),
  ('cc_supervisor', 'wx.order', 'VC'),
  ('cc_supervisor', 'bx.bill', 'V'),
  ('cc_agent', 'cis.consumers', 'VCE'),
  ('cc_agent', 'cis.applications', 'VCE'),
  ('cc_agent', 'cis.complaints', 'VCE'),
  ('cc_agent', 'cis.service_requests', 'VCE'),
  ('cc_agent', 'cis.disconnections', 'VC'),
  ('cc_agent', 'cis.reconnections', 'VC'),
  ('cc_agent', 'cis.transfers', 'VC'),
  ('cc_agent', 'cis.outstanding', 'VC'),
  ('cc_agent', 'cc.console', 'VCE'),
  ('cc_agent', 'cc.performance', 'V'),
  ('cc_agent', 'comm.message', 'VC'),
  ('cc_agent', 'comm.template', 'VC'),
  ('cc_agent', 'comm.history', 'V'),
  ('cc_agent', 'portal.users', 'V'),
  ('cc_agent', 'mx.reads', 'V'),
  ('cc_agent', 'wx.order', 'VC'),
  ('cc_agent', 'bx.bill', 'V'),
  ('cashier', 'cis.consumers', 'V'),
  ('cashier', 'cis.payments', 'VCX'),
  ('cashier', 'cis.refunds', 'V'),
  ('cashier', 'bx.bill', 'V'),
  ('comms_manager', 'hub.providers', 'V'),
  ('comms_manager', 'comm.dashboard', 'VX'),
  ('comms_manager', 'comm.message', 'VCEDAX'),
  ('comms_manager', 'comm.campaign', 'VCEDAX'),
  ('comms_manager', 'comm.list', 'VCEDAX'),
  ('comms_manager', 'comm.workflow', 'VCEDAX'),
  ('comms_manager', 'comm.template', 'VCEDAX'),
  ('comms_manager', 'comm.history', 'VCEDAX'),
  ('comms_manager', 'comm.notice', 'VCEDA'),
  ('comms_manager', 'comm.settings', 'VCEDA'),
  ('comms_manager', 'portal.content', 'VCEDA'),
  ('comms_manager', 'bx.print', 'V'),
  ('dispatcher', 'core.calendar', 'V'),
  ('dispatcher', 'core.areas', 'V'),
  ('dispatcher', 'core.migration', 'VCE'),
  ('dispatcher', 'comm.message', 'VC'),
  ('dispatcher', 'comm.notice', 'VCE'),
  ('dispatcher', 'mx.device', 'V'),
  ('dispatcher', 'mx.route', 'V'),
  ('dispatcher', 'mx.cycle', 'V'),
  ('dispatcher', 'wx.master', 'VCEAX'),
  ('dispatcher', 'wx.force', 'VCEAX'),
  ('dispatcher', 'wx.dispatch', 'VCEAX'),
  ('dispatcher', 'wx.order', 'VCEX'),
  ('field_executive', 'comm.message', 'VC'),
  ('field_executive', 'mx.reads', 'VC'),
  ('field_executive', 'wx.field', 'VCE'),
  ('field_executive', 'bx.print', 'V')
on duplicate key update letters = values(letters);
