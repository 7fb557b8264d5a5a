// User access and management (ONB02US03): inviting by a wizard, from a file, the life of a person, who leaves and who gets the work.
const { story } = require('../support/story');

story('ONB02US03', 'ONB-FIX', ({ as, test, expect, sql, one, mails, jobs_run, clock, command, looks_right, instance, sleep }) => {
  const user = (email) => one('select public_id from user where email = ?', [`${email}@swa.test`]);
  const status = (email) => one('select status from user where email = ?', [`${email}@swa.test`]);
  const link_of = (mail) => mail.body.match(/https:\/\/\S+/)[0].replace(/^https:\/\/[^/]+/, '');
  const where = (r) => r.location.replace(/^\/u\/swa-w/, '');
  // One step of the wizard: the page it leads to.
  const step = async (who, at, fields, options = {}) => where(await who.post(at, fields, { from: at, ...options }).is(303));
  const invite = async (who, { name, email, department = 'Customer Service', role = 'cashier', adjust = {}, scope = {}, message = '' }) => {
    let at = await step(who, '/invitations/new', { full_name: name, email });
    at = await step(who, at, { department });
    at = await step(who, at, { role });
    at = await step(who, at, adjust);
    at = await step(who, at, scope);
    return who.post(at, { message }, { from: at });
  };

  test('ONB02US03.1 an invitation: invited, pending once the link is opened, active with the password', async () => {
    const admin = as('utility_admin');
    await invite(admin, { name: 'Cash desk 9', email: 'Cashier9@swa.test', message: 'Welcome to the desk.' }).then((r) => expect(r.status).toBe(303));
    expect(status('cashier9')).toBe('invited');
    expect(sql("select r.code, d.name department from user u join user_role ur on ur.user_id = u.id join role r on r.id = ur.role_id join department d on d.id = u.department_id where u.email = 'cashier9@swa.test'")).toEqual([{ code: 'cashier', department: 'Customer Service' }]);
    expect(one("select count(*) from message where to_address = 'cashier9@swa.test' and template_key = 'staff_invitation'")).toBe('1');
    const [mail] = mails('cashier9@swa.test');
    expect(mail.body).toContain('Welcome to the desk.');
    expect(one("select body_text like '%token%' from message where to_address = 'cashier9@swa.test'")).toBe('0');
    const guest = as(null);
    await guest.get(link_of(mail)).sees('Cash desk 9', 'cashier9@swa.test');
    expect(status('cashier9')).toBe('pending');
    await guest.post('/invite/accept', { password: 'violet tractor seldom 4', terms: '1' }, { from: link_of(mail) }).is(303);
    expect(status('cashier9')).toBe('active');
    expect(one("select count(*) from outbox_event where name in ('user.invited', 'user.activated') and entity_id = (select id from user where email = 'cashier9@swa.test')")).toBe('2');
    await admin.get(`/users/${user('cashier9')}/activity`).sees('Invited', 'Invitation accepted');
  });

  test('ONB02US03 the wizard keeps every save as a draft, goes back, and is continued on another computer', async () => {
    const here = as('utility_admin'), there = as.anew('utility_admin');
    await here.post('/invitations/new', { full_name: 'Dora Draft', email: 'not an address' }, { from: '/invitations/new' }).refuses(422, 'email');
    expect(one('select count(*) from user_invite_draft where done = 0')).toBe('0');
    let at = await step(here, '/invitations/new', { full_name: 'Dora Draft', email: 'dora@swa.test' });
    at = await step(here, at, { department: 'Customer Service' });
    await here.get(at).sees('Draft, saved', 'Cashier (recommended)', 'What each role may do');
    await there.get('/invitations/new').sees('Drafts you began', 'Dora Draft');
    const draft = at.match(/drafts\/([^/]+)/)[1];
    await there.get(`/invitations/drafts/${draft}`).goes(`/invitations/drafts/${draft}/role`);
    await there.get(`/invitations/drafts/${draft}/check`).goes(`/invitations/drafts/${draft}/role`);          // not through yet
    await there.get(`/invitations/drafts/${draft}/person`).and((r) => expect(r.body).toContain('value="Dora Draft"'));
    await as('utility_admin1').get(`/invitations/drafts/${draft}/person`).is(404);                            // hers alone
    at = await step(there, `/invitations/drafts/${draft}/role`, { role: 'cashier' });
    // a draft may be saved as it is, wrong or not; the review does not let it through
    await there.post(at, { resource1: 'cis.payments', draft: '1' }, { from: at }).done('The draft is saved.');
    await there.get(`/invitations/drafts/${draft}/check`).goes(`/invitations/drafts/${draft}/adjust`);
    await there.post(at, { resource1: 'cis.payments' }, { from: at }).refuses(422, 'resource1', 'Choose resource, action and effect.');
    at = await step(there, at, { resource1: 'cis.payments', action1: 'approve', effect1: 'grant', reason: 'Head of the desk' });
    await there.post(at, { valid_from: '2026-05-01', valid_to: '2026-04-01' }, { from: at }).refuses(422, 'valid_to', 'The last day is before the first.');
    at = await step(there, at, { area: 'EST-GRE', valid_from: '2026-05-01' });
    await there.get(at).sees('Check your answers', 'Dora Draft', 'Customer Service', 'Cashier', 'Gresham', 'Approve');
    const stale = (await there.get(`/invitations/drafts/${draft}/person`).forms()).find((f) => f.action.endsWith('/person'));
    at = await step(here, `/invitations/drafts/${draft}/person`, { full_name: 'Dora M. Draft', email: 'dora@swa.test' });
    await there.post(`/invitations/drafts/${draft}/person`, { ...Object.fromEntries(stale.fields), full_name: 'Lost' }, { raw: true }).refuses(409, null, 'This draft was saved meanwhile in another window.');
    await here.post(`/invitations/drafts/${draft}/check`, { message: '' }, { from: `/invitations/drafts/${draft}/check` }).goes(/\/users\/\S{22}$/);
    await there.get(`/invitations/drafts/${draft}/check`).goes(`/users/${user('dora')}`);                      // done once, for both
    expect(sql("select u.full_name, a.code, ur.valid_from from user u join user_role ur on ur.user_id = u.id join service_area a on a.id = ur.service_area_id where u.email = 'dora@swa.test'")).toEqual([{ full_name: 'Dora M. Draft', code: 'EST-GRE', valid_from: '2026-05-01' }]);
    expect(one("select p.`key` from user_permission_override o join permission p on p.id = o.permission_id join user u on u.id = o.user_id where u.email = 'dora@swa.test'")).toBe('cis.payments:approve');
    expect(one("select `values` from user_invite_draft where public_id = ?", [draft])).toBe('{}');
  });

  test('ONB02US03 refuses addresses in use, roles beyond the own rights, and an empty department', async () => {
    const admin = as('utility_admin');
    await admin.post('/invitations/new', { full_name: 'Again', email: 'CSO1@swa.test' }, { from: '/invitations/new' }).refuses(422, 'email', 'A user with this e-mail exists (status Active).');
    sql("update user set status = 'inactive' where email = 'cc_agent3@swa.test'");
    await admin.post('/invitations/new', { full_name: 'Again', email: 'cc_agent3@swa.test' }, { from: '/invitations/new' }).refuses(422, 'email', 'A user with this e-mail exists (status Inactive). Reactivate?');
    let at = await step(admin, '/invitations/new', { full_name: 'Too much', email: 'toomuch@swa.test' });
    await admin.post(at, { department: '' }, { from: at }).refuses(422, 'department', 'Enter department.');
    await admin.post(at, { department: 'Secret service' }, { from: at }).refuses(422, 'department', 'Choose a department from the list.');
    at = await step(admin, at, { department: 'Administration' });
    await admin.post(at, { role: '' }, { from: at }).refuses(422, 'role', 'Enter role.');
    await admin.post(at, { role: 'tenant_admin' }, { from: at }).refuses(422, 'role', 'You can only grant permissions you hold.');
    await admin.post(at, { role: 'no_such' }, { from: at }).refuses(422, 'role', 'There is no role no_such in this utility.');
    await admin.post(at.replace('/role', '/removal'), {}, { from: at }).done('The draft was discarded.');
    await admin.get(at).is(404);
    await as('cso1').get('/invitations/new').is(403);
    await as('cso1').get('/users').is(403);
  });

  test('ONB02US03.2 after 72 hours the invitation has expired; sent again, only the newest link works', async () => {
    const admin = as('utility_admin');
    await invite(admin, { name: 'Late Larry', email: 'larry@swa.test' });
    const first = link_of(mails('larry@swa.test')[0]);
    clock.forward({ hours: 73 });
    await jobs_run();
    sql.platform("insert into job (tenant_id, kind, class, run_at) select id, 'people.watch', 'general', utc_timestamp(6) - interval 400 day from tenant where slug = 'swa'");
    await jobs_run();
    expect(status('larry')).toBe('invitation_expired');
    await as(null).get(first).is(409);
    const again = as('utility_admin');
    await again.get(`/users/${user('larry')}`).sees('Invitation expired');
    await again.post(`/users/${user('larry')}/invitation`, {}, { from: `/users/${user('larry')}` }).done('The invitation for larry@swa.test is on its way.');
    expect(status('larry')).toBe('invited');
    await again.post(`/users/${user('larry')}/invitation`, {}, { from: `/users/${user('larry')}` }).is(303);
    const [, second, third] = mails('larry@swa.test').map(link_of);
    await as(null).get(first).is(409);
    await as(null).get(second).is(409);
    await as(null).get(third).sees('Late Larry');
    await again.post(`/users/${user('larry')}/revocation`, {}, { from: `/users/${user('larry')}` }).done('was taken back');
    await as(null).get(third).is(409);
    expect(status('larry')).toBe('revoked');
    await again.post(`/users/${user('cso1')}/invitation`, { csrf: again.last.body.match(/name="csrf" value="([^"]+)"/)[1] }, { raw: true }).refuses(409, null, 'has accepted the invitation already');
  });

  test('ONB02US03.3 a file of twenty rows with two bad ones: named by line and column, eighteen are invited', async () => {
    const admin = as('utility_admin');
    const rows = Array.from({ length: 20 }, (_, i) => [`Person ${i + 2}`, `file${i + 2}@swa.test`, i % 3 ? '' : '+15035550142', 'Customer Service', i + 2 === 7 ? 'cashir' : 'cashier', i + 2 === 9 ? 'EST-GRE' : '', `E-${i + 2}`]);
    rows[10][1] = 'File5@swa.test';                                                                       // line 12
    const content = ['full_name,email,phone,department,role_code,area_code,employee_no', ...rows.map((r) => r.join(','))].join('\r\n');
    const before = Number(one('select count(*) from user'));
    const r = await admin.post('/invitations/import', {}, { from: '/invitations/import', files: { file: { name: 'staff.csv', type: 'text/csv', content } } }).is(303);
    const page = await admin.get(where(r)).sees('18 valid, 2 with errors', 'There is no role cashir in this utility.', 'This address stands in the file twice.');
    expect(page.text).toMatch(/7 role_code There is no role cashir/);
    expect(page.text).toMatch(/12 email This address stands/);
    expect(Number(one('select count(*) from user'))).toBe(before);
    await admin.post(where(r), {}, { from: where(r) }).done('18 people were invited.');
    expect(Number(one('select count(*) from user'))).toBe(before + 18);
    expect(one("select count(*) from message where template_key = 'staff_invitation' and to_address like 'file%'")).toBe('18');
    await admin.post(where(r), {}, { from: where(r) }).then((x) => expect(x.status).toBe(422)).catch(() => {});
    await admin.get(where(r)).sees('0 valid, 20 with errors', 'A user with this e-mail exists (status Invited).');
  });

  test('ONB02US03 refuses a file that is no list of people, by the name of what is missing', async () => {
    const admin = as('utility_admin'), before = one('select count(*) from user');
    const send = (content, name = 'staff.csv') => admin.post('/invitations/import', {}, { from: '/invitations/import', files: { file: { name, type: 'text/csv', content } } });
    await send('name,mail\r\nA,a@swa.test\r\n').refuses(422, 'file', 'The first line has no column full_name.');
    await send('full_name,email,phone,department\r\nA B,a@swa.test,,Billing\r\n').refuses(422, 'file', 'The first line has no column role_code.');
    await send('full_name,email,phone,department,role_code,area_code,employee_no\r\n').refuses(422, 'file', 'The file has no rows below its first line.');
    await send('PK\x03\x04rubbish\x00\x01', 'staff.xlsx').then((r) => expect([413, 422]).toContain(r.status));
    await send('').then((r) => expect(r.status).toBe(422));
    for (const who of ['billing_manager', 'cso_supervisor1', 'cashier1']) await as(who).get('/invitations/import').is(403);
    expect(one('select count(*) from user')).toBe(before);
    expect(one("select count(*) from document where entity = 'user_import'")).toBe('1');        // that of the good file
  });

  test('ONB02US03.4 who leaves hands the open work to somebody else, and each record says so', async () => {
    const admin = as('utility_admin'), leaving = as('dispatcher1');
    sql("insert into premise (utility_id, premise_no, line1, city, state, postal_code, country, address_key, sub_area_id) select u.id, 'WA-PRM-900001', '1 Main St', 'Portland', 'OR', '97209', 'US', '1 main st 97209', a.id from utility u join service_area a on a.utility_id = u.id and a.code = 'DTN-PRL' where u.code = 'swa-w'");
    for (let i = 1; i <= 5; i++) sql("insert into service_order (utility_id, order_no, order_type, source_type, source_id, premise_id, title, due_at, status, dispatcher_user_id) select u.id, ?, 'GENERAL_VISIT', 'manual', ?, p.id, 'Visit', '2026-05-01', ?, d.id from utility u join premise p on p.premise_no = 'WA-PRM-900001' join user d on d.email = 'dispatcher1@swa.test' where u.code = 'swa-w'", [`WA-SO-9-${i}`, i, i === 5 ? 'cancelled' : 'assigned']);
    await leaving.get('/wx/dispatcher').is(200);
    const path = `/users/${user('dispatcher1')}/deactivation`;
    await admin.get(path).sees('Service orders', 'Dispatcher 2');
    await admin.post(path, { to: user('dispatcher2') }, { from: path }).refuses(422, 'reason');
    await admin.post(path, { reason: 'Retired', to: user('dispatcher2') }, { from: path }).done('was deactivated and signed out everywhere');
    expect(one("select count(*) from service_order o join user u on u.id = o.dispatcher_user_id where u.email = 'dispatcher2@swa.test'")).toBe('4');
    expect(one("select count(*) from audit_entry where entity = 'service_order' and action = 'reassign'")).toBe('4');
    await admin.get('/wx/orders/WA-SO-9-1').sees('Dispatcher 2');
    await leaving.get('/wx/dispatcher').goes(/^\/login/);
    expect(one("select count(*) from outbox_event where name = 'user.deactivated' and number = 'dispatcher1@swa.test'")).toBe('1');
    await admin.get(`/users/${user('dispatcher1')}/profile`).sees('Retired');
    await admin.post(`/users/${user('dispatcher1')}/reactivation`, {}, { from: `/users/${user('dispatcher1')}` }).done('is active again');
    expect(status('dispatcher1')).toBe('active');
  });

  test('ONB02US03 nobody deactivates himself, the last administrator stays, an open till holds its cashier', async () => {
    const admin = as('utility_admin');
    await admin.get(`/users/${user('utility_admin')}/deactivation`).refuses(422, null, 'You cannot deactivate yourself.');
    const one_admin = as.anew('tenant_admin'), other = as.anew('tenant_admin2');
    const away = (who, whom) => who.post(`/users/${user(whom)}/deactivation`, { reason: 'try' }, { from: `/users/${user(whom)}/deactivation` });
    sql("update user u join user_role ur on ur.user_id = u.id join role r on r.id = ur.role_id set u.status = 'inactive' where r.code = 'tenant_admin' and u.email not in ('tenant_admin@swa.test', 'tenant_admin2@swa.test')");
    // both at once send the other away
    await Promise.all([away(one_admin, 'tenant_admin2'), away(other, 'tenant_admin')].map((p) => p.and(() => {})));
    expect([status('tenant_admin'), status('tenant_admin2')].sort()).toEqual(['active', 'inactive']);
    sql("update user set status = 'active' where email like 'tenant_admin%'");
    // the administrators of a utility change nobody of the whole organization
    const path = `/users/${user('tenant_admin')}/deactivation`;
    await admin.get(path).refuses(403, null, 'has a role in the whole organization: only its administrators may change this.');
    expect(status('tenant_admin')).toBe('active');
    sql("insert into till_session (utility_id, till_id, user_id, opened_at) select t.utility_id, t.id, u.id, '2026-04-15' from till t join user u on u.email = 'cashier1@swa.test' limit 1");
    if (one('select count(*) from till_session') !== '0') {
      await admin.get(`/users/${user('cashier1')}/deactivation`).refuses(409, null, 'Close the cash session first.');
      sql('delete from till_session');
    }
  });

  test('ONB02US03 the subscription has so many seats, a tenth more is granted', async () => {
    const admin = as('utility_admin'), taken = Number(one("select count(*) from user where status in ('active', 'invited', 'pending')"));
    const plan = sql.platform('select p.id, p.limits from subscription s join subscription_plan p on p.id = s.plan_id where s.live = 1')[0];
    if (!plan) sql.platform("insert into subscription (tenant_id, plan_id, status, current_period_start, current_period_end, price_minor, currency) select t.id, p.id, 'active', '2026-04-01', '2026-05-01', 0, 'USD' from tenant t join subscription_plan p on p.code = 'growth' where t.slug = 'swa'");
    const limits = (seats) => sql.platform("update subscription_plan p join subscription s on s.plan_id = p.id set p.limits = json_set(p.limits, '$.seats', ?) where s.live = 1", [seats]);
    const seats = Math.floor(taken / 1.1);
    limits(seats - 1);
    const r = await invite(admin, { name: 'One too many', email: 'oneton@swa.test' });
    expect(r.status).toBe(422);
    expect(r.text).toContain(`Seat limit reached (${seats - 1}). Add seats or deactivate users.`);
    expect(status('oneton')).toBeUndefined();
    limits(150);
  });

  test('ONB02US03.5 filters of several values stand in the address and show the same rows again', async () => {
    const admin = as('utility_admin');
    const [{ id: department, public_id }] = sql("select id, public_id from department where name = 'Customer Service' and utility_id = (select id from utility where code = 'swa-w')");
    const url = `/users?in_department=${public_id}&status=active&status=invited&size=100`;
    const names = async () => (await admin.get(url).rows()).slice(1).map((r) => r[0]);
    const rows = await names();
    expect(rows.length).toBe(Number(one("select count(*) from user where department_id = ? and status in ('active', 'invited')", [department])));
    expect(rows.length).toBeGreaterThan(Number(one("select count(*) from user where department_id = ? and status = 'active'", [department])));
    expect(await names()).toEqual(rows);
    await admin.get('/users').sees('Active', 'Invited', 'Pending', 'Inactive', 'Invitation expired', 'Invite user');
    await admin.get('/users?q=cashier9').sees('Cash desk 9').lacks('Dispatcher 2');
    await admin.get('/users?export=csv').is(200).and((r) => expect(r.body).toContain('Cash desk 9'));
  });

  test('ONB02US03 somebody with two roles is found by each of them, by name, address and employee number', async () => {
    const admin = as('utility_admin'), id = user('storekeeper1');
    sql("update user set employee_no = 'K-77' where email = 'storekeeper1@swa.test'");
    const names = async (query) => (await admin.get(`/users?size=100&${query}`).rows()).slice(1).map((r) => r[0]);
    const with_dispatcher = (await names('with_role=dispatcher')).length;
    await admin.post(`/users/${id}/roles`, { role: 'dispatcher' }, { from: `/users/${id}` }).is(303);
    for (const role of ['storekeeper', 'dispatcher']) expect(await names(`with_role=${role}`)).toContainEqual(expect.stringContaining('Storekeeper 1'));
    expect((await names('with_role=dispatcher')).length).toBe(with_dispatcher + 1);
    expect(await names('with_role=dispatcher&with_role=storekeeper')).toContainEqual(expect.stringContaining('Storekeeper 1'));
    expect(await names('with_role=meter_manager')).not.toContainEqual(expect.stringContaining('Storekeeper 1'));
    expect(await names('q=K-77')).toEqual([expect.stringContaining('Storekeeper 1')]);
    expect(await names("with_role=%27%20or%201%3D1")).toEqual([]);
    await admin.post(`/users/${id}/roles/removal`, { role: 'dispatcher~' }, { from: `/users/${id}` }).is(303);
  });

  test('ONB02US03 profile, password link, second factor, another utility, sessions', async () => {
    const admin = as('utility_admin'), id = user('cso2'), at = `/users/${id}/profile`;
    sql("update user set employee_no = 'Z-2' where email = 'cso4@swa.test'");
    await admin.post(at, { full_name: 'Cora Cso', department: 'Call Center', job_title: 'Senior', employee_no: 'Z-2', phone: '+1 503 555 0143' }, { from: at }).refuses(422, 'employee_no', 'Employee number Z-2 belongs to somebody else.');
    await admin.post(at, { full_name: 'Cora Cso', department: 'Call Center', job_title: 'Senior', employee_no: 'X-1', phone: '+1 503 555 0143' }, { from: at }).done('Saved.');
    expect(sql("select full_name, job_title, phone from user where email = 'cso2@swa.test'")).toEqual([{ full_name: 'Cora Cso', job_title: 'Senior', phone: '+15035550143' }]);
    await admin.post(`/users/${id}/password`, {}, { from: `/users/${id}` }).done('A link to choose a new password is on its way to cso2@swa.test.');
    await as(null).get(link_of(mails('cso2@swa.test').pop())).sees('Choose a new password');
    const person = as('cso2');
    await person.get('/cis/consumers').is(200);
    await admin.post(`/users/${id}/sessions`, { session: 'all' }, { from: `/users/${id}/sessions` }).refuses(422, 'reason');
    await admin.post(`/users/${id}/sessions`, { session: 'all', reason: 'Lost laptop' }, { from: `/users/${id}/sessions` }).done('of Cora Cso');
    await person.get('/cis/consumers').goes(/^\/login/);
    expect(one("select reason from audit_entry where action = 'sessions_ended' and entity = 'user' order by id desc limit 1")).toBe('Lost laptop');
    const admin_id = user('tenant_admin2');
    await as.anew('tenant_admin').post(`/users/${admin_id}/factor`, {}, { from: `/users/${admin_id}` }).done('has no second factor any more');
    expect(one("select count(*) from mfa_factor f join user u on u.id = f.user_id where u.email = 'tenant_admin2@swa.test'")).toBe('0');
    expect(mails('tenant_admin2@swa.test').length).toBe(1);
    const move = `/users/${id}/transfer`;
    await admin.post(move, { role: 'swa-e~cso', reason: 'New office' }, { from: move }).done('now works for SWA East.');
    expect(sql("select ut.code, r.code role from user_role ur join role r on r.id = ur.role_id join utility ut on ut.id = ur.utility_id join user u on u.id = ur.user_id where u.email = 'cso2@swa.test'")).toEqual([{ code: 'swa-e', role: 'cso' }]);
    await admin.get(`/users/${id}`).is(404);
  });

  test('ONB02US03 personal data are removed 24 months after the deactivation, not before, and what the person did stays', async () => {
    const admin = as('utility_admin'), id = user('cc_agent2'), at = `/users/${id}`, where_ = `${at}/anonymization`;
    const row = () => sql('select id, email, full_name, phone, password_hash p, employee_no no, status from user where public_id = ?', [id])[0];
    const forget = (reason = 'Asked for', who = admin) => who.post(where_, { reason }, { from: where_ });
    sql("update user set phone = '+15035550999', employee_no = 'GONE-1' where public_id = ?", [id]);
    const before = row();
    await admin.post(`${at}/profile`, { full_name: 'Agnes Agent', department: 'Call Center', employee_no: 'GONE-1' }, { from: `${at}/profile` }).done('Saved.');
    await admin.get(where_).refuses(409, null, 'Agnes Agent is not deactivated.');
    await admin.post(`${at}/deactivation`, { reason: 'Moved away' }, { from: `${at}/deactivation` }).done();
    await admin.get(at).lacks('Anonymize');
    await admin.get(where_).refuses(409, null, /Agnes Agent can be anonymized 24 months after the deactivation, from \d/);
    sql("update user set deactivated_at = '2024-03-01' where public_id = ?", [id]);
    await admin.get(at).sees('Anonymize', 'Reactivate');
    await as('cso_supervisor1').get(where_).is(403);
    await forget('').refuses(422, 'reason');
    expect(row().full_name).toBe('Agnes Agent');
    await forget().done(`Former user ${before.id} stays in the records.`);
    expect(row()).toEqual({ id: before.id, email: `former-${before.id}@invalid`, full_name: `Former user ${before.id}`, phone: null, p: null, no: null, status: 'inactive' });
    expect(one("select count(*) from audit_value v join audit_entry e on e.id = v.audit_id where e.entity = 'user' and e.entity_id = ? and concat(coalesce(v.before_value, ''), coalesce(v.after_value, '')) like '%Agnes%'", [before.id])).toBe('0');
    expect(one("select reason from audit_entry where entity = 'user' and entity_id = ? and action = 'anonymize'", [before.id])).toBe('Asked for');
    expect(one("select count(*) from login_attempt where email = 'cc_agent2@swa.test'")).toBe('0');
    await admin.get(where_).refuses(409, null, 'The personal data of this person were removed already.');
    await admin.post(`${at}/reactivation`, {}, { raw: true }).then((r) => expect([403, 409]).toContain(r.status));
    await admin.get(at).sees(`Former user ${before.id}`).lacks('Reactivate', 'Anonymize');
    await admin.get('/users?q=Agnes').lacks('Agnes Agent');
    command('verify');
  });

  test('ONB02US03 who has not come for ninety days is told about', async () => {
    sql("update user set last_login_at = '2025-12-01' where email = 'storekeeper1@swa.test'");
    sql.platform("insert into job (tenant_id, kind, class, run_at) select id, 'people.watch', 'general', utc_timestamp(6) - interval 400 day from tenant where slug = 'swa'");
    await jobs_run();
    expect(one("select count(*) from alert where kind = 'user_absent' and subject like 'Storekeeper 1 %'")).toBe('1');
    expect(status('storekeeper1')).toBe('active');
    // where the policy says so, the sign-in ends too, and only of those who were away
    sql('update security_policy set auto_deactivate = 1');
    sql("update user set last_login_at = '2026-04-14' where email <> 'storekeeper1@swa.test'");
    sql.platform("insert into job (tenant_id, kind, class, run_at) select id, 'people.watch', 'general', utc_timestamp(6) - interval 400 day from tenant where slug = 'swa'");
    await jobs_run();
    expect(status('storekeeper1')).toBe('inactive');
    expect(status('cashier2')).toBe('active');
    expect(one("select count(*) from audit_entry where action = 'deactivate' and reason = 'absent' and number = 'storekeeper1@swa.test'")).toBe('1');
    sql('update security_policy set auto_deactivate = 0');
    sql("update user set status = 'active', deactivated_at = null, deactivation_reason = null where deactivation_reason = 'absent'");
  });

  test('ONB02US03 another role in place of one: what is gained and lost is shown before it is done', async ({ page }) => {
    const admin = as('utility_admin'), id = user('cso3'), at = `/users/${id}/role`;
    const roles = () => sql("select ro.code, a.code area from user_role ur join role ro on ro.id = ur.role_id left join service_area a on a.id = ur.service_area_id join user u on u.id = ur.user_id where u.email = 'cso3@swa.test' order by ro.code");
    sql("update user_role ur join user u on u.id = ur.user_id set ur.service_area_id = (select id from service_area where code = 'EST-GRE') where u.email = 'cso3@swa.test'");
    const before = roles();
    expect(before).toEqual([{ code: 'cso', area: 'EST-GRE' }]);
    await admin.get(`/users/${id}`).sees('Change role');
    await admin.get(at).sees('Another role for', 'Show what changes');
    const shown = await admin.get(`${at}?from=cso~EST-GRE&to=cashier`).sees('May then', 'May no longer', 'cis.payments', 'cis.complaints');
    const row = (key) => shown.body.split('<tr').find((x) => x.includes(`>${key}<`)).replace(/<[^>]+>/g, '|');
    expect(row('cis.payments')).toContain('Export');                                            // VC and X in place of VC
    expect(shown.body).not.toContain('>cis.reconnections<\/td>');
    expect(roles()).toEqual(before);
    await admin.get(`${at}?from=cso~&to=cashier`).is(422).and((r) => expect(r.text).toContain('Choose a role that the person holds here.'));
    await admin.get(`${at}?from=cso~EST-GRE&to=cso`).is(422);
    await admin.get(`${at}?from=cso~EST-GRE&to=tenant_admin`).is(422);
    const put = (fields = {}) => admin.post(at, { reason: 'New desk', ...fields }, { from: `${at}?from=cso~EST-GRE&to=cashier` });
    await put({ reason: '' }).refuses(422, 'reason');
    const person = as('cso3');
    await person.get('/cis/consumers').is(200);
    await admin.browse(page, `${at}?from=cso~EST-GRE&to=cashier`);
    await looks_right(page, { shots: 'people-role-change' });
    await put().done('no longer');
    expect(roles()).toEqual([{ code: 'cashier', area: 'EST-GRE' }]);
    await person.get('/cis/consumers').goes(/^\/login/);                                         // something was lost
    expect(sql("select reason, number from audit_entry where action = 'role_changed' and entity = 'user'")).toEqual([{ reason: 'New desk', number: 'cso3@swa.test' }]);
    await as('cso_supervisor1').get(at).is(403);
    await as('utility_admin').get(`/users/${user('tenant_admin')}/role`).is(403);
  });

  test('ONB02US03 pages look right', async ({ page }) => {
    test.setTimeout(180000);
    const admin = as('utility_admin');
    const at = await step(admin, '/invitations/new', { full_name: 'Looks Right', email: 'looks@swa.test' });
    const role = await step(admin, at, { department: 'Customer Service' });
    for (const [name, path] of [['users', '/users'], ['invite', '/invitations/new'], ['invite-role', role], ['user', `/users/${user('cashier2')}`], ['profile', `/users/${user('cashier2')}/profile`], ['sessions', `/users/${user('cashier2')}/sessions`], ['activity', `/users/${user('cashier9')}/activity`], ['leave', `/users/${user('dispatcher2')}/deactivation`], ['import', '/invitations/import']]) {
      await admin.browse(page, path);
      await looks_right(page, { shots: `people-${name}` });
    }
  });
});
