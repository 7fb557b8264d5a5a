// What every page owes in a real browser: no fault found by axe, no message of the browser or of the policy, no sideways
// scrolling, one H1, in both themes and at both widths; and its weight.
const fs = require('fs');
const { expect } = require('@playwright/test');

const axe = fs.readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');

// Collects console errors, uncaught errors and breaches of the policy of all pages of a context from now on.
async function watch(context) {
  const found = [];
  await context.addInitScript(() => document.addEventListener('securitypolicyviolation', (e) => console.error(`policy: ${e.violatedDirective} ${e.blockedURI} ${e.sourceFile}:${e.lineNumber}`)));
  const listen = (page) => {
    page.on('console', (m) => { if (['error', 'warning'].includes(m.type()) && !/Failed to load resource: the server responded with a status of 4/.test(m.text())) found.push(`${page.url()}: ${m.text()}`); });
    page.on('pageerror', (e) => found.push(`${page.url()}: ${e.message}`));
  };
  context.pages().forEach(listen);
  context.on('page', listen);
  return found;
}

// The same pages are looked at in the part `stories`: with sanitizers only what the server does is of interest.
const brief = process.env.SMART360_LOOK === 'brief';

// Looks at the page as it stands. options.shots: a name for screenshots (build/tests/shots/<name>-<width>-<theme>.png).
async function looks_right(page, options = {}) {
  const before = page.viewportSize();
  for (const width of options.widths ?? [1440, 360]) for (const scheme of brief ? ['light'] : ['light', 'dark']) {
    const where = `${page.url()} at ${width}, ${scheme}`;
    await page.setViewportSize({ width, height: width > 600 ? 900 : 740 });
    await page.emulateMedia({ colorScheme: scheme });
    const facts = await page.evaluate(() => ({
      sideways: document.documentElement.scrollWidth - document.documentElement.clientWidth,
      headings: document.querySelectorAll('h1').length, mains: document.querySelectorAll('main').length,
      title: document.title, lang: document.documentElement.lang,
    }));
    expect.soft(facts.sideways, `${where}: scrolls sideways`).toBeLessThanOrEqual(0);
    expect.soft(facts.headings, `${where}: number of H1`).toBe(1);
    expect.soft(facts.mains, `${where}: number of main`).toBe(1);
    expect.soft(facts.title, `${where}: title`).not.toBe('');
    expect.soft(facts.lang, `${where}: lang`).not.toBe('');
    if (brief) continue;
    if (!(await page.evaluate(() => !!window.axe))) await page.evaluate(axe);
    const faults = await page.evaluate(async () => (await window.axe.run(document, { resultTypes: ['violations'], runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] })).violations
      .map((v) => `${v.id}: ${v.help} (${v.nodes.slice(0, 3).map((n) => n.target.join(' ')).join(', ')})`));
    expect.soft(faults, `${where}: axe`).toEqual([]);
    if (options.shots) await page.screenshot({ path: `${require('./instance').build}/tests/shots/${options.shots}-${width}-${scheme}.png`, fullPage: true });
  }
  if (before) await page.setViewportSize(before);
  await page.emulateMedia({ colorScheme: null });
}

const budgets = {
  staff:  { html: 30, first: 110, later: 35, requests: 10, nodes: 2000, cls: 0.02 },
  portal: { html: 12, first: 70,  later: 12, requests: 8,  nodes: 600,  cls: 0.02 },
};

// Weighs a page in a fresh cache and again with a full one: KB as sent (compressed), requests, nodes, layout shift.
async function weigh(page, url) {
  const cdp = await page.context().newCDPSession(page);
  await cdp.send('Network.enable');
  await cdp.send('Network.clearBrowserCache');
  const measure = async () => {
    const seen = new Map();
    let bytes = 0, html = 0, requests = 0;
    const on_response = (e) => { seen.set(e.requestId, { type: e.type, cached: e.response.fromDiskCache || e.response.fromPrefetchCache }); if (!e.response.fromDiskCache && !e.response.url.startsWith('data:')) requests++; };
    const on_end = (e) => { const s = seen.get(e.requestId); if (!s || s.cached) return; bytes += e.encodedDataLength; if (s.type === 'Document') html += e.encodedDataLength; };
    cdp.on('Network.responseReceived', on_response);
    cdp.on('Network.loadingFinished', on_end);
    await page.goto(url, { waitUntil: 'load' });
    await page.waitForTimeout(250);
    cdp.off('Network.responseReceived', on_response);
    cdp.off('Network.loadingFinished', on_end);
    return { kb: bytes / 1024, html: html / 1024, requests };
  };
  const first = await measure();
  const shape = await page.evaluate(() => new Promise((done) => {
    let cls = 0;
    new PerformanceObserver((list) => list.getEntries().forEach((e) => { if (!e.hadRecentInput) cls += e.value; })).observe({ type: 'layout-shift', buffered: true });
    setTimeout(() => done({ nodes: document.querySelectorAll('*').length, cls }), 50);
  }));
  const later = await measure();
  await cdp.detach();
  return { html: first.html, first: first.kb, later: later.kb, requests: first.requests, ...shape };
}

async function within_budget(page, url, kind) {
  const weight = await weigh(page, url);
  for (const [what, limit] of Object.entries(budgets[kind])) expect.soft(weight[what], `${url}: ${what}`).toBeLessThanOrEqual(limit);
  return weight;
}

module.exports = { watch, looks_right, weigh, within_budget, budgets };
