// The organization's setup: who it is, its regional settings, its look, its administrators.
const { story } = require('../support/story');

const details = { contact_phone: '+1 503 555 7890', country: 'US', state: 'Oregon', city: 'Portland' };
const step = (one, key) => one(`select percent from setup_step where utility_key = 0 and step_key = '${key}'`);

story('ONB01US01', 'ONB-FRESH', ({ as, test, expect, sql, one, mails, clock, jobs_run, looks_right }) => {
  const admin = () => as('tenant_admin');
  const regional = (fields) => admin().post('/org/setup/regional', fields, { from: '/org/setup/regional' });

  test('ONB01US01.2 with the currency alone it is 40 %, and other pages lead here', async () => {
    await regional({}).refuses(422, 'currency', 'Select a currency.');
    await regional({ date_format: 'MM/DD/YYYY' }).refuses(422, 'currency', 'Select a currency.');
    for (const currency of ['XXZ', 'usd', 'US']) await regional({ currency }).refuses(422, 'currency', 'Select a currency.');
    await regional({ currency: 'USD' }).done('Saved. Choose what is still missing to go on.');
    expect(step(one, 'organization')).toBe('40');
    await admin().get('/org/setup').sees('40 % done', 'Missing', 'Administrators are invited as soon as currency, date format and time zone are chosen.').and((r) => expect(r.body).not.toContain('href="/org/admins/invite"'));
    await admin().get('/utilities').goes('/org/setup');
    await admin().get('/utilities').sees('Finish organization setup first');
    for (const path of ['/org/dashboard', '/account']) await admin().get(path).is(200);
    await admin().get('/setup/organization').goes('/setup/organization/org/setup/regional');
    await admin().get('/menu').goes('/org/setup');
    await admin().get('/setup').is(303).and((r) => expect(r.location).not.toBe('/org/setup'));
    await admin().post('/utilities', { code: 'swa-w' }, { raw: true }).is(303);
    await as('tenant_admin').get('/setup/utility').and((r) => expect(r.location ?? '').not.toContain('/utilities/new'));    // step 4 is locked
    const other = as.anew('tenant_admin');
    await other.post('/logout', {}, { from: '/org/setup' }).goes('/login');
    expect(one('select count(*) from utility')).toBe('0');
  });

  test('ONB01US01.1 all of it is 100 %, the preview shows amounts and dates, and utilities open', async () => {
    await admin().post('/org/setup/details', { ...details, contact_phone: '503 555 7890' }, { from: '/org/setup/details' }).refuses(422, 'contact_phone', 'Enter the number with country code, e.g. +1 503 555 7890.');
    await admin().post('/org/setup/details', { ...details, state: 'Bavaria' }).refuses(422, 'state', 'United States has no state Bavaria. Choose one from the list.');
    await admin().post('/org/setup/details', { ...details, state: '' }).refuses(422, 'state', 'Select a state.');
    await admin().post('/org/setup/details', { ...details, country: '' }).refuses(422, 'country', 'Select a country.');
    await admin().post('/org/setup/details', details, { from: '/org/setup/details' }).done('Saved.');
    expect(sql('select name, contact_phone, country, state, city, admin_email from organization_setting')).toEqual([{ name: 'San Francisco Water Authority', contact_phone: '+15035557890', country: 'US', state: 'US-OR', city: 'Portland', admin_email: 'admin@sfwater.org' }]);
    await regional({ time_zone: 'America/Los_Angeles', date_format: '' }).refuses(422, 'date_format', 'Select a date format.');
    await regional({ date_format: 'MM/DD/YYYY', time_zone: 'America/Los_Angeles' }).done('Saved.');
    await admin().get('/org/setup').lacks('Administrators are invited as soon').sees('100 % done', '$2,847.50', '01/31/2027', 'San Francisco Water Authority', 'Oregon', 'United States', 'America/Los_Angeles');
    expect(step(one, 'organization')).toBe('100');
    await admin().get('/setup/utility').goes('/setup/utility/utilities/new');
    await admin().get('/utilities').is(200);
    await admin().get('/org/setup/regional?currency=INR&number_format=1%2C23%2C456.78&date_format=DD-MMM-YYYY').sees('2,847.50', '31-Jan-2027');
    expect(one('select currency from organization_setting')).toBe('USD');
    // locked by registration: what a form sends beside its fields changes nothing
    expect((await admin().get('/org/setup').is(200)).body.match(/locked/g).length).toBeGreaterThanOrEqual(3);
    await admin().post('/org/setup/details', { ...details, name: 'Another', slug: 'other', admin_email: 'x@example.org' }, { from: '/org/setup/details' }).is(303);
    expect(sql('select name, admin_email from organization_setting')).toEqual([{ name: 'San Francisco Water Authority', admin_email: 'admin@sfwater.org' }]);
    const names = sql("select v.before_value, v.after_value from audit_entry e join audit_value v on v.audit_id = e.id where e.entity = 'organization_setting' and e.action = 'edit' order by e.id");
    expect(names).toHaveLength(4);
    expect(JSON.parse(names[2].before_value).time_zone ?? null).toBe(null);
    expect(JSON.parse(names[2].after_value).time_zone).toBe('America/Los_Angeles');
  });

  test('ONB01US01 a country without states, other settings, and what they may be', async () => {
    const facts = () => sql('select country, state, first_day_of_week, fiscal_year_start, measurement_system, row_version from organization_setting')[0];
    await admin().post('/org/setup/details', { ...details, country: 'BM', state: '', city: 'Hamilton' }, { from: '/org/setup/details' }).done('Saved.');
    expect(facts()).toMatchObject({ country: 'BM', state: null });
    await admin().get('/org/setup').sees('Bermuda', 'Not applicable');
    await admin().post('/org/setup/details', details, { from: '/org/setup/details' }).done('Saved.');
    await admin().get('/org/setup').lacks('Not applicable').sees('Growth', 'Invited', 'Last sign-in');
    const before = facts();
    for (const fiscal_year_start of ['13-01', '02-29', '7-1', '00-10', '04-31']) await regional({ fiscal_year_start }).refuses(422, 'fiscal_year_start', 'Enter month and day as MM-DD, e.g. 07-01.');
    for (const [field, value] of [['date_format', 'MM-DD'], ['time_format', '10h'], ['number_format', '1.234.56'], ['first_day_of_week', '7'], ['measurement_system', 'nautical'], ['time_zone', 'America/Gotham'], ['default_language', 'xx']])
      await regional({ [field]: value }).refuses(422, field);
    expect(facts()).toEqual(before);
    await regional({ fiscal_year_start: '04-01', first_day_of_week: 'mon', measurement_system: 'metric' }).done('Saved.');
    expect(facts()).toMatchObject({ fiscal_year_start: '04-01', first_day_of_week: '1', measurement_system: 'metric' });
    await regional({ fiscal_year_start: before.fiscal_year_start, first_day_of_week: 'sun', measurement_system: before.measurement_system }).done('Saved.');
  });

  test('ONB01US01 the mailbox of the organization is tried: a message goes there and its link confirms it', async () => {
    const confirmed = () => sql('select mailbox_confirmed, mailbox_confirmed_at is not null at from organization_setting');
    await admin().get('/org/setup/mailbox').sees('admin@sfwater.org', 'No test message was sent yet');
    await admin().post('/org/setup/mailbox', {}, { from: '/org/setup/mailbox' }).done('A test message is on its way to admin@sfwater.org.');
    await admin().post('/org/setup/mailbox', {}, { from: '/org/setup/mailbox' }).is(409).and((r) => expect(r.text).toContain('less than a minute ago'));
    await jobs_run();
    expect(mails('admin@sfwater.org')).toHaveLength(1);
    const link = () => { const u = new URL(mails('admin@sfwater.org').at(-1).body.match(/https?:\/\/\S+/)[0]); return u.pathname + u.search; };
    const first = link();
    expect(one("select group_concat(body_text) from message where to_address = 'admin@sfwater.org'") ?? '').not.toContain(first.split('token=')[1]);
    await as(null).get(first).sees('Confirm that messages of San Francisco Water Authority reach admin@sfwater.org.');
    expect(confirmed()).toEqual([{ mailbox_confirmed: null, at: '0' }]);         // looking alone confirms nothing
    await as(null).post('/org/setup/mailbox/confirm', { token: 'x'.repeat(43) }, { from: first }).is(409);
    clock.forward({ minutes: 2 });
    await admin().post('/org/setup/mailbox', {}, { from: '/org/setup/mailbox' }).done();
    await jobs_run();
    await as(null).get(first).is(409).and((r) => expect(r.text).toContain('no longer valid'));   // the newest only
    const second = link(), token = second.split('token=')[1];
    await as(null).post('/org/setup/mailbox/confirm', { token }, { from: second }).goes('/login');
    expect(confirmed()).toEqual([{ mailbox_confirmed: 'admin@sfwater.org', at: '1' }]);
    await as(null).get(second).is(409);
    await admin().get('/org/setup/mailbox').sees('Confirmed');
    expect(sql("select action from audit_entry where action like 'mailbox%' order by id").map((e) => e.action)).toEqual(['mailbox_tried', 'mailbox_tried', 'mailbox_confirmed']);
    await as(null).get('/org/setup/mailbox').goes(/^\/login/);
  });

  test('ONB01US01.3 an invitation is open for 72 hours; sent again its old link is dead', async () => {
    const invite = (fields) => admin().post('/org/admins/invite', { full_name: 'Olga Ops', email: 'ops-admin@sfwater.org', role: 'tenant_admin', ...fields }, { from: '/org/admins/invite' });
    await invite({ role: 'utility_admin' }).refuses(422, 'utilities', 'Choose at least one utility.');
    await invite({ email: 'tenant_admin@swa.test' }).refuses(422, 'email', 'This person already has access.');
    await invite().done('The invitation for ops-admin@sfwater.org is on its way.');
    await admin().get('/org/setup').sees('Olga Ops', 'Invited');
    const again = await invite().refuses(422, 'email', 'This person is invited already. Send the invitation again instead.');
    expect(again.text).toContain('Olga Ops (ops-admin@sfwater.org) has an invitation that was not accepted yet.');
    expect(one("select count(*) from user where email = 'ops-admin@sfwater.org'")).toBe('1');
    await jobs_run();
    expect(mails('ops-admin@sfwater.org')).toHaveLength(1);
    const link = () => new URL(mails('ops-admin@sfwater.org').at(-1).body.match(/https?:\/\/\S+/)[0]);
    const first = link().pathname + link().search;
    await as(null).get(first).is(200);
    const id = one("select public_id from user where email = 'ops-admin@sfwater.org'");
    await admin().post(`/org/admins/${id}/invitation`, {}, { from: '/org/setup' }).is(303);
    await as(null).get(first).is(409).and((r) => expect(r.text).toContain('no longer valid'));
    await jobs_run();
    const second = link().pathname + link().search;
    clock.forward({ hours: 71 });
    await as(null).get(second).is(200);
    await admin().get('/org/setup').sees('Pending').lacks('Invitation expired');
    clock.forward({ hours: 2 });
    await jobs_run();
    await as(null).get(second).is(409).and((r) => expect(r.text).toContain('no longer valid'));
    await admin().get('/org/setup').sees('Invitation expired');
  });

  test('ONB01US01.4 accepted, the person is active and the audit says so', async () => {
    const id = one("select public_id from user where email = 'ops-admin@sfwater.org'");
    await admin().post(`/org/admins/${id}/invitation`, {}, { from: '/org/setup' }).is(303);
    await jobs_run();
    const link = new URL(mails('ops-admin@sfwater.org').at(-1).body.match(/https?:\/\/\S+/)[0]);
    await as(null).post('/invite/accept', { password: 'Correct-Horse-9911-Ops', terms: '1' }, { from: link.pathname + link.search }).is(303);
    // a second factor, then the guided workflow while the organization is being set up
    sql("update setup_step set state = 'in_progress' where utility_key = 0 and step_key = 'organization'");
    const olga = as(null);
    const half = await olga.post('/login', { email: 'ops-admin@sfwater.org', password: 'Correct-Horse-9911-Ops' }, { from: '/login' }).is(303);
    expect(half.location).toContain('/login/mfa');
    await olga.get('/org/setup').goes(/^\/login/);
    await olga.get('/login/mfa').sees('authenticator');
    sql("update setup_step set state = 'complete' where utility_key = 0 and step_key = 'organization'");
    const row = async () => (await admin().get('/org/setup').rows()).find((cells) => cells.join(' ').includes('Olga Ops')).join(' ');
    expect(await row()).toContain('Active');
    expect(one("select count(*) from audit_entry where entity = 'invitation' and action = 'accepted'")).toBe('1');
    await admin().post(`/org/admins/${id}/invitation`).is(409);
    await admin().post(`/org/admins/${id}/deactivation`, { reason: 'left the organization' }, { from: `/org/admins/${id}/deactivation` }).done('Olga Ops was deactivated and signed out everywhere.');
    expect(await row()).toContain('Inactive');
    await admin().post(`/org/admins/${id}/reactivation`, {}, { from: '/org/setup' }).is(303);
    expect(await row()).toContain('Active');
  });

  test('ONB01US01 three invitations an hour go to one address, however many are asked for at once', async () => {
    const email = 'often@sfwater.org', mailed = () => mails(email).length;
    await admin().post('/org/admins/invite', { full_name: 'Otto Often', email, role: 'tenant_admin' }, { from: '/org/admins/invite' }).done('is on its way');
    const id = one('select public_id from user where email = ?', [email]), send = () => admin().post(`/org/admins/${id}/invitation`, {}, { from: '/org/setup' });
    clock.forward({ minutes: 10 });
    const [form] = (await admin().get('/org/setup').forms()).filter((f) => f.fields.some(([k]) => k === 'csrf'));
    const csrf = Object.fromEntries(form.fields).csrf;
    const answers = await Promise.all(Array.from({ length: 6 }, () => admin().post(`/org/admins/${id}/invitation`, { csrf }, { raw: true })));
    expect(answers.map((a) => a.status).sort()).toEqual([303, 303, 429, 429, 429, 429]);
    const refused = answers.find((a) => a.status === 429);
    expect(refused.text).toContain(`Three invitations went to ${email} within an hour. Try again in 50 minutes.`);
    expect(refused.headers['retry-after']).toBe('3000');
    expect([one('select sent_count from invitation where email = ?', [email]), mailed()]).toEqual(['3', 3]);
    // taking it back does not begin anew, and what was refused left the invitation as it was
    await admin().post(`/org/admins/${id}/revocation`, {}, { from: '/org/setup' }).is(303);
    await send().is(429);
    expect(one('select status from invitation where email = ?', [email])).toBe('revoked');
    clock.forward({ minutes: 50, seconds: 1 });
    await send().is(303);                                        // the first is an hour old
    await send().is(429);                                        // the second is not
    expect(mailed()).toBe(4);
    await admin().post(`/org/admins/${id}/revocation`, {}, { from: '/org/setup' }).is(303);
  });

  test('ONB01US01 an invitation is taken back; its link is dead', async () => {
    await admin().post('/org/admins/invite', { full_name: 'Rita Revoked', email: 'rita@sfwater.org', role: 'tenant_admin' }, { from: '/org/admins/invite' }).is(303);
    await jobs_run();
    const link = new URL(mails('rita@sfwater.org').at(-1).body.match(/https?:\/\/\S+/)[0]);
    const id = one("select public_id from user where email = 'rita@sfwater.org'");
    await admin().post(`/org/admins/${id}/revocation`, {}, { from: '/org/setup' }).done('The invitation of Rita Revoked was taken back.');
    await as(null).get(link.pathname + link.search).is(409);
    await admin().get('/org/setup').sees('Revoked');
    await admin().post(`/org/admins/${id}/invitation`, {}, { from: '/org/setup' }).is(303);       // and sent once more
    await jobs_run();
    const again = new URL(mails('rita@sfwater.org').at(-1).body.match(/https?:\/\/\S+/)[0]);
    await as(null).get(again.pathname + again.search).is(200);
    await as(null).get(link.pathname + link.search).is(409);
    expect(one("select sent_count from invitation where email = 'rita@sfwater.org'")).toBe('2');
    // without a seat nobody comes back by it
    await admin().post(`/org/admins/${id}/revocation`, {}, { from: '/org/setup' }).is(303);
    const limits = sql.platform("select limits from subscription_plan where code = 'growth'")[0].limits;
    sql.platform("update subscription_plan set limits = json_set(limits, '$.seats', 1) where code = 'growth'");
    await admin().post(`/org/admins/${id}/invitation`, {}, { from: '/org/setup' }).refuses(422, null, 'Seat limit reached (1). Add seats or deactivate users.');
    sql.platform("update subscription_plan set limits = ? where code = 'growth'", [limits]);
    expect(one("select status from user where email = 'rita@sfwater.org'")).toBe('revoked');
  });

  test('ONB01US01 logo and colour are looked at before they are kept', async () => {
    const send = (fields, file) => admin().post('/org/setup/branding', fields, { from: '/org/setup/branding', files: file ? { logo: file } : { logo: { name: '', type: 'application/octet-stream', content: '' } } });
    const svg = (inside) => ({ name: 'mark.svg', type: 'image/svg+xml', content: `<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 8 8">${inside}</svg>` });
    for (const bad of ['<script>alert(1)</script>', '<rect width="8" height="8" onload="x()"/>', '<image href="https://example.org/x.png"/>', '<style>@import "x.css"</style>'])
      await send({}, svg(bad)).refuses(422, null, 'The logo file contains active content.');
    await send({}, { name: 'mark.gif', type: 'image/gif', content: 'GIF89a' }).refuses(422, null, 'Choose a PNG or SVG picture.');
    await send({}, { name: 'large.png', type: 'image/png', content: Buffer.concat([Buffer.from('89504e470d0a1a0a0000000d49484452000000100000001008060000001ff3ff61', 'hex'), Buffer.alloc(1100000)]) }).and((r) => expect([413, 422]).toContain(r.status));
    expect(one('select logo_document_id from organization_setting')).toBe(null);
    await send({ brand_colour: 'yellow' }).refuses(422, 'brand_colour', 'Enter the colour as # and six digits, like #0f5fa6.');
    // one on which white words cannot be read is kept, with a warning, and a darker shade of it is used
    await send({ brand_colour: '#ffcc00' }).done('Saved.');
    expect(one('select brand_colour from organization_setting')).toBe('#ffcc00');
    for (const path of ['/org/setup', '/org/setup/branding']) await admin().get(path).sees('White words on the colour #ffcc00 are hard to read: contrast 1.5');
    const shade = (await as(null).get('/org/colour/ffcc00').is(200)).body.match(/--primary:(#[0-9a-f]{6})/)[1];
    expect(shade).not.toBe('#ffcc00');
    await admin().get('/org/setup').sees(`take its darker shade ${shade}`);
    await send({ brand_colour: '#0f5fa6', email_footer: 'San Francisco Water Authority, Portland' }, svg('<rect width="8" height="8" fill="#0f5fa6"/>')).done('Saved.');
    expect((await as(null).get('/org/logo').is(200)).headers['content-type']).toContain('image/svg+xml');
    await admin().get('/org/setup').lacks('hard to read').sees('#0f5fa6', 'San Francisco Water Authority, Portland');
    // the pages take the colour, those before sign-in too
    for (const who of [admin(), as(null)]) await who.get(who.email ? '/org/setup' : '/login').and((r) => expect(r.body).toContain('<link rel="stylesheet" href="/org/colour/0f5fa6">'));
    const css = await as(null).get('/org/colour/0f5fa6').is(200);
    expect(css.headers['content-type']).toContain('text/css');
    expect(css.headers['cache-control']).toContain('immutable');
    expect(css.body).toContain('--primary:#0f5fa6');
    for (const bad of ['fc0', 'zzz', '0f5fa6;x']) await as(null).get(`/org/colour/${bad}`).is(404);
  });

  test('ONB01US01.5 with one tariff plan and one bill the currency stays; before and without them it does not', async () => {
    const rows = (text) => sql(`set foreign_key_checks = 0; ${text}`);                     // of a utility that is made later
    const to = (currency) => regional({ currency });
    const is = () => one('select currency from organization_setting');
    await to('EUR').is(303);
    expect(is()).toBe('EUR');
    await to('USD').is(303);
    rows("insert into tariff_plan (utility_id, code, name, kind, service_codes, category_ids, currency) values (1, 'T-1', 'Try', 'fixed', '[]', '[]', 'USD')");
    await to('EUR').refuses(422, 'currency', 'Currency cannot be changed: 1 tariff plan already uses USD.');
    rows("insert into bill (utility_id, account_id, consumer_id, period_start, period_end, days, bill_date, due_date, currency) values (1, 1, 1, '2026-04-01', '2026-04-30', 30, '2026-05-01', '2026-05-20', 'USD')");
    await to('EUR').refuses(422, 'currency', 'Currency cannot be changed: 1 tariff plan and 1 bill already use USD.');
    expect(is()).toBe('USD');
    await regional({ number_format: '1.234,56' }).done('Saved. Numbers are written as 1.234,56 from now on. What is stored does not move.');
    await regional({ number_format: '1,234.56', time_format: '24h', date_format: 'DD/MM/YYYY' }).done('Saved. Dates are written as DD/MM/YYYY from now on, on screens and in new documents. Times of day are written with 24 hours (18:25) from now on. Numbers are written as 1,234.56 from now on. What is stored does not move.');
    await regional({ time_format: '12h', date_format: 'MM/DD/YYYY' }).is(303);
    rows('delete from tariff_plan; delete from bill');
    rows("insert into ledger_entry (utility_id, txn_id, line_no, txn_type, gl_code_id, debit_minor, effective_date, gl_period_id, posted_at, source_type, source_id) values (1, 1, 1, 'try', 1, 100, '2026-04-01', 1, '2026-04-01', 'try', 1)");
    await to('EUR').refuses(422, 'currency', 'Currency cannot be changed: 1 ledger entry already uses USD.');
    rows('delete from ledger_entry');
    rows("insert into payment (utility_id, payment_no, account_id, channel_id, mode_id, amount_minor, unallocated_minor, currency, received_at, value_date) values (1, 'P-1', 1, 1, 1, 100, 100, 'USD', '2026-04-01', '2026-04-01')");
    await to('EUR').refuses(422, 'currency', 'Currency cannot be changed: 1 payment already uses USD.');
    rows('delete from payment');
    await to('EUR').is(303);
    await to('USD').is(303);
  });

  test('ONB01US01 the pages in a browser', async ({ page }) => {
    test.setTimeout(240000);
    for (const path of ['/org/setup', '/org/setup/details', '/org/setup/regional', '/org/admins/invite', '/org/admins/invitations']) {
      await admin().browse(page, path);
      await looks_right(page, { shots: `org${path.replace(/\W+/g, '-')}` });
    }
    await admin().browse(page, '/org/setup/regional');
    await page.selectOption('select[name=currency]', 'JPY');
    await page.locator('#preview', { hasText: '2,848' }).waitFor();
  });
});

story('ONB01US01', 'ONB-FIX', ({ as, test, expect, sql, one, clock, jobs_run }) => {
  const admin = () => as('tenant_admin');

  test('ONB01US01.5 the currency stays once anything is priced in it', async () => {
    const plans = Number(one('select count(*) from tariff_plan'));
    expect([plans > 1, one('select count(*) from bill')]).toEqual([true, '0']);
    await admin().post('/org/setup/regional', { currency: 'EUR' }, { from: '/org/setup/regional' }).refuses(422, 'currency', `Currency cannot be changed: ${plans} tariff plans already use USD.`);
    expect(one('select currency from organization_setting')).toBe('USD');
    await as('utility_admin').get('/org/setup').sees('Organization setup').lacks('Invite administrator');
    // somebody for both utilities: a role in each
    await admin().post('/org/admins/invite', { full_name: 'Uma Both', email: 'uma@sfwater.org', phone: '+1 503 555 0199', role: 'utility_admin', utilities: ['swa-w', 'swa-e'], message: 'Welcome' }, { from: '/org/admins/invite' }).done('The invitation for uma@sfwater.org is on its way.');
    expect(sql("select ut.code, r.code as role from user u join user_role ur on ur.user_id = u.id join role r on r.id = ur.role_id join utility ut on ut.id = ur.utility_id where u.email = 'uma@sfwater.org' order by ut.code")).toEqual([{ code: 'swa-e', role: 'utility_admin' }, { code: 'swa-w', role: 'utility_admin' }]);
    await admin().get('/org/setup').sees('Uma Both', 'Utility administrator (swa-e), Utility administrator (swa-w)');
    await admin().post('/org/admins/invitations', { addresses: 'ute@sfwater.org', role: 'utility_admin', utilities: ['swa-w', 'swa-e'] }, { from: '/org/admins/invitations' }).done('1 invitation is on its way.');
    expect(one("select count(*) from user u join user_role ur on ur.user_id = u.id where u.email = 'ute@sfwater.org'")).toBe('2');
    const twice = await admin().post('/org/admins/invite', { full_name: 'Uma Both', email: 'uma@sfwater.org', role: 'utility_admin', utilities: ['swa-e'] }, { from: '/org/admins/invite' }).refuses(422, 'email', 'This person is invited already. Send the invitation again instead.');
    expect(twice.body).toMatch(/value="swa-e"[^>]* checked/);
    expect(twice.body).not.toMatch(/value="swa-w"[^>]* checked/);
    await as('utility_admin').get('/org/setup/regional').is(403);
    await as('cso1').get('/org/setup').is(403);
  });

  test('ONB01US01.6 with another time zone a job of 02:00 runs at 02:00 there', async () => {
    sql("insert into scheduled_job (utility_id, code, handler, name, rule) select id, 'try_two', 'tariff.activate', 'Try', 'daily 02:00' from utility where code = 'swa-e'");
    await jobs_run();
    clock.recurring(true);
    const next = () => one("select next_run_at from scheduled_job where code = 'try_two'");
    clock('2026-04-15T10:01-07:00');
    for (let i = 0; i < 60 && !next(); i++) await new Promise((done) => setTimeout(done, 250));
    expect(next()).toContain('2026-04-16 09:00:00');
    await admin().post('/org/setup/regional', { time_zone: 'America/Denver' }, { from: '/org/setup/regional' }).done('Saved. Times are shown in America/Denver from now on, and jobs keep their hour: one planned for 02:00 runs at 02:00 there. What is stored does not move.');
    for (let i = 0; i < 60 && !(next() ?? '').includes('08:00'); i++) await new Promise((done) => setTimeout(done, 250));
    expect(next()).toContain('2026-04-16 08:00:00');
    clock('2026-04-16T02:01-06:00');
    for (let i = 0; i < 60 && !one("select last_run_at from scheduled_job where code = 'try_two'"); i++) await new Promise((done) => setTimeout(done, 250));
    expect(one("select last_run_at from scheduled_job where code = 'try_two'")).toContain('2026-04-16 08:0');
    await admin().get('/org/setup').sees('America/Los_Angeles', 'America/Denver');
  });
});
