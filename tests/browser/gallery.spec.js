// The look without an application behind it: macros and sample pages drawn by `make gallery`, served under the real policy.
//   SMART360_GOLDEN=write npx playwright test -c tests gallery    takes the gallery as it is now for golden
//   SMART360_SHOTS=1 ...                                            keeps pictures in build/tests/shots
const { test: base, expect, chromium } = require('@playwright/test');
const { execFileSync } = require('child_process');
const fs = require('fs');
const path = require('path');
const { looks_right, watch } = require('../support/browser');
const { build } = require('../support/instance');
const { serve } = require('./server');

const out = path.join(build, 'gallery'), statics = path.join(build, 'static'), golden = path.join(__dirname, 'gallery.golden.html');
const samples = fs.readdirSync(path.join(__dirname, 'samples')).filter((f) => f.endsWith('.hdf')).map((f) => f.slice(0, -4)).sort();
const asked = [];

const test = base.extend({
  site: [async ({}, use) => {
    execFileSync('make', ['-C', build, '-s', 'gallery'], { stdio: ['ignore', 'pipe', 'pipe'] });
    const site = await serve(out, statics, {
      '/u/kcw/search/suggest': (req, res, headers) => { asked.push(req.url); res.writeHead(200, { ...headers, 'Content-Type': 'text/html' }).end('<title>x</title><main><div class="s-sug"><ul><li><a href="/u/kcw/c/1">Meera Pillai</a></li></ul></div></main>'); },
      '/u/kcw/bx/exceptions': (req, res, headers) => {
        asked.push(`${req.headers['hx-request'] ? 'part ' : ''}${req.url}`);
        if (/zone=1/.test(req.url)) return res.writeHead(500, headers).end();
        res.writeHead(200, { ...headers, 'Content-Type': 'text/html; charset=utf-8' }).end(fs.readFileSync(path.join(out, 'staff-empty.html')));
      },
      '/data/interval.json': (req, res, headers) => {        // a year of quarter hours
        const t = [], v = [], before = [];
        for (let i = 0; i < 35040; i++) { t.push(1743465600 + i * 900); v.push(i % 700 === 3 ? null : Math.round(100 * (1 + Math.sin(i / 15) ** 2)) / 100); before.push(1); }
        res.writeHead(200, { ...headers, 'Content-Type': 'application/json' }).end(JSON.stringify({ unit: 'kWh', zone: 'Asia/Kolkata', t, series: [{ name: 'Use', v, style: 1 }, { name: 'Last year', v: before, style: 2 }] }));
      },
      '/data/map.json': (req, res, headers) => res.writeHead(200, { ...headers, 'Content-Type': 'application/json' }).end(JSON.stringify({
        points: [{ lat: 9.98, lon: 76.28, title: '<b>Stop 12</b>', text: '14/2 Temple Road', url: '/stop/12', tone: 'warn' }, { lat: 9.99, lon: 76.29, title: 'Stop 13', url: '//evil.example', tone: 'ok' }],
        lines: [{ path: [[9.98, 76.28], [9.99, 76.29]] }], areas: [{ path: [[9.97, 76.27], [9.97, 76.3], [10, 76.3]], title: 'Outage', tone: 'bad' }] })),
      '/u/kcw/jobs/1': (req, res, headers) => res.writeHead(204, headers).end(),
      '/u/kcw/slow': (req, res, headers) => { asked.push(req.method); setTimeout(() => res.writeHead(204, headers).end(), 1500); },
    });
    await use(site);
    site.close();
  }, { scope: 'worker' }],
  chrome: [async ({}, use) => {
    const browser = await chromium.launch({ executablePath: process.env.CHROMIUM || '/usr/bin/chromium', args: ['--no-sandbox'] });
    await use(browser);
    await browser.close();
  }, { scope: 'worker' }],
  open: async ({ chrome, site }, use) => {
    const contexts = [];
    await use(async (name, options = {}) => {
      const context = await chrome.newContext({ viewport: { width: 1440, height: 900 }, ...options });
      contexts.push(context);
      const found = await watch(context);
      const page = await context.newPage();
      await page.goto(`${site.url}/${name}.html`);
      return { page, found };
    });
    for (const c of contexts) await c.close();
  },
});

// Hashes of static files change with their content; they are no part of what the macros write.
const plain = (html) => html.replace(/\.[0-9a-f]{10}\./g, '.');

