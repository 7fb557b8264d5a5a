// Core system settings (ONB02US02) in swa-e, which has its seeds only.
const fs = require('fs');
const os = require('os');
const path = require('path');
const { story } = require('../support/story');

story('ONB02US02', 'ONB-FIX', ({ as, test, expect, sql, one, owner, clock, jobs_run, looks_right }) => {
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
    await as('billing_manager').get('/u/swa-e/plans/new').sees('Water', 'Waste Water').lacks('Electricity');
  });

  test('ONB02US02.2 electricity without a unit', async () => {
    await save('/settings/services/EL', { active: '1' }).refuses(422, 'unit', 'Select a measurement unit for Electricity.');
    expect(service('EL', 'active')).toBe('0');
    await save('/settings/services/EL', { active: '1', unit: 'CCF' }).refuses(422, 'unit', 'Electricity is measured in one of: kWh MWh kW kVA.');
    await save('/settings/services/WS', { active: '1' }).refuses(422, 'billing_basis', 'Enter how Waste is billed without a meter.');
  });

  test('ONB02US02 refuses a billing basis, a GL code and a service that are not there', async () => {
    await save('/settings/services/WS', { active: '1', billing_basis: 'by guess' }).refuses(422, 'billing_basis', 'Choose billing basis from the list.');
    await save('/settings/services/WA', { gl_revenue_code: '9999' }).refuses(422, 'gl_revenue_code', 'There is no active GL code 9999.');
    await save('/settings/services/WA', { decimals: '4' }).is(422);
    await save('/settings/services/WA', { decimals: '-1' }).is(422);
    expect([service('WS', 'active'), service('WA', 'decimals')]).toEqual(['0', '0']);
    await save('/settings/services/WA', { gl_revenue_code: '4020' }).is(303);
    expect(service('WA', 'gl_revenue_code')).toBe('4020');
    const contract = (service_code) => east('post', '/settings/contracts', { code: 'C0', name: 'Contract', notice_days: '30', service_code, active: '1' }, { from: '/u/swa-e/settings/contracts/new' });
    await contract('ZZ').refuses(422, 'service_code', 'There is no active service ZZ.');
    await contract('EL').refuses(422, 'service_code', 'There is no active service EL.');
    expect(one("select count(*) from contract_type where code = 'C0'")).toBe('0');
  });

  test('ONB02US02.3 categories and sub-categories', async () => {
    const make = (path, fields) => east('post', path, fields, { from: `/u/swa-e${path}/new` });
    for (const [code, name] of [['RES', 'Residential'], ['COM', 'Commercial']]) await make('/settings/categories', { code, name, credit_days: '21', active: '1' }).is(303);
    for (const [code, name, category_id] of [['SFR', 'Single family', 'RES'], ['MFR', 'Multi family', 'RES'], ['SML', 'Small', 'COM'], ['LRG', 'Large', 'COM']]) await make('/settings/sub-categories', { code, name, category_id, active: '1' }).is(303);
    expect(sql("select s.code, c.code category from consumer_sub_category s join consumer_category c on c.id = s.category_id join utility u on u.id = s.utility_id where u.code = 'swa-e' order by s.id").map((r) => `${r.category}/${r.code}`)).toEqual(['RES/SFR', 'RES/MFR', 'COM/SML', 'COM/LRG']);
    await make('/settings/categories', { code: 'RES', name: 'Another', credit_days: '21' }).is(422);
    await east('get', '/settings/categories').sees('MFR Multi family, SFR Single family');
    await as('billing_manager').get('/u/swa-e/plans/new').sees('Residential', 'Commercial').lacks('Industrial');
  });

  test('ONB02US02 the tree: a category shows its sub-categories, what they take from it, and the documents it asks for', async () => {
    const list = await east('get', '/settings/categories').sees('Sub-categories', 'Required documents');
    expect(list.body).toContain('href="/u/swa-e/settings/sub-categories"');
    expect(list.body).not.toContain('have a list of their own: /settings');
    await east('get', '/settings/categories/new').lacks('/settings/sub-categories');
    const page = await east('get', '/settings/categories/RES').sees('SFR', 'Multi family', 'as the category', 'New sub-category');
    expect(page.body).toContain('/settings/sub-categories/SFR"');
    await admin().get('/settings/categories/RES').sees('Required documents');
    await save('/settings/sub-categories/MFR', { tax_exempt: '1', credit_days: '14' }).is(303);
    expect(sql("select s.code, s.tax_exempt, s.credit_days from consumer_sub_category s join utility u on u.id = s.utility_id where u.code = 'swa-e' and s.code in ('SFR', 'MFR') order by s.code")).toEqual([{ code: 'MFR', tax_exempt: '1', credit_days: '14' }, { code: 'SFR', tax_exempt: null, credit_days: null }]);
    await east('get', '/settings/sub-categories/MFR').sees('Tax exempt Yes', '14');
    await save('/settings/sub-categories/MFR', { credit_days: '91' }).is(422);
    await save('/settings/sub-categories/MFR', { tax_exempt: '' }).is(303);
    expect(one("select s.tax_exempt from consumer_sub_category s join utility u on u.id = s.utility_id where u.code = 'swa-e' and s.code = 'MFR'")).toBe(null);
  });

  test('ONB02US02 departments lead to their roles; whoever may not see roles gets no way there', async () => {
    const page = await admin().get('/settings/roles').sees('Roles and rights', 'Customer Service');
    expect(page.body).toContain('href="/u/swa-w/roles"');
    const id = one("select d.public_id from department d join utility u on u.id = d.utility_id where u.code = 'swa-w' and d.name = 'Customer Service'");
    expect((await admin().get(`/settings/roles/${id}`).sees('Roles of the department', 'Cashier')).body).toContain('/u/swa-w/roles/cashier"');
    await admin().post('/settings/roles', { name: 'Customer Service' }, { from: '/settings/roles/new' }).refuses(422, 'name', 'Customer Service is taken.');
    // Its head is an active person of the tenant, or nobody.
    const head = () => one('select u.email from department d left join user u on u.id = d.head_user_id where d.public_id = ?', [id]) ?? null;
    const save = (email) => admin().post(`/settings/roles/${id}`, { head_user_id: email }, { from: `/settings/roles/${id}/edit` });
    expect((await admin().get(`/settings/roles/${id}/edit`).is(200)).body).toMatch(/<option value="cso_supervisor@swa.test"/);
    await save('nobody@swa.test').refuses(422, 'head_user_id', 'There is no user nobody@swa.test.');
    expect(head()).toBe(null);
    await save('cso_supervisor@swa.test').is(303);
    expect(head()).toBe('cso_supervisor@swa.test');
    await admin().get('/settings/roles').sees('Head of the department', 'cso_supervisor@swa.test');
    await save('').is(303);
    expect(head()).not.toBe('cso_supervisor@swa.test');
    await admin().post('/settings/roles', { name: 'x' }, { from: '/settings/roles/new' }).is(422);
    for (const who of ['billing_manager', 'cso1', 'cashier1', 'field_executive1']) for (const path of ['/settings/services', '/settings/access', '/settings/roles', '/settings/categories', '/settings/documents', '/settings/contracts', '/settings/contracts/none']) await as(who).get(path).is(403);
    await as(null).get('/u/swa-w/settings/services').goes(/^\/login/);
  });

  test('ONB02US02 a category has a plan and a deposit of its own', async () => {
    const save = (fields) => admin().post('/settings/categories/COM', { default_tariff_plan_id: 'COM-VAR', deposit_fee_id: 'DEP-COM', ...fields }, { from: '/settings/categories/COM/edit' });
    await save({}).is(303);
    expect(sql("select p.code plan, f.code fee from consumer_category c join tariff_plan p on p.id = c.default_tariff_plan_id join fee f on f.id = c.deposit_fee_id join utility u on u.id = c.utility_id where u.code = 'swa-w' and c.code = 'COM'")).toEqual([{ plan: 'COM-VAR', fee: 'DEP-COM' }]);
    await save({ default_tariff_plan_id: 'RES-VAR' }).refuses(422, 'default_tariff_plan_id', 'RES-VAR is not for this category.');
    await save({ default_tariff_plan_id: 'NOPE' }).refuses(422, 'default_tariff_plan_id', 'There is no plan NOPE.');
    await save({ deposit_fee_id: 'FEE-NSF' }).refuses(422, 'deposit_fee_id', 'There is no deposit FEE-NSF.');
  });

  test('ONB02US02.4 a document type', async () => {
    await east('post', '/settings/documents', { code: 'PHOTO_ID2', name: 'Second photo ID', purpose: 'identity', formats: 'pdf,jpg,png', max_mb: '5', verification: 'none', active: '1' }, { from: '/u/swa-e/settings/documents/new' }).is(303);
    expect(sql("select formats, max_mb from document_type where code = 'PHOTO_ID2'")).toEqual([{ formats: 'pdf,jpg,png', max_mb: '5' }]);
    await east('post', '/settings/documents', { code: 'BAD', name: 'Bad', purpose: 'identity', formats: 'pdf,exe', max_mb: '5', verification: 'none' }, { from: '/u/swa-e/settings/documents/new' }).refuses(422, 'formats', 'Use pdf, jpg, png, heic and webp, with commas.');
    await east('post', '/settings/documents', { code: 'BIG', name: 'Big', purpose: 'identity', formats: 'pdf', max_mb: '11', verification: 'none' }, { from: '/u/swa-e/settings/documents/new' }).is(422);

    const type = one("select d.code from document_type d join utility u on u.id = d.utility_id where u.code = 'swa-w' and d.name = 'Government photo ID'"), type_path = `/settings/documents/${type}`;
    await admin().get(type_path).sees('No application asks for it.');
    await admin().post(`${type_path}/required`, { new_connection: 'RES' }, { from: `${type_path}/required` }).done('Saved for Government photo ID.');
    expect(one("select mandatory_for from document_type where code = ? and mandatory_for is not null", [type])).toBe('{"new_connection":["RES"]}');
    await admin().get('/settings/categories/RES').sees('Required documents', 'Government photo ID', 'New connection');
    expect((await admin().get('/settings/categories').is(200)).body).toMatch(/RES[\s\S]*Government photo ID[\s\S]*COM/);
    await admin().get(type_path).sees('New connection', 'RES').lacks('No application asks for it.');
    await admin().post(`${type_path}/required`, { new_connection: 'NOPE' }, { from: `${type_path}/required` }).is(422);
    expect(one("select mandatory_for from document_type where code = ? and mandatory_for is not null", [type])).toBe('{"new_connection":["RES"]}');

    // what an application stores: 6 MB are too much, 4 are not; the format counts too
    const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'smart360-documents-'));
    const file = (name, head, mb) => { const p = path.join(scratch, name); fs.writeFileSync(p, Buffer.concat([Buffer.from(head), Buffer.alloc(mb * 1024 * 1024 - head.length)])); return p; };
    const keep = (name, head, mb) => owner('cso_supervisor', 'document', { document_type: type, file_name: name, path: file(name, head, mb) });
    expect(keep('big.pdf', '%PDF-1.4\n', 6)).toMatchObject({ refused: 413, text: 'Government photo ID: a file has at most 5 MB.' });
    expect(keep('small.pdf', '%PDF-1.4\n', 4).id).toBeGreaterThan(0);
    await admin().post(type_path, { formats: 'jpg,png' }, { from: `${type_path}/edit` }).is(303);
    expect(keep('other.pdf', '%PDF-1.4\n', 1)).toMatchObject({ refused: 422, text: 'Government photo ID: choose a file of jpg,png.' });
    fs.rmSync(scratch, { recursive: true });
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

  test('ONB02US02 a category is merged into another', async () => {
    const c = owner('cso_supervisor', 'consumer', { first_name: 'Merge', last_name: 'Holder', phone: '+15035550178' });
    const p = owner('cso_supervisor', 'premise', { line1: '5 Elm St', city: 'Portland', state: 'US-OR', postal_code: '97204', area: 'DTN-PRL' });
    await admin().post('/settings/categories', { code: 'OLD', name: 'Old homes', credit_days: '21', active: '1' }, { from: '/settings/categories/new' }).is(303);
    await admin().post('/settings/sub-categories', { code: 'OLD1', name: 'Old one', category_id: 'OLD', active: '1' }, { from: '/settings/sub-categories/new' }).is(303);
    const a = owner('cso_supervisor', 'account', { consumer: c.no, premise: p.no, category: 'OLD', sub_category: 'OLD1', billing: 'premise' });
    const path_ = '/settings/categories/OLD/merge';
    await admin().get('/settings/categories/OLD').sees('Merge');
    await admin().get(path_).sees('Choose which; nothing happens before you confirm.');
    await admin().get(`${path_}?to=RES`).sees('Merge Old homes into Residential', 'takes no new account');
    await admin().post(path_, { to: 'OLD' }, { from: `${path_}?to=RES` }).refuses(422, 'to', 'Choose another active category.');
    await as('cso1').post(path_, { to: 'RES' }).is(403);
    await admin().post(path_, { to: 'RES', reason: 'One list' }, { from: `${path_}?to=RES` }).done('1 account of Old homes is being moved to Residential.');
    await jobs_run();
    expect(sql('select c.code, s.code sub from account a join consumer_category c on c.id = a.category_id join consumer_sub_category s on s.id = a.sub_category_id where a.account_no = ?', [a.no])).toEqual([{ code: 'RES', sub: 'OLD1' }]);
    expect(sql("select active, merged_into_id is not null merged from consumer_category where code = 'OLD'")).toEqual([{ active: '0', merged: '1' }]);
    await admin().get('/settings/categories/OLD').sees('Merged into Residential; 0 accounts are still to be moved.');
    await admin().get(path_).refuses(409, null, 'Old homes was merged already.');
    expect(one("select count(*) from audit_entry where action = 'edit' and entity = 'account' and reason = 'Category Old homes was merged'")).toBe('1');
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

  test('ONB02US02 unit and meter of a service stay once somebody is connected; with active connections it stays on', async () => {
    const c = owner('cso_supervisor', 'consumer', { first_name: 'Unit', last_name: 'Holder', phone: '+15035550179' });
    const p = owner('cso_supervisor', 'premise', { line1: '11 Elm St', city: 'Portland', state: 'US-OR', postal_code: '97204', area: 'DTN-PRL' });
    const a = owner('cso_supervisor', 'account', { consumer: c.no, premise: p.no, category: 'RES', sub_category: 'SFR', billing: 'premise' });
    const put = (fields) => admin().post('/settings/services/WA', fields, { from: '/settings/services/WA/edit' });
    const water = () => sql("select unit, metered, active, decimals from utility_service s join utility u on u.id = s.utility_id where u.code = 'swa-w' and s.code = 'WA'");
    await put({ unit: 'm3' }).is(303);                                              // nobody is connected yet
    await put({ unit: 'CCF' }).is(303);
    for (const i of [1, 2]) sql("insert into service_connection (utility_id, connection_no, account_id, premise_id, service_code, status, supply_state, metered, connected_on) select a.utility_id, concat('UNIT-', ?), a.id, a.premise_id, 'WA', ?, 'connected', 1, '2026-04-01' from account a where a.account_no = ?", [i, i === 1 ? 'active' : 'closed', a.no]);
    const before = water();
    await put({ unit: 'm3' }).refuses(422, 'unit', 'Water has 2 connections; the unit cannot change.');
    await put({ metered: null, billing_basis: 'per account' }).refuses(422, 'metered', 'Water has 2 connections; it stays as it is.');
    await put({ active: null }).refuses(422, 'active', 'Water has 1 active connection.');
    expect(water()).toEqual(before);
    await put({ decimals: '1' }).is(303);
    expect(water()[0].decimals).toBe('1');
    await put({ decimals: '0' }).is(303);
    sql("delete from service_connection where connection_no like 'UNIT-%'");
  });

  test('ONB02US02 a service of its own is added; the last category stays active', async () => {
    const make = (fields) => east('post', '/settings/services', { code: 'RC', name: 'Recycling', decimals: '0', ...fields }, { from: '/u/swa-e/settings/services/new' });
    await make({ active: '1' }).refuses(422, 'billing_basis', 'Enter how Recycling is billed without a meter.');
    await make({ code: 'RECYC' }).is(422);
    await make({ code: 'r1' }).is(422);
    await make({ active: '1', billing_basis: 'per account' }).is(303);
    await make({ active: '1', billing_basis: 'per account' }).refuses(422, 'code', 'RC is taken.');
    await as('billing_manager').get('/u/swa-e/plans/new').sees('Recycling');
    await as('billing_manager').get('/plans/new').lacks('Recycling');
    const off = (code) => east('post', `/settings/categories/${code}`, { active: null }, { from: `/u/swa-e/settings/categories/${code}/edit` });
    await off('COM').is(303);
    await off('RES').refuses(422, 'active', 'At least one category stays active.');
    expect(sql("select c.code, c.active from consumer_category c join utility u on u.id = c.utility_id where u.code = 'swa-e' order by c.code")).toEqual([{ code: 'COM', active: '0' }, { code: 'RES', active: '1' }]);
    await east('post', '/settings/categories/COM', { active: '1' }, { from: '/u/swa-e/settings/categories/COM/edit' }).is(303);
  });

  test('ONB02US02 files go with a contract: attached, given out, removed; only documents, at most ten', async ({ page }) => {
    const code = one("select t.code from contract_type t join utility u on u.id = t.utility_id where u.code = 'swa-w' order by t.id limit 1"), at = `/settings/contracts/${code}/files`;
    const add = (name, type, content, who = admin()) => who.post(at, {}, { from: at, files: { file: { name, type, content } } });
    const files = () => sql("select file_name, mime from document where entity = 'contract_type' and erased_at is null order by id");
    const pdf = '%PDF-1.4\n% general terms\n%%EOF\n';
    await admin().get(`/settings/contracts/${code}`).sees('Attachments', 'Nothing is attached');
    await admin().post(at, {}, { from: at }).refuses(422, 'file', 'Choose a file.');
    await add('terms.exe', 'application/pdf', 'MZ rubbish').is(422);
    expect(files()).toEqual([]);
    await add('General terms.pdf', 'application/pdf', pdf).done('General terms.pdf is attached to');
    expect(files()).toEqual([{ file_name: 'General terms.pdf', mime: 'application/pdf' }]);
    await admin().get(`/settings/contracts/${code}`).sees('General terms.pdf').lacks('Nothing is attached');
    const file = `${at}/${one("select public_id from document where entity = 'contract_type'")}`;
    const got = await admin().get(file).is(200);
    expect(got.bytes.toString()).toBe(pdf);
    expect(got.headers['content-disposition'] ?? got.headers.get?.('content-disposition')).toContain('attachment');
    for (const path_ of [file, at]) await as('cso1').get(path_).is(403);
    await admin().get(`/u/swa-e${file}`).is(404);
    await admin().browse(page, at);
    await looks_right(page, { widths: [1440, 360], shots: 'contract-files' });
    for (let i = 2; i <= 10; i++) sql("insert into document (utility_id, entity, entity_id, file_name, mime, size, sha256, storage_key) select utility_id, entity, entity_id, concat('terms-', ?, '.pdf'), mime, 1, repeat('x', 32), concat('none/contract', ?) from document where file_name = 'General terms.pdf'", [i, i]);
    await add('one more.pdf', 'application/pdf', pdf).refuses(422, 'file', 'A contract has at most 10 attachments. Remove one first.');
    sql("delete from document where storage_key like 'none/contract%'");
    await admin().post(`${file}/deletion`, {}, { from: at }).done('General terms.pdf is removed.');
    await admin().get(file).is(404);
    expect(files()).toEqual([]);
    expect(sql("select action from audit_entry where entity = 'contract_type' and action in ('attach', 'detach') order by id")).toEqual([{ action: 'attach' }, { action: 'detach' }]);
  });

  test('ONB02US02 what was not bought keeps nothing off that was: Starter switches on all of its modules', async () => {
    const here = "update module_activation m join utility u on u.id = m.utility_id and u.code = 'swa-e' set m.active =", kept = sql("select m.id, m.active from module_activation m join utility u on u.id = m.utility_id and u.code = 'swa-e'");
    const plan = (modules) => sql.platform('update subscription_plan set modules = ? where code = ?', [JSON.stringify(modules), 'growth']), had = JSON.parse(sql.platform("select modules from subscription_plan where code = 'growth'")[0].modules);
    const page = '/u/swa-e/settings/access', starter = JSON.parse(sql.platform("select modules from subscription_plan where code = 'starter'")[0].modules);
    expect(starter).toEqual(['core', 'cis', 'bx', 'portal']);
    sql(`${here} 0`);
    // With the Communication Hub in the plan self-service needs it; without, it goes without.
    await east('post', '/settings/access/portal/on', {}).refuses(409, null, 'Self-Service needs Communication Hub. Switch that on first.');
    plan(starter);
    await east('get', '/settings/access').sees('Not in your plan, so it goes without');
    for (const module of ['cis', 'portal', 'bx']) await east('post', `/settings/access/${module}/on`, {}, { from: page }).is(303);
    expect(sql("select m.module from module_activation m join utility u on u.id = m.utility_id and u.code = 'swa-e' where m.active = 1 order by 1").map((m) => m.module)).toEqual(['bx', 'cis', 'portal']);
    for (const module of ['comm', 'mx', 'wx', 'cc']) await east('post', `/settings/access/${module}/on`, {}).refuses(403, null, 'Not in your plan');
    plan(had);
    sql(`${here} 0`);
    for (const m of kept) sql('update module_activation set active = ? where id = ?', [m.active, m.id]);
  });

  test('ONB02US02 billing needs metering for services by meter only; the tab counts its seven modules', async () => {
    sql("update utility_service s join utility u on u.id = s.utility_id set s.active = 0 where u.code = 'swa-e' and s.metered = 1");
    await east('post', '/settings/access/mx/off', {}, { from: '/u/swa-e/settings/access/mx/off' }).done('Meter Management is off.');
    await east('post', '/settings/access/mx/on', {}, { from: '/u/swa-e/settings/access' }).done('Meter Management is on.');
    sql("update utility_service s join utility u on u.id = s.utility_id set s.active = 1 where u.code = 'swa-e' and s.code = 'WA'");
    sql("insert ignore into module_activation (utility_id, module, active) select id, 'hub', 1 from utility where code = 'swa-e'");
    const tabs = (await east('get', '/settings/access').sees('For services by meter.', 'needs Workforce')).body.match(/<nav class="s-tabs"[\s\S]*?<\/nav>/)[0];
    expect(tabs.match(/System access[\s\S]*?(\d+)<\/span>/)[1]).toBe('2');
  });

  test('ONB02US02 refuses to switch off a module with open work before its code is typed', async () => {
    const at = '/settings/access/wx/off', on = () => one("select m.active from module_activation m join utility u on u.id = m.utility_id where u.code = 'swa-w' and m.module = 'wx'");
    await admin().get(at).lacks('Type wx');
    const p = owner('cso_supervisor', 'premise', { line1: '7 Elm St', city: 'Portland', state: 'US-OR', postal_code: '97204', area: 'DTN-PRL' });
    for (const n of [1, 2]) sql("insert into service_order (utility_id, order_no, order_type, source_type, source_id, premise_id, title, due_at, status) select p.utility_id, ?, 'GENERAL_VISIT', 'manual', ?, p.id, 'Visit', '2026-05-01', 'created' from premise p where p.premise_no = ?", [`WA-SO-8-${n}`, 800 + n, p.no]);
    await admin().get(at).sees('2 service orders are open.', 'Type wx to switch Workforce off with open work.');
    await admin().post(at, {}, { from: at }).refuses(422, 'confirm', 'Type wx to switch Workforce off with open work.');
    await admin().post(at, { confirm: 'WX!' }, { from: at }).is(422);
    await as('cso1').post(at, { confirm: 'wx' }).is(403);
    expect(on()).toBe('1');
    await admin().post(at, { confirm: 'wx' }, { from: at }).done('Workforce is off. Its data stay.');
    expect([on(), one("select count(*) from service_order where order_no like 'WA-SO-8-%'")]).toEqual(['0', '2']);
    sql.platform("update subscription_plan set modules = json_array('core','hub','cis','cc','comm','portal','mx','bx','wx') where code = 'growth'");
    await admin().post('/settings/access/wx/on', {}, { from: '/settings/access' }).done('Workforce is on.');
    sql("delete from service_order where order_no like 'WA-SO-8-%'");
  });

  test('ONB02US02 none needed completes the tab of contracts, and is refused beside active ones', async () => {
    const ticked = async () => /Contracts[^<]*(<[^>]*>\s*)*<span class="vh"> complete/.test((await east('get', '/settings/contracts').is(200)).body.match(/<nav class="s-tabs"[\s\S]*?<\/nav>/)[0]);
    expect(await ticked()).toBe(false);
    await east('post', '/settings/contracts/none', { none: '1' }, { from: '/u/swa-e/settings/contracts/none' }).done('Saved: no contracts are needed.');
    expect(await ticked()).toBe(true);
    await east('post', '/settings/contracts/none', { none: null }, { from: '/u/swa-e/settings/contracts/none' }).done('Saved: contracts are needed.');
    expect(await ticked()).toBe(false);
    await admin().post('/settings/contracts/none', { none: '1' }, { from: '/settings/contracts/none' }).refuses(409, 'none', /contracts? (is|are) active\. Deactivate/);
    expect(one("select count(*) from setting s join utility u on u.id = s.utility_id where u.code = 'swa-w' and s.`key` = 'core.no_contracts'")).toBe('0');
  });

  test('ONB02US02 contracts name only what there is', async () => {
    const make = (template_text) => east('post', '/settings/contracts', { code: 'C1', name: 'Contract', notice_days: '30', template_text, active: '1' }, { from: '/u/swa-e/settings/contracts/new' });
    await make('Dear {{consumer.name}},\nyour plan {{plan.nam}}').refuses(422, 'template_text', 'Line 2: there is no placeholder plan.nam.');
    await make('Dear {{consumer.name').refuses(422, 'template_text', 'Line 1: there is no placeholder consumer.name.');
    await make('Dear {{consumer.name}}, plan {{plan.name}} from {{date}}').is(303);

    await east('get', '/settings/contracts/C1/preview').sees('Dear Alex Morgan, plan Residential from 04/15/2026');
    const pdf = await east('get', '/settings/contracts/C1/preview.pdf').is(200);
    expect(pdf.bytes.subarray(0, 5).toString()).toBe('%PDF-');
    await save('/settings/contracts/C1', { template_text: 'Good day {{consumer.name}}' }).is(303);
    await save('/settings/contracts/C1', { name: 'Contract of supply' }).is(303);
    expect(one("select version from contract_type where code = 'C1'")).toBe('2');
    await east('get', '/settings/contracts/C1').sees('Versions of the text', 'In use');
    await east('get', '/settings/contracts/C1/preview').sees('Good day Alex Morgan');
    await east('get', '/settings/contracts/C1/preview?version=1').sees('Dear Alex Morgan, plan Residential');
    await east('get', '/settings/contracts/C1/preview?version=7').is(404);
    await as('cso1').get('/settings/services').is(403);
  });

  test('ONB02US02 tabs say what is complete; who has a document is told before it expires, once', async () => {
    const page = await admin().get('/settings/services').is(200);
    expect(page.body.match(/<nav class="s-tabs"[\s\S]*?<\/nav>/)[0].match(/> complete</g).length).toBeGreaterThanOrEqual(4);
    const account = owner('cso_supervisor', 'account', { consumer: owner('cso_supervisor', 'consumer', { first_name: 'Ida', last_name: 'Expiry', phone: '+15035550171', email: 'ida@expiry.test' }).no, premise: owner('cso_supervisor', 'premise', { line1: '9 Expiry St', city: 'Portland', state: 'US-OR', postal_code: '97204', area: 'DTN-PRL' }).no, category: 'RES', sub_category: 'SFR' }).no;
    sql("update account set status = 'active' where account_no = ?", [account]);
    const add = (days) => sql("insert into document (utility_id, type_id, entity, entity_id, file_name, mime, size, sha256, storage_key, valid_to, status) select t.utility_id, t.id, 'account', a.id, concat('id-', ?, '.pdf'), 'application/pdf', 1, repeat('x', 32), concat('none/', ?), date_add(?, interval ? day), 'verified' from document_type t join account a on a.utility_id = t.utility_id where a.account_no = ? order by t.id desc limit 1", [days, days, new Date(clock.now()).toISOString().slice(0, 10), days, account]);
    add(30);
    const due = () => sql.platform("insert into job (tenant_id, utility_id, kind, class, run_at, max_attempts) select id, ?, 'document.expiry', 'general', '2020-01-01', 3 from tenant where slug = 'swa'", [one("select id from utility where code = 'swa-w'")]);
    due(); await jobs_run();
    due(); await jobs_run();
    expect(one("select count(*) from message where template_key = 'document_expires' and channel = 'email'")).toBe('1');
    expect(one("select subject from message where template_key = 'document_expires' and channel = 'email'")).toContain('expires on');
    sql("delete from document where storage_key like 'none/%'");
  });

  test('ONB02US02 the day of a document is the utility\'s: what came late in the evening counts from that evening', async () => {
    const now = clock.now(), type = one("select t.id from document_type t join utility u on u.id = t.utility_id where u.code = 'swa-w' order by t.id desc limit 1"), days = one('select validity_days from document_type where id = ?', [type]);
    const account = one("select account_no from account where status = 'active' order by id desc limit 1");
    const add = (name, at) => sql("insert into document (utility_id, type_id, entity, entity_id, file_name, mime, size, sha256, storage_key, created_at, status) select t.utility_id, t.id, 'premise', a.id, ?, 'application/pdf', 1, repeat('x', 32), concat('none/', ?), ?, 'verified' from document_type t join account a on a.account_no = ? where t.id = ?", [name, name, at, account, type]);
    // The recurring one would tell first; and the clock stays within what the organization's subscription is paid for.
    sql("update scheduled_job set enabled = 0 where handler = 'document.expiry'");
    const told = async (name) => {
      const before = Number(one("select count(*) from message where template_key = 'document_expires' and channel = 'email'"));      // a worker may be faster than we are
      sql("update document set entity = if(file_name = ?, 'account', 'premise') where storage_key like 'none/%'", [name]);
      sql.platform("insert into job (tenant_id, utility_id, kind, class, run_at, max_attempts) select id, ?, 'document.expiry', 'general', '2020-01-01', 3 from tenant where slug = 'swa'", [one("select id from utility where code = 'swa-w'")]);
      await jobs_run();
      return Number(one("select count(*) from message where template_key = 'document_expires' and channel = 'email'")) - before;
    };
    sql('update document_type set validity_days = 30 where id = ?', [type]);
    clock('2026-04-15T23:30-07:00');                                   // in UTC it is the 16th
    add('evening.pdf', '2026-04-16 05:50:00');                         // 10:50 PM of the 15th in Portland: until May 15, thirty days ahead
    add('night.pdf', '2026-04-16 07:10:00');                           // ten minutes into the 16th: until May 16
    expect(await told('night.pdf')).toBe(0);
    expect(await told('evening.pdf')).toBe(1);
    expect(one("select subject from message where template_key = 'document_expires' and channel = 'email' order by id desc limit 1")).toContain('15 May 2026');
    clock('2026-04-16T00:30-07:00');
    expect(await told('night.pdf')).toBe(1);
    sql("delete from document where storage_key like 'none/%'");
    sql('update document_type set validity_days = ? where id = ?', [days, type]);
    sql("update scheduled_job set enabled = 1 where handler = 'document.expiry'");
    clock(now.toISOString());
  });

  test('ONB02US02 leaving a form with something typed asks; saving does not, and without script nothing hangs on it', async ({ page, browser }) => {
    test.setTimeout(120000);
    const asked = [];
    let answer = 'dismiss';
    page.on('dialog', (d) => { asked.push(d.type()); return d[answer](); });
    await admin().browse(page, '/settings/categories/RES/edit');
    const name = page.locator('.s-main [name=name]'), was = await name.inputValue();
    await name.click();
    await page.goto(page.url());                                        // nothing typed
    expect(asked).toEqual([]);
    await name.click();
    await page.keyboard.type(' and so on');
    await page.evaluate(() => { location.href = '/u/swa-w/settings/services'; });
    await expect.poll(() => asked.length).toBe(1);
    expect(asked).toEqual(['beforeunload']);
    expect(page.url()).toContain('/settings/categories/RES/edit');      // stayed, with what was typed
    expect(await name.inputValue()).not.toBe(was);
    await name.fill(was);
    await page.evaluate(() => { location.href = '/u/swa-w/settings/services'; });
    await page.waitForURL(/settings\/services/);                         // as it was before: nothing to lose
    expect(asked).toHaveLength(1);
    await admin().browse(page, '/settings/categories/RES/edit');
    await name.click();
    await page.keyboard.type('X');
    await page.locator('.s-main form.s-form .s-acts button').first().click();
    await expect(page.locator('[role=status]').first()).toBeVisible();
    expect(asked).toHaveLength(1);                                      // saved
    sql("update consumer_category set name = ? where code = 'RES'", [was]);
    await admin().browse(page, '/settings/categories/RES/edit');
    await name.click();
    await page.keyboard.type('Y');
    answer = 'accept';
    await page.evaluate(() => { location.href = '/u/swa-w/settings/services'; });
    await page.waitForURL(/settings\/services/);
    expect(asked).toHaveLength(2);
    const plain = await browser.newContext({ javaScriptEnabled: false, ignoreHTTPSErrors: true });
    const still = await plain.newPage();
    await admin().browse(still, '/settings/categories/RES/edit');
    await still.locator('.s-main [name=name]').fill('Z');
    await admin().browse(still, '/settings/services');
    expect(still.url()).toContain('/settings/services');
    await plain.close();
    expect(one("select name from consumer_category where code = 'RES' limit 1")).toBe(was);
  });

  test('ONB02US02 the pages in a browser', async ({ page }) => {
    test.setTimeout(240000);
    for (const path of ['/settings/services', '/settings/access', '/settings/access/bx/off', '/settings/roles', '/settings/sub-categories', '/settings/contracts', '/settings/contracts/none', '/settings/categories', '/settings/categories/RES', '/settings/categories/RES/merge?to=COM', '/settings/documents/PHOTO_ID', '/settings/documents/PHOTO_ID/required']) {
      await admin().browse(page, path);
      await looks_right(page, { widths: [1440, 360] });
    }
  });
});

