// Utilities of the organization (ONB02US06). Two are there already, so the scenarios' swa-w is a third one, swa-n, with its own name.
const { story } = require('../support/story');

const swa = { code: 'swa-n', name: 'SWA North & Wastewater', email: 'contacts@sfwater.org', contact_phone: '+1 503 555 0142', city: 'Portland', address: '1120 SW 5th Ave, Portland, OR 97204' };

story('ONB02US06', 'ONB-FIX', ({ as, test, expect, sql, one, portal, jobs_run, looks_right }) => {
  const admin = () => as('tenant_admin');
  const make = (fields = {}) => admin().post('/utilities', { ...swa, ...fields }, { from: '/utilities/new' });

  test('ONB02US06.2 the address without its end', async () => {
    const answer = await make({ email: 'contacts@' }).refuses(422, 'email', 'Enter a valid e-mail address.');
    for (const value of ['swa-n', 'SWA North &amp; Wastewater', '1120 SW 5th Ave, Portland, OR 97204']) expect(answer.body).toContain(value);
    expect(one('select count(*) from utility')).toBe('2');
    await make({ contact_phone: '12' }).refuses(422, 'contact_phone', 'Enter a valid phone number, e.g. +1 (503) 555-0142.');
    await make({ website: 'swater' }).refuses(422, 'website', 'Enter a full address starting with https://.');
    for (const bad of ['https://', 'http://nodot', 'ftp://sfwater.org', 'https://.org']) await make({ website: bad }).refuses(422, 'website', 'Enter a full address starting with https://.');
    for (const missing of ['code', 'name', 'email', 'contact_phone', 'city', 'address']) await make({ [missing]: '' }).refuses(422, missing, /^Enter /);
    await make({ map_center_lat: '91', map_center_lng: '-122.6784' }).refuses(422, 'map_center_lat', 'Enter a latitude from -90 to 90 with at most six decimals, e.g. 45.5152.');
    await make({ map_center_lat: '4-5.', map_center_lng: '1.1234567' }).refuses(422, 'map_center_lng', 'Enter a longitude from -180 to 180 with at most six decimals, e.g. -122.6784.');
    await make({ map_center_lat: '45.5152' }).refuses(422, 'map_center_lng', 'Enter latitude and longitude together.');
    await make({ code: 'SWA W' }).refuses(422, 'code', 'A code has 2 to 16 of a-z, 0-9 and dashes and begins with a letter.');
  });

  test('ONB02US06.1 the first utility with its seeds', async () => {
    await make().done('SWA North & Wastewater is there');
    expect(sql("select status, environment, currency, contact_phone, state from utility where code = 'swa-n'")).toEqual([{ status: 'configuring', environment: 'sandbox', currency: 'USD', contact_phone: '+15035550142', state: 'US-OR' }]);
    await admin().get('/utilities/swa-n/progress').sees('Being set up', /Configured\s+0/, '1. Core System Settings', '4. Service Areas', '6. IDs & Reference Numbers', 'Required, 0 %', 'needs Core System Settings');
    expect(new Set((await admin().get('/u/swa-n/id-formats').is(200)).body.match(/href="\/u\/swa-n\/id-formats\/[a-z_]+"/g)).size).toBe(26);
    expect(sql("select h.weekday, h.from_time, h.to_time from calendar c join working_hours h on h.calendar_id = c.id join utility u on u.id = c.utility_id where u.code = 'swa-n' and c.is_default = 1 and h.working = 1 order by h.weekday").map((h) => `${h.weekday} ${h.from_time} ${h.to_time}`)).toEqual([1, 2, 3, 4, 5].map((day) => `${day} 08:00:00 17:00:00`));
    expect(one("select count(*) from id_format f join utility u on u.id = f.utility_id where u.code = 'swa-n'")).toBe('26');
    for (const table of ['gl_code', 'calendar', 'document_type', 'template', 'role']) expect(Number(one(`select count(*) from ${table} x join utility u on u.id = x.utility_id where u.code = 'swa-n'`)), table).toBeGreaterThan(0);
    expect(one("select count(*) from outbox_event where name = 'utility.created'")).toBe('1');
    // Its figures stand at once, not with the next round of the jobs that count them.
    const figures = () => sql("select count(distinct c.`key`) n from dashboard_counter c join utility u on u.id = c.utility_id where u.code = 'swa-n' and c.`key` in ('now.consumers', 'now.figures')")[0].n;
    await jobs_run();
    expect(figures()).toBe('2');
    expect(sql("select kind, count(*) n from smart360.job where state = 'done' and kind in ('dashboard.totals', 'dashboard.figures') and (utility_id is null or utility_id = (select id from utility where code = 'swa-n')) group by kind order by kind").map((j) => j.kind)).toEqual(['dashboard.figures', 'dashboard.totals']);
    await admin().get('/utilities').sees('SWA North & Wastewater', 'Portland', '3 utilities');
  });

  test('ONB02US06 cards are searched and filtered', async () => {
    await admin().get('/utilities?q=North').sees('SWA North & Wastewater', '1 utility').lacks('SWA East swa-e');
    await admin().get('/utilities?status=ready').sees('1 utility');
    await admin().get('/utilities?service=WW').sees('SWA Water & Wastewater').lacks('swa-n, Portland');
    await admin().get('/utilities?q=nowhere').sees('No utility fits');
  });

  test('ONB02US06 logo, country, parent and main service are kept; a circle is refused', async () => {
    const send = (code, fields, file) => admin().post(`/utilities/${code}`, fields, { from: `/utilities/${code}/edit`, files: { logo: file ?? { name: '', type: 'application/octet-stream', content: '' } } });
    const svg = (inside) => ({ name: 'mark.svg', type: 'image/svg+xml', content: `<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 8 8">${inside}</svg>` });
    await send('swa-n', {}, svg('<script>1</script>')).refuses(422, null, 'The logo file contains active content.');
    await send('swa-n', { state: 'Bavaria' }).refuses(422, 'state', 'United States has no state Bavaria. Choose one from the list.');
    await send('swa-n', { state: 'Washington', parent: 'swa-w' }, svg('<circle cx="4" cy="4" r="3"/>')).done('Saved.');
    expect(sql("select u.country, u.state, p.code as parent from utility u join utility p on p.id = u.parent_utility_id where u.code = 'swa-n'")).toEqual([{ country: 'US', state: 'US-WA', parent: 'swa-w' }]);
    expect((await as(null).get('/u/swa-n/logo').is(200)).headers['content-type']).toContain('image/svg+xml');
    expect((await admin().get('/utilities').is(200)).body).toContain('src="/u/swa-n/logo"');
    await send('swa-w', { parent: 'swa-n' }).refuses(422, 'parent', 'A utility cannot belong to one that belongs to it.');
    await send('swa-w', { primary_service_code: 'WW' }).done('Saved.');
    await send('swa-w', { primary_service_code: 'XX' }).refuses(422, 'primary_service_code', 'Choose a service of this utility.');
  });

  test('ONB02US06 administrators are assigned and taken away', async () => {
    const id = one("select public_id from user where email = 'utility_admin@swa.test'");
    await admin().post('/utilities/swa-n/administrators', { user: id }, { from: '/utilities/swa-n/progress' }).done('The person administers this utility now.');
    await admin().get('/utilities/swa-n/progress').sees('Administrators', 'utility_admin@swa.test');
    await as('utility_admin').get('/u/swa-n/dashboard').is(200);
    await admin().post('/utilities/swa-n/administrators/removal', { user: id }, { from: '/utilities/swa-n/progress' }).done('does not administer this utility any more');
    await admin().post('/utilities/swa-n/administrators', { user: 'nobody' }, { from: '/utilities/swa-n/progress' }).refuses(422, 'user', 'Choose an active person from the list.');
  });

  test('ONB02US06 administrators of one utility see and change that one only', async () => {
    const one_only = as('utility_admin1');                       // administers swa-w
    await one_only.get('/utilities').sees('SWA Water & Wastewater').lacks('SWA East', 'SWA North', 'Add utility');
    for (const what of ['progress', 'edit', 'suspension', 'closing', 'deletion']) await one_only.get(`/utilities/swa-e/${what}`).is(404);
    for (const [path, fields] of [['', { name: 'Taken over' }], ['/suspension', { reason: 'mine' }], ['/closing', { reason: 'mine' }], ['/administrators', { user: one("select public_id from user where email = 'utility_admin1@swa.test'") }]]) await one_only.post(`/utilities/swa-e${path}`, fields).is(404);
    await one_only.get('/utilities/new').refuses(403, null, 'Utilities are added by administrators of the whole organization.');
    await one_only.get('/utilities').is(200);
    await one_only.post('/utilities', { ...swa, code: 'swa-y', name: 'Own one' }).refuses(403, null, 'Utilities are added by administrators of the whole organization.');
    await one_only.get('/utilities/swa-w/edit').is(200);
    expect(sql("select name, status from utility where code = 'swa-e'")[0].name).toBe('SWA East');
    // a role in the other one that is none of an administrator does not give it either
    sql("insert into user_role (user_id, role_id, utility_id, valid_from) select p.id, r.id, u.id, date '2026-01-01' from user p join utility u on u.code = 'swa-e' join role r on r.utility_id = u.id and r.code = 'cso' where p.email = 'utility_admin1@swa.test'");
    await one_only.get('/utilities/swa-e/edit').refuses(403, null, 'You do not have permission to change this utility.');
    await one_only.get('/utilities/swa-w/edit').is(200);
    sql("delete from user_role where user_id = (select id from user where email = 'utility_admin1@swa.test') and utility_id = (select id from utility where code = 'swa-e')");
    await one_only.get('/utilities/swa-e/edit').is(404);
    expect(one('select count(*) from utility')).toBe('3');
  });

  test('ONB02US06.3 a code that is in use', async () => {
    await make({ name: 'Another' }).refuses(422, 'code', 'This code is in use.');
    await make({ name: 'Another', code: 'swa-w' }).refuses(422, 'code', 'This code is in use.');
    await make({ code: 'swa-x', name: 'SWA WATER & wastewater' }).refuses(422, 'name', 'This name is in use.');     // without regard to case
    await make({ code: 'swa-x' }).refuses(422, 'name', 'This name is in use.');
    expect(one('select count(*) from utility')).toBe('3');
  });

  test('ONB02US06.4 a fourth utility on a plan of three', async () => {
    await admin().get('/utilities/new').sees('The plan Growth has 3 utilities.');
    const refused = await make({ code: 'swa-4', name: 'Fourth' }).refuses(422, null, 'The plan Growth has 3 utilities.');
    expect(refused.body).toMatch(/<a[^>]*href="\/org\/subscription"[^>]*>(<[^>]*>)*\s*Subscription/);
    expect(refused.body).toContain('value="Fourth"');
    expect(one('select count(*) from utility')).toBe('3');
  });

  test('ONB02US06 edits; code and currency stay', async () => {
    await admin().post('/utilities/swa-n', { name: 'Third one', city: 'Gresham' }, { from: '/utilities/swa-n/edit' }).done('Saved.');
    expect(one("select name from utility where code = 'swa-n'")).toBe('Third one');
    await admin().post('/utilities/swa-n', { website: 'https://sfwater.org', regulator_name: 'Oregon PUC', map_center_lat: '45.5152', map_center_lng: '-122.6784', code: 'swa-z', currency: 'EUR', environment: 'live' }, { from: '/utilities/swa-n/edit' }).done('Saved.');
    expect(sql("select code, currency, environment, website from utility where name = 'Third one'")).toEqual([{ code: 'swa-n', currency: 'USD', environment: 'sandbox', website: 'https://sfwater.org' }]);       // code and currency never change
    const last = JSON.parse(one("select v.after_value from audit_entry e join audit_value v on v.audit_id = e.id where e.entity = 'utility' and e.action = 'edit' order by e.id desc limit 1"));
    expect(last).toMatchObject({ website: 'https://sfwater.org', regulator_name: 'Oregon PUC' });
    expect(last.name).toBe(undefined);                           // changed fields only
  });

  test('ONB02US06 one that never ran is deleted when it holds nothing: it is shown nowhere, its code and name are free', async () => {
    const gone = (fields = {}) => admin().post('/utilities/swa-n/deletion', { reason: 'made by mistake', ...fields });
    const page_refuses = (at, text) => admin().get(at).refuses(409, null, text).and((r) => { expect(r.text).toContain('This cannot be done now'); expect(r.body).not.toContain('name="reason"'); });
    await page_refuses('/utilities/swa-n/closing', 'This utility never ran. Delete it instead.');
    await page_refuses('/utilities/swa-n/reactivation');
    await page_refuses('/utilities/swa-w/deletion', /This utility has \d+ service areas?\. Suspend it instead\./);
    await admin().post('/utilities/swa-n/closing', { reason: 'not needed' }).refuses(409, null, 'This utility never ran. Delete it instead.');
    sql("insert into service_area (utility_id, level, code, name, path) select u.id, 'region', concat('R', seq), concat('Region ', seq), concat('R', seq) from utility u join seq_1_to_3 where code = 'swa-n'");
    await gone().refuses(409, null, 'This utility has 3 service areas. Only one that holds nothing is deleted.').and((r) => expect(r.body).not.toContain('name="reason"'));
    await page_refuses('/utilities/swa-n/deletion', 'This utility has 3 service areas. Only one that holds nothing is deleted.');
    sql("delete a from service_area a join utility u on u.id = a.utility_id where u.code = 'swa-n' and a.code <> 'R1'");
    await gone().refuses(409, null, 'This utility has 1 service area. Only one that holds nothing is deleted.');
    sql("delete a from service_area a join utility u on u.id = a.utility_id where u.code = 'swa-n'");
    sql("insert into consumer (utility_id, consumer_no, last_name) select id, 'X-1', 'One' from utility where code = 'swa-n'");
    await gone().refuses(409, null, 'This utility has 1 consumer. Only one that holds nothing is deleted.');
    sql("delete from consumer where consumer_no = 'X-1'");
    await admin().get('/utilities/swa-n/deletion').is(200).and((r) => expect(r.body).toContain('name="reason"'));
    await gone({ reason: '' }).refuses(422, 'reason');
    await as('utility_admin1').post('/utilities/swa-n/deletion', { reason: 'not mine' }).is(404);
    expect(one("select status from utility where code = 'swa-n'")).toBe('configuring');
    const id = one("select id from utility where code = 'swa-n'");
    await admin().get('/utilities/swa-n/progress').sees('Delete').lacks('>Close<').and((r) => expect(r.body).not.toContain('/utilities/swa-n/suspension'));
    await admin().get('/utilities/swa-n/suspension').is(409);
    const runs = await admin().get('/utilities/swa-w/progress').is(200);
    expect(runs.body).toContain('/utilities/swa-w/suspension');
    await gone().done('Third one is deleted.');
    await admin().get('/utilities').sees('2 utilities').lacks('Third one', `deleted-${id}`);
    for (const path of ['/utilities/swa-n/progress', `/utilities/deleted-${id}/progress`, '/u/swa-n/dashboard', `/u/deleted-${id}/dashboard`]) await admin().get(path).is(404);
    await as('platform_admin').get('/platform/tenants/swa/tab/utilities').lacks('Third one');
    expect(one(`select count(*) from user_role where utility_id = ${id}`)).toBe('0');
    expect(sql(`select action, number, reason from audit_entry where entity = 'utility' and entity_id = ${id} order by id desc limit 1`)).toEqual([{ action: 'delete', number: 'swa-n', reason: 'made by mistake' }]);
    // the plan has room for one again, with the same code and name
    await make({ name: 'Third one' }).done('Third one is there');
    expect(one("select count(*) from utility where deleted_at is null")).toBe('3');
    await gone().done('Third one is deleted.');
    await admin().post('/utilities/swa-w/deletion', { reason: 'it has data' }).refuses(409, null, /This utility has \d+ service areas?\. Suspend it instead\./);
  });
});

