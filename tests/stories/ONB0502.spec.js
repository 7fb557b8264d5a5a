// The organization's dashboard: how far everything is configured, what wants attention, what was bought.
const { execFileSync } = require('child_process');
const fs = require('fs');
const os = require('os');
const path = require('path');
const { story } = require('../support/story');

// The job that counts, due at once.
const count_now = async ({ sql, jobs_run }) => {
  sql.platform("insert into job (tenant_id, kind, class, run_at, max_attempts) select id, 'dashboard.totals', 'general', '2020-01-01', 3 from tenant where slug = 'swa'");
  await jobs_run();
};
const tile = (page, label) => page.body.match(new RegExp(`<span class="s-kl">${label}</span><span class="s-kv"><strong class="num">([^<]*)<`))?.[1];
const link_of = (page, label) => page.body.match(new RegExp(`<a class="s-kpi" href="([^"]*)"><span class="s-kl">${label}<`))?.[1]?.replace(/&amp;/g, '&');

story('ONB0502', 'ONB-FRESH', ({ as, test, expect, sql, one, jobs_run, looks_right, mails }) => {
  const admin = () => as('tenant_admin');

  test('ONB0502 a figure that was not counted yet is said to be missing; the page stands', async () => {
    const who = admin();
    await jobs_run();                                         // what a first sign-in left to count
    sql('delete from dashboard_counter');
    const page = await who.get('/org/dashboard').is(200);
    expect(tile(page, 'Active users')).toBe('-');
    expect(page.text).toContain('could not be calculated yet: it is being counted');
    expect(page.text).toContain('Complete setup');
    // others were counted, this one was not: nothing is promised
    await count_now({ sql, jobs_run });
    sql("delete from dashboard_counter where `key` = 'now.users_active'");
    const then = await admin().get('/org/dashboard').is(200);
    expect(tile(then, 'Active users')).toBe('-');
    expect(Number(tile(then, 'Failed sign-ins, 24 h'))).toBeGreaterThanOrEqual(0);
    const said = then.body.split('>Active users<')[1].split('</a>')[0];
    expect(said).toContain('could not be calculated');
    expect(said).not.toContain('being counted');
  });

  test('ONB0502.1 currency and date format are 70 % of the organization', async () => {
    await admin().post('/org/setup/regional', { currency: 'USD', date_format: 'MM/DD/YYYY' }, { from: '/org/setup/regional' }).is(303);
    await admin().get('/org/dashboard').sees('70 % done', /Setup progress\s*70/, /Currency\s*40/, /Date format\s*30/, /Time zone\s*0/, 'Continue setup').lacks('View details');
    // nothing can be changed: the button is there, and says why it cannot be pressed
    sql.platform("update tenant set status = 'suspended' where slug = 'swa'");
    const still = await admin().get('/org/dashboard').sees('70 % done', 'Nothing can be changed at the moment.');
    expect(still.body).toMatch(/<span class="s-why">.{0,200}Continue setup/s);
    sql.platform("update tenant set status = 'active' where slug = 'swa'");
    expect((await admin().get('/org/dashboard').lacks('Nothing can be changed')).body).not.toContain('class="s-why"');
    await admin().post('/org/setup/regional', { time_zone: 'America/Los_Angeles' }, { from: '/org/setup/regional' }).is(303);
    await admin().get('/org/dashboard').sees('100 % done', 'View details');
  });

  test('ONB0502.3 of three invitations one is accepted: two are pending', async () => {
    const send = (addresses) => admin().post('/org/admins/invitations', { addresses, role: 'tenant_admin' }, { from: '/org/admins/invitations' });
    await send('nobody').refuses(422, 'addresses', /nobody: Enter a valid e-mail address\./);
    await send(Array.from({ length: 51 }, (_, i) => `a${i}@sfwater.org`).join('\n')).refuses(422, 'addresses', 'Enter at most 50 addresses at once.');
    await send('one@sfwater.org\ntwo@sfwater.org\nthree@sfwater.org\ntenant_admin@swa.test\none@sfwater.org').done('3 invitations are on their way. tenant_admin@swa.test: This person already has access. one@sfwater.org: The address stands twice.');
    await jobs_run();
    const before = await admin().get('/org/dashboard').is(200);
    expect(tile(before, 'Invited')).toBe('3');
    expect(before.text).toContain('3 pending');
    const link = new URL(mails('one@sfwater.org').at(-1).body.match(/https?:\/\/\S+/)[0]);
    await as(null).post('/invite/accept', { password: 'Correct-Horse-9911-Ops', terms: '1' }, { from: link.pathname + link.search }).is(303);
    await jobs_run();
    const after = await admin().get('/org/dashboard').is(200);
    expect(tile(after, 'Invited')).toBe('2');
    expect(after.text).toContain('2 pending');
    expect(await admin().get(link_of(after, 'Invited')).rows()).toHaveLength(3);        // with the head
    // whoever is invited stands on the page and is invited once more from there; taken back, the tile says so at once
    expect(after.text).toContain('two@sfwater.org');
    const id = one("select public_id from user where email = 'two@sfwater.org'");
    await admin().post(`/org/admins/${id}/invitation`, {}, { from: '/org/dashboard' }).is(303);
    expect(one("select sent_count from invitation where email = 'two@sfwater.org'")).toBe('2');
    await admin().post(`/org/admins/${id}/revocation`, {}, { from: '/org/dashboard' }).is(303);
    const less = await admin().get('/org/dashboard').is(200);
    expect(less.body.slice(less.body.indexOf('Pending invitations'))).toContain('three@sfwater.org');
    expect(less.body.slice(less.body.indexOf('Pending invitations'))).not.toContain('two@sfwater.org');
    expect(tile(less, 'Invited')).toBe('1');
  });

  test('ONB0502 the page in a browser', async ({ page }) => {
    test.setTimeout(120000);
    await admin().browse(page, '/org/dashboard');
    await looks_right(page, { shots: 'org-dashboard-fresh' });
  });
});

