// The first thread, end to end on BASE alone: what BASE configures is looked at; consumer, connection, meter and readings are
// made by their owners' functions (they have no pages yet), then by clicks: a cycle is billed at a desk, its bill is read and
// paid on a phone through the sandbox gateway and its signed webhook, and the ledger balances. Once with script, once without.
const { story } = require('../support/story');

for (const script of [true, false]) story(`THREAD ${script ? 'with' : 'without'} script`, 'E2E', ({ as, test, expect, sql, one, owner, ledger, jobs_run, mails, verify, watch }) => {
  test(`THREAD a reading becomes a bill, the bill a payment, the payment a receipt; the ledger balances (${script ? 'with' : 'without'} script)`, async ({ browser }) => {
    test.setTimeout(120000);
    for (const table of ['consumer', 'premise', 'account', 'service_connection', 'meter', 'meter_reading', 'bill_cycle', 'bill', 'payment'])
      expect(one(`select count(*) from ${table}`), table).toBe('0');

    const desk = await browser.newContext({ viewport: { width: 1440, height: 900 }, ignoreHTTPSErrors: true, javaScriptEnabled: script });
    const phone = await browser.newContext({ viewport: { width: 360, height: 740 }, ignoreHTTPSErrors: true, javaScriptEnabled: script, isMobile: true, hasTouch: true });
    const faults = script ? [await watch(desk), await watch(phone)] : [];
    const staff = await desk.newPage(), mine = await phone.newPage();
    for (const page of [staff, mine]) page.setDefaultTimeout(15000);
    // The one button that acts of the page.
    const press = (page) => page.getByRole('main').locator('button.primary, button.danger').first().click();

    await test.step('the utility administrator signs in and looks at what is configured', async () => {
      await staff.goto('https://swa.smart360.test/login');
      await staff.locator('[name=email]').fill('utility_admin@swa.test');
      await staff.locator('[name=password]').fill('Correct-Horse-7788');
      await press(staff);
      await staff.waitForURL(/\/u\/swa-w\//);
      await staff.goto('https://swa.smart360.test/u/swa-w/plans/RES-VAR');
      await expect(staff.getByRole('main')).toContainText('Residential variable');
      await expect(staff.getByRole('main')).toContainText('Water use');
      expect(sql("select unit, active from utility_service where code = 'WA'")).toEqual([{ unit: 'CCF', active: '1' }]);
      expect(sql(`select v.state, v.created_by <> v.approved_by second from tariff_plan p join tariff_plan_version v on v.plan_id = p.id where p.code = 'RES-VAR'`))
        .toEqual([{ state: 'active', second: '1' }]);
      await desk.clearCookies();
    });

    await test.step('a consumer with a connection and a meter', async () => {
      expect(owner('cso1', 'consumer', { first_name: 'Resident', last_name: 'One', phone: '503 555 0101', email: 'resident1@swa.test' }))
        .toEqual({ refused: 422, field: 'phone', text: 'Enter the number with country code, e.g. +1 503 555 0101' });
      const consumer = owner('cso1', 'consumer', { first_name: 'Resident', last_name: 'One', phone: '+15035550101', email: 'resident1@swa.test' });
      const premise = owner('cso1', 'premise', { line1: '1210 SW Alder St', city: 'Portland', state: 'OR', postal_code: '97205', area: 'BEA-CEN' });
      const account = owner('cso1', 'account', { consumer: consumer.no, premise: premise.no, category: 'RES', sub_category: 'SFR', billing: 'premise' });
      const connection = owner('cso1', 'connection', { account: account.no, plan: 'RES-VAR', service: 'WA', size: '5/8' });
      expect([consumer.no, premise.no, account.no, connection.no]).toEqual(['WA-CUST-100001', 'WA-PRM-100001', 'WA-ACC-100001', 'WA-SC-100001']);
      const meter = owner('meter_manager', 'meter', { serial_no: '26-1000003', model: 'WM15', store: 'ST-MAIN' });
      expect(meter.no).toBe('WA-MTR-100001');
      owner('meter_manager', 'install', { meter: meter.no, connection: connection.no, on: '2026-03-31', value: '1250' });
      owner('cso_supervisor', 'activate', { account: account.no, on: '2026-04-01', reason: 'Connected' });
      owner('cso_supervisor', 'open', { connection: connection.no, on: '2026-04-01' });
      // One meter to a connection, one account to a house.
      const spare = owner('meter_manager', 'meter', { serial_no: '26-1000004', model: 'WM15', store: 'ST-MAIN' });
      expect(owner('meter_manager', 'install', { meter: spare.no, connection: connection.no, on: '2026-04-01', value: '0' }))
        .toEqual({ refused: 422, field: 'connection', text: 'WA-PRM-100001 is measured by WA-MTR-100001; use Replace' });
      expect(owner('cso1', 'account', { consumer: consumer.no, premise: premise.no, category: 'RES' }))
        .toEqual({ refused: 409, field: 'premise', text: 'Account WA-ACC-100001 is open at this premise.' });
    });

    await test.step('a reading waits as the first of its meter and is passed by a validator', async () => {
      const reading = owner('meter_manager', 'reading', { meter: 'WA-MTR-100001', on: '2026-04-30', value: '1262' });
      expect(reading.status).toBe('pending');
      expect(sql('select rule from vee_exception where reading_id = ?', [reading.id])).toEqual([{ rule: 'V14' }]);
      expect(owner('meter_manager', 'decide', { reading: reading.id, decision: 'pass' })).toEqual({ refused: 403, field: null, text: 'Another person must validate this reading.' });
      expect(owner('reading_validator', 'decide', { reading: reading.id, decision: 'pass' }).status).toBe('passed');
      expect(sql('select from_on, to_on, quantity_e3, billing_unit from usage_segment')).toEqual([{ from_on: '2026-03-31', to_on: '2026-04-30', quantity_e3: '12000', billing_unit: 'CCF' }]);
      await as('meter_manager').browse(staff, '/mx/meters/WA-MTR-100001');
      await expect(staff.getByRole('main')).toContainText('1,262');
    });

    await test.step('the billing manager bills April', async () => {
      owner('billing_manager', 'cycle', { code: 'MONTHLY', name: 'Monthly', service: 'WA', area: 'POR', from: '2026-04-01' });
      await as('billing_manager').browse(staff, '/bx/generate?cycle=MONTHLY&period=2026-04');
      await staff.locator('[name=bill_date]').fill('2026-05-02');
      await staff.locator('[name=due_date]').fill('2026-05-23');
      await press(staff);
      await expect(staff.getByRole('heading', { level: 1 })).toBeVisible();
      await staff.locator('[name=confirm]').fill('1');
      await press(staff);
      await staff.waitForURL(/RUN-2026-0001/);
      await jobs_run();
      await staff.reload();
      await expect(staff.getByRole('main')).toContainText('188.00');
    });

    const bill_no = one("select b.bill_no from bill b join account a on a.id = b.account_id where a.account_no = 'WA-ACC-100001' and b.status = 'published'");
    await test.step('the consumer registers on a phone', async () => {
      await mine.goto('https://swa.smart360.test/p/swa-w/register');
      await mine.locator('[name=account_no]').fill('WA-ACC-100001');
      await mine.locator('[name=proof]').fill(one("select portal_code from account where account_no = 'WA-ACC-100001'"));
      await press(mine);
      await mine.waitForURL(/\/register\/code/);
      await mine.locator('[name=code]').fill(mails('resident1@swa.test').filter((m) => /code/i.test(m.subject)).pop().body.match(/\b\d{6}\b/)[0]);
      await press(mine);
      await mine.waitForURL(/\/register\/finish/);
      await mine.locator('[name=email]').fill('resident1@swa.test');
      await mine.locator('[name=password]').fill('violet tractor seldom sings');
      await mine.locator('[name=terms]').check();
      await press(mine);
      await mine.waitForURL(/\/home/);
      await expect(mine.getByRole('main')).toContainText('$188.00');
    });

    await test.step('the bill is read and paid', async () => {
      await mine.goto(`https://swa.smart360.test/p/swa-w/bills/${bill_no}`);
      await expect(mine.getByRole('main')).toContainText('$188.00');
      await mine.getByRole('link', { name: /^Pay \$188\.00/ }).first().click();
      await mine.waitForURL(/\/pay/);
      await press(mine);
      await mine.waitForURL(/\/pay\/[A-Za-z0-9_-]{22}$/);
      await expect(mine.getByRole('main')).toContainText('$188.00');
      await press(mine);
      await mine.waitForURL(/\/sandbox\/pay\//);
      await mine.locator('[name=card]').fill('4242 4242 4242 4242');
      await mine.locator('[name=expiry]').fill('12/30');
      await mine.locator('[name=cvc]').fill('123');
      await press(mine);
      await mine.waitForURL(/\/return$/);
      await jobs_run();
      await mine.reload();
      await expect(mine.getByRole('main')).toContainText('Success');
    });

    const receipts = sql("select distinct p.receipt_no from payment p");
    expect(sql("select p.amount_minor, a.account_no from payment p join account a on a.id = p.account_id")).toEqual([{ amount_minor: '18800', account_no: 'WA-ACC-100001' }]);
    expect(receipts).toHaveLength(1);
    expect(sql('select payment_status, open_minor from bill where bill_no = ?', [bill_no])).toEqual([{ payment_status: 'paid', open_minor: '0' }]);
    expect(one("select balance_minor from account where account_no = 'WA-ACC-100001'")).toBe('0');
    const lines = ledger(), minor = (x) => Math.round(Number(x) * 100);
    const net = (code, of = lines) => of.filter((l) => l.code === code).reduce((s, l) => s + minor(l.debit) - minor(l.credit), 0);
    expect(net('1200', ledger('WA-ACC-100001'))).toBe(0);
    expect(net('1020')).toBe(18800);   // GATEWAY_CLEARING
    expect(lines.reduce((s, l) => s + minor(l.debit) - minor(l.credit), 0)).toBe(0);
    expect(mails('resident1@swa.test').filter((m) => /^Receipt /.test(m.subject))).toHaveLength(1);
    verify();

    await test.step('the desk sees it too', async () => {
      await as('billing_manager').browse(staff, '/cis/accounts/WA-ACC-100001');
      await expect(staff.getByRole('main')).toContainText('0.00');
      const consumer = '/cis/consumers/WA-CUST-100001';
      for (const path of ['/cis/consumers', consumer, `${consumer}/financial`, `${consumer}/connections`, `${consumer}/history`, '/mx/meters', '/mx/meters/WA-MTR-100001', '/search?q=resident']) {
        await as('utility_admin').browse(staff, path);
        await expect(staff.getByRole('main')).toContainText(/Resident One|WA-MTR-100001/);
        await expect(staff.getByRole('main')).not.toContainText(/\[[a-z]+\.[a-z_.]+\]/);       // a text that is not in the messages
      }
    });
    for (const f of faults) expect(f).toEqual([]);
    await desk.close();
    await phone.close();
  });
});