story('ONB02US06 suspended', 'ONB-FIX', ({ as, test, expect, one, portal, looks_right }) => {
  test('ONB02US06.5 a suspended utility is read only', async () => {
    await as('tenant_admin').post('/utilities/swa-e/suspension', { reason: 'regulator order' }).refuses(409, null, 'Only a utility that is ready or live is suspended.');
    await as('tenant_admin').post('/utilities/swa-w/suspension', { reason: 'regulator order' }).done('SWA Water & Wastewater is suspended.');
    expect(one("select status from utility where code = 'swa-w'")).toBe('suspended');
    await as('utility_admin').get('/areas').is(200);
    await as('utility_admin').post('/areas/levels', { levels: [] }).refuses(409, null, 'This utility is suspended: nothing can be changed now.');
    await as('cso1').get('/cis/consumers').is(200);
    await as('cso1').post('/cis/payments', {}).and((r) => expect(r.text).not.toContain('This utility is suspended'));      // payments are still taken
    await as('cso1').post('/cis/complaints/C-1/start', {}).refuses(409, null, 'This utility is suspended: nothing can be changed now.');
    await portal().get('/').sees('Service of this utility is suspended at the moment. You can still pay.');
    await portal().get('/signin').sees('Service of this utility is suspended at the moment. You can still pay.');
    await portal().get('/pay').sees('You can still pay.');
    expect(one("select suspended_reason from utility where code = 'swa-w'")).toBe('regulator order');
    await as('tenant_admin').get('/utilities/swa-w/progress').sees('Suspended: regulator order');
    expect(one("select count(*) from outbox_event where name = 'utility.suspended'")).toBe('1');
    await as('tenant_admin').post('/utilities/swa-w/reactivation', { reason: 'order lifted' }).done('works again.');
    expect(one("select status from utility where code = 'swa-w'")).toBe('ready');
    await portal().get('/signin').lacks('suspended at the moment');
  });

  test('ONB02US06 the pages in a browser', async ({ page }) => {
    test.setTimeout(240000);
    for (const path of ['/utilities', '/utilities/new', '/utilities/swa-w/edit', '/utilities/swa-w/progress', '/utilities/swa-w/suspension']) {
      await as('tenant_admin').browse(page, path);
      await looks_right(page, { shots: `utilities${path.replace(/\W+/g, '-')}` });
    }
  });
});

