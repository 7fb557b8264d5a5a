// Single Bill Generation (V1): one bill for one account on one screen.
const { story } = require('../support/story');

const plan = (sql, account) => sql(`insert into service_connection_plan (utility_id, service_connection_id, tariff_plan_id, valid_from) select s.utility_id, s.id, p.id, '2026-04-01' from service_connection s join account a on a.id = s.account_id join tariff_plan p on p.code = 'RES-FIX' where a.account_no = '${account}'`);

story('BX01US02', 'BX-FIX', ({ as, test, expect, sql, one, ledger, jobs_run, owner, looks_right, watch }) => {
  const clerk = () => as('billing_clerk'), manager = () => as('billing_manager');
  const form = { kind: 'single', period_end: '2026-04-30', bill_date: '2026-05-02', due_date: '2026-05-23', reason: 'left out of the cycle' };
  const publish = (who, account, values = {}) => who.post(`/bx/generate-single/${account}`, { ...form, ...values }, { from: `/bx/generate-single/${account}` });
  const bills = (account) => sql('select b.total_minor t, b.kind k, b.is_estimated e, b.status s from bill b join account a on a.id = b.account_id where a.account_no = ? order by b.id', [account]);

  test('BX01US02 an account is found by number, name, meter and address, and previewed without storing anything', async () => {
    await clerk().get('/bx/generate-single?q=S').sees('Type at least 2 characters.');
    await clerk().get('/bx/generate-single?q=SF-1001').sees('SF-1001', 'RES-VAR').lacks('SF-1002');
    const name = one("select n.display_name from account a join consumer n on n.id = a.consumer_id where a.account_no = 'SF-1002'");
    await clerk().get(`/bx/generate-single?q=${encodeURIComponent(name.slice(0, 6))}`).sees('SF-1002');
    await clerk().get('/bx/generate-single/SF-1001?kind=single&period_end=2026-04-30&bill_date=2026-05-02').sees('188.00', '1,262 - 1,250 = 12 CCF', 'Passed readings near the end: 04/30/2026: 1,262');
    expect(one('select count(*) from bill')).toBe('0');
    expect(one("select count(*) from usage_segment where billing_status = 'reserved'")).toBe('0');
    await as('cashier').get('/bx/generate-single').is(403);
  });

  test('ONB02US02 a sub-category says itself whether its bills are taxed; empty is as the category', async () => {
    const total = (text) => clerk().get('/bx/generate-single/SF-1001?kind=single&period_end=2026-04-30&bill_date=2026-05-02').sees(text);
    const set = (table, key, value) => sql(`update ${table} k join account a on a.${key} = k.id set k.tax_exempt = ? where a.account_no = 'SF-1001'`, [value]);
    if (one("select sub_category_id is null from account where account_no = 'SF-1001'") === '1') sql("update account a join consumer_sub_category s on s.category_id = a.category_id set a.sub_category_id = s.id where a.account_no = 'SF-1001'");
    set('consumer_sub_category', 'sub_category_id', 1);
    await total('183.37');
    set('consumer_sub_category', 'sub_category_id', 0);
    set('consumer_category', 'category_id', 1);
    await total('188.00');
    set('consumer_sub_category', 'sub_category_id', null);
    await total('183.37');
    set('consumer_category', 'category_id', 0);
    await total('188.00');
  });

  test('BX01US02 the preview knows an index and a charge that are only typed, and keeps neither', async () => {
    const readings = () => one("select count(*) from meter_reading"), preview = (values) => clerk().get(`/bx/generate-single/SF-1003?${new URLSearchParams({ kind: 'single', period_end: '2026-04-30', bill_date: '2026-05-02', due_date: '2026-05-23', ...values })}`);
    const before = readings(), events = one('select count(*) from outbox_event'), audits = one("select count(*) from audit_entry where action <> 'sign_in'");
    await preview({}).sees('153.77');
    await preview({ mode_0: 'enter', value_0: '1262' }).sees('188.00', '1,262 - 1,250 = 12 CCF');
    await preview({ mode_0: 'enter', value_0: '1200' }).sees('waits for validation');
    await preview({ mode_0: 'enter', value_0: '' }).sees('Enter the index.');
    await clerk().post('/bx/generate-single/SF-1003', { kind: 'single', period_end: '2026-04-30', bill_date: '2026-05-02', due_date: '2026-05-23', reason: 'the consumer asks for it', mode_0: 'enter', value_0: '1234567' }, { from: '/bx/generate-single/SF-1003' }).refuses(422, 'value_0', '6 digits at most').and((r) => expect(r.body).toContain('value="1234567"'));
    await preview({ mode_0: 'estimate' }).sees('153.77');
    await preview({ mode_0: 'enter', value_0: '1262', charge_0: 'CONNECTION_FEE', times_0: '2', amount_0: '10.00' }).sees('208.00', '20.00');
    await preview({ charge_0: 'TAX', times_0: '1', amount_0: '10.00', mode_0: 'estimate' }).sees('Choose a charge of the list.');
    await preview({ period_end: 'tomorrow' }).sees('Enter the end of the period and the bill date.');
    await preview({ kind: 'one_off', charge_0: 'CONNECTION_FEE', times_0: '1', amount_0: '150.00' }).sees('150.00').lacks('188.00');
    // Without script: the button leads to the address with all that is typed.
    const typed = await clerk().post('/bx/generate-single/SF-1003', { kind: 'single', period_end: '2026-04-30', bill_date: '2026-05-02', due_date: '2026-05-23', mode_0: 'enter', value_0: '1262', preview: '1' }, { from: '/bx/generate-single/SF-1003' }).is(303);
    expect(typed.location).toMatch(/[?&]mode_0=enter&value_0=1262/);
    expect(typed.location).not.toMatch(/csrf|form_key/);
    expect([readings(), one('select count(*) from outbox_event'), one('select count(*) from charge'), one('select count(*) from bill')]).toEqual([before, events, '0', '0']);
    expect(one("select count(*) from audit_entry where action <> 'sign_in'")).toBe(audits);
  });

  test('BX01US02 in the browser: the preview follows what is typed', async ({ page, context }) => {
    const faults = await watch(context);
    await clerk().browse(page, '/bx/generate-single/SF-1003');
    await looks_right(page);
    await page.getByLabel('Kind').selectOption('single');
    await page.getByLabel('End reading of SF-SC-1003').selectOption('enter');
    await page.getByLabel('Index, when it is entered').fill('1262');
    await page.getByLabel('Index, when it is entered').press('Tab');
    await expect(page.locator('#preview')).toContainText('188.00');
    await looks_right(page);
    expect(page.url()).not.toContain('csrf');
    expect(faults).toEqual([]);
    expect(one('select count(*) from bill')).toBe('0');
  });

  test('BX01US02 what quantities would cost, to the cent: the engine behind calculators', () => {
    for (const [connection, from, to, quantity, cost] of [
      ['SF-SC-1001', '2026-04-01', '2026-04-30', '12', '188.00'], ['SF-SC-1001', '2026-04-01', '2026-04-30', '10', '153.77'], ['SF-SC-1001', '2026-04-01', '2026-04-30', '0', '19.11'],
      ['SF-SC-1001', '2026-04-16', '2026-04-30', '6', '94.01'], ['SF-SC-1001', '2026-04-01', '2026-04-30', '90', '1522.97'],
      ['SF-SC-1002', '2026-04-01', '2026-04-30', '5', '71.93'], ['SF-SC-2001', '2026-04-01', '2026-04-30', '87', '1384.62'], ['SF-SC-2002', '2026-04-01', '2026-04-30', '1', '71.65'],
    ]) expect([connection, from, quantity, owner('billing_clerk', 'estimate', { connection, from, to, quantity }).no]).toEqual([connection, from, quantity, cost]);
    expect(owner('billing_clerk', 'estimate', { connection: 'SF-SC-9999', from: '2026-04-01', to: '2026-04-30', quantity: '1' })).toMatchObject({ refused: 404 });
    expect(owner('billing_clerk', 'marginal', { account: 'SF-1001' }).no).toMatch(/^0(\.0+)?$/);       // nothing billed yet
    expect(one('select count(*) from bill')).toBe('0');
  });

  test('BX01US02 refuses what cannot be billed', async () => {
    await publish(clerk(), 'SF-1007', { reason: '' }).refuses(422, 'reason', 'Say why this bill is made.');
    await publish(clerk(), 'SF-1007', { period_end: '2026-03-15' }).refuses(422, 'period_end', 'The end is before the start (04/01/2026).');
    await publish(clerk(), 'SF-1007', { due_date: '2026-05-01' }).refuses(422, 'due_date', 'The due date is before the bill date.');
    await publish(clerk(), 'SF-1007', { kind: 'final' }).refuses(422, 'kind', 'Set the service end first.');
    await publish(clerk(), 'SF-1007').refuses(422, null, 'BX-E02: Connection has no tariff plan for 1 to 30 April 2026');
    await publish(clerk(), 'SF-2001').is(403);         // 1,384.62 is above the clerk's limit
    await publish(clerk(), 'SF-1002', { kind: 'one_off' }).refuses(422, null, 'There is nothing to bill.');
    const off = { kind: 'one_off', charge_0: 'CONNECTION_FEE', times_0: '1', amount_0: '10.00' };
    await publish(clerk(), 'SF-1002', { ...off, charge_0: 'TAX' }).refuses(422, 'charge_0', 'Choose a charge of the list.');
    await publish(clerk(), 'SF-1002', { ...off, charge_0: "x' or 1=1" }).refuses(422, 'charge_0', 'Choose a charge of the list.');
    await publish(clerk(), 'SF-1002', { ...off, amount_0: '' }).refuses(422, 'amount_0', 'Enter an amount.');
    for (const amount_0 of ['-5', '0', '99999999999.99', '1e9', '5 dollars']) await publish(clerk(), 'SF-1002', { ...off, amount_0 }).is(422);
    for (const times_0 of ['-1', '0', '999999999', '1000001']) await publish(clerk(), 'SF-1002', { ...off, times_0, amount_0: '99999999.99' }).is(422);
    await publish(manager(), 'SF-1002', { ...off, times_0: '1000000', amount_0: '100000001.00' }).is(422);
    for (const bill_date of ['2026-02-30', '0001-01-01', '9999-12-31', 'today']) await publish(clerk(), 'SF-1002', { ...off, bill_date }).is(422);
    await clerk().get('/bx/generate-single/SF-9999').is(404);
    await clerk().get('/bx/generate-single/1').is(404);
    expect(one('select count(*) from charge')).toBe('0');
    await publish(clerk(), 'SF-1003', { mode_0: 'enter', value_0: '1200' }).done('The reading of SF-SC-1003 waits for validation, and nothing is billed');
    sql("update meter_reading set status = 'rejected' where value_e3 = 1200000");
    expect(one('select count(*) from bill')).toBe('0');
    expect(ledger()).toEqual([]);
  });

  test('BX01US02.1 a single bill of April for SF-1007 is 71.93, and so is the balance', async () => {
    plan(sql, 'SF-1007');
    await publish(clerk(), 'SF-1007').done('71.93 is published.');
    expect(bills('SF-1007')).toEqual([{ t: '7193', k: 'single', e: '0', s: 'published' }]);
    expect(one("select balance_minor from account where account_no = 'SF-1007'")).toBe('7193');
    expect(one("select count(*) from outbox_event where name = 'bill.posted'")).toBe('1');
    await publish(clerk(), 'SF-1007').refuses(422, 'period_end', /is already billed on WA-BILL-202605-000001\.$/);
  });

  test('BX01US02.3 the same form twice makes one bill', async () => {
    const page = await clerk().get('/bx/generate-single/SF-1002').is(200);
    const key = page.body.match(/name="form_key" value="([^"]+)"/)[1];
    const [first, second] = await Promise.all([publish(clerk(), 'SF-1002', { form_key: key }), publish(clerk(), 'SF-1002', { form_key: key })]);
    expect([first.status, second.status]).toEqual([303, 303]);
    expect(second.location).toBe(first.location);
    expect(bills('SF-1002')).toHaveLength(1);
  });

  test('BX01US02.4 an entered reading that passes is billed, not estimated', async () => {
    await publish(clerk(), 'SF-1003', { mode_0: 'enter', value_0: '1262' }).done('188.00 is published.');
    expect(bills('SF-1003')).toEqual([{ t: '18800', k: 'single', e: '0', s: 'published' }]);
    expect(sql("select g.value_e3 v, g.status s, g.source o from meter_reading g join service_connection c on c.id = g.service_connection_id where c.connection_no = 'SF-SC-1003' and g.read_on = '2026-04-30' and g.status <> 'rejected'")).toEqual([{ v: '1262000', s: 'passed', o: 'manual' }]);
  });

  test('BX01US02.6 charges alone: one line of 150.00, Cr 4110', async () => {
    await publish(clerk(), 'SF-2003', { kind: 'one_off', charge_0: 'CONNECTION_FEE', text_0: 'Connection', times_0: '1', amount_0: '150.00' }).done('150.00 is published.');
    expect(bills('SF-2003')).toEqual([{ t: '15000', k: 'one_off', e: '0', s: 'published' }]);
    expect(ledger().filter((l) => l.credit === '150.00').map((l) => l.code)).toEqual(['4110']);
    expect(one("select count(*) from bill_line l join bill b on b.id = l.bill_id join account a on a.id = b.account_id where a.account_no = 'SF-2003'")).toBe('1');
  });

  test('BX01US02.2 the cycle run skips what is billed already, without an error', async () => {
    await manager().post('/bx/generate', { cycle: 'MONTHLY-WESTERN', period: '2026-04', bill_date: '2026-05-02', due_date: '2026-05-23', estimate: '1', confirm: '10' }, { from: '/bx/generate/confirmation?cycle=MONTHLY-WESTERN&period=2026-04' }).is(303);
    await jobs_run();
    expect(sql("select i.state s, i.skip_reason r, i.error_code e from bill_run_item i join account a on a.id = i.account_id where a.account_no = 'SF-1007'")).toEqual([{ s: 'skipped', r: 'Already billed', e: null }]);
    expect(bills('SF-1007')).toHaveLength(1);
    expect(sql('select error_count e, skipped_count k from bill_run')).toEqual([{ e: '0', k: '3' }]);
    await publish(manager(), 'SF-1006').refuses(409, null, 'Account is being billed by RUN-2026-0001.');
  });
});

