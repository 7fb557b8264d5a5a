// The frame of a story's tests:
//
//   const { story } = require('../support/story');
//   story('BX05US01', 'BX-FIX', ({ as, test, expect, sql }) => {
//     test('BX05US01.7 a control account takes no manual entry', async ({ page }) => { ... });
//   });
//
// The file begins on a fresh copy of its fixture set; its tests run in order on that copy; afterwards `smart360 verify`
// must find every invariant kept and the program's logs no sanitizer report. What the callback gets:
//   as(who)          a person by role code ('billing_manager'), role code with number ('cso1'), mail address, or null
//                    (not signed in); see person.js
//   anyone(host)     somebody not signed in, at another host: anyone('my.swa.test'), anyone('platform.smart360.test')
//   sql(text, [v])   rows of the tenant's schema; sql.platform(...) of the platform's
//   one(text, [v])   the first column of the first row
//   ledger(account)  posted lines of an account (null: of all): [{ txn, code, debit, credit, date }], amounts as "12.34"
//   jobs_run()       waits until no job is due; fails when one died
//   mails(to)        messages sent to an address: [{ to, subject, body }]
//   clock(at)        sets the instance's clock ('2026-04-16T10:00-07:00'); clock.forward({ days, hours, minutes }). More than
//                    8 hours from the set's clock recurring jobs are held: a test of one enqueues it as the scheduler
//                    would, and jobs_run(); clock.recurring(true) runs them there, clock.recurring(false) holds them at once
//   owner(who, what, { name: value })       an owner's function, where there is no page yet (owner.c): { id, no, status }
//   command(...)     a command of the program;  verify()  the checker, now
//   looks_right, within_budget, watch       see browser.js
const { test: base, expect, chromium } = require('@playwright/test');
const { execFileSync } = require('child_process');
const { Instance, sleep } = require('./instance');
const { Person, request } = require('./person');
const browser_checks = require('./browser');

const test = base.extend({
  // The browser of this worker finds every *.test host at the worker's instance, at the usual port.
  browser: [async ({ instance }, use) => {
    const browser = await chromium.launch({
      executablePath: process.env.CHROMIUM || '/usr/bin/chromium',
      args: [...(process.getuid() === 0 ? ['--no-sandbox'] : []), '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
        '--disable-component-update', '--disable-sync', `--host-resolver-rules=MAP *.test:443 127.0.0.1:${instance.port}`],
    });
    await use(browser);
    await browser.close();
  }, { scope: 'worker' }],
  instance: [async ({}, use, info) => use(await Instance.of(info.parallelIndex)), { scope: 'worker', timeout: 240000 }],
});