// Bills that can be paid: the consumers' side of a suspended utility.
story('ONB02US06 suspended, paid', 'HUB-FIX', ({ as, portal, test, expect, sql, one, jobs_run, clock }) => {
  test("ONB02US06.5 suspended: what consumers pay in the portal is posted by the gateway's webhook, once; nobody else changes anything", async () => {
    await as('tenant_admin').post('/utilities/swa-w/suspension', { reason: 'regulator order' }, { from: '/utilities/swa-w/suspension' }).done('is suspended.');
    const who = portal();
    await who.post('/pay/guest', { account_no: 'WA-ACC-100001', postal_code: '97209' }, { from: '/pay' }).goes('/pay');
    const page = await who.get('/pay').sees('You can still pay.'), keep = Object.fromEntries([...page.body.matchAll(/<input type="hidden" name="(csrf|form_key|pay_key|link)" value="([^"]*)"/g)].map((m) => [m[1], m[2]]));
    const begun = await who.post('/pay', { ...keep, 'pick_free-WA-ACC-100001': '1', 'amount_free-WA-ACC-100001': '114.25', email: 'friend@swa.test' }, { raw: true }).is(303);
    const id = begun.location.match(/\/pay\/([A-Za-z0-9_-]{22})$/)[1];
    await who.post(`/pay/${id}/start`, {}, { from: `/pay/${id}` }).is(303);
    await who.post(`/sandbox/pay/${id}`, { card: '4242 4242 4242 4242', expiry: '12/30', cvc: '123', delivery: 'late', seconds: '60' }, { from: `/sandbox/pay/${id}` }).is(303);
    expect(one("select count(*) from payment p join account a on a.id = p.account_id where a.account_no = 'WA-ACC-100001'")).toBe('0');      // the page alone posts nothing
    clock.forward({ seconds: 61 });
    await jobs_run();
    const payments = () => sql("select p.status, p.amount_minor from payment p join account a on a.id = p.account_id where a.account_no = 'WA-ACC-100001'");
    expect(payments()).toEqual([{ status: 'posted', amount_minor: '11425' }]);
    expect(one("select balance_minor from account where account_no = 'WA-ACC-100001'")).toBe('0');
    await as('utility_admin').post('/areas/levels', { levels: [] }).refuses(409, null, 'This utility is suspended: nothing can be changed now.');
    expect(one("select status from utility where code = 'swa-w'")).toBe('suspended');
    await as('tenant_admin').post('/utilities/swa-w/reactivation', { reason: 'order lifted' }, { from: '/utilities/swa-w/reactivation' }).done('works again.');
    expect(payments()).toHaveLength(1);                                                                           // nothing lost, nothing twice
  });
});
