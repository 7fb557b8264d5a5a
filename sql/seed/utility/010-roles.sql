-- Seeds of a utility, in order of file name, run in the tenant's schema with these session variables set by the caller:
--   @utility_id   the utility (its row exists)      @today   its local date      @user_id   who creates it, or NULL
-- Each file can run again and changes nothing that is there.
-- This one: the system roles with their default rights.

insert into role (utility_id, code, name, description, kind, mfa_required)
select @utility_id, t.code, t.name, t.description, 'system', t.mfa_required
from role_template t
where t.tenant_level = 0
on duplicate key update role.id = role.id;

insert into role_permission (role_id, permission_id)
select r.id, p.id
from role r
join role_template_right t on t.role_code = r.code
join permission p on p.resource = t.resource
  and locate(case p.action when 'export' then 'X' else upper(left(p.action, 1)) end, t.letters) > 0
where r.utility_id = @utility_id and r.row_version = 1
on duplicate key update role_permission.role_id = role_permission.role_id;