story('ONB02US02 with bills', 'BX-FIX', ({ as, test, expect, sql, one, command, jobs_run }) => {
  test('ONB02US02 billing with unpaid bills is switched off by typing its code; its menus go, its data stay', async () => {
    const admin = as('utility_admin'), at = '/settings/access/bx/off', menu = async () => (await admin.get('/dashboard').is(200)).body.includes('<a href="/u/swa-w/bx/dashboard"');
    command('run', '--cycle', 'MONTHLY-WESTERN', '--period', '2026-04', '--publish');
    await jobs_run();
    const unpaid = Number(one("select count(*) from bill where status = 'published' and payment_status in ('unpaid', 'partial', 'overdue')")), bills = one('select count(*) from bill');
    expect(unpaid).toBeGreaterThan(1);
    expect(await menu()).toBe(true);
    await admin.get(at).sees(`${unpaid} bills are unpaid.`, 'Type bx to switch Billing & Payments off with open work.');
    await admin.post(at, {}, { from: at }).refuses(422, 'confirm', 'Type bx to switch Billing & Payments off with open work.');
    expect(await menu()).toBe(true);
    await admin.post(at, { confirm: 'bx' }, { from: at }).done('Billing & Payments is off. Its data stay.');
    expect(await menu()).toBe(false);
    await admin.get('/bx/bills').is(403);
    expect(one('select count(*) from bill')).toBe(bills);
    await admin.post('/settings/access/bx/on', {}, { from: '/settings/access' }).done('Billing & Payments is on.');
    expect(await menu()).toBe(true);
  });
});
