// Roles and rights (AU01US02). Scenario 2's button belongs to a page that comes later; what it rests on is tested here: a right
// given counts on the next request without a new sign-in. Scenario 4 with a consumer's account stands in SEARCH.
const { story } = require('../support/story');

story('AU01US02', 'ONB-FIX', ({ as, test, expect, sql, one, clock, looks_right }) => {
  const user = (email) => one('select public_id from user where email = ?', [`${email}@swa.test`]);
  const rights = (role) => sql("select p.`key` from role_permission rp join permission p on p.id = rp.permission_id join role r on r.id = rp.role_id join utility u on u.id = r.utility_id where u.code = 'swa-w' and r.code = ? order by 1", [role]).map((r) => r.key);
  // Saves a role's matrix with some rights more and some less than it has now.
  const save = async (who, role, { more = [], less = [], fields = {} } = {}) => who.post(`/roles/${role}`, { p: [...rights(role).filter((k) => !less.includes(k)), ...more], ...fields }, { from: `/roles/${role}` });

  test('AU01US02.1 a right that is missing is refused and the refusal is kept', async () => {
    const clerk = as('billing_clerk1');
    const page = await clerk.get('/bx/dashboard').is(200);
    const csrf = page.body.match(/name="csrf" value="([^"]+)"/)[1];
    await clerk.post('/roles', { csrf, name: 'My role' }, { raw: true }).refuses(403, null, 'You do not have permission to create roles.');
    expect(one("select count(*) from audit_entry where action = 'denied' and reason = 'core.roles:create' and actor_name = 'Billing clerk 1'")).toBe('1');
    expect(one("select count(*) from role where name = 'My role'")).toBe('0');
    const denied = () => one("select count(*) from audit_entry where action = 'denied' and reason = 'core.tariffs:create' and actor_name = 'Billing clerk 1'");
    const plans = one('select count(*) from tariff_plan');
    expect(denied()).toBe('0');
    await clerk.post('/plans', { csrf, name: 'My plan' }, { raw: true }).is(403);
    expect([denied(), one('select count(*) from tariff_plan')]).toEqual(['1', plans]);
  });

  test('AU01US02 a role is cloned from the list: one that is ticked, and by who may make roles', async () => {
    await as('utility_admin').get('/roles').sees('Clone');
    await as('utility_admin').post('/roles/clone', { bulk: 'clone', ids: ['cashier'] }, { from: '/roles' }).goes('/roles/new?from=cashier');
    await as('utility_admin').get('/roles/new?from=cashier').sees('The role begins with the rights of Cashier.');
    expect((await as('utility_admin').post('/roles/clone', { bulk: 'clone', ids: ['cashier', 'cso'] }, { from: '/roles' }).is(422)).text).toMatch(/Tick one role to clone\.[\s\S]*Cashier/);
    await as('utility_admin').post('/roles/clone', { bulk: 'clone' }, { from: '/roles' }).is(422);
    await as('cashier').post('/roles/clone', { bulk: 'clone', ids: ['cashier'] }).is(403);
  });

  test('AU01US02.2 a cloned role with one right more counts on the next request', async () => {
    const admin = as('utility_admin'), cashier = as('cashier2');
    await cashier.get('/cis/payments').is(200);
    await admin.post('/roles', { name: 'Senior cashier' }, { from: '/roles/new?from=cashier' }).done('Role Senior cashier is ready.');
    expect(rights('senior_cashier')).toEqual(rights('cashier'));
    await save(admin, 'senior_cashier', { more: ['cis.payments:approve'] }).then((r) => expect(r.status).toBe(303));
    expect(rights('senior_cashier')).toEqual([...rights('cashier'), 'cis.payments:approve'].sort());
    const before = cashier.cookies['__Host-s360_sid'];
    await admin.post(`/users/${user('cashier2')}/roles`, { role: 'senior_cashier' }, { from: `/users/${user('cashier2')}` }).done('Cashier 2 now has the role Senior cashier.');
    await admin.get(`/users/${user('cashier2')}/permissions`).sees('Cashier, Senior cashier').and((r) => expect(r.text).toMatch(/Payments ?cis\.payments Cashier, Senior cashier Cashier, Senior cashier – – Senior cashier/));
    // its next request has the right: seen on a page that asks for one it did not have
    await cashier.get('/roles').is(403);
    await save(admin, 'senior_cashier', { more: ['cis.payments:approve', 'core.roles:view'] }).then((r) => expect(r.status).toBe(303));
    await cashier.get('/roles').is(200);
    await save(admin, 'senior_cashier', { less: ['core.roles:view'] }).then((r) => expect(r.status).toBe(303));
    await cashier.get('/roles').is(403);
    expect(cashier.cookies['__Host-s360_sid']).toBe(before);
    expect(one("select count(*) from outbox_event where name = 'role.changed' and number = 'senior_cashier'")).toBe('4');
    const diff = one("select v.after_value from audit_entry e join audit_value v on v.audit_id = e.id where e.entity = 'role' and e.number = 'senior_cashier' and e.action = 'edit' order by e.id desc limit 1");
    expect(JSON.parse(diff)).not.toHaveProperty('name');        // changed fields only
  });

  test('AU01US02.3 without view there is nothing, and the page says so', async () => {
    const admin = as('utility_admin');
    await admin.post('/roles', { name: 'Matrix try' }, { from: '/roles/new' }).is(303);
    await save(admin, 'matrix_try', { more: ['cis.consumers:edit'] }).then((r) => expect(r.status).toBe(303));
    expect(rights('matrix_try')).toEqual(['cis.consumers:edit', 'cis.consumers:view']);         // an action brings view along
    const page = await admin.post('/roles/matrix_try', { p: ['cis.consumers:edit'] }, { from: '/roles/matrix_try' }).done('View was removed, so all rights were removed from: consumers and accounts.');
    expect(rights('matrix_try')).toEqual([]);
    expect(page.body).not.toMatch(/value="cis\.consumers:(view|edit)"[^>]*checked/);
  });

  test('AU01US02.3 the tick of a column and of a module ticks all of it, also without script', async () => {
    const admin = as('utility_admin');
    await admin.post('/roles/matrix_try', { all: ['mx:view'] }, { from: '/roles/matrix_try' }).is(303);
    expect(rights('matrix_try')).toEqual(sql("select `key` from permission where module = 'mx' and action = 'view' order by 1").map((r) => r.key));
    await admin.post('/roles/matrix_try', { all: ['*:view'] }, { from: '/roles/matrix_try' }).is(303);
    expect(rights('matrix_try')).toHaveLength(Number(one("select count(*) from permission where action = 'view'")));
  });

  test('AU01US02.4 a role limited to areas reads only their subtrees', async () => {
    const admin = as('utility_admin'), id = user('cso3');
    await admin.post(`/users/${id}/roles`, { role: 'cso', area: 'EST-GRE' }, { from: `/users/${id}` }).done('Customer service officer 3 now has the role Customer service officer.');
    await admin.post(`/users/${id}/roles/removal`, { role: 'cso~' }, { from: `/users/${id}` }).done('no longer has the role');
    await admin.get(`/users/${id}`).sees('Gresham').lacks('Everywhere always');
    expect(one("select count(*) from user_role ur join user u on u.id = ur.user_id where u.email = 'cso3@swa.test' and ur.service_area_id is null")).toBe('0');
  });

  test('AU01US02.5 the only system administrator keeps the role', async () => {
    sql("update user set status = 'inactive' where email in ('tenant_admin1@swa.test', 'tenant_admin2@swa.test')");
    const admin = as('tenant_admin'), id = user('tenant_admin');
    await admin.post(`/users/${id}/roles/removal`, { role: 'tenant_admin~' }, { from: `/users/${id}` }).refuses(422, null, 'At least one administrator must keep this permission.');
    expect(one("select count(*) from user_role ur join user u on u.id = ur.user_id where u.email = 'tenant_admin@swa.test'")).toBe('1');
    sql("update user set status = 'active' where email in ('tenant_admin1@swa.test', 'tenant_admin2@swa.test')");
    const other = user('tenant_admin1');
    await admin.post(`/users/${other}/roles/removal`, { role: 'tenant_admin~' }, { from: `/users/${other}` }).is(303);
  });

  test('AU01US02.5 the last who may edit roles cannot lose the right by an exception either', async () => {
    sql("update user u join user_role ur on ur.user_id = u.id join role r on r.id = ur.role_id set u.status = 'inactive' where r.code in ('tenant_admin', 'utility_admin') and u.email <> 'utility_admin@swa.test'");
    const admin = as('utility_admin'), id = user('utility_admin');
    await admin.post(`/users/${id}/overrides`, { resource: 'core.roles', action: 'edit', effect: 'deny', reason: 'try' }, { from: `/users/${id}` }).refuses(422, null, 'At least one administrator must keep this permission.');
    await save(admin, 'utility_admin', { less: ['core.roles:edit'] }).then((r) => { expect(r.status).toBe(422); expect(r.text).toContain('At least one administrator must keep this permission.'); });
    expect(rights('utility_admin')).toContain('core.roles:edit');
    sql("update user set status = 'active' where status = 'inactive'");
  });

  test('AU01US02.6 a module switched off gives nothing', async () => {
    const agent = as('cc_agent1');
    await agent.get('/cc').goes('/cc/console');
    await agent.get('/cc/console').sees('Call center');
    sql("update module_activation m join utility u on u.id = m.utility_id set m.active = 0 where u.code = 'swa-w' and m.module = 'cc'");
    await agent.get('/cc').refuses(403, null, 'Module not active');
    await agent.get('/cc/console').refuses(403, null, 'Module not active');
    expect((await agent.get('/cis/consumers')).body).not.toContain('data-go="call_center"');     // no entry either
    await as('utility_admin').get(`/users/${user('cc_agent1')}/permissions`).sees('Module not active');
    sql("update module_activation m join utility u on u.id = m.utility_id set m.active = 1 where u.code = 'swa-w' and m.module = 'cc'");
    await agent.get('/cc/console').is(200);
  });

  test('AU01US02 a module that is not in the plan gives nothing, whatever is switched on; bought, it counts on the next request', async () => {
    const platform = () => as('platform_admin'), agent = as('cc_agent1'), keeper = as('storekeeper2');
    const code = () => sql.platform("select p.code from subscription s join subscription_plan p on p.id = s.plan_id join tenant t on t.id = s.tenant_id where t.slug = 'swa' and s.live = 1")[0].code;
    const is_on = (module) => one("select m.active from module_activation m join utility u on u.id = m.utility_id where u.code = 'swa-w' and m.module = ?", [module]);
    // the platform sells the plan without the call center
    await agent.get('/cc/console').is(200);
    const plan = (modules) => platform().post('/platform/plans/growth', { modules }, { from: '/platform/plans/growth' }).done('Saved.');
    const all = ['hub', 'cis', 'cc', 'comm', 'portal', 'mx', 'bx', 'wx'];
    await plan(all.filter((m) => m !== 'cc'));
    expect(is_on('cc')).toBe('1');
    await agent.get('/cc/console').refuses(403, null, 'Module not active');
    expect((await agent.get('/cis/consumers').is(200)).body).not.toContain('data-go="call_center"');
    await as('utility_admin').get(`/users/${user('cc_agent1')}/permissions`).sees('Module not active');
    expect((await as('utility_admin').get('/roles/cc_supervisor').sees('Effective pages')).body).not.toContain('<code>/cc/dashboard</code>');
    await plan(all);
    await agent.get('/cc/console').is(200);
    expect((await as('utility_admin').get('/roles/cc_supervisor').is(200)).body).toContain('<code>/cc/dashboard</code>');
    // a smaller plan by contract, then a larger one by the organization itself
    await keeper.get('/mx/inventory').is(200);
    sql.platform("update subscription_plan set limits = json_set(limits, '$.seats', 500, '$.utilities', 5) where code = 'starter'");
    await platform().post('/platform/tenants/swa/terms', { plan: 'starter', reason: 'asked for' }, { from: '/platform/tenants/swa/terms' }).is(303);
    expect(code()).toBe('starter');
    await keeper.get('/mx/inventory').refuses(403, null, 'Module not active');
    await as('cashier1').get('/cis/payments').is(200);              // what is in it goes on
    await as('tenant_admin').post('/org/subscription/plan', { plan: 'growth' }, { from: '/org/subscription' }).is(303);
    expect(code()).toBe('growth');
    await keeper.get('/mx/inventory').is(200);
  });

  test('AU01US02 a role that is not active gives nothing and is given to nobody; the last administrator keeps his', async () => {
    const admin = as('utility_admin'), person = as('meter_manager'), id = user('cashier3');
    await person.get('/mx').is(200);
    await save(admin, 'meter_manager', { fields: { active: undefined } }).then((r) => expect(r.status).toBe(303));
    expect(one("select r.active from role r join utility u on u.id = r.utility_id where u.code = 'swa-w' and r.code = 'meter_manager'")).toBe('0');
    await person.get('/mx').and((r) => expect(r.status).not.toBe(200));
    await admin.get('/roles/meter_manager').sees('This role is not active');
    expect((await admin.get('/roles?active=0').rows()).map((cells) => cells.join(' '))).toEqual([expect.anything(), expect.stringContaining('Meter manager')]);
    await admin.post(`/users/${id}/roles`, { role: 'meter_manager' }, { from: `/users/${id}` }).refuses(422, 'role', 'There is no role meter_manager in this utility.');
    const diff = JSON.parse(one("select v.after_value from audit_entry e join audit_value v on v.audit_id = e.id where e.entity = 'role' and e.number = 'meter_manager' order by e.id desc limit 1"));
    expect(diff).toEqual({ active: 'no' });
    await save(admin, 'meter_manager', { fields: { active: '1', department: one("select d.public_id from department d join utility u on u.id = d.utility_id where u.code = 'swa-w' and d.name = 'Customer Service'") } }).then((r) => expect(r.status).toBe(303));
    await as.anew('meter_manager').get('/mx').is(200);
    expect(JSON.parse(one("select v.after_value from audit_entry e join audit_value v on v.audit_id = e.id where e.entity = 'role' and e.number = 'meter_manager' order by e.id desc limit 1"))).toEqual({ active: 'yes', department: 'Customer Service' });
    expect((await admin.get(`/roles?in_department=${one("select d.public_id from department d join utility u on u.id = d.utility_id where u.code = 'swa-w' and d.name = 'Customer Service'")}`).rows()).map((cells) => cells.join(' ')).join('\n')).toContain('Meter manager');
    sql("update user u join user_role ur on ur.user_id = u.id join role r on r.id = ur.role_id set u.status = 'inactive' where r.code in ('tenant_admin', 'utility_admin') and u.email <> 'utility_admin@swa.test'");
    await save(admin, 'utility_admin', { fields: { active: undefined } }).then((r) => { expect(r.status).toBe(422); expect(r.text).toContain('At least one administrator must keep this permission.'); });
    sql("update user set status = 'active' where status = 'inactive'");
    expect(one("select r.active from role r join utility u on u.id = r.utility_id where u.code = 'swa-w' and r.code = 'utility_admin'")).toBe('1');
  });

  test('AU01US02 the page of a role: who has it, and all of them counted', async () => {
    const page = await as('utility_admin').get('/roles/cashier').sees('Users with this role', 'Effective pages', 'Cashier 1');
    const n = one("select count(distinct ur.user_id) from user_role ur join role r on r.id = ur.role_id join utility u on u.id = r.utility_id join user p on p.id = ur.user_id and p.status <> 'revoked' where u.code = 'swa-w' and r.code = 'cashier'");
    expect(page.text).toContain(`Users with this role ${n} users`);
    expect(page.body).toContain('<code>/cis/payments</code>');
    expect(page.body).not.toContain('<code>/roles</code>');
    sql("insert into user (email, full_name, status) select concat('many', seq, '@swa.test'), concat('Many ', seq), 'active' from seq_1_to_101");
    sql("insert into user_role (user_id, role_id, utility_id, valid_from) select p.id, r.id, r.utility_id, date '2026-01-01' from user p join utility u on u.code = 'swa-w' join role r on r.utility_id = u.id and r.code = 'dispatcher' where p.email like 'many%@swa.test'");
    const of = Number(one("select count(distinct ur.user_id) from user_role ur join role r on r.id = ur.role_id join utility u on u.id = r.utility_id where u.code = 'swa-w' and r.code = 'dispatcher'"));
    expect(of).toBeGreaterThan(100);
    await as('utility_admin').get('/roles/dispatcher').sees(`Users with this role ${of} users`);
    sql("delete ur from user_role ur join user u on u.id = ur.user_id where u.email like 'many%@swa.test'");
    sql("delete from user where email like 'many%@swa.test'");
  });

  test('AU01US02 an exception of a person: granted, denied, run out', async () => {
    const admin = as('utility_admin'), person = as('storekeeper1'), id = user('storekeeper1');
    await person.get('/roles').is(403);
    await admin.post(`/users/${id}/overrides`, { resource: 'core.roles', action: 'view', effect: 'grant', reason: 'helps with the roles' }, { from: `/users/${id}` }).is(303);
    await person.get('/roles').is(200);
    await admin.get(`/users/${id}/permissions`).sees('helps with the roles');
    await admin.post(`/users/${id}/overrides`, { resource: 'core.roles', action: 'view', effect: 'deny', reason: 'no longer' }, { from: `/users/${id}` }).is(303);
    await person.get('/roles').is(403);
    await admin.post(`/users/${id}/overrides`, { resource: 'mx.inventory', action: 'view', effect: 'deny', reason: 'stock-taking' }, { from: `/users/${id}` }).is(303);
    await person.get('/mx/inventory').refuses(403, null, 'You do not have permission to view meter stock.');       // deny wins over the role
    await admin.post(`/users/${id}/overrides/removal`, { permission: 'mx.inventory:view' }, { from: `/users/${id}` }).is(303);
    await person.get('/mx/inventory').is(200);
    await admin.post(`/users/${id}/overrides`, { resource: 'core.roles', action: 'view', effect: 'grant', reason: 'today', until: '2026-04-15' }, { from: `/users/${id}` }).is(303);
    await person.get('/roles').is(200);
    const before = clock.now();
    clock('2026-04-16T00:00:01-07:00');
    await as.anew('storekeeper1').get('/roles').is(403);
    clock(before);
    await admin.post(`/users/${id}/overrides`, { resource: 'core.roles', action: 'view', effect: 'grant' }, { from: `/users/${id}` }).refuses(422, 'reason', 'Enter reason.');
    await admin.post(`/users/${id}/overrides`, { resource: 'core.roles', action: 'view', effect: 'grant', reason: 'late', until: '2026-04-01' }, { from: `/users/${id}` }).refuses(422, 'until', 'Choose today or a later day.');
  });

  test('AU01US02 the menu that workers keep follows a right given and taken, on the next page of each, and nobody else\'s', async () => {
    const admin = as('utility_admin'), id = user('storekeeper1'), page = '/mx/inventory';
    const offered = async (who) => new Set(await Promise.all(Array.from({ length: 12 }, async () => /<nav class="s-nav"[\s\S]*?<\/nav>/.exec((await who.get(page)).body)[0].includes('/u/swa-w/roles'))));
    const change = (effect) => admin.post(`/users/${id}/overrides`, { resource: 'core.roles', action: 'view', effect, reason: 'for the menu' }, { from: `/users/${id}` }).is(303);
    for (const [effect, seen] of [['deny', false], ['grant', true], ['deny', false], ['grant', true]]) {
      await change(effect);
      expect(await offered(as('storekeeper1'))).toEqual(new Set([seen]));
      expect(await offered(as('storekeeper'))).toEqual(new Set([false]));
    }
    await change('deny');
  });

  test('AU01US02 a role that begins later or has ended counts for nothing', async () => {
    const admin = as('utility_admin'), id = user('dispatcher2'), person = as('dispatcher2');
    await admin.post(`/users/${id}/roles`, { role: 'cashier', valid_from: '2026-05-01', valid_to: '2026-05-31' }, { from: `/users/${id}` }).is(303);
    await person.get('/cis/payments').is(403);
    sql("update user_role ur join user u on u.id = ur.user_id join role r on r.id = ur.role_id set ur.valid_from = '2026-04-01' where u.email = 'dispatcher2@swa.test' and r.code = 'cashier'");
    await person.get('/cis/payments').is(200);
    await admin.post(`/users/${id}/roles`, { role: 'cashier', valid_from: '2026-05-02', valid_to: '2026-05-01' }, { from: `/users/${id}` }).refuses(422, 'valid_to', 'The last day is before the first.');
    await admin.post(`/users/${id}/roles`, { role: 'cashier' }, { from: `/users/${id}` }).refuses(409, 'role', 'Dispatcher 2 has the role Cashier there already.');
    // In the evening in Portland it is the next day already by the database's clock: a role given then begins on the day that it is there, and holds at once.
    const role = "user_role ur join user u on u.id = ur.user_id and u.email = 'dispatcher2@swa.test' join role r on r.id = ur.role_id and r.code = 'cashier'";
    sql(`delete ur from ${role}`);
    await as('dispatcher2').get('/cis/payments').is(403);
    clock('2026-04-15T20:00-07:00');
    await as('utility_admin').post(`/users/${id}/roles`, { role: 'cashier' }, { from: `/users/${id}` }).is(303);
    expect(sql(`select ur.valid_from, date(ur.created_at) given from ${role}`)).toEqual([{ valid_from: '2026-04-15', given: '2026-04-16' }]);
    await as('dispatcher2').get('/cis/payments').is(200);
    expect(() => sql("insert into user_role (user_id, role_id, utility_id) select ur.user_id, r.id, ur.utility_id from user_role ur join role r on r.code = 'storekeeper' limit 1")).toThrow(/valid_from/);
    clock('2026-04-15T10:00-07:00');
  });

  test('AU01US02 who loses a role signs in again', async () => {
    const admin = as('utility_admin'), person = as('reading_validator1'), id = user('reading_validator1');
    await person.get('/mx/validation').is(200);
    await admin.post(`/users/${id}/roles/removal`, { role: 'reading_validator~' }, { from: `/users/${id}` }).is(303);
    await person.get('/mx/validation').goes(/^\/login/);
    expect(one("select end_reason from session s join user u on u.id = s.subject_id where u.email = 'reading_validator1@swa.test' order by s.id desc limit 1")).toBe('revoked');
  });

  test('AU01US02 giving and taking a role or an exception wants proof that is not older than ten minutes', async () => {
    const admin = as.anew('utility_admin'), id = one("select public_id from user where email = 'cc_agent2@swa.test'"), at = `/users/${id}`;
    const holds = () => sql("select ro.code from user_role ur join role ro on ro.id = ur.role_id join user u on u.id = ur.user_id where u.email = 'cc_agent2@swa.test' order by ro.code").map((r) => r.code);
    await admin.get(at).lacks('your password is wanted again');
    await admin.post(`${at}/roles`, { role: 'consumer' }, { from: at }).refuses(422, 'role', 'There is no role consumer in this utility.');
    clock.forward({ minutes: 11 });
    await admin.get(at).sees('To save changes here, your password is wanted again.');
    await admin.post(`${at}/roles`, { role: 'dispatcher' }, { from: at }).refuses(422, null, 'Confirm that it is you first');
    await admin.post(`${at}/overrides`, { resource: 'core.calendar', action: 'view', effect: 'grant', reason: 'looks' }, { from: at }).refuses(422, null, 'Confirm that it is you first');
    expect(holds()).toEqual(['cc_agent']);
    expect(one("select count(*) from user_permission_override o join user u on u.id = o.user_id where u.email = 'cc_agent2@swa.test'")).toBe('0');
    const proved = as.anew('utility_admin');
    await proved.post(`${at}/roles`, { role: 'dispatcher' }, { from: at }).is(303);
    expect(holds()).toEqual(['cc_agent', 'dispatcher']);
    await proved.post(`${at}/roles/removal`, { role: 'dispatcher~' }, { from: at }).is(303);
    clock.forward({ minutes: 20 });         // everybody's next session is a new one
  });

  test('AU01US02 refuses to delete a role that people have; they are reassigned', async () => {
    const admin = as('utility_admin');
    await admin.get('/roles/senior_cashier/deletion').sees('1 user has this role. Reassign them first.');
    await admin.post('/roles/senior_cashier/deletion', { to: '' }, { from: '/roles/senior_cashier/deletion' }).refuses(409, 'to', '1 user has this role. Reassign them first.');
    expect(one("select count(*) from role where code = 'senior_cashier'")).toBe('1');
    await admin.post('/roles/senior_cashier/deletion', { to: 'cashier' }, { from: '/roles/senior_cashier/deletion' }).done('Role Senior cashier is deleted.');
    expect(one("select count(*) from role where code = 'senior_cashier'")).toBe('0');
    expect(one("select count(*) from user_role ur join user u on u.id = ur.user_id where u.email = 'cashier2@swa.test'")).toBe('1');
    await admin.post('/roles/matrix_try/deletion', {}, { from: '/roles/matrix_try/deletion' }).done('is deleted');
    await admin.get('/roles/cashier/deletion').refuses(409, null, 'A system role is never deleted.');
  });

  test('AU01US02 refuses a grant of what the grantor lacks', async () => {
    await save(as('tenant_admin'), 'utility_admin', { less: ['bx.gl:approve'] }).then((r) => expect(r.status).toBe(303));
    const admin = as('utility_admin'), id = user('billing_clerk2');
    await save(admin, 'billing_clerk', { more: ['bx.gl:approve'] }).then((r) => { expect(r.status).toBe(403); expect(r.text).toContain('You can only grant permissions you hold.'); });
    await admin.post(`/users/${id}/roles`, { role: 'billing_manager' }, { from: `/users/${id}` }).refuses(403, null, 'You can only grant permissions you hold.');
    await admin.post(`/users/${id}/roles`, { role: 'tenant_admin' }, { from: `/users/${id}` }).refuses(403, null, 'You can only grant permissions you hold.');
    await admin.post(`/users/${id}/overrides`, { resource: 'bx.gl', action: 'approve', effect: 'grant', reason: 'try' }, { from: `/users/${id}` }).refuses(403, null, 'You can only grant permissions you hold.');
    expect(rights('billing_clerk')).not.toContain('bx.gl:approve');
    expect(one("select count(*) from user_role ur join user u on u.id = ur.user_id where u.email = 'billing_clerk2@swa.test'")).toBe('1');
    await as('tenant_admin').post('/roles/utility_admin/reset', {}, { from: '/roles/utility_admin' }).done('The role has its default rights again.');
    expect(rights('utility_admin')).toContain('bx.gl:approve');
  });

  test('AU01US02 refuses a name that is taken, and a change of the fixed role', async () => {
    const admin = as('utility_admin');
    await admin.post('/roles', { name: 'cashier' }, { from: '/roles/new' }).refuses(422, 'name', 'A role with this name exists.');
    await admin.post('/roles', { name: 'x' }, { from: '/roles/new' }).refuses(422, 'name', 'Name must have at least 3 characters.');
    await admin.post('/roles/cashier', { name: 'Dispatcher' }, { from: '/roles/cashier' }).refuses(422, 'name', 'A role with this name exists.');
    await admin.get('/roles/tenant_admin').sees('This role is fixed.');
    const csrf = (await admin.get('/roles')).body.match(/name="csrf" value="([^"]+)"/)[1];
    await admin.post('/roles/tenant_admin', { csrf, name: 'Mine', row_version: 1 }, { raw: true }).refuses(409, null, 'This role is fixed.');
    await admin.get('/roles/nothing').is(404);
  });

  test('AU01US02 warns of two duties in one role, and does not refuse', async () => {
    const admin = as('utility_admin');
    await admin.get('/roles/cso_supervisor').sees('The role may make adjustments and approve them.', 'The role may ask for refunds and approve them.');
    await admin.get('/roles/cashier').lacks('Two duties in one role.');
  });

  test('AU01US02 restores the default of a system role', async () => {
    const admin = as('utility_admin'), before = rights('storekeeper');
    await save(admin, 'storekeeper', { more: ['mx.route:view'], fields: { name: 'Store keeper' } }).then((r) => expect(r.status).toBe(303));
    await admin.get('/roles/storekeeper').and((r) => expect(r.body).toMatch(/class="c-tick2 changed"><input type="checkbox" name="p" value="mx\.route:view"/));
    await admin.post('/roles/storekeeper/reset', {}, { from: '/roles/storekeeper' }).is(303);
    expect(rights('storekeeper')).toEqual(before);
    expect(one("select r.name from role r join utility u on u.id = r.utility_id where u.code = 'swa-w' and r.code = 'storekeeper'")).toBe('Storekeeper');
  });

  test('AU01US02 two who edit one role: the second sees that it was changed', async () => {
    const a = as('utility_admin'), b = as('utility_admin1');
    const [form] = (await b.get('/roles/comms_manager').forms()).filter((f) => f.action.endsWith('/roles/comms_manager'));
    await save(a, 'comms_manager', { fields: { description: 'Messages and notices' } }).then((r) => expect(r.status).toBe(303));
    const fields = form.fields.filter(([k]) => k !== 'p' && k !== 'description');
    await b.post('/roles/comms_manager', { ...Object.fromEntries(fields), description: 'Other words', p: rights('comms_manager') }, { raw: true }).is(409).and((r) => expect(r.body).toContain('Other words'));
    expect(one("select r.description from role r join utility u on u.id = r.utility_id where u.code = 'swa-w' and r.code = 'comms_manager'")).toBe('Messages and notices');
  });

  test('AU01US02 the list: search, filter, export, comparison', async () => {
    const admin = as('utility_admin');
    await admin.get('/roles').sees('Cashier', 'System', 'Customer Service');
    await admin.get('/roles?q=till').sees('Cashier').lacks('Dispatcher');
    await admin.get('/roles?kind=custom').sees('No roles match');
    const csv = await admin.get('/roles?q=till&export=csv').is(200);
    expect(csv.headers['content-type']).toMatch(/text\/csv/);
    expect(csv.body).toMatch(/^\ufeffRole,/);
    await admin.get('/roles/compare?a=cashier&b=cso').sees('Differences', 'Consumers and accounts').lacks('Bill runs');
    await admin.get('/roles/compare?a=cashier&b=cashier').sees('Both roles have the same rights.');
    await admin.get('/users?q=cashier2').sees('Cashier 2').lacks('Dispatcher 1');
    await as('cso1').get('/roles').is(403);
    await as('cso1').get('/users').is(403);
  });

  test('AU01US02 an administrator unlocks', async () => {
    const admin = as('utility_admin'), id = user('cc_supervisor');
    for (let i = 0; i < 5; i++) await as(null).post('/login', { email: 'cc_supervisor@swa.test', password: 'wrong password' }, { from: '/login' }).is(401);
    await as(null).post('/login', { email: 'cc_supervisor@swa.test', password: 'Correct-Horse-7788' }, { from: '/login' }).is(429);
    await admin.get(`/users/${id}`).sees('Locked');
    await admin.post(`/users/${id}/unlock`, {}, { from: `/users/${id}` }).done('can sign in again.');
    await as(null).post('/login', { email: 'cc_supervisor@swa.test', password: 'Correct-Horse-7788' }, { from: '/login' }).is(303);
  });

  test('AU01US02 people of another utility are not found', async () => {
    sql("insert into user (email, full_name, status) values ('elsewhere@swa.test', 'Else Where', 'active')");
    sql("insert into user_role (user_id, role_id, utility_id, valid_from) select u.id, r.id, r.utility_id, date '2026-01-01' from user u join utility e on e.code = 'swa-e' join role r on r.code = 'cashier' and r.utility_id = e.id where u.email = 'elsewhere@swa.test'");
    await as('utility_admin').get(`/users/${user('elsewhere')}`).is(404);
    await as('utility_admin').get('/users/nobody').is(404);
  });

  test('AU01US02 in the browser: the head of a column ticks it, unsaved ticks stand out', async ({ page }) => {
    await as('utility_admin').browse(page, '/roles/dispatcher');
    const head = page.getByLabel('View: Billing and payments: all');
    await head.check();
    await expect(page.locator('input[value="bx.gl:view"]')).toBeChecked();
    await page.locator('input[value="bx.gl:view"]').uncheck();
    await expect(head).not.toBeChecked();
    await page.getByRole('button', { name: 'Save' }).click();
    await expect(page.getByRole('status')).toContainText('Saved.');
    await expect(page.locator('input[value="bx.run:view"]')).toBeChecked();
    await expect(page.locator('input[value="bx.gl:view"]')).not.toBeChecked();
  });

  test('AU01US02 pages look right', async ({ page }) => {
    test.setTimeout(120000);
    for (const path of ['/roles', '/roles/new', '/roles/cso_supervisor', '/roles/tenant_admin', '/roles/compare?a=cashier&b=cso', '/users', `/users/${user('cashier3')}`, `/users/${user('cashier3')}/permissions`]) {
      await as('utility_admin').browse(page, path);
      await looks_right(page);
    }
  });
});