story('BX01US02 final', 'BX-FIX', ({ as, test, expect, sql, one, ledger, clock, command, owner, jobs_run }) => {
  const manager = () => as('billing_manager');

  test('BX01US02.5 a final bill applies the deposit and its interest, and leaves a credit', async () => {
    command('run', '--cycle', 'MONTHLY-WESTERN', '--period', '2026-04', '--publish');
    await jobs_run();
    const account = one("select id from account where account_no = 'SF-1001'");
    owner('billing_manager', 'deposit', { account: 'SF-1001', amount: '75.00', since: '2025-05-10', ppm: '20000' });
    clock('2026-05-11T10:00-07:00');
    const meter = one("select m.meter_no from meter m join service_connection s on s.meter_id = m.id where s.account_id = ?", [account]);
    const read = owner('meter_manager', 'reading', { meter, kind: 'final', value: '1265', on: '2026-05-10' });
    if (read.status !== 'passed') owner('reading_validator', 'decide', { reading: read.id, decision: 'pass' });
    // April is billed, supply has ended on the 10th.
    const bill = one("select id from bill where account_id = ? and status = 'published'", [account]);
    expect(one('select total_minor from bill where id = ?', [bill])).toBe('18800');
    sql("update account set status = 'disconnected' where id = ?", [account]);
    sql("update service_connection set disconnected_on = '2026-05-10', status = 'disconnected' where account_id = ?", [account]);
    const before = Number(one('select balance_minor from account where id = ?', [account]));
    await manager().post('/bx/generate-single/SF-1001', { kind: 'final', period_end: '2026-05-10', bill_date: '2026-05-11', due_date: '2026-06-01', mode_0: 'there' },
      { from: '/bx/generate-single/SF-1001' }).done('Bill WA-BILL-');
    const final = sql("select id, current_charges_minor c, tax_minor t, deposit_minor d, total_minor n from bill where account_id = ? and kind = 'final' and status = 'published'", [account])[0];
    expect({ c: final.c, t: final.t, d: final.d, n: final.n }).toEqual({ c: '4638', t: '113', d: '-7650', n: '-3012' });
    const lines = sql("select charge_type k, amount_minor a from bill_line where bill_id = ? and posts = 1 order by seq", [final.id]).map((l) => `${l.k} ${l.a}`);
    expect(lines).toEqual(expect.arrayContaining(['FIXED 607', 'USAGE 1650', 'SEWER_USAGE 2268', 'DEPOSIT_APPLIED -7500', 'DEPOSIT_INTEREST -150', 'TAX 113']));
    expect(Number(one('select balance_minor from account where id = ?', [account]))).toBe(before - 3012);
    expect(one('select held_minor from deposit where account_id = ?', [account])).toBe('0');
    expect(one('select status from deposit where account_id = ?', [account])).toBe('applied');
    expect(one('select deposit_balance_minor from account where id = ?', [account])).toBe('0');
    // Interest: the expense, and nothing is left payable.
    const sum = (code) => one('select coalesce(sum(e.debit_minor - e.credit_minor), 0) from ledger_entry e join gl_code g on g.id = e.gl_code_id where g.code = ?', [code]);
    expect(sum('5110')).toBe('150');
    expect(sum('2310')).toBe('0');
    expect(sum('2300')).toBe('0');
    expect(one("select count(*) from outbox_event where name = 'bill.posted' and json_value(payload, '$.kind') = 'final'")).toBe('1');
  });

  test('BX01US02.5 cancelled, the deposit is held again and its interest taken back', async () => {
    const no = one("select b.bill_no from bill b join account a on a.id = b.account_id where a.account_no = 'SF-1001' and b.kind = 'final'");
    await manager().post(`/bx/bills/${no}/cancellation`, { reason: 'other', note: 'the account stays open' }, { from: `/bx/bills/${no}/cancellation` }).done('is cancelled');
    expect(one("select d.held_minor from deposit d join account a on a.id = d.account_id where a.account_no = 'SF-1001'")).toBe('7500');
    const sum = (code) => one('select coalesce(sum(e.debit_minor - e.credit_minor), 0) from ledger_entry e join gl_code g on g.id = e.gl_code_id where g.code = ?', [code]);
    expect([sum('5110'), sum('2310'), sum('2300')]).toEqual(['0', '0', '-7500']);
  });
});

