// The first thread, end to end by clicks: a cycle is billed at a desk, its bill is read and paid on a phone through the
// sandbox gateway and its signed webhook, and the ledger balances. Once with script and once without.
const { story } = require('../support/story');

for (const script of [true, false]) story(`THREAD ${script ? 'with' : 'without'} script`, 'BX-FIX', ({ as, test, expect, sql, one, ledger, jobs_run, mails, verify, watch }) => {
  test(`THREAD a reading becomes a bill, the bill a payment, the payment a receipt; the ledger balances (${script ? 'with' : 'without'} script)`, async ({ browser }) => {
    test.setTimeout(120000);
    // SF-1001's consumer has not registered yet.
    sql("delete l from portal_account_link l join portal_user u on u.id = l.portal_user_id where u.email = 'sf1001@swa.test'");
    sql("delete from portal_user where email = 'sf1001@swa.test'");
    expect(one("select count(*) from bill")).toBe('0');

    const desk = await browser.newContext({ viewport: { width: 1440, height: 900 }, ignoreHTTPSErrors: true, javaScriptEnabled: script });
    const phone = await browser.newContext({ viewport: { width: 360, height: 740 }, ignoreHTTPSErrors: true, javaScriptEnabled: script, isMobile: true, hasTouch: true });
    const faults = script ? [await watch(desk), await watch(phone)] : [];
    const staff = await desk.newPage(), mine = await phone.newPage();
    for (const page of [staff, mine]) page.setDefaultTimeout(15000);
    // The one button that acts of the page.
    const press = (page) => page.getByRole('main').locator('button.primary, button.danger').first().click();

    await test.step('the billing manager bills April', async () => {
      await as('billing_manager').browse(staff, '/bx/generate?cycle=MONTHLY-WESTERN&period=2026-04');
      await staff.locator('[name=bill_date]').fill('2026-05-02');
      await staff.locator('[name=due_date]').fill('2026-05-23');
      await press(staff);
      await expect(staff.getByRole('heading', { level: 1 })).toBeVisible();
      await staff.locator('[name=confirm]').fill('10');
      await press(staff);
      await staff.waitForURL(/RUN-2026-0001/);
      await jobs_run();
      await staff.reload();
      await expect(staff.getByRole('main')).toContainText('2,357.98');
    });

    const bill_no = one("select b.bill_no from bill b join account a on a.id = b.account_id where a.account_no = 'SF-1001' and b.status = 'published'");
    await test.step('the consumer registers on a phone', async () => {
      await mine.goto('https://swa.smart360.test/p/swa-w/register');
      await mine.locator('[name=account_no]').fill('SF-1001');
      await mine.locator('[name=proof]').fill('PC001001');
      await press(mine);
      await mine.waitForURL(/\/register\/code/);
      await mine.locator('[name=code]').fill(mails('sf1001@swa.test').filter((m) => /code/i.test(m.subject)).pop().body.match(/\b\d{6}\b/)[0]);
      await press(mine);
      await mine.waitForURL(/\/register\/finish/);
      await mine.locator('[name=email]').fill('sf1001@swa.test');
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
    expect(sql("select p.amount_minor, a.account_no from payment p join account a on a.id = p.account_id")).toEqual([{ amount_minor: '18800', account_no: 'SF-1001' }]);
    expect(receipts).toHaveLength(1);
    expect(sql('select payment_status, open_minor from bill where bill_no = ?', [bill_no])).toEqual([{ payment_status: 'paid', open_minor: '0' }]);
    expect(one("select balance_minor from account where account_no = 'SF-1001'")).toBe('0');
    const lines = ledger(), minor = (x) => Math.round(Number(x) * 100);
    const net = (code, of = lines) => of.filter((l) => l.code === code).reduce((s, l) => s + minor(l.debit) - minor(l.credit), 0);
    expect(net('1200', ledger('SF-1001'))).toBe(0);
    expect(net('1020')).toBe(18800);   // GATEWAY_CLEARING
    expect(lines.reduce((s, l) => s + minor(l.debit) - minor(l.credit), 0)).toBe(0);
    expect(mails('sf1001@swa.test').filter((m) => /^Receipt /.test(m.subject))).toHaveLength(1);
    verify();

    await test.step('the desk sees it too', async () => {
      await as('billing_manager').browse(staff, '/cis/accounts/SF-1001');
      await expect(staff.getByRole('main')).toContainText('0.00');
    });
    for (const f of faults) expect(f).toEqual([]);
    await desk.close();
    await phone.close();
  });
});
