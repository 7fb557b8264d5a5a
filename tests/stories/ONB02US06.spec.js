// Utilities of the organization (ONB02US06). Two are there already, so the scenarios' swa-w is a third one, swa-n, with its own name.
const { story } = require('../support/story');

const swa = { code: 'swa-n', name: 'SWA North & Wastewater', email: 'contacts@sfwater.org', contact_phone: '+1 503 555 0142', city: 'Portland', address: '1120 SW 5th Ave, Portland, OR 97204' };

story('ONB02US06', 'ONB-FIX', ({ as, test, expect, sql, one, portal, looks_right }) => {
  const admin = () => as('tenant_admin');
  const make = (fields = {}) => admin().post('/utilities', { ...swa, ...fields }, { from: '/utilities/new' });

  test('ONB02US06.2 the address without its end', async () => {
    const answer = await make({ email: 'contacts@' }).refuses(422, 'email', 'Enter a valid e-mail address.');
    for (const value of ['swa-n', 'SWA North &amp; Wastewater', '1120 SW 5th Ave, Portland, OR 97204']) expect(answer.body).toContain(value);
    expect(one('select count(*) from utility')).toBe('2');
    await make({ contact_phone: '12' }).refuses(422, 'contact_phone', 'Enter a valid phone number, e.g. +1 (503) 555-0142.');
    await make({ website: 'swater' }).refuses(422, 'website', 'Enter a full address starting with https://.');
    await make({ city: '' }).is(422);
    await make({ code: 'SWA W' }).refuses(422, 'code', 'A code has 2 to 16 of a-z, 0-9 and dashes and begins with a letter.');
  });

  test('ONB02US06.1 the first utility with its seeds', async () => {
    await make().done('SWA North & Wastewater is there');
    expect(sql("select status, environment, currency, contact_phone, state from utility where code = 'swa-n'")).toEqual([{ status: 'configuring', environment: 'sandbox', currency: 'USD', contact_phone: '+15035550142', state: 'US-OR' }]);
    await admin().get('/utilities/swa-n/progress').sees('Being set up', /Configured\s+0/, 'Service Areas', 'needs Core System Settings');
    await admin().get('/u/swa-n/id-formats').is(200);
    expect(one("select count(*) from id_format f join utility u on u.id = f.utility_id where u.code = 'swa-n'")).toBe('26');
    for (const table of ['gl_code', 'calendar', 'document_type', 'template', 'role']) expect(Number(one(`select count(*) from ${table} x join utility u on u.id = x.utility_id where u.code = 'swa-n'`)), table).toBeGreaterThan(0);
    expect(one("select count(*) from outbox_event where name = 'utility.created'")).toBe('1');
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

  test('ONB02US06.3 a code that is in use', async () => {
    await make({ name: 'Another' }).refuses(422, 'code', 'This code is in use.');
    await make({ code: 'swa-x' }).refuses(422, 'name', 'This name is in use.');
    expect(one('select count(*) from utility')).toBe('3');
  });

  test('ONB02US06.4 a fourth utility on a plan of three', async () => {
    await make({ code: 'swa-4', name: 'Fourth' }).refuses(422, null, 'The plan Growth has 3 utilities.');
    expect(one('select count(*) from utility')).toBe('3');
  });

  test('ONB02US06 edits, and closes one that holds nothing', async () => {
    await admin().post('/utilities/swa-n', { name: 'Third one', city: 'Gresham' }, { from: '/utilities/swa-n/edit' }).done('Saved.');
    expect(one("select name from utility where code = 'swa-n'")).toBe('Third one');
    sql("insert into service_area (utility_id, level, code, name, path) select id, 'region', 'R1', 'Region', 'R1' from utility where code = 'swa-n'");
    await admin().post('/utilities/swa-n/closing', { reason: 'not needed' }).refuses(409, null, 'This utility has 1 service area. Suspend it instead.');
    sql("delete a from service_area a join utility u on u.id = a.utility_id where u.code = 'swa-n'");
    await admin().post('/utilities/swa-n/closing', { reason: 'not needed' }).done('Third one is closed.');
  });
});

story('ONB02US06 suspended', 'ONB-FIX', ({ as, test, expect, one, portal, looks_right }) => {
  test('ONB02US06.5 a suspended utility is read only', async () => {
    await as('tenant_admin').post('/utilities/swa-e/suspension', { reason: 'regulator order' }).refuses(409, null, 'Only a utility that is ready or live is suspended.');
    await as('tenant_admin').post('/utilities/swa-w/suspension', { reason: 'regulator order' }).done('SWA Water & Wastewater is suspended.');
    expect(one("select status from utility where code = 'swa-w'")).toBe('suspended');
    await as('utility_admin').get('/areas').is(200);
    await as('utility_admin').post('/areas/levels', { levels: [] }).refuses(409, null, 'This utility is suspended: nothing can be changed now.');
    await portal().get('/signin').sees('Service of this utility is suspended at the moment. You can still pay.');
    await as('tenant_admin').post('/utilities/swa-w/reactivation', { reason: 'order lifted' }).done('works again.');
    expect(one("select status from utility where code = 'swa-w'")).toBe('ready');
    await portal().get('/signin').lacks('suspended at the moment');
  });

  test('ONB02US06 the pages in a browser', async ({ page }) => {
    test.setTimeout(240000);
    for (const path of ['/utilities', '/utilities/new', '/utilities/swa-w/progress']) {
      await as('tenant_admin').browse(page, path);
      await looks_right(page, { shots: `utilities${path.replace(/\W+/g, '-')}` });
    }
  });
});