test('gallery: macros write what they wrote', async ({ site }) => {
  expect(site.url).toBeTruthy();
  const now = plain(fs.readFileSync(path.join(out, 'gallery.html'), 'utf8'));
  if (process.env.SMART360_GOLDEN === 'write') fs.writeFileSync(golden, now);
  const was = fs.readFileSync(golden, 'utf8').split('<section data-macro=');
  now.split('<section data-macro=').forEach((part, i) => expect.soft(part, `the macro ${part.slice(0, 20)}`).toBe(was[i]));
  expect(now.split('<section data-macro=').length).toBe(was.length);
});

test('gallery: nothing raw, nothing inline', async ({ site }) => {
  expect(site.url).toBeTruthy();
  for (const name of ['gallery', ...samples]) {
    const html = fs.readFileSync(path.join(out, `${name}.html`), 'utf8');
    if (name === 'mail') continue;
    expect.soft(html, name).not.toMatch(/\sstyle=|\son[a-z]+=|<style|<script(?![^>]*\ssrc=)|javascript:|"data:/);
    const ids = [...html.matchAll(/\sid="([^"]+)"/g)].map((m) => m[1]);
    expect.soft(ids.filter((id, i) => ids.indexOf(id) !== i), `${name}: ids given twice`).toEqual([]);
    const named = [...html.matchAll(/aria-(?:labelledby|describedby)="([^"]+)"/g)].flatMap((m) => m[1].split(' '));
    expect.soft(named.filter((id) => !ids.includes(id)), `${name}: names of nothing`).toEqual([]);
  }
  expect(fs.readFileSync(path.join(out, 'gallery.html'), 'utf8')).toContain('O&#39;Brien &amp; &quot;Sons&quot; &lt;Ltd&gt;');
});

test('gallery: static files keep their budgets', async ({ site }) => {
  expect(site.url).toBeTruthy();
  const kb = (pattern) => fs.readdirSync(statics).filter((f) => pattern.test(f)).reduce((sum, f) => sum + fs.statSync(path.join(statics, f)).size, 0) / 1024;
  expect.soft(kb(/^app\..*css\.gz$/)).toBeLessThan(14);
  expect.soft(kb(/^app\..*js\.gz$/)).toBeLessThan(6);
  expect.soft(kb(/^icons\..*gz$/)).toBeLessThan(6);
  expect.soft(kb(/^inter-latin.*woff2$/)).toBeLessThan(27);
  expect.soft(kb(/^inter-money.*woff2$/)).toBeLessThan(6);
  expect.soft(kb(/^htmx\..*gz$/)).toBeLessThan(17);
  for (const line of fs.readFileSync(path.join(statics, 'assets.txt'), 'utf8').trim().split('\n')) {
    expect.soft(fs.existsSync(path.join(statics, line.split(' ')[1].slice(3))), line).toBe(true);
  }
});

for (const name of samples.filter((n) => n !== 'mail')) {
  test(`sample ${name}: no fault in either theme from 320 to 1440`, async ({ open }) => {
    const { page, found } = await open(name);
    await looks_right(page, { widths: [1440, 1024, 390, 320], shots: process.env.SMART360_SHOTS ? `sample-${name}` : null });
    expect(found).toEqual([]);
  });
  test(`sample ${name}: right to left, doubled text, forced colours`, async ({ open }) => {
    const { page, found } = await open(name);
    const sideways = () => page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    await page.evaluate(() => { document.documentElement.dir = 'rtl'; });
    for (const width of [1440, 390]) {
      await page.setViewportSize({ width, height: 800 });
      expect.soft(await sideways(), `right to left at ${width}`).toBeLessThanOrEqual(0);
    }
    if (process.env.SMART360_SHOTS) await page.screenshot({ path: path.join(build, 'tests', 'shots', `sample-${name}-rtl.png`), fullPage: true });
    await page.evaluate(() => { document.documentElement.dir = 'ltr'; });
    const cdp = await page.context().newCDPSession(page);
    await cdp.send('Emulation.setEmulatedMedia', { features: [{ name: 'forced-colors', value: 'active' }] });
    expect.soft(await sideways(), 'forced colours').toBeLessThanOrEqual(0);
    await page.emulateMedia({ forcedColors: null });
    await page.evaluate(() => { document.documentElement.style.fontSize = '200%'; });
    for (const width of [1280, 360]) {
      await page.setViewportSize({ width, height: 800 });
      expect.soft(await sideways(), `doubled text at ${width}`).toBeLessThanOrEqual(0);
      const cut = await page.evaluate(() => [...document.querySelectorAll('.btn,.s-b,h1,h2,.s-bottom a,dd,.p-amt')].filter((e) => e.offsetParent && getComputedStyle(e).display !== 'inline' && (e.scrollWidth > e.clientWidth + 2 || e.scrollHeight > e.clientHeight + 4)).map((e) => `${e.className} ${e.textContent.slice(0, 30)}`));
      expect.soft(cut, `doubled text at ${width}: cut`).toEqual([]);
    }
    if (process.env.SMART360_SHOTS) await page.screenshot({ path: path.join(build, 'tests', 'shots', `sample-${name}-double.png`), fullPage: true });
    expect(found.filter((f) => !/policy|Content Security Policy/.test(f))).toEqual([]);
  });
}

test('gallery page: no fault of its own', async ({ open }) => {
  const { page, found } = await open('gallery');
  for (const scheme of ['light', 'dark']) for (const width of [1440, 320]) {
    await page.setViewportSize({ width, height: 800 });
    await page.emulateMedia({ colorScheme: scheme });
    expect.soft(await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth), `${scheme} ${width}`).toBeLessThanOrEqual(0);
    await page.evaluate(fs.readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8'));
    const faults = await page.evaluate(async () => (await window.axe.run(document, { resultTypes: ['violations'], runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'] })).violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.target.join(' ')).slice(0, 3)}`));
    expect.soft(faults, `${scheme} ${width}`).toEqual([]);
  }
  expect(found).toEqual([]);
});

test('without script: menu, filters, table of a chart, choosing', async ({ open }) => {
  const { page } = await open('staff-list', { javaScriptEnabled: false, viewport: { width: 390, height: 800 } });
  await expect(page.locator('.s-nav')).toBeHidden();
  await page.click('.s-burger');
  await expect(page.locator('.s-nav')).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(page.locator('.s-nav')).toBeHidden();
  await expect(page.locator('.s-bulk')).toBeVisible();
  await page.fill('.s-filter [name=q]', 'meera');
  const [request] = await Promise.all([page.waitForRequest(/exceptions/), page.click('.s-filter button')]);
  expect(request.url()).toContain('q=meera');
});

test('errors take the focus and lead to their fields without script', async ({ open }) => {
  const { page } = await open('form-errors', { javaScriptEnabled: false });
  await expect(page).toHaveTitle(/^Error: /);
  await expect(page.locator('.s-errs')).toBeFocused();
  await page.click('.s-errs a >> nth=0');
  await expect(page.locator('#f-mobile')).toBeFocused();
});

test('keys: search, rows, ticks, list of keys; not in fields, not with Ctrl', async ({ open }) => {
  const { page } = await open('staff-list');
  await page.keyboard.press('j');
  await page.keyboard.press('j');
  await expect(page.locator('tr.at a >> nth=0')).toHaveText('EX-20417');
  await page.keyboard.press('x');
  await expect(page.locator('[data-selected]')).toHaveText('1 selected');
  await page.keyboard.press('Control+j');
  await expect(page.locator('tr.at a >> nth=0')).toHaveText('EX-20417');
  await page.keyboard.press('?');
  await expect(page.locator('.s-keys')).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(page.locator('.s-keys')).toBeHidden();
  await page.keyboard.press('/');
  await expect(page.locator('#q')).toBeFocused();
  await page.keyboard.type('jx?');
  await expect(page.locator('#q')).toHaveValue('jx?');
  await expect(page.locator('.s-keys')).toBeHidden();
});

test('search suggests after two characters, arrows walk, Escape closes', async ({ open }) => {
  const { page } = await open('staff-list');
  asked.length = 0;
  await page.locator('#q').pressSequentially('mee', { delay: 20 });
  await expect(page.locator('.s-sugs a')).toHaveText('Meera Pillai');
  expect(asked).toEqual(['/u/kcw/search/suggest?q=mee']);
  await page.keyboard.press('ArrowDown');
  await expect(page.locator('.s-sugs a')).toBeFocused();
  await page.keyboard.press('Escape');
  await expect(page.locator('.s-sugs')).toBeHidden();
});

test('search suggests the rows of a table too', async ({ open, chrome }) => {
  expect(chrome).toBeTruthy();
  const { page } = await open('staff-empty');
  await page.evaluate(() => { document.querySelector('#q').dataset.search = '/staff-list.html'; });
  await page.locator('#q').pressSequentially('nir', { delay: 20 });
  await expect(page.locator('.s-sugs a >> nth=4')).toHaveText('Nirmala Devi EX-20409');
});

test('choose all of the page; the bar counts', async ({ open }) => {
  const { page } = await open('staff-list');
  await page.check('[data-all]');
  await expect(page.locator('[data-selected]')).toHaveText('6 selected');
  await page.uncheck('[data-all]');
  await expect(page.locator('.s-bulk')).toBeHidden();
});

test('a form is sent once and its button says so', async ({ open }) => {
  const { page } = await open('staff-form');
  asked.length = 0;
  await page.evaluate(() => { document.querySelector('.s-form').action = '/u/kcw/slow'; });
  await page.click('.s-form .btn.primary', { noWaitAfter: true });
  await page.evaluate(() => document.querySelector('.s-form .btn.primary').click());
  await expect(page.locator('.s-form .btn.primary')).toHaveText('Saving…');
  await page.waitForTimeout(1400);
  expect(asked).toEqual(['POST']);
});

test('a server out of reach is said in a toast', async ({ open }) => {
  const { page } = await open('staff-list');
  await page.selectOption('.s-filter [name=zone]', { index: 1 });
  await expect(page.locator('.s-toast')).toHaveText('Could not reach the server. Try again.');
});

test('a filter swaps only the list, the address follows, back returns', async ({ open }) => {
  const { page, found } = await open('staff-list');
  asked.length = 0;
  await page.evaluate(() => { window.same = true; });
  await page.selectOption('.s-filter [name=kind]', { index: 2 });
  await expect(page.locator('#list .s-empty')).toBeVisible();
  expect(asked).toHaveLength(1);
  expect(asked[0]).toMatch(/^part \/u\/kcw\/bx\/exceptions\?.*kind=2/);
  expect(page.url()).toContain('kind=2');
  expect(await page.evaluate(() => window.same)).toBe(true);
  await expect(page.locator('h1')).toHaveText('Exceptions');
  await page.goBack();
  await expect(page.locator('#list tbody tr')).toHaveCount(6);
  expect(found).toEqual([]);
});

test('a bill or record prints without shell and buttons', async ({ open }) => {
  const { page } = await open('consumer-360');
  await page.emulateMedia({ media: 'print' });
  for (const hidden of ['.s-sidewrap', '.s-top', '.s-tabs', '.s-acts >> nth=0']) await expect.soft(page.locator(hidden)).toBeHidden();
  await expect(page.locator('h1')).toBeVisible();
  expect(await page.evaluate(() => getComputedStyle(document.body).backgroundColor)).toBe('rgb(255, 255, 255)');
});

test('a year of quarter hours and a map are drawn under the policy', async ({ open }) => {
  const { page, found } = await open('staff-interval');
  await expect(page.locator('.plot[data-drawn] canvas')).toBeVisible();
  await expect(page.locator('.map[data-drawn] path')).toHaveCount(4);
  await page.locator('.map path[fill-opacity="1"] >> nth=0').dispatchEvent('click');
  await expect(page.locator('.leaflet-popup-content')).toHaveText('<b>Stop 12</b>14/2 Temple Road');
  await expect(page.locator('.leaflet-popup-content a')).toHaveAttribute('href', '/stop/12');
  await page.locator('.map').click({ position: { x: 12, y: 370 } });
  await expect(page.locator('[name=lat]')).toHaveValue(/^\d+\.\d{6}$/);
  expect(found).toEqual([]);
  if (process.env.SMART360_SHOTS) await page.screenshot({ path: path.join(build, 'tests', 'shots', 'sample-interval.png'), fullPage: true });
});

test('lines grow, a large file is refused, a menu closes', async ({ open }) => {
  const { page } = await open('staff-form');
  const rows = page.locator('[data-lines] tbody tr');
  await page.click('[data-add-line]');
  await expect(rows).toHaveCount(3);
  await expect(rows.nth(2).locator('input').nth(0)).toHaveValue('');
  await page.setInputFiles('#f-paper', { name: 'a.pdf', mimeType: 'application/pdf', buffer: Buffer.alloc(10485761) });
  await expect(page.locator('[data-file]')).toHaveText('The file is larger than 10 MB');
  await page.click('.s-me .s-ava');
  await expect(page.locator('.s-me .s-pop.end')).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(page.locator('.s-me .s-pop.end')).toBeHidden();
});
