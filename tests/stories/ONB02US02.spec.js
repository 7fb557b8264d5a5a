// Core system settings (ONB02US02) in swa-e, which has its seeds only.
const { story } = require('../support/story');

story('ONB02US02', 'ONB-FIX', ({ as, test, expect, sql, one, owner, looks_right }) => {
  const admin = () => as('utility_admin');
  const east = (method, path, ...more) => admin()[method](`/u/swa-e${path}`, ...more);
  const service = (code, column) => one(`select s.${column} from utility_service s join utility u on u.id = s.utility_id where u.code = 'swa-e' and s.code = ?`, [code]);
  const save = (path, fields) => east('post', path, fields, { from: `/u/swa-e${path}/edit` });

  test('ONB02US02.1 Water by meter, waste water derived from it', async () => {
    await save('/settings/services/WA', { unit: 'CCF', decimals: '0', active: '1' }).is(303);
    await save('/settings/services/WW', { billing_basis: 'derived from water', active: '1' }).is(303);
    expect([service('WA', 'active'), service('WA', 'unit'), service('WW', 'active'), service('WW', 'metered')]).toEqual(['1', 'CCF', '1', '0']);
    await east('get', '/settings/services').sees('Water', 'CCF', 'derived from water');
    await east('get', '/settings').goes('/u/swa-e/settings/services');
  });

  test('ONB02US02.2 electricity without a unit', async () => {
    await save('/settings/services/EL', { active: '1' }).refuses(422, 'unit', 'Select a measurement unit for Electricity.');
    expect(service('EL', 'active')).toBe('0');
    await save('/settings/services/EL', { active: '1', unit: 'CCF' }).refuses(422, 'unit', 'Electricity is measured in one of: kWh MWh kW kVA.');
    await save('/settings/services/WS', { active: '1' }).refuses(422, 'billing_basis', 'Enter how Waste is billed without a meter.');
  });

  test('ONB02US02.3 categories and sub-categories', async () => {
    const make = (path, fields) => east('post', path, fields, { from: `/u/swa-e${path}/new` });
    for (const [code, name] of [['RES', 'Residential'], ['COM', 'Commercial']]) await make('/settings/categories', { code, name, credit_days: '21', active: '1' }).is(303);
    for (const [code, name, category_id] of [['SFR', 'Single family', 'RES'], ['MFR', 'Multi family', 'RES'], ['SML', 'Small', 'COM'], ['LRG', 'Large', 'COM']]) await make('/settings/sub-categories', { code, name, category_id, active: '1' }).is(303);
    expect(sql("select s.code, c.code category from consumer_sub_category s join consumer_category c on c.id = s.category_id join utility u on u.id = s.utility_id where u.code = 'swa-e' order by s.id").map((r) => `${r.category}/${r.code}`)).toEqual(['RES/SFR', 'RES/MFR', 'COM/SML', 'COM/LRG']);
    await make('/settings/categories', { code: 'RES', name: 'Another', credit_days: '21' }).is(422);
    await east('get', '/settings/categories').sees('MFR Multi family, SFR Single family');
  });

  test('ONB02US02.4 a document type', async () => {
    await east('post', '/settings/documents', { code: 'PHOTO_ID2', name: 'Second photo ID', purpose: 'identity', formats: 'pdf,jpg,png', max_mb: '5', verification: 'none', active: '1' }, { from: '/u/swa-e/settings/documents/new' }).is(303);
    expect(sql("select formats, max_mb from document_type where code = 'PHOTO_ID2'")).toEqual([{ formats: 'pdf,jpg,png', max_mb: '5' }]);
    await east('post', '/settings/documents', { code: 'BAD', name: 'Bad', purpose: 'identity', formats: 'pdf,exe', max_mb: '5', verification: 'none' }, { from: '/u/swa-e/settings/documents/new' }).refuses(422, 'formats', 'Use pdf, jpg, png, heic and webp, with commas.');
    await east('post', '/settings/documents', { code: 'BIG', name: 'Big', purpose: 'identity', formats: 'pdf', max_mb: '11', verification: 'none' }, { from: '/u/swa-e/settings/documents/new' }).is(422);
  });

  test('ONB02US02.5 a category with accounts stays', async () => {
    const c = owner('cso_supervisor', 'consumer', { first_name: 'Cat', last_name: 'Holder', phone: '+15035550177' });
    const p = owner('cso_supervisor', 'premise', { line1: '3 Elm St', city: 'Portland', state: 'US-OR', postal_code: '97204', area: 'DTN-PRL' });
    const a = owner('cso_supervisor', 'account', { consumer: c.no, premise: p.no, category: 'RES', sub_category: 'SFR', billing: 'premise' });
    expect(a.no).toBeTruthy();
    await admin().get('/settings/categories/RES/deletion').refuses(409, null, '1 account uses Residential. Deactivate or merge it.');
    expect(one("select count(*) from consumer_category c join utility u on u.id = c.utility_id where u.code = 'swa-w' and c.code = 'RES'")).toBe('1');
    await admin().post('/settings/categories/RES', { active: null }, { from: '/settings/categories/RES/edit' }).is(303);
    expect(one('select c.code from account a join consumer_category c on c.id = a.category_id where a.account_no = ?', [a.no])).toBe('RES');
    await admin().post('/settings/categories/RES', { active: '1' }, { from: '/settings/categories/RES/edit' }).is(303);
  });

  test('ONB02US02.6 a module that is not in the plan', async () => {
    sql.platform("update subscription_plan set modules = json_array('core','hub','cis','cc','comm','portal','mx','bx') where code = 'growth'");
    sql("update module_activation m join utility u on u.id = m.utility_id set m.active = 0 where u.code = 'swa-e'");
    await east('get', '/settings/access').sees('Workforce', 'Not in your plan');
    await east('post', '/settings/access/wx/on', {}).refuses(403, null, 'Not in your plan');
    await east('post', '/settings/access/bx/on', {}).refuses(409, null, 'Billing & Payments needs Meter Management. Switch that on first.');
    await east('post', '/settings/access/mx/on', {}, { from: '/u/swa-e/settings/access' }).done('Meter Management is on.');
    await east('post', '/settings/access/bx/on', {}, { from: '/u/swa-e/settings/access' }).done('Billing & Payments is on.');
    await east('post', '/settings/access/mx/off', {}).refuses(409, null, 'Billing & Payments needs Meter Management. Switch that off first.');
    expect(one("select count(*) from module_activation m join utility u on u.id = m.utility_id where u.code = 'swa-e' and m.active = 1")).toBe('2');
  });

  test('ONB02US02 contracts name only what there is', async () => {
    const make = (template_text) => east('post', '/settings/contracts', { code: 'C1', name: 'Contract', notice_days: '30', template_text, active: '1' }, { from: '/u/swa-e/settings/contracts/new' });
    await make('Dear {{consumer.name}},\nyour plan {{plan.nam}}').refuses(422, 'template_text', 'Line 2: there is no placeholder plan.nam.');
    await make('Dear {{consumer.name}}, plan {{plan.name}} from {{date}}').is(303);
    await as('cso1').get('/settings/services').is(403);
  });

  test('ONB02US02 the pages in a browser', async ({ page }) => {
    test.setTimeout(240000);
    for (const path of ['/settings/services', '/settings/access', '/settings/categories']) {
      await admin().browse(page, path);
      await looks_right(page, { widths: [1440, 360] });
    }
  });
});
