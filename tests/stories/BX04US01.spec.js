// Master Bill Viewer: what bills that are published need (late fees and disputes, the list, a bill).
const { story } = require('../support/story');

story('BX04US01', 'BX-FIX', ({ as, test, expect, sql, one, ledger, jobs_run, command, clock, mails, looks_right, watch }) => {
  const night = async () => {
    sql.platform("insert into job (tenant_id, utility_id, kind, class, unique_key, priority, run_at, max_attempts, actor_kind) select t.id, 1, 'late_fee.assess', 'bills', uuid(), 100, '2026-01-01', 12, 'system' from tenant t where t.slug = 'swa'");
    await jobs_run();
  };

  test('BX04US01.1 a search by account finds its bill', async () => {
    expect(command('run', '--cycle', 'MONTHLY-WESTERN', '--period', '2026-04', '--publish')).toContain('8 bills, 1 held, 1 errors');
    await as('cso').get('/bx/bills?q=SF-1001').sees('WA-BILL-202605-000001', '188.00', '05/23/2026', 'Unpaid').lacks('SF-1002');
    const [who] = sql("select n.display_name name, n.consumer_no no, n.primary_phone phone, n.email mail, p.line1 street, m.meter_no meter from account a join consumer n on n.id = a.consumer_id join premise p on p.id = a.premise_id join service_connection s on s.account_id = a.id and s.metered = 1 join meter m on m.id = s.meter_id where a.account_no = 'SF-1001' limit 1");
    for (const [what, q] of Object.entries(who)) if (q) await as('cso').get(`/bx/bills?q=${encodeURIComponent(q)}`).sees('WA-BILL-202605-000001').lacks(...(what === 'phone' || what === 'mail' ? [] : ['SF-2003']));
    await as('cso').get('/bx/bills?q=WA-BILL-202605-000001').sees('SF-1001');
    await as('cso').get(`/bx/bills?q=${one('select run_no from bill_run')}`).sees('SF-1001', 'SF-2003');
    await as('cso').get('/bx/bills?q=S').refuses(422, null, 'Type at least 2 characters.');
  });

  test('BX04US01.2 estimated bills are found by their filter', async () => {
    const page = await as('billing_manager').get('/bx/bills?is_estimated=1').sees('SF-1003', '153.77').lacks('SF-1001');
    const card = (label) => page.body.match(new RegExp(`${label}</span><span class="s-kv"><strong class="num">([^<]*)`))?.[1];
    expect([card('Total bills'), card('Actual bills'), card('Non-actual bills'), card('Billed amount'), card('Outstanding')]).toEqual(['8', '7', '1', '$2,357.98', '$2,357.98']);
    // Every line that is no tax is a charge by use or a service charge.
    const sum = (types) => Number(one(`select sum(amount_minor) from bill_line l join bill b on b.id = l.bill_id where b.status = 'published' and l.posts = 1 and l.charge_type ${types}`));
    const shown = (label) => Math.round(Number(card(label).replace(/[$,]/g, '')) * 100);
    expect(shown('Consumption charges')).toBe(sum("in ('USAGE', 'SEWER_USAGE')"));
    expect(shown('Service charges')).toBe(sum("not in ('USAGE', 'SEWER_USAGE', 'TAX')"));
    expect(shown('Consumption charges') + shown('Service charges') + sum("= 'TAX'")).toBe(235798);
    expect(card('Late fees')).toBe('$0.00');
  });

  test('BX04US01.3 the calculation reads like a sum on paper', async () => {
    await as('billing_manager').get('/bx/bills/WA-BILL-202605-000001/calculation').sees('1,262 - 1,250 = 12 CCF', '5 x 4.50 = 22.50', '5 x 6.75 = 33.75', '2 x 9.10 = 18.20', '10.8', '8.40', '90.72', '5 % of 92.65');
    await as('billing_manager').get('/bx/bills/WA-BILL-202605-000099').is(404);
  });

  test('BX04US01 a bill has its tabs, and every look is audited', async () => {
    await jobs_run();
    const path = '/bx/bills/WA-BILL-202605-000001', bill = one("select id from bill where bill_no = 'WA-BILL-202605-000001'");
    const looks = () => Number(one("select count(*) from audit_entry where action = 'view' and entity = 'bill' and entity_id = ?", [bill]));
    await expect.poll(looks, { timeout: 15000 }).toBe(1);       // the one of the test before; they are written in sets
    const before = looks();
    await as('cso').get(path).sees('As it was delivered', '$188.00', 'Bill WA-BILL-202605-000001', 'Balance forward', 'Send again').lacks('Cancel bill', 'Mark as disputed');
    await as('cso').get(`${path}/calculation`).sees('5 x 4.50 = 22.50', '1,250', '1,262', 'Actual');
    await as('cso').get(`${path}/ledger`).sees('1200', '188.00', '2400', '4.63');
    await as('cso').get(`${path}/versions`).sees('WA-BILL-202605-000001', '188.00', 'Published').lacks('Line by line');
    await as('cso').get(`${path}/audit`).is(200);
    await as('cso').get(`${path}/document`).is(200);
    await expect.poll(looks, { timeout: 15000 }).toBe(before + 6);
    await as('cso').get(`${path}/nothing`).is(404);
    await as('cso').get(`${path}/photos/1`).is(404);
    await as('storekeeper').get(`${path}/ledger`).is(403);
  });

  test('BX04US01 what workers keep of a bill is never old: messages and design, on the next page of each worker', async () => {
    const bill = '/bx/bills/WA-BILL-202605-000001', look = async (check) => { for (let i = 0; i < 12; i++) await check(as('cso').get(bill)); };
    await look((page) => page.sees('1,250').lacks('Mind the meter'));
    sql("insert into bill_message (utility_id, texts, priority) select id, '{\"en\":\"Mind the meter.\"}', 1 from utility where code = 'swa-w'");
    await look((page) => page.sees('Mind the meter.', '1,250'));
    sql("update bill_message set valid_from = '2026-12-01' where priority = 1");
    await look((page) => page.lacks('Mind the meter'));
    sql("update bill_message set valid_from = null, `condition` = '{\"estimated\": true}' where priority = 1");
    await look((page) => page.lacks('Mind the meter'));
    sql('delete from bill_message where priority = 1');
    const sections = one('select sections from bill_template_version v join bill_template t on t.id = v.template_id where t.is_default = 1 limit 1');
    sql(`update bill_template_version set sections = '[{"key":"readings","on":false}]'`);
    await look((page) => page.sees('As it was delivered').lacks('Meter readings'));
    sql('update bill_template_version set sections = ?', [sections]);
    await look((page) => page.sees('Meter readings'));
  });

  test('BX04US01 every look of the staff at a bill is audited, each once', async () => {
    const looks = () => sql("select actor_name who, count(*) n from audit_entry where action = 'view' and entity = 'bill' and number = 'WA-BILL-202605-000002' group by actor_name order by 1");
    for (const who of ['cso', 'billing_manager', 'cso']) await as(who).get('/bx/bills/WA-BILL-202605-000002').is(200);
    await expect.poll(() => looks().reduce((sum, row) => sum + Number(row.n), 0), { timeout: 15000 }).toBe(3);
    expect(looks().map((row) => Number(row.n))).toEqual([1, 2]);
    await as('cso').get('/bx/bills/WA-BILL-202605-000099').is(404);
  });

  test('BX04US01 payments, deliveries and notes stand on tabs of the bill; a note stays as it is', async () => {
    const path = '/bx/bills/WA-BILL-202605-000001';
    await as('billing_clerk').get(`${path}/payments`).sees('Nothing has been paid on this bill');
    await as('billing_clerk').get(`${path}/delivery`).sees('Delivery');
    await as('billing_clerk').post(`${path}/notes`, { text: 'Called back on Monday.' }, { from: `${path}/notes` }).done('The note is kept.');
    await as('cso').get(`${path}/notes`).sees('Called back on Monday.').lacks('Add the note');
    await as('cso').post(`${path}/notes`, { text: 'mine' }).is(403);
    expect(sql('select n.text t, u.email e from bill_note n join user u on u.id = n.author_id')).toEqual([{ t: 'Called back on Monday.', e: 'billing_clerk@swa.test' }]);
  });

  test('BX04US01.5 a CSO does not cancel, and that is written down', async () => {
    await as('cso').post('/bx/bills/WA-BILL-202605-000001/cancellation', { reason: 'wrong_reading', note: 'not mine to cancel' }).is(403);
    expect(one("select status from bill where bill_no = 'WA-BILL-202605-000001'")).toBe('published');
    expect(Number(one("select count(*) from audit_entry where action = 'denied'"))).toBeGreaterThan(0);
  });

  test('BX04US01 a bill is sent again: by mail, to another address, as a text message; it asks when that was just done', async () => {
    const no = 'WA-BILL-202605-000003', path = `/bx/bills/${no}/sending`;
    sql("update consumer n join account a on a.consumer_id = n.id set n.email = null, n.primary_phone = null where a.account_no = 'SF-1003'");
    const send = (who, values) => as(who).post(path, values, { from: path });
    await send('billing_clerk', { channel: 'email' }).refuses(422, 'channel', 'No e-mail address. Choose paper or SMS.');
    await send('billing_clerk', { channel: 'sms' }).refuses(422, 'channel', 'No mobile number. Choose paper or e-mail.');
    await send('billing_clerk', { channel: 'sms', email: 'heirs@example.org' }).refuses(422, 'email', 'Another address is for e-mail only.');
    await send('cso', { channel: 'email', email: 'heirs@example.org' }).is(403);
    await as('cashier').get(path).is(403);
    expect(one("select count(*) from bill_delivery where reason_key <> 'publish'")).toBe('0');
    await send('billing_clerk', { channel: 'email', email: 'heirs@example.org' }).done(`Bill ${no} is sent again.`);
    await jobs_run();
    expect(mails('heirs@example.org').map((m) => m.subject)).toEqual([expect.stringContaining('153.77')]);
    await send('billing_clerk', { channel: 'email', email: 'heirs@example.org' }).refuses(422, 'confirm', 'It was sent this way within the last 10 minutes. Tick to send it again.');
    await send('billing_clerk', { channel: 'email', email: 'heirs@example.org', confirm: '1' }).done('is sent again');
    await jobs_run();
    expect(mails('heirs@example.org')).toHaveLength(2);
    sql("update consumer n join account a on a.consumer_id = n.id set n.email = 'alder3@example.org', n.primary_phone = '+15035550133' where a.account_no = 'SF-1003'");
    await send('cso', { channel: 'sms' }).done('is sent again');
    await jobs_run();
    expect(mails('+15035550133').map((m) => m.channel)).toEqual(['sms']);
    await as('cso').get(`/bx/bills/${no}/delivery`).sees('heirs@example.org', '+15035550133');
    expect(sql("select json_value(v.after_value, '$.channel') c from audit_entry e join audit_value v on v.audit_id = e.id where e.action = 'send' order by e.id").map((r) => r.c)).toEqual(['email', 'email', 'sms']);
  });

  test('BX04US01 bills taken together become a ZIP or a print file by a job; what is refused says why', async () => {
    const all = ['1', '2', '3'].map((n) => `WA-BILL-202605-00000${n}`);
    const take = (who, bulk, ids) => as(who).post('/bx/bill-sets', { bulk, ids, all: '', filter_query: '' }, { from: '/bx/bills' });
    await as('cashier').post('/bx/bill-sets', { bulk: 'zip', ids: all }).is(403);
    await take('billing_clerk', 'zip', []).refuses(422, null, 'Tick at least one bill.');
    await take('billing_clerk', 'burn', all).refuses(422, null, 'Choose what to do with the bills.');
    await take('billing_clerk', 'zip', ['WA-BILL-202605-000099']).is(404);
    expect(one('select count(*) from bill_set')).toBe('0');
    const zip = await take('billing_clerk', 'zip', [...all, all[0]]).is(303);
    await jobs_run();
    const page = zip.location.replace('/u/swa-w', '');
    await as('billing_clerk').get(page).sees('ZIP of 3 bills', 'Ready', '3 of 3', 'Download the ZIP');
    const file = await as('billing_clerk').get(`${page}/file`).is(200);
    expect(file.bytes.subarray(0, 2).toString()).toBe('PK');
    for (const no of all) expect(file.bytes.includes(`${no}.pdf`)).toBe(true);
    await as('billing_manager').get(page).is(404);              // one's own
    const print = await as('billing_clerk').post('/bx/bill-sets', { bulk: 'print', all: '1', filter_query: 'payment_status=unpaid' }, { from: '/bx/bills' }).is(303);
    await jobs_run();
    const paper = await as('billing_clerk').get(`${print.location.replace('/u/swa-w', '')}/file`).is(200);
    expect(paper.bytes.subarray(0, 5).toString()).toBe('%PDF-');
    expect(paper.bytes.toString('latin1').match(/\/Type \/Page\b/g)).toHaveLength(16);
    clock.forward({ minutes: 11 });
    await take('billing_clerk', 'send', [all[2]]).is(303);
    await jobs_run();
    const sent = await take('billing_clerk', 'send', all).is(303);
    await jobs_run();
    await as('billing_clerk').get(sent.location.replace('/u/swa-w', '')).sees('1 bill was left out', 'It was sent within the last 10 minutes.', '3 of 3');
    clock.forward({ days: 8 });
    sql.platform("insert into job (tenant_id, utility_id, kind, class, unique_key, priority, run_at, max_attempts, actor_kind) select t.id, 1, 'bill_set.expire', 'documents', uuid(), 100, '2026-01-01', 12, 'system' from tenant t where t.slug = 'swa'");
    await jobs_run();
    await as('billing_clerk').get(`${page}/file`).is(404);
    await as('billing_clerk').get(page).sees('Expired');
    clock('2026-05-02T12:00:00-07:00');
  });

  test('BX04US01 in the browser: the list, every tab, sending, a set of bills; wide and narrow, light and dark', async ({ page, context }) => {
    test.setTimeout(300000);
    const faults = await watch(context), no = '/bx/bills/WA-BILL-202605-000001';
    for (const path of ['/bx/bills', ...['', '/calculation', '/ledger', '/delivery', '/versions', '/audit', '/notes', '/sending', '/cancellation'].map((tab) => no + tab)]) {
      await as('billing_manager').browse(page, path);
      await looks_right(page);
    }
    await as('billing_manager').browse(page, '/bx/bills');
    await page.locator('input[name=ids]').first().check();
    await page.getByRole('button', { name: 'ZIP of the PDFs' }).click();
    await expect(page.getByRole('heading', { level: 1, name: 'ZIP of 1 bill' })).toBeVisible();
    await jobs_run();
    await page.reload();
    await expect(page.getByRole('link', { name: 'Download the ZIP' })).toBeVisible();
    await looks_right(page);
    expect(faults).toEqual([]);
  });

  test('BX04US01.7 a dispute stops the late fee; the night after it is cleared makes 5.00, once', async () => {
    const dispute = '/bx/bills/WA-BILL-202605-000001/dispute';
    await as('cso').post(dispute, { reason: 'the consumer says so' }).is(403);
    await as('billing_clerk').post(dispute, { reason: 'the consumer says so' }, { from: dispute }).done('The bill is disputed.');
    await as('billing_clerk').get('/bx/bills?dispute_hold=1').sees('SF-1001').lacks('SF-1003');
    clock('2026-06-03T10:00:00-07:00');
    await night();
    expect(one("select count(*) from charge h join account a on a.id = h.account_id where a.account_no = 'SF-1001' and h.charge_type = 'LATE_FEE'")).toBe('0');
    await as('billing_clerk').post(dispute, { reason: 'the meter was tested' }, { from: dispute }).done('The dispute is cleared.');
    clock.forward({ days: 1 });
    await night();
    await night();
    expect(sql("select h.amount_minor a, h.post_mode m from charge h join account a on a.id = h.account_id where a.account_no = 'SF-1001' and h.charge_type = 'LATE_FEE'")).toEqual([{ a: '500', m: 'immediate' }]);
    expect(ledger('SF-1001').filter((l) => l.type === 'late_fee').map((l) => [l.code, l.debit])).toEqual([['1200', '5.00']]);
    expect(one("select payment_status from bill where bill_no = 'WA-BILL-202605-000001'")).toBe('overdue');
    expect(one("select balance_minor from account where account_no = 'SF-1001'")).toBe('19300');
  });
});