story('ONB0502', 'ONB-FIX', ({ as, test, expect, sql, one, clock, jobs_run, looks_right, instance }) => {
  const admin = () => as('tenant_admin');
  const utility = () => one("select id from utility where code = 'swa-w'");
  const card = (page, code) => page.body.split('s-util-card').find((part) => part.includes(`>${code},`));

  test('ONB0502.2 the card of a utility shows the weighted percentage of its six parts', async () => {
    const parts = { core_settings: 100, staff_access: 100, calendar: 100, service_areas: 50, pricing_billing: 0, id_formats: 0 };
    for (const [key, percent] of Object.entries(parts)) sql(`update setup_step set percent = ${percent} where utility_id = ${utility()} and step_key = '${key}'`);
    const page = await admin().get('/org/dashboard').is(200);
    expect(card(page, 'swa-w')).toContain('60 % configured');
    expect(card(page, 'swa-w')).toContain('href="/setup?utility=swa-w"');
    const words = card(page, 'swa-w').replace(/<[^>]*>/g, ' ').replace(/&amp;/g, '&').replace(/&nbsp;|\s+/g, ' ');
    for (const [label, percent] of [['Core System Settings', 100], ['Staff & Access Control', 100], ['Calendar & Scheduling', 100], ['Service Area', 50], ['Pricing & Billing', 0], ['IDs & Reference Numbers', 0]])
      expect(words, label).toMatch(new RegExp(`${label}[^%]*\\b${percent} %`));
    for (const said of ['SWA Water & Wastewater', 'Sandbox', 'Water', 'Continue setup']) expect(words).toContain(said);
    expect(card(await admin().get('/utilities').is(200), 'swa-w')).toContain('60 % configured');
  });

  test('ONB0502.4 48,000 of 60,000 accounts are 80 %, in amber, with an alert', async () => {
    test.setTimeout(180000);
    const there = Number(one("select count(*) from account where status not in ('closed', 'cancelled')"));
    sql("insert into consumer (utility_id, consumer_no, last_name) select id, 'X-C', 'Many' from utility where code = 'swa-w'");
    sql("insert into premise (utility_id, premise_no, line1, city, postal_code, address_key, sub_area_id) select a.utility_id, 'X-P', '1 Way', 'Portland', '97204', 'x', min(a.id) from service_area a join utility u on u.id = a.utility_id and u.code = 'swa-w' where a.level = 'sub_area'");
    sql(`insert into account (utility_id, account_no, portal_code, consumer_id, premise_id, category_id, status, currency)
      select c.utility_id, concat('X-', s.seq), right(concat('00000000', hex(s.seq)), 8), c.id, (select id from premise where premise_no = 'X-P'), (select min(id) from consumer_category k where k.utility_id = c.utility_id), 'pending', 'USD'
      from consumer c join seq_1_to_${48000 - there} s where c.consumer_no = 'X-C'`);
    sql.platform("insert into job (tenant_id, kind, class, run_at, max_attempts) select id, 'subscription.usage', 'general', '2020-01-01', 3 from tenant where slug = 'swa'");
    await jobs_run();
    const page = await admin().get('/org/dashboard').sees('48,000 of 60,000 (80 %)', '48,000 of 60,000 accounts are used.', 'Staff seats', 'Text messages this month', 'Storage, MB').lacks('last_active');
    expect(page.body).toMatch(/Accounts<\/span><strong class="num">48,000 of 60,000 \(80 %\)<\/strong><svg class="s-bar warn"/);
    for (const [table, column] of [['account', 'account_no'], ['premise', 'premise_no'], ['consumer', 'consumer_no']]) sql(`delete from ${table} where ${column} like 'X-%'`);
  });

  test('ONB0502 what is full is red; the page is asked again each minute, says when it counted, draws three charts and shows the latest changes', async () => {
    sql.platform("update subscription_usage u join tenant t on t.id = u.tenant_id set u.value = 60000 where t.slug = 'swa' and u.metric = 'accounts'");
    for (const first_day_of_week of ['mon', 'sun']) await admin().post('/org/setup/regional', { first_day_of_week }, { from: '/org/setup/regional' }).is(303);
    await count_now({ sql, jobs_run });
    const page = await admin().get('/org/dashboard').sees('60,000 of 60,000 (100 %)', 'Growth', /as of \d?\d:\d\d/, 'Refresh');
    expect(page.body).toMatch(/Accounts<\/span><strong class="num">60,000 of 60,000 \(100 %\)<\/strong><svg class="s-bar bad"/);
    expect(page.body).toMatch(/id="live"[^>]*hx-get="\/org\/dashboard\?days=30"[^>]*hx-trigger="every 60s"/);
    for (const title of ['Sign-ins per day, 30 days', 'Configured, per cent', 'Messages and payments per day, 30 days']) expect(page.body).toContain(title);
    expect(page.body).toContain('<path class="l1"');            // sign-ins as a line
    expect((await admin().get('/org/dashboard?days=7').is(200)).body).toContain('hx-get="/org/dashboard?days=7"');
    // the last ten entries, the newest first
    const latest = page.body.slice(page.body.indexOf('Latest changes'));
    const list = latest.slice(0, latest.indexOf('</section>'));
    const entries = Number(one("select count(*) from audit_entry where action not in ('view', 'denied')"));
    expect(entries).toBeGreaterThan(1);
    expect(list.match(/<li/g) ?? []).toHaveLength(Math.min(10, entries));
    expect(list).toContain('System administrator');
    sql.platform("update subscription_usage u join tenant t on t.id = u.tenant_id set u.value = 1 where t.slug = 'swa' and u.metric = 'accounts'");
  });

  test('ONB0502.5 a webhook that died is counted and leads to the dead events', async () => {
    await count_now({ sql, jobs_run });
    expect(tile(await admin().get('/org/dashboard').is(200), 'Webhook failures, 24 h')).toBe('0');
    sql(`insert into webhook_event (utility_id, source, account_ref, driver, provider_event_id, type, received_at, state) select id, 'gateway', 1, 'sandbox', 'evt_dead', 'x', '2026-04-15 16:50:00', 'dead' from utility where code = 'swa-w'`);
    await count_now({ sql, jobs_run });
    const page = await admin().get('/org/dashboard').is(200);
    expect(tile(page, 'Webhook failures, 24 h')).toBe('1');
    expect(link_of(page, 'Webhook failures, 24 h')).toBe('/u/swa-w/integrations/events?state=dead&age=24h');
    // one that died the week before is in the list of all of them, not in the figure and not in its list
    sql(`insert into webhook_event (utility_id, source, account_ref, driver, provider_event_id, type, received_at, state) select id, 'gateway', 1, 'sandbox', 'evt_old', 'x', '2026-04-08 16:50:00', 'dead' from utility where code = 'swa-w'`);
    await count_now({ sql, jobs_run });
    expect(tile(await admin().get('/org/dashboard').is(200), 'Webhook failures, 24 h')).toBe('1');
    expect(await admin().get('/u/swa-w/integrations/events?state=dead&age=24h').rows()).toHaveLength(2);
    expect(await admin().get('/u/swa-w/integrations/events?state=dead&age=older').rows()).toHaveLength(2);
    expect(await admin().get('/u/swa-w/integrations/events?state=dead').rows()).toHaveLength(3);
    // of a second utility too: the tile is their sum and leads to its parts, each with its list
    sql(`insert into webhook_event (utility_id, source, account_ref, driver, provider_event_id, type, received_at, state) select id, 'gateway', 1, 'sandbox', concat('evt_dead', seq), 'x', '2026-04-15 16:51:00', 'dead' from utility join seq_2_to_3 where code = 'swa-e'`);
    await count_now({ sql, jobs_run });
    const both = await admin().get('/org/dashboard').is(200);
    expect([tile(both, 'Webhook failures, 24 h'), link_of(both, 'Webhook failures, 24 h')]).toEqual(['3', '/org/dashboard/webhooks']);
    const parts = await admin().get('/org/dashboard/webhooks').sees('Webhook failures, 24 h', 'SWA East', 'SWA Water & Wastewater');
    for (const [code, n] of [['swa-w', 1], ['swa-e', 2]]) {
      expect(parts.body).toContain(`href="/u/${code}/integrations/events?state=dead&amp;age=24h"`);
      expect(await admin().get(`/u/${code}/integrations/events?state=dead&age=24h`).rows()).toHaveLength(n + 1);
    }
    await admin().get('/org/dashboard/active').is(404);
    await admin().get('/org/dashboard/nothing').is(404);
    await as('utility_admin').get('/org/dashboard/webhooks').is(403);
  });

  test('ONB0502 each tile leads to as many rows as it counts', async () => {
    sql("insert into login_attempt (at, email, realm, result) values ('2026-04-15 16:00:00', 'a@x.org', 'staff', 'wrong_password'), ('2026-04-14 18:00:00', 'b@x.org', 'staff', 'locked'), ('2026-04-13 18:00:00', 'c@x.org', 'staff', 'wrong_password')");
    sql("update user set locked_until = '2030-01-01' where email in ('cso1@swa.test', 'cashier2@swa.test')");
    sql("update user set status = 'inactive' where email = 'cashier2@swa.test'");
    const job = (id, ended) => sql.platform(`insert into job (tenant_id, utility_id, kind, class, state, run_at, ended_at, max_attempts) select id, ${id}, 'try.dead', 'general', 'dead', '2026-04-14', '${ended}', 1 from tenant where slug = 'swa'`);
    sql.platform("insert into job (tenant_id, kind, class, run_at, max_attempts) select id, 'dashboard.totals', 'general', '2020-01-01', 3 from tenant where slug = 'swa'");
    await jobs_run();
    for (const [id, ended] of [[utility(), '2026-04-15 16:00:00'], [utility(), '2026-04-12 16:00:00'], ['null', '2026-04-15 15:00:00']]) job(id, ended);
    sql(`insert into dashboard_counter (utility_id, \`key\`, period, value, updated_at) values (${utility()}, 'now.jobs_failed', '1970-01-01', 1, '2026-04-15 17:00:00'), (null, 'now.jobs_failed', '1970-01-01', 1, '2026-04-15 17:00:00') on duplicate key update value = values(value)`);
    try {
      const page = await admin().get('/org/dashboard').is(200);
      expect(['Active users', 'Locked accounts', 'Failed sign-ins, 24 h', 'Failed jobs, 24 h'].map((label) => tile(page, label))).toEqual([one("select count(*) from user where status = 'active'"), '1', '2', '2']);
      for (const label of ['Locked accounts', 'Failed sign-ins, 24 h'])
        expect(await admin().get(link_of(page, label)).rows(), label).toHaveLength(Number(tile(page, label)) + 1);
      await admin().get(link_of(page, 'Active users')).sees(new RegExp(`\\bof ${tile(page, 'Active users')}\\b`));
      expect(link_of(page, 'Failed jobs, 24 h')).toBe('/org/dashboard/jobs');                // of a utility, and of none
      const parts = await admin().get('/org/dashboard/jobs').sees('The whole organization');
      for (const of of ['utility', 'organization']) {
        const link = parts.body.match(new RegExp(`href="(/u/swa-[we]/jobs[^"]*of=${of})"`, 'g')).map((m) => m.slice(6, -1).replace(/&amp;/g, '&')).find((url) => of === 'organization' || url.startsWith('/u/swa-w/'));
        expect(await admin().get(link).rows(), of).toHaveLength(2);
      }
      expect(await admin().get('/u/swa-w/migration?is_open=1').is(200).and((r) => r.text)).toBeTruthy();
    } finally {
      sql.platform("delete from job where kind = 'try.dead'");
      sql("update user set locked_until = null, status = 'active' where email in ('cso1@swa.test', 'cashier2@swa.test')");
    }
  });

  test('ONB0502 alerts are acknowledged; what ends soon is told of', async () => {
    sql("update tariff_plan_version v join tariff_plan p on p.id = v.plan_id set v.effective_to = '2026-05-01' where p.code = 'RES-FIX' and v.state = 'active'");
    sql.platform("insert into job (tenant_id, kind, class, run_at, max_attempts) select id, 'dashboard.alerts', 'general', '2020-01-01', 3 from tenant where slug = 'swa'");
    await jobs_run();
    await admin().get('/org/dashboard').sees('end on 1 May 2026; no version follows.');
    const alert = one("select id from alert where kind = 'tariff.ends'");
    await admin().post('/org/alerts', { alert }, { from: '/org/dashboard' }).done('Acknowledged.');
    await admin().get('/org/dashboard').sees('Acknowledged by System administrator');
    await admin().post('/org/alerts', { alert: '999999' }).is(404);
    // a version that follows: nothing to tell any more
    sql("update tariff_plan_version v join tariff_plan p on p.id = v.plan_id set v.effective_to = null where p.code = 'RES-FIX' and v.state = 'active'");
    const watch = async () => { sql.platform("insert into job (tenant_id, kind, class, run_at, max_attempts) select id, 'dashboard.alerts', 'general', '2020-01-01', 3 from tenant where slug = 'swa'"); await jobs_run(); };
    await watch();
    expect(one(`select count(*) from alert where id = ${alert} and resolved_at is not null`)).toBe('1');
    await admin().get('/org/dashboard').lacks('no version follows.');
  });

  test('ONB0502 the figures as a file, other periods, and who may not look', async () => {
    await count_now({ sql, jobs_run });
    sql.platform("insert into job (tenant_id, kind, class, run_at, max_attempts) select id, 'subscription.usage', 'general', '2020-01-01', 3 from tenant where slug = 'swa'");
    await jobs_run();
    const file = await admin().get('/org/dashboard?export=csv&days=7').is(200);
    expect(file.headers['content-type']).toContain('text/csv');
    expect(file.body).toContain('measure,utility,period,value,as_of');
    expect(file.body).toMatch(/users_active,,,-?\d+,/);
    expect(file.body).toMatch(/organization_percent,,,100,/);
    expect(file.body).toMatch(/configured_percent,swa-w,,\d+,/);
    expect(file.body).toMatch(/used_storage_mb,,,\d+,/);
    expect(file.body).toMatch(/limit_accounts,,,60000,/);
    expect(file.body.match(/^payments,/gm)).toHaveLength(7);
    await admin().get('/org/dashboard?days=90').sees('Sign-ins per day, 90 days');
    await as('utility_admin').get('/org/dashboard').is(403);
    await as('cso1').get('/org/dashboard').is(403);
  });

  test('ONB0502 the certificate of the web server ends soon: an alert 30, 14 and 3 days before, none after it is renewed', async () => {
    const folder = instance().folder, file = path.join(folder, 'keys', 'tls.crt'), kept = fs.readFileSync(file);
    const made = fs.mkdtempSync(path.join(os.tmpdir(), 'ca-'));
    fs.writeFileSync(path.join(made, 'ca.cnf'), `[ca]\ndefault_ca=x\n[x]\ndatabase=${made}/index.txt\nnew_certs_dir=${made}\nserial=${made}/serial\ndefault_md=sha256\npolicy=p\nx509_extensions=e\nunique_subject=no\n[p]\ncommonName=supplied\n[e]\nsubjectAltName=DNS:*.smart360.test\n`);
    const openssl = (...words) => execFileSync('openssl', words, { stdio: ['ignore', 'pipe', 'pipe'] });
    openssl('req', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-subj', '/CN=smart360.test', '-keyout', `${made}/key`, '-out', `${made}/csr`);
    const until = (days) => {
      fs.writeFileSync(`${made}/index.txt`, '');
      fs.writeFileSync(`${made}/serial`, '01');
      const end = new Date(instance().now().getTime() + days * 86400000).toISOString().replace(/[-:T]|\.\d+/g, '');
      openssl('ca', '-batch', '-selfsign', '-config', `${made}/ca.cnf`, '-in', `${made}/csr`, '-keyfile', `${made}/key`, '-startdate', '20200101000000Z', '-enddate', end, '-out', file);
    };
    const watch = async () => { sql.platform("insert into job (tenant_id, kind, class, run_at, max_attempts) select id, 'certificate.watch', 'general', '2020-01-01', 3 from tenant where slug = 'swa'"); await jobs_run(); };
    const open = () => sql("select severity, subject from alert where kind = 'certificate' and resolved_at is null");
    try {
      for (const [days, severity] of [[200, null], [25, 'info'], [10, 'warning'], [2, 'critical'], [-1, 'critical']]) {
        until(days);
        await watch();
        expect(open().map((a) => a.severity), `${days} days`).toEqual(severity ? [severity] : []);
      }
      expect(open()[0].subject).toContain('The certificate of swa.smart360.test ended');
      await admin().get('/org/dashboard').sees('The certificate of swa.smart360.test ended');
      fs.writeFileSync(file, 'no certificate');
      await watch();
      expect(open()[0].subject).toContain('No certificate that is watched is of swa.smart360.test');
    } finally {
      fs.writeFileSync(file, kept);
      fs.rmSync(made, { recursive: true });
    }
    await watch();
    expect(open()).toEqual([]);
  });

  test('ONB0502 with utilities, in a browser', async ({ page }) => {
    test.setTimeout(120000);
    await admin().browse(page, '/org/dashboard');
    await looks_right(page, { shots: 'org-dashboard' });
    await admin().browse(page, '/org/people');
    await looks_right(page, { shots: 'org-people' });
    await admin().browse(page, '/org/dashboard/jobs');
    await looks_right(page, { shots: 'org-figure' });
  });

  // last: the clock goes on to the next year
  test("ONB0502 next year's holidays are missed from October on, until they are there", async () => {
    test.setTimeout(240000);
    const watch = async () => { sql.platform("insert into job (tenant_id, kind, class, run_at, max_attempts) select id, 'dashboard.alerts', 'general', '2020-01-01', 3 from tenant where slug = 'swa'"); await jobs_run(120); };
    const open = () => one("select count(*) from alert a join utility u on u.id = a.utility_id and u.code = 'swa-w' where a.kind = 'holidays.missing' and a.resolved_at is null");
    sql("delete from holiday where holiday_date >= '2027-01-01'");
    await watch();
    expect(open()).toBe('0');
    clock('2026-10-02T10:00-07:00');
    await watch();
    expect(open()).toBe('1');
    await admin().get('/org/dashboard').sees('The holidays of 2027 are missing.');
    clock('2027-01-03T10:00-08:00');
    await watch();
    expect(open()).toBe('1');                                   // the year has begun without them
    sql("insert into holiday (utility_id, calendar_id, name, type, holiday_date) select utility_id, id, 'New Year', 'federal', '2027-01-01' from calendar where is_default = 1");
    await watch();
    expect(open()).toBe('0');
  });
});