function story(id, set, body) {
  let instance = null;
  const people = new Map();

  const as = (who) => {
    if (who === null || who === undefined) return new Person(instance);
    // A session that idled away because the clock was moved is opened anew; a test of that keeps the person in a variable.
    const known = people.get(who);
    if (!known || instance.now() - known.seen_at > 25 * 60000) people.set(who, person(instance, who));
    return people.get(who);
  };
  as.anew = (who) => person(instance, who);       // a second session of the same person
  const sql = (text, values) => instance.sql(text, values);
  sql.platform = (text, values) => instance.sql(text, values, 'smart360');
  const one = (text, values) => { const row = instance.sql(text, values)[0]; return row ? Object.values(row)[0] : undefined; };
  // Back from a later time nobody's session is known to stand: what looks after sessions may have ended it meanwhile.
  const clock = (at) => { people.clear(); return instance.set_clock(at); };
  clock.forward = ({ days = 0, hours = 0, minutes = 0, seconds = 0 }) => {
    const ms = (((days * 24 + hours) * 60 + minutes) * 60 + seconds) * 1000;
    if (ms < 0) people.clear();
    return instance.move_clock(ms);
  };
  clock.now = () => instance.now();
  clock.recurring = (recurs) => instance.recurring(recurs);

  const ledger = (account = null) => instance.sql(`
      select t.set_key txn, t.txn_type type, g.code, e.debit_minor debit, e.credit_minor credit, e.effective_date date, a.account_no account
      from ledger_entry e join ledger_txn t on t.id = e.txn_id join gl_code g on g.id = e.gl_code_id left join account a on a.id = e.account_id
      where ? is null or a.account_no = ? order by e.id`, [account, account])
    .map((r) => ({ ...r, debit: money(r.debit), credit: money(r.credit) }));

  // What is due on the instance's clock is run here and now, beside the instance's own workers. It takes less time than the
  // test has: what does not end says itself what it waits for.
  const jobs_run = async (limit_s = Math.min(90, (test.info().timeout || 120000) * 0.75 / 1000)) => {
    const until = Date.now() + limit_s * 1000;
    for (;;) {
      const ended = await within(instance.run('jobs', 'drain'), until - Date.now());
      const now = instance.now().toISOString().replace('T', ' ').replace('Z', '');
      // One statement: between two of them a job could end, and leave an event.
      const [{ due, open }] = instance.sql(`select (select count(*) from smart360.job where state = 'running' or (state = 'ready' and run_at <= ?)) due,
        (select count(*) from outbox_event where dispatched_at is null) open`, [now]);
      if (ended && due === '0' && open === '0') break;
      if (!ended || Date.now() > until) throw new Error(`${due} jobs and ${open} events are still due after ${limit_s} s${ended ? '' : ' (jobs drain has not ended)'}:\n${instance.what_waits()}`);
      await sleep(100);
    }
    const dead = instance.sql("select id, kind, error from job where state = 'dead'", [], 'smart360');
    if (dead.length) throw new Error(`dead jobs: ${JSON.stringify(dead.slice(0, 5))}`);
  };

  // Codes and links that open something are not readable in the history: their text is what the sandbox's outbox got.
  const all_mails = (to) => instance.sql("select m.to_address `to`, m.channel, m.subject, coalesce(o.body_text, m.body_text) body, m.status from message m left join sandbox_outbox o on o.provider_message_id = concat('fake_', m.public_id) where ? is null or m.to_address = ? order by m.id", [to, to]);
  const mails = (to = null) => {
    let all = all_mails(to);
    // Masked until the provider has it; what is over stays masked.
    const waits = (m) => m.body.includes('••••••') && ['queued', 'retry', 'unknown', 'sent_to_provider'].includes(m.status);
    if (all.some(waits)) {
      instance.command('jobs', 'drain');
      for (let i = 0; i < 200 && (all = all_mails(to)).some(waits); i++) execFileSync('sleep', ['0.1']);
    }
    return all;
  };
  const owner = (who, what, fields) => instance.owner(who.includes('@') ? who : `${who}@swa.test`, what, fields);
  const command = (...words) => instance.command(...words);
  const verify = () => {
    const out = instance.command('verify');
    const bad = out.split('\n').filter((line) => /\bBAD\b/.test(line));
    if (bad.length) throw new Error(`smart360 verify:\n${bad.join('\n')}`);
    return out;
  };

  base.describe(id, () => {
    // In ./check a file that fails is run once more as a whole, on a fresh copy of its set; report.js names what needed that.
    if (process.env.SMART360_AGAIN) base.describe.configure({ mode: 'serial', retries: 1 });
    test.beforeAll(async ({ instance: mine }) => {
      instance = mine;
      people.clear();
      instance.order('set', set);
    });
    // What the program itself said goes with a failure into the report (report.js).
    test.afterEach(async ({}, info) => {
      if (instance && info.status !== info.expectedStatus) info.annotations.push({ type: 'log', description: instance.warnings(6).join(' | ') });
    });
    test.afterAll(async () => {
      if (!instance) return;
      if (set !== 'EMPTY' && instance.knows('verify')) verify();
      for (const log of ['web', 'jobs']) {
        const report = instance.log(log).match(/(ERROR: AddressSanitizer|runtime error:|ERROR: LeakSanitizer)[\s\S]{0,2000}/);
        if (report) throw new Error(`${log}: ${report[0]}`);
      }
      // A request that broke is a defect, whatever its test looked at: the visitor may have got a page all the same.
      const broken = base.info().project.name === 'stories' ? instance.log('web').split('\n').filter((line) => / error refused .*\bstatus=500\b/.test(line)) : [];
      if (broken.length) throw new Error(`requests that broke:\n${broken.slice(0, 5).join('\n')}`);
    });
    body({
      as, anyone: (host = 'swa.smart360.test') => new Person(instance, { host, prefix: host.startsWith('my.') ? '/p/swa-w' : '/u/swa-w' }),
      portal: () => new Person(instance, { prefix: '/p/swa-w' }),
      test, expect, sql, one, ledger, jobs_run, mails, clock, command, owner, verify, request: (options) => request(instance, { host: 'swa.smart360.test', ...options }),
      order: (...words) => { if (words[0] === 'set') people.clear(); instance.order(...words); }, instance: () => instance, sleep, ...browser_checks,
    });
  });
}

function person(instance, who) {
  if (who.startsWith('platform_')) return new Person(instance, { email: `${who}@smart360.test`, host: 'platform.smart360.test', prefix: '' });
  const email = who.includes('@') ? who : `${who}@swa.test`;
  const found = new Person(instance, { email }).sign_in();     // the cookie tells staff from consumers
  if (found.cookies['__Host-portal']) found.prefix = '/p/swa-w';
  return found;
}

// True when it is done in time; a failure is the caller's.
async function within(promise, ms) {
  let timer;
  const late = new Promise((done) => { timer = setTimeout(() => done(false), Math.max(ms, 0)); });
  try { return await Promise.race([promise.then(() => true), late]); } finally { clearTimeout(timer); promise.catch(() => {}); }
}

const money = (minor) => { const n = BigInt(minor), a = n < 0n ? -n : n; return `${n < 0n ? '-' : ''}${a / 100n}.${String(a % 100n).padStart(2, '0')}`; };

module.exports = { story, test, expect };
