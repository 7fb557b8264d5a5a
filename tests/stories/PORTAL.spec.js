// Every page of the portal as a consumer on a cheap phone has it: 360 px, both themes, English and Spanish, without script;
// and its weight. What the pages do stands in the files of their stories.
const { story } = require('../support/story');

const CARD = { card: '4242 4242 4242 4242', expiry: '12/30', cvc: '123' };
const BILL = 'WA-BILL-202604-000101';
const photo = { name: 'meter.png', mimeType: 'image/png', buffer: Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==', 'base64') };

story('PORTAL', 'UX-FIX', ({ as, portal, test, expect, sql, one, jobs_run, watch, looks_right, within_budget }) => {
  const alpha = () => as('alpha@swa.test');
  const speak = async (who, code) => { await who.post(`/language/${code}`, {}, { from: '/language' }).is(303); };
  const site = 'https://swa.smart360.test/p/swa-w';

  test('PORTAL without script at 360 px: a card is saved, autopay turned on, a bill questioned, codes switched on', async ({ browser }) => {
    test.setTimeout(120000);
    const context = await browser.newContext({ javaScriptEnabled: false, viewport: { width: 360, height: 740 }, ignoreHTTPSErrors: true });
    const page = await context.newPage();
    await alpha().browse(page, '/more');
    await page.getByRole('link', { name: 'Saved cards' }).click();
    await page.getByLabel('The card may be kept').check();
    await page.getByRole('button', { name: 'To the payment provider' }).click();
    await page.getByLabel('Card number').fill(CARD.card);
    await page.getByLabel('Expires').fill(CARD.expiry);
    await page.getByLabel('CVC').fill(CARD.cvc);
    await page.getByRole('button').first().click();
    await expect(page.getByText('The card is saved.')).toBeVisible();
    await expect(page.getByRole('heading', { name: 'Visa ending 4242' })).toBeVisible();
    await page.getByRole('link', { name: 'Autopay', exact: true }).click();
    await page.getByRole('link', { name: 'Set up autopay' }).click();
    await page.getByLabel('I order the bills').check();
    await page.getByRole('button', { name: 'Turn autopay on' }).click();
    await expect(page.getByText('Autopay is on. We tell you')).toBeVisible();
    await page.getByRole('link', { name: 'Home', exact: true }).click();
    await expect(page.getByText('Autopay is on. Next: $84.60 on 05/05/2026')).toBeVisible();
    await page.getByRole('link', { name: 'See this bill' }).click();
    await page.getByRole('link', { name: /question/i }).first().click();
    await page.getByLabel('Water use').check();
    await page.locator('[name=reason]').selectOption('too_high');
    await page.locator('[name=words]').fill('We were away all month.');
    await page.locator('input[type=file]').first().setInputFiles(photo);
    await page.locator('main form button').last().click();
    await expect(page.getByText('You need not pay what you questioned')).toBeVisible();
    await page.goto(`${site}/profile/security/two-step`);
    await page.getByRole('button', { name: 'Use codes by message' }).click();
    await expect(page.locator('form[action$="/two-step/off"]')).toBeVisible();
    expect(one("select mfa from portal_user where email = 'alpha@swa.test'")).toBe('code');
    await page.locator('form[action$="/two-step/off"] button').click();
    await expect(page.getByRole('button', { name: 'Use codes by message' })).toBeVisible();
    await context.close();
    expect(one("select mfa from portal_user where email = 'alpha@swa.test'")).toBe('off');
  });

  // What the first test left: a card, autopay, an open dispute.
  const pages = ['/home', '/more', '/bills', `/bills/${BILL}`, `/bills/${BILL}/dispute`, '/bills/WA-BILL-202604-000101/paper', '/pay/methods', '/pay/autopay', '/pay/autopay/WA-ACC-300001', '/pay/autopay/WA-ACC-300001/cancellation',
    '/profile/security', '/profile/security/password', '/profile/security/two-step', '/profile/security/two-step/app', '/confirm', '/accounts', '/accounts/WA-ACC-300001/people', '/accounts/WA-ACC-300001/unlink', '/access', '/statement', '/language', '/notifications'];
  const every = () => [...pages, `/pay/methods/${one('select public_id from saved_payment_method')}/removal`];

  for (const [code, widths] of [['en', [360]], ['es', [320]]])
    test(`PORTAL every page in ${code} at ${widths} px, light and dark, looks right`, async ({ page }) => {
      test.setTimeout(300000);
      const who = alpha(), faults = await watch(page.context());
      await speak(who, code);
      for (const path of every()) {
        await who.browse(page, path);
        expect.soft(await page.evaluate(() => document.documentElement.lang), path).toBe(code);
        await looks_right(page, { widths });
      }
      expect(faults).toEqual([]);
      await speak(who, 'en');
    });

  test('PORTAL a long name of a utility takes two lines of the bar at most, and stays whole for who hears it', async ({ page }) => {
    const name = 'The Greater Portland Metropolitan Water, Wastewater and Stormwater Authority';
    await alpha().browse(page, '/home');
    for (const width of [320, 360, 1440]) {
      await page.setViewportSize({ width, height: 760 });
      const was = await page.evaluate((words) => { const span = document.querySelector('.p-top .s-logo > span'), old = span.textContent; span.textContent = words; return old; }, name);
      expect(await page.evaluate(() => { const s = document.querySelector('.p-top .s-logo > span'); return Math.round(s.getBoundingClientRect().height / parseFloat(getComputedStyle(s).lineHeight)); }), `${width}`).toBeLessThanOrEqual(2);
      expect(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), `${width}`).toBe(true);
      expect(await page.evaluate(() => document.querySelector('.p-top').offsetHeight), `${width}`).toBeLessThanOrEqual(60);
      await expect(page.locator('.p-top .s-logo')).toHaveAccessibleName(name);
      await page.evaluate((words) => { document.querySelector('.p-top .s-logo > span').textContent = words; }, was);
    }
  });

  test('PORTAL its pages are light: HTML, first visit, requests, nodes, no jumping', async ({ page }) => {
    test.setTimeout(120000);
    await alpha().browse(page, '/home');
    for (const path of ['/home', '/bills', '/pay/methods', '/pay/autopay/WA-ACC-300001', '/profile/security', '/notifications', `/bills/${BILL}/dispute`]) await within_budget(page, site + path, 'portal');
  });

  test('PORTAL no English is left on Spanish pages', async () => {
    const who = alpha();
    await speak(who, 'es');
    const english = /\b(the|your|bill|card|password|save|change|account|with|amount|sign|device|from|until)\b/i;
    for (const path of every().filter((p) => p !== '/notifications')) {      // a note keeps the language of its day
      const page = await who.get(path);
      const words = page.text.replace(/WA-BILL\S*|SWA Water & Wastewater|Water|Wastewater|Chrome on \w+|\S+@\S+/g, ' ');
      expect.soft(words.split(/(?<=[.!?:])\s/).filter((s) => english.test(s)), path).toEqual([]);
    }
    await speak(who, 'en');
  });
});
