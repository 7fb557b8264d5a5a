// The phone pages without a network: what is typed is kept, sent when the network is back, and done exactly once.
const { story } = require('../support/story');
const { chromium } = require('@playwright/test');
const net = require('net');

// A line between the phone and the instance that can be cut: page and worker both find nobody, as without a network.
async function line_to(port) {
  const open = new Set(), log = [];
  let whole = true;
  const note = (word) => log.push(`${word} ${new Date().toISOString().slice(17, 23)}`);
  const server = net.createServer((c) => {
    if (!whole) { note('refused'); c.destroy(); return; }
    const s = net.connect(port, '127.0.0.1');
    note('taken');
    for (const [one, other] of [[c, s], [s, c]]) {
      open.add(one);
      one.on('error', () => {}).on('close', () => { open.delete(one); other.destroy(); });
      one.pipe(other);
    }
  });
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  const cut = () => { whole = false; note('cut'); for (const s of open) s.destroy(); };
  return { port: server.address().port, cut, mend: () => { whole = true; note('mended'); }, end: () => { cut(); server.close(); }, said: () => log.slice(-12).join(', ') };
}
const phone = (port) => chromium.launch({ executablePath: process.env.CHROMIUM || '/usr/bin/chromium',
  args: ['--ignore-certificate-errors', ...(process.getuid() === 0 ? ['--no-sandbox'] : []), '--disable-gpu', `--host-resolver-rules=MAP *.test:443 127.0.0.1:${port}`] });
// What the phone has kept and what it shows, for the message when a page is not there.
const stored = async () => {
  const kept = [];
  for (const name of await caches.keys()) for (const r of await (await caches.open(name)).keys()) kept.push(new URL(r.url).pathname);
  return JSON.stringify({ kept, title: document.title, end: document.documentElement.outerHTML.length, text: document.body.innerText.slice(0, 300) });
};

