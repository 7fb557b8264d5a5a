// Numbers that people quote (ONB02US07). What modules do with them is in their stories; here numbers are issued by the command
// that sandbox installations have for trying a format, in transactions of their own.
const { story } = require('../support/story');
const { spawn } = require('child_process');
const { build } = require('../support/instance');

story('ONB02US07', 'ONB-FIX', ({ as, test, expect, sql, one, command, instance, looks_right }) => {
  const admin = () => as('utility_admin');
  const number = (kind, ...more) => command('number', kind, ...more).trim();
  const next = async (kind) => (await admin().get(`/id-formats/${kind}`)).body.match(/<code>([^<]+)<\/code><br>/)[1];
  // The form as it stands with some fields changed; parts as [kind, value or date].
  const save = (kind, { parts, ...fields } = {}) => {
    const rows = parts ? Object.fromEntries([...Array(10).keys()].flatMap((i) => [[`kind${i}`, parts[i]?.[0] ?? null], [`value${i}`, parts[i]?.[0] === 'date' ? null : parts[i]?.[1] ?? null], [`date${i}`, parts[i]?.[0] === 'date' ? parts[i][1] : null]])) : {};
    return admin().post(`/id-formats/${kind}`, { ...rows, ...fields }, { from: `/id-formats/${kind}` });
  };

  // Legal numbers were issued here without their documents: before the checker looks, they are forgotten.
  test.afterEach(() => sql("delete s from id_sequence s join id_format f on f.id = s.id_format_id where f.entity_type in ('bill', 'receipt', 'credit_note')"));

  test('ONB02US07.1 the first account is 100001, the preview goes on', async () => {
    expect(await next('account')).toBe('WA-ACC-100001');
    expect(number('account')).toBe('WA-ACC-100001');
    await admin().get('/id-formats/account').sees('WA-ACC-100002', 'WA-ACC-100003', 'WA-ACC-100004', '1 number issued so far');
    await admin().get('/id-formats').sees('Master IDs', 'Transaction IDs', '[Service code]-ACC-######', 'WA-ACC-100002');
  });

  test('ONB02US07.2 a month begins its own sequence', async () => {
    expect([1, 2, 3].map(() => number('bill', '--date', '2027-01-31'))).toEqual(['WA-BILL-202701-000001', 'WA-BILL-202701-000002', 'WA-BILL-202701-000003']);
    expect(number('bill', '--date', '2027-02-01')).toBe('WA-BILL-202702-000001');
    expect(number('bill', '--date', '2027-01-31')).toBe('WA-BILL-202701-000004');
  });

  test('ONB02US07.3 Luhn puts its digit behind the sequence', async () => {
    await save('campaign', { parts: [['prefix', 'BLK'], ['date', 'YYYY'], ['sequence']], check_digit: 'luhn' }).done('Saved. New numbers follow this format.');
    await admin().get('/id-formats/campaign?kind0=prefix&value0=BLK&kind1=date&date1=YYYY&kind2=sequence&separator=-&seq_length=6&seq_start=1&seq_increment=1&reset=yearly&check_digit=luhn&test_date=2026-04-15&test_sequence=001234')
      .sees('BLK-2026-0012344');
  });

  test('ONB02US07.4 fifty at once get fifty numbers', async () => {
    const program = `${build}/smart360`, before = Number(one("select coalesce(sum(s.issued), 0) from id_sequence s join id_format f on f.id = s.id_format_id join utility u on u.id = f.utility_id where u.code = 'swa-w' and f.entity_type = 'account'"));
    const all = await Promise.all([...Array(50).keys()].map(() => new Promise((done) => {
      const p = spawn(program, ['--config', instance().config, 'number', 'account']);
      let out = '';
      p.stdout.on('data', (d) => { out += d; });
      p.on('close', (code) => done({ code, out: out.trim() }));
    })));
    expect(all.filter((r) => r.code !== 0)).toEqual([]);
    expect(new Set(all.map((r) => r.out)).size).toBe(50);
    expect(Number(one("select sum(s.issued) from id_sequence s join id_format f on f.id = s.id_format_id join utility u on u.id = f.utility_id where u.code = 'swa-w' and f.entity_type = 'account'"))).toBe(before + 50);
  });

  test('ONB02US07.5 a number comes back when its document is rolled back', async () => {
    const first = number('receipt');
    expect(() => number('receipt', '--undo')).toThrow(/rolled back/);
    const second = number('receipt');
    expect(Number(second.slice(-6))).toBe(Number(first.slice(-6)) + 1);
  });

  test('ONB02US07.6 a monthly reset wants a month in the number', async () => {
    await save('complaint', { parts: [['service'], ['prefix', 'CMP'], ['date', 'YYYY'], ['sequence']], reset: 'monthly' }).refuses(422, 'reset', 'Add a month to the date part or choose another reset.');
    expect(one("select f.`reset` from id_format f join utility u on u.id = f.utility_id where u.code = 'swa-w' and f.entity_type = 'complaint'")).toBe('monthly');
    expect(one("select f.version from id_format f join utility u on u.id = f.utility_id where u.code = 'swa-w' and f.entity_type = 'complaint'")).toBe('1');
  });

  test('ONB02US07 refuses a pattern of another number', async () => {
    await save('receipt', { parts: [['service'], ['prefix', 'BILL'], ['date', 'YYYYMM'], ['sequence']], reason: 'try' }).refuses(422, 'parts', 'Receipt and Bill would produce the same numbers.');
    // the same numbers by other parts: a text in place of the prefix, the code of the service written out
    await save('receipt', { parts: [['service'], ['literal', 'BILL'], ['date', 'YYYYMM'], ['sequence']], reason: 'try' }).refuses(422, 'parts', 'Receipt and Bill would produce the same numbers.');
    await save('receipt', { parts: [['prefix', 'WA'], ['prefix', 'BILL'], ['date', 'YYYYMM'], ['sequence']], seq_length: '4', reason: 'try' }).refuses(422, 'parts', 'Receipt and Bill would produce the same numbers.');
    await save('receipt', { parts: [['prefix', 'WA-BIL'], ['sequence']], reset: 'never', reason: 'try' }).refuses(422, 'parts', 'A prefix has 1 to 6 of A-Z and 0-9.');
    expect(one("select f.version from id_format f join utility u on u.id = f.utility_id where u.code = 'swa-w' and f.entity_type = 'receipt'")).toBe('1');
  });

  test('ONB02US07 refuses a number that is too long, a bad prefix, no sequence', async () => {
    await save('notice', { parts: [['service'], ['prefix', 'NOTICE'], ['area'], ['date', 'YYYYMMDD'], ['sequence']], seq_length: '8' }).refuses(422, 'parts', /^The longest number has \d+ characters; at most 30\.$/);
    await save('notice', { parts: [['prefix', 'not ok'], ['sequence']], reset: 'never' }).refuses(422, 'parts', 'A prefix has 1 to 6 of A-Z and 0-9.');
    await save('notice', { parts: [['prefix', 'NOTE']], reset: 'never' }).refuses(422, 'parts', 'A number has exactly one sequence.');
    await save('notice', { seq_increment: '11' }).refuses(422, 'seq_increment', 'Increment must be between 1 and 10.');
    await save('notice', { separator: '_' }).refuses(422, 'separator', 'Choose separator from the list.');
  });

  test('ONB02US07 refuses to begin below what was issued', async () => {
    for (let i = 0; i < 3; i++) number('service_order');
    await save('service_order', { seq_start: '2' }).refuses(422, 'seq_start', 'Next number must be above 00003.');
    await save('service_order', { seq_start: '5000' }).is(303);
    expect(number('service_order')).toMatch(/-05000$/);
  });

  test('ONB02US07 numbers without gaps change their pattern with a reason only', async () => {
    number('receipt');
    await save('receipt', { parts: [['service'], ['prefix', 'REC'], ['date', 'YYYYMM'], ['sequence']] }).refuses(422, 'reason', 'Give a reason: numbers without gaps were issued with the old pattern.');
    await save('receipt', { parts: [['service'], ['prefix', 'REC'], ['date', 'YYYYMM'], ['sequence']], reason: 'regulator wants it' }).is(303);
    expect(number('receipt')).toMatch(/^WA-REC-/);
    const page = await admin().get('/id-formats/receipt/history').sees('Utility administrator', 'regulator wants it', '[Service code]-RCP-YYYYMM-######', '[Service code]-REC-YYYYMM-######');
    expect(page.status).toBe(200);
    expect(one("select count(*) from outbox_event where name = 'id_format.changed' and number = 'receipt'")).toBe('1');
    expect(one("select reason from audit_entry where entity = 'id_format' and number = 'receipt'")).toBe('regulator wants it');
    // others may be switched on, and off again
    const gapless = () => one("select f.gapless from id_format f join utility u on u.id = f.utility_id where u.code = 'swa-w' and f.entity_type = 'write_off'");
    await save('write_off', { gapless: '1' }).is(303);
    expect(gapless()).toBe('1');
    expect((await admin().get('/id-formats').is(200)).body.split('<tr').find((x) => x.includes('/id-formats/write_off"'))).toMatch(/without gaps/i);
    await save('write_off', { gapless: null }).is(303);
    expect(gapless()).toBe('0');
    await save('bill', { gapless: null }).is(303);          // stays without gaps whatever is sent
    expect(one("select f.gapless from id_format f join utility u on u.id = f.utility_id where u.code = 'swa-w' and f.entity_type = 'bill'")).toBe('1');
  });

  test('ONB02US07 an overflowing sequence gets wider and raises an alert', async () => {
    await save('application', { parts: [['prefix', 'APP'], ['date', 'YYYYMMDD'], ['sequence']], seq_start: '999' }).is(303);
    expect(number('application')).toMatch(/-999$/);
    expect(number('application')).toMatch(/-1000$/);
    expect(one("select count(*) from alert where kind = 'id_format.overflow'")).toBe('1');
  });

  test('ONB02US07 numbers are not used twice when they begin to start again otherwise, for days before either', async () => {
    const parts = [['service'], ['prefix', 'PAY'], ['date', 'YYYYMMDD'], ['sequence']];
    const all = [], issue = (date) => { all.push(number('payment', '--date', date)); return all.at(-1); };
    issue('2026-03-20'), issue('2026-04-15'), issue('2026-04-15'), issue('2026-04-15');
    expect(all).toEqual(['WA-PAY-20260320-00001', 'WA-PAY-20260415-00001', 'WA-PAY-20260415-00002', 'WA-PAY-20260415-00003']);
    const draft = (reset) => admin().get(`/id-formats/payment?${parts.map((p, i) => `kind${i}=${p[0]}&${p[0] === 'date' ? 'date' : 'value'}${i}=${p[1] ?? ''}`).join('&')}&separator=-&seq_length=5&seq_start=1&seq_increment=1&reset=${reset}&check_digit=none`);
    await draft('monthly').sees('WA-PAY-20260415-00004').lacks('WA-PAY-20260415-00001');       // as the preview says
    await save('payment', { parts, reset: 'monthly' }).is(303);
    expect(await next('payment')).toBe('WA-PAY-20260415-00004');
    expect(issue('2026-04-15')).toBe('WA-PAY-20260415-00004');
    expect(issue('2026-03-20')).toBe('WA-PAY-20260320-00005');
    expect(issue('2026-05-02')).toBe('WA-PAY-20260502-00001');                                 // nothing can have been issued there
    await save('payment', { parts, reset: 'never' }).is(303);
    expect(issue('2026-04-15')).toBe('WA-PAY-20260415-00006');
    await save('payment', { parts, reset: 'daily' }).is(303);
    expect(issue('2026-04-15')).toBe('WA-PAY-20260415-00007');                                 // that day had its own sequence once
    issue('2026-04-14'), issue('2026-04-20');
    expect(all.at(-1)).toBe('WA-PAY-20260420-00001');
    expect(new Set(all).size).toBe(all.length);
  });

  test('ONB02US07 two who edit one format: the second sees it', async () => {
    const b = as('utility_admin1');
    const [form] = (await b.get('/id-formats/refund').forms()).filter((f) => f.action.endsWith('/id-formats/refund'));
    await save('refund', { seq_length: '5' }).is(303);
    await b.post('/id-formats/refund', { ...Object.fromEntries(form.fields), seq_length: '6' }, { raw: true }).is(409);
    expect(one("select f.seq_length from id_format f join utility u on u.id = f.utility_id where u.code = 'swa-w' and f.entity_type = 'refund'")).toBe('5');
  });

  test('ONB02US07 counts are written as people read them; rubbish in the address of a draft changes nothing', async () => {
    sql("insert into id_sequence (id_format_id, period_key, next_value, issued) select f.id, '2020', 1, 12345 from id_format f join utility u on u.id = f.utility_id where u.code = 'swa-w' and f.entity_type = 'call'");
    await admin().get('/id-formats/call').sees('12,345 numbers issued so far');
    sql("delete from id_sequence where period_key = '2020'");
    for (const query of ['kind0=sequence&seq_length=99999999999999999999&seq_start=-5&seq_increment=x&reset=never&check_digit=crc', 'kind0=literal&value0=%3Cscript%3E&kind1=sequence&separator=%25s', `kind0=prefix&value0=${'A'.repeat(200)}&kind1=sequence`, 'kind0=date&date0=HHMM&kind1=sequence&kind2=sequence&test_sequence=-1&test_date=32%2F13%2F2026', 'kind0=nonsense'])
      await admin().get(`/id-formats/call?${query}`).is(200).and((r) => expect(r.body).not.toContain('<script>'));
    expect(one("select f.version from id_format f join utility u on u.id = f.utility_id where u.code = 'swa-w' and f.entity_type = 'call'")).toBe('1');
  });

  test('ONB02US07 only who may edits; others look, or are refused', async () => {
    await as('cso1').get('/id-formats').is(403);
    const id = one("select public_id from user where email = 'billing_clerk1@swa.test'");
    await admin().post(`/users/${id}/overrides`, { resource: 'core.id_formats', action: 'view', effect: 'grant', reason: 'looks up numbers' }, { from: `/users/${id}` }).is(303);
    const clerk = as('billing_clerk1');
    await clerk.get('/id-formats/bill').sees('You can look at this format but not change it.', 'WA-BILL-').and((r) => expect(r.body).not.toContain('Save the format'));
    const csrf = (await clerk.get('/id-formats/bill')).body.match(/name="csrf" value="([^"]+)"/)[1];
    await clerk.post('/id-formats/bill', { csrf, kind0: 'sequence', separator: '-', seq_length: '4', seq_start: '1', seq_increment: '1', reset: 'never', check_digit: 'none', row_version: '1' }, { raw: true }).is(403);
    await admin().get('/id-formats/nothing').is(404);
  });

  test('ONB02US07 in the browser: parts move by buttons without script', async ({ browser }) => {
    const context = await browser.newContext({ ignoreHTTPSErrors: true, javaScriptEnabled: false });
    const page = await context.newPage();
    await admin().browse(page, '/id-formats/call');
    await page.getByRole('button', { name: 'Down, part 2' }).click();
    await expect(page.locator('#preview')).toContainText('[Service code]-YYYYMMDD-CALL-####');
    await page.getByLabel('Digits of the sequence').fill('6');
    await page.getByRole('button', { name: 'Show the preview' }).click();
    await expect(page.locator('#preview')).toContainText('[Service code]-YYYYMMDD-CALL-######');
    expect(one("select f.version from id_format f join utility u on u.id = f.utility_id where u.code = 'swa-w' and f.entity_type = 'call'")).toBe('1');
    await page.getByRole('button', { name: 'Save the format' }).click();
    await expect(page.getByRole('status')).toContainText('Saved.');
    expect(one("select f.version from id_format f join utility u on u.id = f.utility_id where u.code = 'swa-w' and f.entity_type = 'call'")).toBe('2');
    await context.close();
  });

  test('ONB02US07 in the browser: the preview follows what is typed', async ({ page }) => {
    await admin().browse(page, '/id-formats/notice');
    await page.getByLabel('Digits of the sequence').fill('8');
    await page.getByLabel('Digits of the sequence').press('Tab');
    await expect(page.locator('#preview')).toContainText('[Service code]-NOT-YYYYMM-########');
    expect(one("select f.version from id_format f join utility u on u.id = f.utility_id where u.code = 'swa-w' and f.entity_type = 'notice'")).toBe('1');
  });

  test('ONB02US07 pages look right', async ({ page }) => {
    test.setTimeout(120000);
    for (const path of ['/id-formats', '/id-formats/bill', '/id-formats/receipt/history', '/id-formats/employee/history']) {
      await admin().browse(page, path);
      await looks_right(page);
    }
  });
});