story('BX04US01 versions', 'BX-FIX', ({ as, test, expect, sql, one, jobs_run, command }) => {
  const manager = () => as('billing_manager'), v1 = '/bx/bills/WA-BILL-202605-000001';
  const correct = (values = {}) => manager().post(`${v1}/correction`, { reading: one("select g.id from meter_reading g join service_connection s on s.id = g.service_connection_id join account a on a.id = s.account_id where a.account_no = 'SF-1001' and g.value_e3 = 1262000 and g.status = 'passed'") ?? '0',
    value: '1260', cause: one("select code from reading_reason_code where active = 1 and json_contains(contexts, '\"correction\"') order by sort, code limit 1"), note: 'the photo says 1260', ...values });

  test('BX04US01.4 cancelled for a wrong reading and made again at 10 CCF: two versions side by side, -34.23', async () => {
    command('run', '--cycle', 'MONTHLY-WESTERN', '--period', '2026-04', '--publish');
    await jobs_run();
    const stored = await manager().get(`${v1}/pdf?download=1`).is(200);
    await correct().refuses(409, null, 'Bill WA-BILL-202605-000001 is published. Cancel it first: its reading is billed.');
    await manager().post(`${v1}/cancellation`, { reason: 'wrong_reading', note: 'the index was read wrong' }, { from: `${v1}/cancellation` }).done('Bill WA-BILL-202605-000001 is cancelled.');
    await as('billing_clerk').get(`${v1}/correction`).is(403);
    await correct({ value: '' }).refuses(422, 'value', /Enter/);
    await correct({ reading: '999999' }).refuses(422, 'reading', 'Choose a reading of this bill.');
    await correct({ cause: 'nonsense' }).is(422);
    await correct().done('The reading is corrected. Now bill again.');
    await manager().post(`${v1}/rebill`, {}, { from: v1 }).done('Old $188.00, new $153.77, difference −$34.23. Look at it, then publish.');
    await correct().refuses(409, null, 'Bill WA-BILL-202605-000001 was made again. Its reading is billed.');
    const draft = one("select concat(a.account_no, '-', b.draft_ref) from bill b join account a on a.id = b.account_id where b.status = 'draft'");
    await manager().get(`/bx/bills/draft-${draft}`).sees('1,260 - 1,250 = 10 CCF', 'Line by line', '−$34.23');
    await manager().post(`/bx/bills/draft-${draft}/publication`, {}, { from: `/bx/bills/draft-${draft}` }).done('is published');
    await jobs_run();
    const v2 = one("select bill_no from bill where version_no = 2");
    for (const no of ['WA-BILL-202605-000001', v2]) await manager().get(`/bx/bills/${no}/versions`).sees('188.00', 'Cancelled', '153.77', 'Published', '−$34.23', 'Line by line', 'Version 1', 'Version 2');
    await manager().get(`${v1}/calculation`).sees('1,262 - 1,250 = 12 CCF', '1,262');       // what it was made of stays
    const after = await manager().get(`${v1}/pdf?download=1`).is(200);
    expect(after.bytes.subarray(0, stored.bytes.length).equals(stored.bytes)).toBe(true);
    expect(after.bytes.subarray(stored.bytes.length).toString('latin1')).toContain('(Cancelled) Tj');
    expect(one("select lower(hex(pdf_sha256)) from bill where bill_no = 'WA-BILL-202605-000001'")).toBe(require('crypto').createHash('sha256').update(stored.bytes).digest('hex'));
    expect(one("select balance_minor from account where account_no = 'SF-1001'")).toBe('15377');
    await as('billing_clerk').post(`${v1}/sending`, { channel: 'paper' }).refuses(409, null, 'Bill WA-BILL-202605-000001 is cancelled.');
  });

  test('BX04US01 a bill of a closed month is cancelled in the open one, and that is said', async () => {
    sql("insert into gl_period (utility_id, label, from_date, to_date, state) select id, '2026-05', '2026-05-01', '2026-05-31', 'closed' from utility on duplicate key update state = 'closed'");
    const no = one("select bill_no from bill b join account a on a.id = b.account_id where a.account_no = 'SF-1002' and b.status = 'published'");
    await manager().get(`/bx/bills/${no}/cancellation`).sees('The bill stands in May 2026, which is closed in the ledger. Its reversal is posted on 06/01/2026.');
    await manager().post(`/bx/bills/${no}/cancellation`, { reason: 'duplicate', note: 'billed by hand already' }, { from: `/bx/bills/${no}/cancellation` }).done('Its reversal is posted on 06/01/2026.');
    expect(sql("select distinct e.effective_date d, e.original_date o from ledger_entry e where e.txn_type = 'bill_cancel' order by e.id desc limit 1")).toEqual([{ d: '2026-06-01', o: '2026-05-02' }]);
  });
});