// bx_marginal_rate: what one unit more would have cost on the last bill, every line of it with its rounding and tax.
story('BX01US02 one unit more', 'BX-FIX', ({ as, test, expect, one, sql, jobs_run, command, owner }) => {
  const costs = (account) => Number(owner('billing_clerk', 'marginal', { account }).no).toFixed(2);

  test('BX01US02 what one unit more costs, account by account', async () => {
    command('run', '--cycle', 'MONTHLY-WESTERN', '--period', '2026-04', '--publish');
    await jobs_run();
    for (const [account, cost, why] of [
      ['SF-1001', '17.12', '13th CCF: 9.10, sewer 98.28 - 90.72, tax 5.09 - 4.63'],
      ['SF-1003', '17.12', 'estimated at 10: the 11th is in the third tier; tax 4.18 - 3.72'],
      ['SF-1004', '17.11', 'half a month: 6 CCF are in the third tier already; tax 2.77 - 2.32'],
      ['SF-1005', '17.12', 'two meters: tiers on their sum'],
      ['SF-2001', '15.37', 'two prices by days 2.07 + 4.34, sewer 760.76 - 752.12, tax 30.44 - 30.12'],
      ['SF-2002', '8.64', 'below the minimum water costs nothing more: sewer 17.29 - 8.65'],
      ['SF-1002', '0.00', 'a fixed price'],
      ['SF-2003', '0.00', 'a fixed price'],
      ['SF-1006', '0.00', 'held: nothing is billed yet'],
      ['SF-1007', '0.00', 'no plan, no bill'],
    ]) expect([account, why, costs(account)]).toEqual([account, why, cost]);
    expect(one("select count(*) from bill where status = 'draft'")).toBe('0');
  });

  test('BX01US02 one unit more follows the last bill: a cancelled one counts no longer', async () => {
    const no = one("select b.bill_no from bill b join account a on a.id = b.account_id where a.account_no = 'SF-1001' and b.status = 'published'");
    await as('billing_manager').post(`/bx/bills/${no}/cancellation`, { reason: 'duplicate', note: 'billed by hand already' }, { from: `/bx/bills/${no}/cancellation` }).is(303);
    expect(costs('SF-1001')).toBe('0.00');
  });
});
