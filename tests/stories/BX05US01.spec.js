// GL codes: chart, mapping, journal, exports, periods. Each test goes on where the one before it ended.
const { execFileSync } = require('child_process');
const fs = require('fs');
const { story } = require('../support/story');
const { webhook, open_payments, paid, hold } = require('../support/faults');

const closing = (as, label) => async (who = 'billing_manager') => {
  await as(who).post(`/bx/gl-codes/periods/${label}/check`, {}, { from: `/bx/gl-codes/periods/${label}` }).is(303);
  return as(who).post(`/bx/gl-codes/periods/${label}/close`);
};

story('BX05US01', 'BX-FIX', ({ as, test, expect, sql, one, ledger, command, clock, jobs_run, instance, request, looks_right, watch }) => {
  const manager = () => as('billing_manager');
  const journal = (fields, who = 'billing_manager') => as(who).post('/bx/journals', { reason: 'test', ...fields });
  const codes = () => one('select count(*) from gl_code');
  const row = (page, code) => page.text.replace(/−\$/g, '-').replace(/\$/g, '').match(new RegExp(`${code} [A-Z][A-Za-z ,]*? (-?[\\d,.]+) (-?[\\d,.]+) (-?[\\d,.]+) (-?[\\d,.]+)`))?.slice(1);

  // SQL as the application's own database user.
  const application_sql = (text) => {
    const value = (key) => fs.readFileSync(instance().config, 'utf8').match(new RegExp(`^\\s*${key}\\s*=\\s*(.*?)\\s*$`, 'm'))[1];
    return execFileSync('mariadb', ['--no-defaults', `--socket=${value('db_socket')}`, `--user=${value('db_user')}`, `--password=${value('db_password')}`, instance().schema], { input: text, encoding: 'utf8', stdio: 'pipe' });
  };
  // A consumer's payment as the gateway reports it, now.
  const pay = async (account, cents) => {
    const [no] = open_payments(instance(), account, 1);
    sql('update payment_intent i join payment_intent_line l on l.intent_id = i.id set i.amount_minor = ?, l.amount_minor = ? where i.intent_no = ?', [cents, cents, no]);
    expect((await request(webhook(instance(), { ...paid(no), amount_minor: cents }))).status).toBe(200);
    await jobs_run();
  };

  test('BX05US01.1 eight bills: receivables are revenue and tax, and the balances of the accounts', async () => {
    command('run', '--cycle', 'MONTHLY-WESTERN', '--period', '2026-04', '--publish');
    await jobs_run();
    const page = await as('billing_clerk').get('/bx/gl-codes/trial-balance?period=2026-05').sees('Difference $0.00');
    expect(row(page, '1200')).toEqual(['0.00', '2,357.98', '0.00', '2,357.98']);
    const tax = Number(row(page, '2400')[2]);
    expect(tax).toBeGreaterThan(0);
    const revenue = ['4010', '4020', '4030', '4040'].reduce((sum, code) => sum + Number(row(page, code)[2].replace(',', '')), 0);
    expect((revenue + tax).toFixed(2)).toBe('2357.98');
    expect(one('select sum(balance_minor) from account')).toBe('235798');
    await manager().get('/bx/gl-codes').sees(/1200 Receivables Asset Debit Yes Yes \$?2,357\.98/, /4020 Water use Revenue Credit No Yes \$?[\d,.]+/);
  });

  test('BX05US01.2 the bill of SF-1001 line by line', async () => {
    const by_code = {};
    for (const e of ledger('SF-1001')) expect([e.code, e.debit]).toEqual(['1200', expect.any(String)]);
    for (const e of sql("select g.code, sum(e.debit_minor) d, sum(e.credit_minor) k from ledger_entry e join gl_code g on g.id = e.gl_code_id join bill b on b.id = e.source_id and e.source_type = 'bill' join account a on a.id = b.account_id where a.account_no = 'SF-1001' group by g.code order by g.code"))
      by_code[e.code] = [e.d, e.k];
    expect(by_code).toEqual({ 1200: ['18800', '0'], 2400: ['0', '463'], 4010: ['0', '1820'], 4020: ['0', '7445'], 4040: ['0', '9072'] });
    const [{ no, txn }] = sql("select b.bill_no no, t.public_id txn from ledger_entry e join ledger_txn t on t.id = e.txn_id join bill b on b.id = e.bill_id join account a on a.id = b.account_id where a.account_no = 'SF-1001' limit 1");
    expect(txn).toMatch(/^[\w-]{22}$/);
    const found = await manager().get(`/bx/gl-codes/journal?txn=${txn}`).sees(no, 'SF-1001', 'Total', /Total .*188\.00 188\.00/);
    expect([...new Set([...found.body.matchAll(/journal\?txn=([^"&]+)"/g)].map((m) => m[1]))]).toEqual([txn]);        // no row's number in an address
    await manager().get('/bx/gl-codes/journal?q=SF-1001').sees('188.00').lacks('SF-1002');
    await manager().get('/bx/gl-codes/journal').goes('/bx/gl-codes/journal?period=2026-05');
    await manager().get('/bx/gl-codes/journal?period=2026-04').sees('No entries match');
    const csv = await manager().get('/bx/gl-codes/journal?code=4040&export=csv').is(200);
    expect(csv.body).toContain('90.72');
  });

  test('BX05US01.5 the database refuses to change what is posted', async () => {
    const before = ledger();
    expect(() => application_sql("update ledger_entry set debit_minor = debit_minor + 1 limit 1")).toThrow(/UPDATE command denied/);
    expect(() => application_sql('delete from ledger_txn limit 1')).toThrow(/DELETE command denied/);
    expect(ledger()).toEqual(before);
  });

  test('BX05US01.7 a control account takes no manual entry', async () => {
    await journal({ code: ['1200', '4020'], debit: ['10.00', ''], credit: ['', '10.00'] }).refuses(422, 'code', '1200 is a control account.');
    expect(one('select count(*) from gl_journal')).toBe('0');
  });

  test('BX05US01 refuses a manual journal that is unbalanced, too short, or without a reason', async () => {
    await journal({ code: ['4190', '4020'], debit: ['100.00', ''], credit: ['', '90.00'] }).refuses(422, 'code', 'Debit 100.00, credit 90.00: difference 10.00.');
    await journal({ code: ['4190', ''], debit: ['100.00', ''], credit: ['', ''] }).refuses(422, 'code', 'A journal has at least two lines.');
    await journal({ code: ['4190', '9999'], debit: ['1.00', ''], credit: ['', '1.00'] }).refuses(422, 'code', 'There is no GL code 9999.');
    await journal({ code: ['4190', '4020'], debit: ['1.00', 'x'], credit: ['', ''] }).refuses(422, 'code', 'Line 2: x is not an amount.');
    const kept = await journal({ code: ['4190', '4020'], debit: ['1.00', ''], credit: ['', '1.00'], reason: '' }).refuses(422, 'reason', 'Enter reason.');
    expect(kept.body).toContain('value="1.00"');        // what was typed stays
    expect(one('select count(*) from gl_journal')).toBe('0');
    expect(one("select count(*) from ledger_txn where txn_type = 'journal'")).toBe('0');
  });

  test('BX05US01 a manual journal is posted by a second person, once', async () => {
    await journal({ code: ['4190', '4120'], debit: ['10.00', ''], credit: ['', '10.00'], reason: 'Meter rent was booked as goodwill' }).done('Journal JNL-2026-0001 waits for approval.');
    expect(one("select count(*) from ledger_txn where txn_type = 'journal'")).toBe('0');
    await manager().post('/bx/journals/JNL-2026-0001/approve').refuses(409, null, 'A second person must approve.');
    await as('billing_clerk').post('/bx/journals/JNL-2026-0001/approve').is(403);
    await as('utility_admin').post('/bx/journals/JNL-2026-0001/approve', {}, { from: '/bx/journals/JNL-2026-0001' }).done('Journal JNL-2026-0001 is posted.');
    await as('utility_admin').post('/bx/journals/JNL-2026-0001/approve').is(409);
    expect(sql("select g.code, e.debit_minor d, e.credit_minor k from ledger_entry e join gl_code g on g.id = e.gl_code_id where e.txn_type = 'journal' order by e.line_no")).toEqual([{ code: '4190', d: '1000', k: '0' }, { code: '4120', d: '0', k: '1000' }]);
    await journal({ code: ['4190', '4120'], debit: ['5.00', ''], credit: ['', '5.00'] }).done('waits for approval');
    await as('utility_admin').post('/bx/journals/JNL-2026-0002/refuse', {}, { from: '/bx/journals/JNL-2026-0002' }).done('Journal JNL-2026-0002 is refused.');
    expect(one("select count(*) from ledger_txn where txn_type = 'journal'")).toBe('1');
  });

  test('BX05US01 refuses a code that is taken, deleting what is used, deactivating what is mapped', async () => {
    await manager().post('/bx/gl-codes', { code: '4020', name: 'Water again', type: 'revenue', normal_side: 'credit' }).refuses(422, 'code', '4020 is taken.');
    const entries = one("select count(*) from ledger_entry e join gl_code g on g.id = e.gl_code_id where g.code = '4020'");
    await manager().post('/bx/gl-codes/4020/deletion').refuses(409, null, `4020 has ${entries} entries. Deactivate it.`);
    await manager().post('/bx/gl-codes/4050', { active: '0' }, { from: '/bx/gl-codes/4050/edit' }).refuses(422, 'active', '4050 is mapped. Map its charge types to another code first.');
    expect(one("select active from gl_code where code = '4050'")).toBe('1');
    await manager().post('/bx/gl-codes', { code: '4051', name: 'Stormwater, new', type: 'revenue', normal_side: 'credit', parent_id: '4050', active: '1' }).done('4051 Stormwater, new added.');
    await manager().post('/bx/gl-codes/4050', { parent_id: '4051', active: '1' }, { from: '/bx/gl-codes/4050/edit' }).refuses(422, 'parent_id', 'A code is not its own parent.');
    const tree = await manager().get('/bx/gl-codes?size=50').is(200);
    expect(tree.text.indexOf('4051 Stormwater')).toBeLessThan(tree.text.indexOf('4060 Electricity'));
    await as('billing_clerk').post('/bx/gl-codes', { code: '4999', name: 'No', type: 'revenue', normal_side: 'credit' }).is(403);
  });

  test('BX05US01 a mapping counts from its day; then the old code may rest', async () => {
    const map = (fields, who = manager()) => who.post('/bx/gl-codes/mapping', { charge_type: 'STORMWATER', gl_code: '4051', valid_from: '2026-05-02', ...fields }, { from: '/bx/gl-codes/mapping/new' });
    await map({ gl_code: '' }).refuses(422, 'gl_code', 'Choose GL code.');
    const before = sql('select id, gl_code_id from ledger_entry order by id');
    await map({}).done('STORMWATER now posts to 4051.');
    await map({ category: 'COM', service: 'WA', gl_code: '4120' }).done('STORMWATER now posts to 4120.');
    expect(sql('select id, gl_code_id from ledger_entry order by id')).toEqual(before);
    await manager().get('/bx/gl-codes/mapping').sees(/StormwaterSTORMWATER 4051 4051/, /STORMWATER WA Commercial 4120/);
    await manager().get('/bx/gl-codes/mapping?category=COM').sees(/StormwaterSTORMWATER 4051 4120/);
    await manager().post('/bx/gl-codes/4050', { active: '0' }, { from: '/bx/gl-codes/4050/edit' }).done('Saved.');
    await map({ gl_code: '4050' }).refuses(422, 'gl_code', '4050 is not active.');
    expect(one("select count(*) from audit_entry where entity = 'gl_mapping'")).toBe('2');
  });

  test('BX05US01 an import is all or nothing, and says which rows are wrong', async () => {
    const upload = (content) => manager().post('/bx/gl-codes/import', {}, { from: '/bx/gl-codes/import', files: { file: { name: 'codes.csv', type: 'text/csv', content } } });
    const lines = ['code,name,type,normal_side,control,parent', '6010,Salaries,expense,debit,0,', '6020,Energy,expense,debit,0,', '6030,Chemicals,expense,debit,0,', '6031,Chlorine,expense,debit,0,6030', '6040,Repairs,expense,debit,0,'];
    const before = codes();
    const bad = await upload([...lines, '6050,Rent,cost,debit,0,', '4020,Water,revenue,credit,0,', ''].join('\n')).sees('Row 7: type must be one of asset, liability, revenue, expense, equity.', 'Row 8: 4020 is taken.', 'Nothing was imported.').followed();
    expect(codes()).toBe(before);
    await manager().post(bad.path.replace('/u/swa-w', '')).refuses(422, null, 'Row 7: type must be one of asset, liability, revenue, expense, equity.');
    expect(codes()).toBe(before);
    const good = await upload([...lines, ''].join('\r\n')).sees('5 codes can be imported.').followed();
    expect(codes()).toBe(before);
    await manager().post(good.path.replace('/u/swa-w', '')).done('5 codes imported.');
    expect(codes()).toBe(String(Number(before) + 5));
    expect(one("select p.code from gl_code x join gl_code p on p.id = x.parent_id where x.code = '6031'")).toBe('6030');
    await upload('').refuses(422, null, 'The file is empty.');
    await as('billing_clerk').get('/bx/gl-codes/import').is(403);
  });

  test('BX05US01.4 a month exported twice: nothing new', async () => {
    const make = (fields = {}) => manager().post('/bx/gl-codes/exports', { period: '2026-05', detail: 'summary', format: 'csv', ...fields }, { from: '/bx/gl-codes/exports/new' });
    const entries = Number(one('select count(*) from ledger_entry'));
    await as('billing_clerk').get('/bx/gl-codes/exports/new').is(403);
    await make().done(`Batch GLX-2026-0001 holds ${entries} entries.`);
    await make().refuses(409, null, 'Nothing new to export.');
    expect(one('select count(*) from gl_export_batch')).toBe('1');
    expect(one('select count(*) from gl_export_entry')).toBe(String(entries));
    const first = await manager().get('/bx/gl-codes/exports/GLX-2026-0001/file').is(200), again = await manager().get('/bx/gl-codes/exports/GLX-2026-0001/file').is(200);
    expect(again.bytes.equals(first.bytes)).toBe(true);
    expect(first.body).toMatch(/^\ufeffrecord,batch,period,date,code/);
    expect(first.body).toMatch(/entry,GLX-2026-0001,2026-05,2026-05-02,1200,,Receivables,,,,2357\.98,0\.00,/);
    expect(first.body).toMatch(/total,GLX-2026-0001,2026-05,,,,\d+ rows,,,,2367\.98,2367\.98,/);      // the bills and one manual journal
    expect(one('select state from gl_export_batch')).toBe('downloaded');
  });

  test('BX05US01 a batch is transferred with its reference and reversed by another', async () => {
    const page = '/bx/gl-codes/exports/GLX-2026-0001';
    await manager().post(`${page}/transfer`, { erp_reference: '' }, { from: page }).refuses(422, 'erp_reference', /Enter/);
    await manager().post(`${page}/transfer`, { erp_reference: 'SAP 4711' }, { from: page }).done('Batch GLX-2026-0001 is transferred as SAP 4711.');
    await manager().post(`${page}/transfer`, { erp_reference: 'SAP 4712' }).is(409);
    await manager().post(`${page}/reversal`, {}, { from: page }).done('Batch GLX-2026-0002 reverses GLX-2026-0001.');
    await manager().post(`${page}/reversal`).refuses(409, null, 'Batch GLX-2026-0001 is reversed by GLX-2026-0002.');
    const mirror = await manager().get('/bx/gl-codes/exports/GLX-2026-0002/file').is(200);
    expect(mirror.body).toContain('1200,,Receivables,,,,0.00,2357.98,');
    await manager().post('/bx/gl-codes/exports/GLX-2026-0002/reversal', {}, { from: '/bx/gl-codes/exports/GLX-2026-0002' }).done('Batch GLX-2026-0003 reverses GLX-2026-0002.');      // sent again
    expect((await manager().get('/bx/gl-codes/exports/GLX-2026-0003/file').is(200)).body).toContain('1200,,Receivables,,,,2357.98,0.00,');
    expect(one('select count(*) from gl_export_entry')).toBe(one('select count(*) from ledger_entry'));
  });

  test('BX05US01 entries one by one, as JSON', async () => {
    await journal({ code: ['4190', '4120'], debit: ['3.00', ''], credit: ['', '3.00'] }).is(303);
    await as('utility_admin').post('/bx/journals/JNL-2026-0003/approve', {}, { from: '/bx/journals/JNL-2026-0003' }).is(303);
    await manager().post('/bx/gl-codes/exports', { period: '2026-05', detail: 'entries', format: 'json' }, { from: '/bx/gl-codes/exports/new' }).done('holds 2 entries');
    const file = await manager().get('/bx/gl-codes/exports/GLX-2026-0004/file').json();
    expect(file).toMatchObject({ batch: 'GLX-2026-0004', period: '2026-05', currency: 'USD', rows: 2, debit: 3, credit: 3 });
    expect(file.entries.map((e) => [e.code, e.debit, e.credit])).toEqual([['4190', 3, 0], ['4120', 0, 3]]);
  });

  test('BX05US01.6 what is dated into a closed month is posted on the first open day', async () => {
    clock('2026-05-31T18:00:00-07:00');
    await journal({ code: ['4190', '4120'], debit: ['2.00', ''], credit: ['', '2.00'], date: '2026-05-31' }).is(303);      // waits while May is closed
    const close = closing(as, '2026-05');
    await as('billing_clerk').post('/bx/gl-codes/periods/2026-05/check').is(403);
    expect((await close()).status).toBe(303);
    expect(one("select state from gl_period where label = '2026-05'")).toBe('closed');
    expect(one("select debit_minor from gl_period_balance b join gl_code g on g.id = b.gl_code_id where g.code = '1200'")).toBe('235798');
    await pay('SF-1001', 18800);
    expect(sql("select e.effective_date d, e.original_date o from ledger_entry e where e.txn_type = 'payment'")).toEqual(Array(2).fill({ d: '2026-06-01', o: '2026-05-31' }));
    await as('utility_admin').post('/bx/journals/JNL-2026-0004/approve', {}, { from: '/bx/journals/JNL-2026-0004' }).done('Journal JNL-2026-0004 is posted on 06/01/2026: 05/31/2026 is in a closed period.');
    const june = await manager().get('/bx/gl-codes/trial-balance?period=2026-06').sees('Difference $0.00');
    expect(row(june, '1200')).toEqual(['2,357.98', '0.00', '188.00', '2,169.98']);
    await manager().get('/bx/gl-codes').sees(/1200 Receivables Asset Debit Yes Yes \$?2,169\.98/);
  });

  test('BX05US01 only the administrator opens a closed month again, with a reason', async () => {
    const page = '/bx/gl-codes/periods/2026-05';
    await manager().get(page).lacks('Reopen');
    await manager().post(`${page}/reopen`, { reason: 'Correction' }).is(403);
    await as('utility_admin').post(`${page}/reopen`, { reason: '' }, { from: page }).refuses(422, 'reason', 'Enter reason.');
    expect(one("select state from gl_period where label = '2026-05'")).toBe('closed');
    await as('utility_admin').post(`${page}/reopen`, { reason: 'Correction of goodwill' }, { from: page }).done('2026-05 is open.');
    expect(one('select count(*) from gl_period_balance')).toBe('0');
    await manager().get('/bx/gl-codes').sees(/1200 Receivables Asset Debit Yes Yes \$?2,169\.98/);
    await journal({ code: ['4190', '4120'], debit: ['1.00', ''], credit: ['', '1.00'], date: '2026-05-30' }).is(303);
    await as('utility_admin').post('/bx/journals/JNL-2026-0005/approve', {}, { from: '/bx/journals/JNL-2026-0005' }).done('Journal JNL-2026-0005 is posted.');
    expect(one("select t.effective_date from gl_journal j join ledger_txn t on t.id = j.txn_id where j.journal_no = 'JNL-2026-0005'")).toBe('2026-05-30');
    const again = await closing(as, '2026-05')();
    expect(again.text).toContain('2 entries are not exported.');
    expect(again.status).toBe(409);
  });

  test('BX05US01 in the browser: every tab, wide and narrow, light and dark', async ({ page, context }) => {
    test.setTimeout(180000);
    const faults = await watch(context);
    for (const path of ['/bx/gl-codes', '/bx/gl-codes/4020', '/bx/gl-codes/mapping', '/bx/gl-codes/mapping/new', '/bx/gl-codes/journal', '/bx/gl-codes/trial-balance?period=2026-05', '/bx/gl-codes/exports', '/bx/gl-codes/exports/new',
      '/bx/gl-codes/exports/GLX-2026-0003', '/bx/gl-codes/periods', '/bx/gl-codes/periods/2026-05', '/bx/gl-codes/import', '/bx/journals', '/bx/journals/new', '/bx/journals/JNL-2026-0001']) {
      await manager().browse(page, path);
      await looks_right(page, { shots: `gl${path.replace(/[^a-z0-9]+/gi, '-')}` });
    }
    expect(faults).toEqual([]);
  });

  test('BX05US01 in the browser: a journal of three lines', async ({ page }) => {
    await manager().browse(page, '/bx/journals/new');
    for (const [line, code, debit, credit] of [[1, '4190', '6.00', ''], [2, '4120', '', '4.00'], [3, '4110', '', '2.00']]) {
      const row = page.locator('fieldset.lines tbody tr').nth(line - 1);
      await row.locator('select').selectOption(code);
      await row.locator('input').first().fill(debit);
      await row.locator('input').last().fill(credit);
    }
    await page.getByLabel('Reason').fill('Fees were booked as goodwill');
    await page.getByRole('button', { name: 'Ask for approval' }).click();
    await expect(page.getByRole('status')).toContainText('waits for approval');
    await expect(page.getByRole('row', { name: /Total/ })).toContainText('6.00');
  });
});

story('BX05US01 suspense', 'BX-FIX', ({ as, test, expect, sql, one, command, jobs_run, clock }) => {
  const manager = () => as('billing_manager');
  const period = '/bx/gl-codes/periods/2026-05';

  test('BX05US01.3 an unmapped charge goes to suspense, is counted, and keeps the month open', async () => {
    await manager().get('/bx/gl-codes/mapping').lacks('Unmapped');
    sql("delete from gl_mapping where charge_type = 'STORMWATER'");
    for (const [account, cents] of [['SF-1001', 1000], ['SF-1002', 815]])
      sql("insert into charge (utility_id, account_id, charge_type, description, amount_minor, currency, charge_date, post_mode, status, source_type, source_id) select utility_id, id, 'STORMWATER', 'Stormwater', ?, 'USD', '2026-04-15', 'on_bill', 'pending', 'test', id from account where account_no = ?", [cents, account]);
    command('run', '--cycle', 'MONTHLY-WESTERN', '--period', '2026-04', '--publish');
    await jobs_run();
    expect(sql("select g.code, e.credit_minor k from ledger_entry e join gl_code g on g.id = e.gl_code_id where e.charge_type = 'STORMWATER' and e.credit_minor > 0 order by k")).toEqual([{ code: '1999', k: '815' }, { code: '1999', k: '1000' }]);
    const page = await manager().get('/bx/gl-codes/mapping').sees('Unmapped', '1 charge type has no code.');
    expect(page.body).toMatch(/Mapping <span class="s-count"><span aria-hidden="true">1</);
    const refused = await closing(as, '2026-05')();
    expect(refused.status).toBe(409);
    expect(refused.text).toContain('2 entries (18.15) are in suspense 1999.');
    await manager().get(period).sees('Closing', '2 entries (18.15) are in suspense 1999.');
    expect(one('select count(*) from gl_period_balance')).toBe('0');
    expect(one("select state from gl_period where label = '2026-05'")).toBe('closing');
  });

  test('BX05US01.3 mapped again and cleared by a journal, the month closes', async () => {
    await manager().post('/bx/gl-codes/mapping', { charge_type: 'STORMWATER', gl_code: '4050', valid_from: '2026-05-01' }, { from: '/bx/gl-codes/mapping/new' }).is(303);
    await manager().get('/bx/gl-codes/mapping').lacks('Unmapped');
    expect(one("select count(*) from alert where kind = 'gl.unmapped' and resolved_at is null")).toBe('0');
    await manager().post('/bx/journals', { code: ['1999', '4050'], debit: ['18.15', ''], credit: ['', '18.15'], reason: 'Stormwater of April', date: '2026-05-02' }).is(303);
    await as('utility_admin').post('/bx/journals/JNL-2026-0001/approve', {}, { from: '/bx/journals/JNL-2026-0001' }).is(303);
    await manager().post(`${period}/close`).refuses(409, null, /entries are not exported\./);
    await manager().post('/bx/gl-codes/exports', { period: '2026-05', detail: 'entries', format: 'csv' }, { from: '/bx/gl-codes/exports/new' }).is(303);
    await manager().post(`${period}/close`, {}, { from: period }).done('2026-05 is closed.');
    await manager().get('/bx/gl-codes/trial-balance?period=2026-05').sees('Closed', 'Difference $0.00');
  });

  test('BX05US01 a batch of many entries is written by a job', async () => {
    sql(`insert into ledger_txn (id, utility_id, set_key, txn_type, source_type, source_id, currency, effective_date, gl_period_id, total_minor, line_count, posted_at)
      select 900000 + n.seq, p.utility_id, concat('many:', n.seq), 'journal', 'many', n.seq, 'USD', '2026-04-20', p.id, 100, 2, '2026-05-02 17:00:00' from gl_period p join seq_1_to_10001 n where p.label = '2026-04'`);
    sql(`insert into ledger_entry (txn_id, line_no, txn_type, utility_id, gl_code_id, debit_minor, credit_minor, effective_date, gl_period_id, posted_at, source_type, source_id)
      select t.id, if(g.code = '4190', 1, 2), t.txn_type, t.utility_id, g.id, if(g.code = '4190', 100, 0), if(g.code = '4190', 0, 100), t.effective_date, t.gl_period_id, t.posted_at, t.source_type, t.source_id
      from ledger_txn t join gl_code g on g.utility_id = t.utility_id and g.code in ('4190', '4120') where t.id > 900000`);
    await manager().post('/bx/gl-codes/exports', { period: '2026-04', detail: 'entries', format: 'csv' }, { from: '/bx/gl-codes/exports/new' }).done('Batch GLX-2026-0002 holds 20,002 entries.').sees('The file is being written.');
    await manager().get('/bx/gl-codes/exports/GLX-2026-0002/file').refuses(409, null, 'The file is not written yet.');
    await jobs_run();
    const file = await manager().get('/bx/gl-codes/exports/GLX-2026-0002/file').is(200);
    expect(file.body.split('\r\n').filter((line) => line.startsWith('entry,'))).toHaveLength(20002);
    expect(file.body).toContain('20002 rows,,,,10001.00,10001.00,');
  });

  test('BX05US01 the journal adds up what stands prepared and what came since, and all else exactly', async () => {
    const foot = async (query) => (await manager().get(`/bx/gl-codes/journal?${query}`).is(200)).text.match(/Total +([\d,.]+) +([\d,.]+)/)?.slice(1);
    const both = 'period=2026-04&code=4190', before = await foot(both), month = await foot('period=2026-05');
    expect(before[0]).toBe('10,001.00');
    clock.forward({ minutes: 10 });
    sql.platform("insert into job (tenant_id, utility_id, kind, class, payload, unique_key, priority, run_at, max_attempts, actor_kind) select t.id, 1, 'ledger.sum', 'general', '{}', uuid(), 100, '2026-01-01', 1, 'system' from tenant t where t.slug = 'swa'");
    await jobs_run();
    expect(Number(one('select entry_id from ledger_sum_mark'))).toBeGreaterThan(20000);
    expect(await foot(both)).toEqual(before);
    expect(await foot('period=2026-05')).toEqual(month);
    sql("update ledger_sum s join gl_code g on g.id = s.gl_code_id set s.debit_minor = s.debit_minor + 7 where g.code = '4190'");       // so it can be told from where
    expect((await foot(both))[0]).toBe('10,001.07');
    expect((await foot(`${both}&effective_on_from=2026-04-01`))[0]).toBe('10,001.00');      // a day is no part of what is prepared
    expect((await foot(`txn=${one('select public_id from ledger_txn where id = 900001')}`))[0]).toBe('1.00');
    sql("update ledger_sum s join gl_code g on g.id = s.gl_code_id set s.debit_minor = s.debit_minor - 7 where g.code = '4190'");
  });
});

story('BX05US01 posting meanwhile', 'BX-FIX', ({ as, test, expect, sql, one, command, clock, jobs_run, instance }) => {
  const manager = () => as('billing_manager');
  // Somebody posts one line more in a month; it is never committed.
  const posting = (label) => {
    const [e] = sql('select max(txn_id) txn, max(utility_id) utility, min(gl_code_id) code from ledger_entry'), month = one(`select id from gl_period where label = '${label}'`);
    return hold(instance(), `select id from gl_period where id = ${month} lock in share mode; insert into ledger_entry (txn_id, line_no, txn_type, utility_id, gl_code_id, debit_minor, effective_date, gl_period_id, posted_at, source_type, source_id) values (${e.txn}, 99, 'test', ${e.utility}, ${e.code}, 1, '${label}-02', ${month}, utc_timestamp(6) + interval 1 year, 'test', 1)`);
  };

  test('BX05US01 exports, sums and the closing of an earlier month wait for nobody who posts', async () => {
    command('run', '--cycle', 'MONTHLY-WESTERN', '--period', '2026-04', '--publish');
    await jobs_run();
    const entries = one('select count(*) from ledger_entry'), newest = Number(one('select max(id) from ledger_entry'));
    clock.forward({ minutes: 10 });
    const end = await posting('2026-05');
    try {
      const began = Date.now();
      await manager().post('/bx/gl-codes/exports', { period: '2026-05', detail: 'summary', format: 'csv' }, { from: '/bx/gl-codes/exports/new' }).done(`Batch GLX-2026-0001 holds ${entries} entries.`);
      sql.platform("insert into job (tenant_id, kind, class, run_at) select id, 'ledger.sum', 'general', utc_timestamp(6) - interval 1 year from tenant where slug = 'swa'");
      await jobs_run();
      expect(Number(one('select entry_id from ledger_sum_mark'))).toBe(newest - 1);
      sql("insert into gl_period (utility_id, label, from_date, to_date) select id, '2026-03', '2026-03-01', '2026-03-31' from utility where code = 'swa-w' on duplicate key update label = '2026-03'");
      for (const event of ['check', 'close'])
        await manager().post(`/bx/gl-codes/periods/2026-03/${event}`, {}, { from: '/bx/gl-codes/periods/2026-03' }).is(303);
      expect(one("select state from gl_period where label = '2026-03'")).toBe('closed');
      expect(Date.now() - began).toBeLessThan(30000);
    } finally { end(); }
    expect(one('select count(*) from ledger_entry where line_no = 99')).toBe('0');
    await manager().post('/bx/gl-codes/exports', { period: '2026-05', detail: 'summary', format: 'csv' }, { from: '/bx/gl-codes/exports/new' }).refuses(409, null, 'Nothing new to export.');
  });

  test('BX05US01 a month is closed when who posts in it has ended', async () => {
    const end = await posting('2026-05'), page = '/bx/gl-codes/periods/2026-05';
    const check = manager().post(`${page}/check`, {}, { from: page }).is(303);
    await expect.poll(() => sql.platform("select count(*) n from information_schema.innodb_trx where trx_state = 'LOCK WAIT'")[0].n).toBe('1');
    expect(one("select state from gl_period where label = '2026-05'")).toBe('open');
    end();
    await check;
    expect(one("select state from gl_period where label = '2026-05'")).toBe('closing');
  });
});
