-- What a tenant begins with: its own role, the security policy, texts of messages sent before there is a utility.
-- Run in the tenant's schema when it is provisioned; can run again.

insert into security_policy (one) values (1) on duplicate key update security_policy.id = security_policy.id;

insert into role (utility_id, code, name, description, kind, mfa_required)
select null, t.code, t.name, t.description, 'system', t.mfa_required
from role_template t
where t.tenant_level = 1
on duplicate key update role.id = role.id;

insert into role_permission (role_id, permission_id)
select r.id, p.id
from role r
join role_template_right t on t.role_code = r.code
join permission p on p.resource = t.resource
  and locate(case p.action when 'export' then 'X' else upper(left(p.action, 1)) end, t.letters) > 0
where r.utility_id is null
on duplicate key update role_permission.role_id = role_permission.role_id;

insert into template (utility_id, `key`, name, class, topic, channels, is_system, legal)
select null, d.`key`, d.name, d.class, d.topic, '["email"]', 1, d.legal
from template_default d
where d.tenant_level = 1 and d.lang = 'en'
on duplicate key update template.id = template.id;

insert into template_version (utility_id, template_id, no, lang, channel, subject, body_text, state, effective_at)
select null, t.id, 1, d.lang, 'email', d.subject, d.body_text, 'active', utc_timestamp(6)
from template t
join template_default d on d.`key` = t.`key`
where t.utility_id is null
on duplicate key update template_version.id = template_version.id;