story('PHONE', 'BX-FIX', ({ as, test, expect, sql, one, looks_right, instance, sleep }) => {
  const who = 'field_executive1';
  const meter = () => one("select m.meter_no from meter m join meter_installation i on i.meter_id = m.id where i.removed_at is null and m.status = 'installed' order by m.id limit 1");
  const readings = () => Number(one("select count(*) from meter_reading where source = 'manual' and note = 'from the phone'"));
  const last = () => Number(one('select max(value_e3) div 1000 from meter_reading r join meter m on m.id = r.meter_id where m.meter_no = ?', [meter()]));

  test('PHONE a reading by an ordinary form, without script', async () => {
    const fe = as(who);
    await fe.get('/field').sees('Today', 'Enter a reading', 'Not sent yet');
    const before = readings();
    await fe.post('/field/reading', { meter: meter(), reading: String(last() + 3), note: 'from the phone' }, { from: '/field/reading' }).done(`The reading of ${meter()} is saved`);
    expect(readings()).toBe(before + 1);
    await fe.post('/field/reading', { meter: 'WA-MTR-999999', reading: '1' }, { from: '/field/reading' }).refuses(422, 'meter', 'There is no meter WA-MTR-999999 in your area.');
    await fe.post('/field/reading', { meter: meter(), reading: 'many' }, { from: '/field/reading' }).is(422);
    await fe.post('/field/reading', { meter: meter(), reading: '1234567', note: 'seen twice' }, { from: '/field/reading' }).refuses(422, 'reading', '6 digits at most').and((r) => expect(r.body).toMatch(/value="1234567"[^]*seen twice/));
    expect(readings()).toBe(before + 1);
    await as('billing_clerk1').get('/field/reading').is(403);
    await as('billing_clerk1').get('/field').is(403);
  });

  test('PHONE the same form again is the same reading, also days later', async () => {
    const fe = as(who), [form] = (await fe.get('/field/reading').forms()).filter((f) => f.action.endsWith('/field/reading'));
    const fields = { ...Object.fromEntries(form.fields), meter: meter(), reading: String(last() + 1), note: 'from the phone' };
    const before = readings();
    for (let i = 0; i < 3; i++) await fe.post('/field/reading', fields, { raw: true }).is(303);
    expect(readings()).toBe(before + 1);
  });

  test('PHONE when it was typed counts, unless that cannot be', async () => {
    const typed = async (device_at, n) => {
      await as(who).post('/field/reading', { meter: meter(), reading: String(last() + n), note: `typed ${device_at}`, device_at }, { from: '/field/reading' }).is(303);
      return one('select read_at from meter_reading where note = ?', [`typed ${device_at}`]);
    };
    const now = instance().now(), iso = (t) => new Date(t).toISOString().replace(/\.\d+Z/, 'Z');
    expect(await typed(iso(now - 2 * 3600e3), 1)).toBe(iso(now - 2 * 3600e3).replace('T', ' ').replace('Z', '') + '.000000');
    expect(new Date(`${await typed(iso(now.getTime() + 3600e3), 1)}Z`) - now).toBeLessThan(60e3);      // an hour ahead: the phone's clock is wrong
    expect(new Date(`${await typed(iso(now - 80 * 3600e3), 1)}Z`) - now).toBeGreaterThan(-60e3);
    await as(who).post('/field/reading', { meter: meter(), reading: String(last() + 1), device_at: 'yesterday' }, { from: '/field/reading' }).is(303);
  });

  test('PHONE the worker is a script of our own, for these pages only', async () => {
    const answer = await as(null).get('/u/swa-w/field/worker.js').is(200);
    expect(answer.headers['service-worker-allowed']).toBe('/u/swa-w/field');
    expect(answer.headers['content-type']).toContain('text/javascript');
    expect(answer.body).toMatch(/^importScripts\("\/s\/field_worker[^"]+\.js"\);\n$/);
  });

  test('PHONE without a network: kept, through a reload, and sent exactly once', async () => {
    test.setTimeout(150000);
    const line = await line_to(instance().port), browser = await phone(line.port);
    try {
      const context = await browser.newContext({ ignoreHTTPSErrors: true, viewport: { width: 360, height: 740 } });
      const page = await context.newPage(), fe = as.anew(who), sent = [];
      page.setDefaultTimeout(15000);
      page.on('request', (r) => { if (r.method() === 'POST') sent.push(r.postData()); });
      await fe.browse(page, '/field/reading');
      await expect.poll(() => page.evaluate(async () => !!(await navigator.serviceWorker.getRegistration())?.active && !!(await caches.match(location.href))), { timeout: 30000 }).toBe(true);      // this page is kept last
      const before = readings(), first = last() + 2;
      const type = async (value) => {
        await expect(page.locator('main')).toContainText('Meter number');
        await page.getByLabel('Meter number').fill(meter());
        await page.getByLabel('Reading', { exact: true }).fill(String(value));
        await page.getByLabel('Note').fill('from the phone');
        await page.getByRole('button', { name: 'Save the reading' }).click();
      };
      line.cut();
      await type(first);
      await expect(page.locator('#said')).toContainText('Kept on this phone.');
      await expect(page.locator('#pending')).toContainText('Not sent yet: 1');
      await page.goto(`https://${fe.host}/u/swa-w/field/reading`).catch((e) => { throw new Error(`${e.message}; ${line.said()}`); });
      await expect(page.locator('#pending')).toContainText('Not sent yet: 1');
      expect(await page.getByLabel('Meter number').count(), `${page.url()} ${line.said()} ${await page.evaluate(stored)}`).toBe(1);      // the page comes from the phone
      await type(first + 1);                                        // with a key of its own
      await expect(page.locator('#pending')).toContainText('Not sent yet: 2');
      await page.goto(`https://${fe.host}/u/swa-w/field/pending`);
      await expect(page.locator('#waiting li')).toHaveCount(2);
      await expect(page.locator('#waiting')).toContainText(`${meter()}, ${first}`);
      expect(readings()).toBe(before);
      line.mend();
      await page.getByRole('button', { name: 'Send now' }).click({ timeout: 2000 }).catch(() => {});      // or the phone was faster: it sends by itself
      await expect(page.locator('#waiting li')).toHaveCount(0, { timeout: 30000 });
      await expect(page.locator('#pending')).toBeHidden();
      await expect(page.locator('#nothing')).toContainText('Everything was sent.');
      expect(readings()).toBe(before + 2);
      await page.reload();
      await sleep(1500);
      expect(readings()).toBe(before + 2);
      const keys = sent.map((body) => new URLSearchParams(body).get('form_key')).filter(Boolean);
      expect(new Set(keys).size).toBe(2);
    } finally { await browser.close(); line.end(); }
  });

  test('PHONE an answer that was lost does no second reading; a refusal is shown and stays until it is read', async () => {
    test.setTimeout(150000);
    const browser = await phone(instance().port);
    try {
      const context = await browser.newContext({ ignoreHTTPSErrors: true, viewport: { width: 360, height: 740 }, serviceWorkers: 'block' });
      const page = await context.newPage(), fe = as.anew(who), before = readings();
      page.setDefaultTimeout(15000);
      let lose = true;
      await context.route('**/field/reading', async (route) => {
        if (route.request().method() !== 'POST' || !lose) return route.fallback();
        lose = false;
        const { status } = await fe.send('POST', '/u/swa-w/field/reading', { headers: { 'Content-Type': 'application/x-www-form-urlencoded', Origin: `https://${fe.host}`, 'Sec-Fetch-Site': 'same-origin' }, body: route.request().postData() });
        expect(status).toBe(303);                                    // it arrives, its answer does not
        await route.abort();
      });
      await fe.browse(page, '/field/reading');
      await page.getByLabel('Meter number').fill(meter());
      await page.getByLabel('Reading', { exact: true }).fill(String(last() + 2));
      await page.getByLabel('Note').fill('from the phone');
      await page.getByRole('button', { name: 'Save the reading' }).click();
      await expect(page.locator('#pending')).toContainText('Not sent yet: 1');
      expect(readings()).toBe(before + 1);
      await expect(page.locator('#pending')).toBeHidden({ timeout: 30000 });        // sent again by itself
      expect(readings()).toBe(before + 1);
      // a mistake is answered at once, with everything typed
      await page.goto(`https://${fe.host}/u/swa-w/field/reading`);
      await page.getByLabel('Meter number').fill('WA-MTR-999999');
      await page.getByLabel('Reading', { exact: true }).fill('5');
      await page.getByRole('button', { name: 'Save the reading' }).click();
      await expect(page.locator('.s-errs')).toContainText('There is no meter WA-MTR-999999 in your area.');
      await expect(page.getByLabel('Meter number')).toHaveValue('WA-MTR-999999');
      // the same, typed without a network, is shown among what waits
      await page.goto(`https://${fe.host}/u/swa-w/field/reading`);
      await page.getByLabel('Meter number').fill('WA-MTR-999999');
      await page.getByLabel('Reading', { exact: true }).fill('5');
      await context.setOffline(true);
      await page.getByRole('button', { name: 'Save the reading' }).click();
      await expect(page.locator('#pending')).toContainText('Not sent yet: 1');
      await context.setOffline(false);
      await page.goto(`https://${fe.host}/u/swa-w/field/pending`);
      await expect(page.locator('#waiting .err')).toContainText('There is no meter WA-MTR-999999 in your area.', { timeout: 20000 });
      await page.getByRole('button', { name: 'Discard' }).click();
      await expect(page.locator('#waiting li')).toHaveCount(0);
    } finally { await browser.close(); }
  });

  test('PHONE pages look right', async ({ page }) => {
    test.setTimeout(120000);
    for (const path of ['/field', '/field/pending', '/field/reading']) {
      await as(who).browse(page, path);
      await looks_right(page, { shots: `phone${path.replace(/\W+/g, '-')}` });
    }
  });
});
