// Subscriptions, limits and suspension (ONB08US01).
const { execFileSync } = require('child_process');
const fs = require('fs');
const path = require('path');
const zlib = require('zlib');
const { story } = require('../support/story');
const { hold } = require('../support/faults');

// What is in a tar.gz: { name: bytes }.
function untar(bytes) {
  const all = zlib.gunzipSync(bytes), found = {};
  for (let at = 0; at + 512 <= all.length && all[at];) {
    const size = parseInt(all.subarray(at + 124, at + 135).toString(), 8), name = all.subarray(at, at + 100).toString().replace(/\0.*$/s, '');
    found[name] = all.subarray(at + 512, at + 512 + size);
    at += 512 + Math.ceil(size / 512) * 512;
  }
  return found;
}

story('ONB08US01', 'BASE', ({ as, anyone, test, expect, sql, one, clock, command, owner, jobs_run, instance, sleep, order }) => {
  const platform = () => as('platform_admin');
  const tenant = () => sql.platform("select * from tenant where slug = 'swa'")[0];
  const subscription = () => sql.platform("select s.*, p.code from subscription s join subscription_plan p on p.id = s.plan_id join tenant t on t.id = s.tenant_id where t.slug = 'swa' and s.live = 1")[0];
  const lines = () => JSON.parse(sql.platform('select `lines` from subscription_invoice order by id desc limit 1')[0].lines);
  const plan = (code) => sql.platform('update subscription s join tenant t on t.id = s.tenant_id join subscription_plan p on p.code = ? set s.plan_id = p.id, s.price_minor = p.price_minor, s.term = ?, s.status = ? where t.slug = ? and s.live = 1', [code, 'month', 'active', 'swa']);
  const job = (kind) => { sql.platform("insert into job (tenant_id, kind, class, run_at) select id, ?, 'general', utc_timestamp(6) - interval 1 year from tenant where slug = 'swa'", [kind]); return jobs_run(); };

  const proved = () => sql("update session set auth_at = utc_timestamp(6) + interval 100 year where ended_at is null");
  const form = { name: 'Second Water Board', slug: 'swb', admin_email: 'admin@swb.test', admin_name: 'Bea Admin', country: 'US', plan: 'growth', term: 'year' };
  const of = (slug) => sql.platform('select t.*, s.price_minor, s.status sub, s.term from tenant t left join subscription s on s.tenant_id = t.id and s.live = 1 where t.slug = ?', [slug])[0];
  const settled = async (slug, wanted, limit_s = 240) => {
    for (const until = Date.now() + limit_s * 1000; Date.now() < until; await sleep(200)) { const t = of(slug); if (wanted(t)) return t; }
    throw new Error(`${slug}: ${JSON.stringify(of(slug))}`);
  };
  const made = (t) => ['active', 'trial'].includes(t.status) && !t.provisioning_stage;
  const in_tenant = (slug, text) => Object.values(instance().sql(text, [], `smart360_t_${slug}`)[0])[0];

  test('ONB08US01.1 a new tenant is made: Growth for a year costs ten months, its administrator is invited', async () => {
    test.setTimeout(300000);
    for (const slug of ['www', 'api', 'admin', 'platform']) await platform().post('/platform/tenants', { ...form, slug }, { from: '/platform/tenants/new' }).refuses(422, 'slug', `${slug} is reserved.`);
    await platform().post('/platform/tenants', { ...form, slug: 'swa' }, { from: '/platform/tenants/new' }).refuses(422, 'slug', 'swa is taken.');
    expect(sql.platform("select count(*) n from tenant where slug = 'swb'")[0].n).toBe('0');
    expect(one("select count(*) from role_template where code not in ('platform_admin', 'print_vendor')")).toBe('16');
    await as('tenant_admin').get('/platform/tenants').and((r) => expect(r.status).not.toBe(200));
    await platform().post('/platform/tenants', form, { from: '/platform/tenants/new' }).is(303);
    expect(['provisioning', 'active']).toContain(of('swb').status);
    const t = await settled('swb', made);
    expect([t.status, t.price_minor, t.term, t.sub]).toEqual(['active', '2400000', 'year', 'active']);
    // the first year is invoiced at once; a trial is free, and what follows it is invoiced 14 days ahead
    const invoices = (slug) => sql.platform('select i.total_minor total, i.status, datediff(i.due_on, i.issued_on) days, i.period_on from subscription_invoice i join tenant t on t.id = i.tenant_id where t.slug = ?', [slug]);
    expect(invoices('swb')).toEqual([{ total: '2400000', status: 'open', days: '14', period_on: null }]);
    await platform().get('/platform/tenants/swb/tab/invoices').sees('24,000.00');
    await platform().post(`/platform/tenants/swb/invoices/${sql.platform("select i.number from subscription_invoice i join tenant t on t.id = i.tenant_id where t.slug = 'swb'")[0].number}/payment`, {}, { from: '/platform/tenants/swb/tab/invoices' }).is(303);
    expect(invoices('swb').map((i) => i.status)).toEqual(['paid']);
    expect(in_tenant('swb', "select count(*) n from role_template where code not in ('platform_admin', 'print_vendor')")).toBe('16');
    expect(in_tenant('swb', 'select count(*) n from permission')).toBe(one('select count(*) from permission'));
    expect(in_tenant('swb', "select concat(email, ' ', status) from user")).toBe('admin@swb.test invited');
    expect(in_tenant('swb', "select count(*) n from message where to_address = 'admin@swb.test'")).toBe('1');
    await anyone('swb.smart360.test').get('/login').is(200);
    await platform().get('/platform/tenants').sees('Second Water Board', 'Growth');
    await platform().get('/platform/tenants/swb/tab/users').sees('Bea Admin', 'admin@swb.test');
    await platform().get('/platform/tenants/swa/tab/utilities').sees('SWA Water & Wastewater');
    for (const tab of ['subscription', 'usage', 'invoices', 'support', 'audit']) await platform().get(`/platform/tenants/swb/tab/${tab}`).is(200);
    await platform().get('/platform/tenants/swb/tab/consumers').is(404);
  });

  test('ONB08US01.6 killed after the schema was made: Retry completes it, without a seed twice', async () => {
    test.setTimeout(600000);
    const tables = (slug) => Number(sql.platform('select count(*) n from information_schema.tables where table_schema = ?', [`smart360_t_${slug}`])[0].n);
    let slug = null;
    for (const name of ['swc', 'swd', 'swe', 'swf', 'swg']) {         // until a kill falls between the schema and the end
      await platform().post('/platform/tenants', { ...form, name: `Board ${name}`, slug: name, admin_email: `admin@${name}.test` }, { from: '/platform/tenants/new' }).is(303);
      let killed = false;
      for (const until = Date.now() + 120000; Date.now() < until && !killed && !made(of(name));) {
        if (tables(name) < 5) { await sleep(20); continue; }
        for (const pid of fs.readdirSync('/proc').filter((d) => /^\d+$/.test(d))) {
          let words = '';
          try { words = fs.readFileSync(`/proc/${pid}/cmdline`, 'utf8'); } catch { continue; }
          if (words.includes(`tenant\0create\0${name}\0`) && words.includes(instance().config)) { process.kill(Number(pid), 'SIGKILL'); killed = true; }
        }
      }
      const t = await settled(name, (x) => x.status === 'failed' || made(x));
      if (killed && t.status === 'failed') { slug = name; break; }
    }
    expect(slug, 'a tenant that was killed half made').not.toBeNull();
    expect(tables(slug)).toBeGreaterThan(0);
    await platform().get(`/platform/tenants/${slug}`).sees('Try again', 'Failed');
    await anyone(`${slug}.smart360.test`).get('/login').is(404);      // not served before it is whole
    await platform().post(`/platform/tenants/${slug}/retry`, {}, { from: `/platform/tenants/${slug}` }).is(303);
    await settled(slug, made);
    for (const table of ['role', 'permission', 'template', 'user', 'organization_setting', 'security_policy', 'role_template'])
      expect(in_tenant(slug, `select count(*) n from ${table}`), table).toBe(in_tenant('swb', `select count(*) n from ${table}`));
    expect(in_tenant(slug, 'select count(*) n from role_permission')).toBe(in_tenant('swb', 'select count(*) n from role_permission'));
    expect(tables(slug)).toBe(tables('swb'));
    // the dead job is told, and is nothing that the handlers of organizations look for in their tables
    expect(Number(sql.platform("select count(*) n from outbox_event where name = 'job.failed' and dispatched_at is not null")[0].n)).toBeGreaterThan(0);
    expect(sql.platform("select payload from job where kind = 'event.handle' and tenant_id is null")).toEqual([]);
    sql.platform("update job set state = 'cancelled' where state = 'dead' and kind = 'tenant.provision'");
    sql.platform("update subscription_invoice i join tenant t on t.id = i.tenant_id set i.status = 'paid', i.paid_at = i.created_at where t.slug <> 'swa'");       // the tests below look at this organization's
  });

  test('ONB08US01.2 a larger plan begins at once, charged by days', async () => {
    plan('starter');
    sql.platform("update subscription s join tenant t on t.id = s.tenant_id set s.current_period_start = '2026-04-06', s.current_period_end = '2026-05-05' where t.slug = 'swa'");
    clock('2026-04-16T10:00-07:00');                      // 20 of 30 days left, today included
    await as('tenant_admin').post('/org/subscription/plan', { plan: 'growth' }, { from: '/org/subscription' }).is(303);
    expect(lines().map((l) => l.amount_minor)).toEqual([-40000, 160000]);
    expect(sql.platform('select total_minor, status from subscription_invoice order by id desc limit 1')[0]).toEqual({ total_minor: '120000', status: 'open' });
    expect(subscription().code).toBe('growth');
    await as('tenant_admin').get('/org/subscription').sees('Growth', '1,200.00', 'of 60,000');
  });

  test('ONB08US01 two people who take a larger plan at once pay for one', async () => {
    plan('starter');
    const before = Number(sql.platform('select count(*) n from subscription_invoice')[0].n), version = subscription().row_version;
    const end = await hold(instance(), "select s.id from smart360.subscription s join smart360.tenant t on t.id = s.tenant_id where t.slug = 'swa' and s.live = 1 for update");
    const both = [1, 2].map(() => as('tenant_admin').post('/org/subscription/plan', { plan: 'growth' }, { from: '/org/subscription' }).then((r) => r.status));
    await expect.poll(() => sql.platform("select count(*) n from information_schema.innodb_trx where trx_state = 'LOCK WAIT'")[0].n).toBe('2');
    end();
    expect((await Promise.all(both)).sort()).toEqual([303, 409]);
    expect(Number(sql.platform('select count(*) n from subscription_invoice')[0].n)).toBe(before + 1);
    expect(subscription()).toMatchObject({ code: 'growth' });
    expect(Number(subscription().row_version)).toBe(Number(version) + 1);
  });

  test('ONB08US01 a smaller plan waits for the period, and must fit', async () => {
    const now = Number(one("select count(*) from user where status in ('active', 'invited', 'pending')"));
    sql.platform("update subscription_plan set limits = json_set(limits, '$.seats', ?) where code = 'starter'", [now - 1]);
    await as('tenant_admin').post('/org/subscription/plan', { plan: 'starter' }, { from: '/org/subscription' }).refuses(422, 'plan', `Your ${now} seats exceed Starter's ${now - 1}.`);
    sql.platform("update subscription_plan set limits = json_set(limits, '$.seats', 500, '$.utilities', 5) where code = 'starter'");
    await as('tenant_admin').post('/org/subscription/plan', { plan: 'starter' }, { from: '/org/subscription' }).is(303);
    expect([subscription().code, subscription().status]).toEqual(['growth', 'pending_change']);
    sql.platform("update subscription set pending_plan_id = null, status = 'active' where live = 1");
    await as('utility_admin').post('/org/subscription/plan', { plan: 'starter' }).is(403);
  });

  test('ONB08US01.3 beyond the limit and its grace no account is opened, others go on', async () => {
    owner('cso1', 'consumer', { first_name: 'Limit', last_name: 'One', phone: '+15035550111' });
    const consumer = one("select consumer_no from consumer where last_name = 'One'");
    const place = (i) => owner('cso1', 'premise', { line1: `${i} Limit Street`, city: 'Portland', state: 'OR', postal_code: '97205', area: 'BEA-CEN' }).no;
    const open = (i) => owner('cso1', 'account', { consumer, premise: place(i), category: 'RES', status: 'active', opened_on: '2026-04-01' });
    const count = () => Number(one("select count(*) from account where status not in ('closed', 'cancelled')"));
    for (let i = 0; count() < 10; i++) open(i);
    sql.platform("update subscription_plan set limits = json_set(limits, '$.accounts', 10) where code = 'growth'");
    expect(open(100).no).toMatch(/^WA-ACC-/);             // the eleventh is within the grace
    const refused = open(101);
    expect([refused.refused, refused.text]).toEqual([422, 'Account limit reached']);
    expect(count()).toBe(11);
    await job('subscription.usage');
    expect(one("select severity from alert where dedup_key = 'limit:accounts:100' and resolved_at is null")).toBe('critical');
    await as('tenant_admin').get('/org/subscription').sees('11 of 10 (110 %)');
    expect(one("select count(distinct recipient_id) from notification where title like 'The limit of 10 accounts is reached: 1_ are used.'")).toBe(one("select count(distinct u.id) from user u join user_role ur on ur.user_id = u.id join role r on r.id = ur.role_id and r.code = 'tenant_admin' where u.status = 'active'"));
    sql.platform("update subscription_plan set limits = json_set(limits, '$.accounts', 60000) where code = 'growth'");
    await job('subscription.usage');
    expect(one("select count(*) from alert where dedup_key like 'limit:accounts%' and resolved_at is null")).toBe('0');
  });

  test('ONB08US01.4 suspended: staff read only, the portal still takes what comes', async () => {
    const stop = '/platform/tenants/swa/suspension';
    await platform().get(stop).sees('can read, but change nothing');
    await platform().post(stop, { reason: '' }, { from: stop }).refuses(422, 'reason');
    await platform().post('/platform/tenants/swa/suspend').is(409);                  // not by one press
    expect(tenant().status).not.toBe('suspended');
    await platform().post(stop, { reason: 'Asked for by its board' }, { from: stop }).is(303);
    expect(tenant().status).toBe('suspended');
    await platform().get('/platform/tenants/swa').sees('Asked for by its board');
    await platform().get(stop).is(409);
    await as('utility_admin').get('/id-formats').sees('Read-only: the subscription is suspended');
    await as('utility_admin').post('/id-formats/complaint', {}).is(403);
    expect(one("select f.version from id_format f join utility u on u.id = f.utility_id where u.code = 'swa-w' and f.entity_type = 'complaint'")).toBe('1');
    await as(null).get('/p/swa-w/signin').is(200);        // the consumers' side is as it was
  });

  test('ONB08US01 what a person suspended stays so: no payment lifts it, no debt changes it', async () => {
    sql.platform("update subscription_invoice set due_on = '2026-03-20' where status = 'open'");
    for (const row of sql.platform("select number from subscription_invoice where status = 'open'")) await platform().post(`/platform/tenants/swa/invoices/${row.number}/payment`, {}, { from: '/platform/tenants/swa' }).is(303);
    expect(sql.platform("select count(*) n from subscription_invoice where status = 'open'")[0].n).toBe('0');
    expect([tenant().status, subscription().status]).toEqual(['suspended', 'suspended']);
    sql.platform("update subscription_invoice set status = 'open', paid_at = null where id = (select id from (select max(id) id from subscription_invoice) k)");
    sql.platform("update subscription_invoice set due_on = '2026-04-10' where status = 'open'");
    await job('subscription.day');
    expect([tenant().status, subscription().status]).toEqual(['suspended', 'suspended']);         // not past due by the debt
    await platform().post('/platform/tenants/swa/resume', {}, { from: '/platform/tenants/swa' }).is(303);
    expect([tenant().status, tenant().held_at, subscription().status]).toEqual(['active', null, 'active']);
    await job('subscription.day');
    expect([tenant().status, subscription().status]).toEqual(['past_due', 'past_due']);           // now the debt is followed again
  });

  test('ONB08US01.5 the overdue invoice is paid: active at once', async () => {
    sql.platform("update subscription_invoice set due_on = '2026-03-20' where status = 'open'");
    await job('subscription.day');
    expect(tenant().status).toBe('suspended');            // 27 days late
    const no = sql.platform("select number from subscription_invoice where status = 'open' order by id limit 1")[0].number;
    await platform().post(`/platform/tenants/swa/invoices/${no}/payment`, {}, { from: '/platform/tenants/swa' }).is(303);
    for (const row of sql.platform("select number from subscription_invoice where status = 'open' and due_on < '2026-04-16'")) await platform().post(`/platform/tenants/swa/invoices/${row.number}/payment`, {}, { from: '/platform/tenants/swa' }).is(303);
    expect([tenant().status, subscription().status]).toEqual(['active', 'active']);
    await as('utility_admin').get('/id-formats').and((r) => expect(r.text).not.toContain('Read-only'));
  });

  test('ONB08US01 seats: nobody is invited or comes back beyond the limit and its tenth; add-ons give more', async () => {
    const admin = as('utility_admin'), taken = Number(one("select count(*) from user where status in ('active', 'invited', 'pending')"));
    const seats = (n) => sql.platform("update subscription_plan set limits = json_set(limits, '$.seats', ?) where code = 'growth'", [n]);
    const gone = sql("select public_id, full_name from user where email = 'comms_manager@swa.test'")[0];
    await admin.post(`/users/${gone.public_id}/deactivation`, { reason: 'on leave' }, { from: `/users/${gone.public_id}/deactivation` }).is(303);
    seats(taken - 1 - Math.floor((taken - 1) / 11));                   // with its tenth just what is taken now
    const limit = Number(sql.platform("select json_value(limits, '$.seats') n from subscription_plan where code = 'growth'")[0].n);
    expect(Math.floor(limit * 1.1)).toBeLessThanOrEqual(taken);
    sql.platform("update subscription_plan set limits = json_set(limits, '$.seats', 5) where code = 'growth'");
    await admin.post(`/users/${gone.public_id}/reactivation`, {}, { from: `/users/${gone.public_id}` }).refuses(422, null, 'Seat limit reached (5). Add seats or deactivate users.');
    expect(one("select status from user where email = 'comms_manager@swa.test'")).toBe('inactive');
    // ten seats more at once, charged by days; the limit counts them
    seats(taken - 5);
    sql.platform("update subscription s join tenant t on t.id = s.tenant_id set s.current_period_start = '2026-04-06', s.current_period_end = '2026-05-05' where t.slug = 'swa'");
    await as('tenant_admin').post('/org/subscription/add-ons', { seats_10: '2', sms_10000: '0', storage_100: '0' }, { from: '/org/subscription' }).done('Saved');
    expect(lines()[0].text).toContain('2 x 10 staff seats');
    expect(lines()[0].amount_minor).toBe(Math.round(20000 * Number(/(\d+) of 30 days/.exec(lines()[0].text)[1]) / 30));
    await admin.post(`/users/${gone.public_id}/reactivation`, {}, { from: `/users/${gone.public_id}` }).is(303);
    expect(one("select status from user where email = 'comms_manager@swa.test'")).toBe('active');
    // fewer must fit, and begin with the next period
    seats(taken - 15);
    await as('tenant_admin').post('/org/subscription/add-ons', { seats_10: '0' }, { from: '/org/subscription' }).refuses(422, 'seats_10', /^Your \d+ seats exceed \d+\.$/);
    seats(150);
    await as('tenant_admin').post('/org/subscription/add-ons', { seats_10: '1' }, { from: '/org/subscription' }).is(303);
    expect(JSON.parse(sql.platform("select add_ons from subscription s join tenant t on t.id = s.tenant_id where t.slug = 'swa' and s.live = 1")[0].add_ons).seats_10).toBe(2);
    await as('tenant_admin').get('/org/subscription').sees('2 until', 'of 170', 'Your plan');
  });

  test('ONB08US01 an export of everything, documents included, that can be read again', async () => {
    test.setTimeout(180000);
    owner('cso1', 'consumer', { first_name: 'Export', last_name: 'Me', phone: '+15035550188' });
    const folder = path.join(instance().folder, 'documents', 'swa', 'ab');
    fs.mkdirSync(folder, { recursive: true });
    fs.writeFileSync(path.join(folder, 'paper'), 'a paper of the tenant');
    await as('utility_admin').get('/org/subscription/export').is(403);
    proved();
    await as('tenant_admin').get('/org/subscription/export').sees('Make an export', 'No exports yet').and((r) => expect(r.text).not.toMatch(/\[[a-z]+\.[a-z_]+\]/));
    await as('tenant_admin').post('/org/subscription/export', {}, { from: '/org/subscription/export' }).done('The export is being made.');
    await jobs_run(120);
    const row = sql.platform('select * from tenant_export order by id desc limit 1')[0];
    expect([row.state, row.problem]).toEqual(['ready', null]);
    expect(row.checked_at).not.toBeNull();
    await as('tenant_admin').get('/org/subscription/export').sees('Ready', 'Download');
    const bytes = (await as('tenant_admin').get(`/org/subscription/export/${row.public_id}`).is(200)).bytes;
    const files = untar(bytes), manifest = JSON.parse(files['manifest.json'].toString());
    expect(files['documents/ab/paper'].toString()).toBe('a paper of the tenant');
    expect(files['tables/consumer.csv'].toString()).toContain('Export Me');
    for (const file of manifest.files) expect(require('crypto').createHash('sha256').update(files[file.name]).digest('hex'), file.name).toBe(file.sha256);
    const rows = (name) => files[`tables/${name}.csv`].toString().trim().split('\r\n').length - 1;
    for (const table of ['role', 'permission', 'consumer', 'gl_code', 'user']) expect(rows(table), table).toBe(Number(one(`select count(*) from ${table}`)));
    expect(Object.keys(files)).not.toContain('tables/session.csv');
    expect(files['tables/user.csv'].toString().split('\r\n')[0]).not.toMatch(/password/);
    expect(Object.values(files).some((f) => f.includes('$argon2id$'))).toBe(false);
    await platform().get(`/org/subscription/export/${row.public_id}`).and((r) => expect(r.status).not.toBe(200));
    // taking the file away is the act: it wants a proof of its own, and hands nothing over before
    sql("update session set auth_at = '2020-01-01', mfa_at = null, reauth_at = null where ended_at is null");
    const fetched = () => sql.platform('select fetched from tenant_export where id = ?', [row.id])[0].fetched;
    await as('tenant_admin').get(`/org/subscription/export/${row.public_id}`).goes('/account/proof?next=%2Forg%2Fsubscription%2Fexport');
    expect([fetched(), one("select count(*) from audit_entry where action = 'download' and entity = 'tenant_export'")]).toEqual(['1', '1']);
    await as('tenant_admin').get('/account/proof?next=%2Forg%2Fsubscription%2Fexport').sees('This file holds data of people: confirm that it is you');
    await as('tenant_admin').post('/account/proof', { password: 'Correct-Horse-7788' }, { from: '/account/proof?next=%2Forg%2Fsubscription%2Fexport' }).goes('/org/subscription/export');
    await as('tenant_admin').get(`/org/subscription/export/${row.public_id}`).is(200);
    expect(fetched()).toBe('2');
    // One whose job was killed for good: given up, what it left is gone, and another can be asked for.
    const left = path.join(instance().folder, 'documents', 'platform', 'exports');
    sql.platform("insert into tenant_export (tenant_id, asked_by, state, created_at) select id, 'Somebody', 'making', '2026-01-01' from tenant where slug = 'swa'");
    const dead = sql.platform("select public_id from tenant_export where state = 'making'")[0].public_id;
    for (const end of ['part', 'part.csv']) fs.writeFileSync(path.join(left, `${dead}.tar.gz.${end}`), 'half');
    await as('tenant_admin').get('/org/subscription/export').sees('Failed', 'The job ended before the archive was whole. Ask for another one.').lacks('Being made');         // at once, without a sweep
    clock.forward({ days: 8 });
    proved();
    await as('tenant_admin').get(`/org/subscription/export/${row.public_id}`).is(404);              // over, before the job removes it
    await job('tenant.export_end');
    expect(sql.platform('select state, problem from tenant_export where public_id = ?', [dead])).toEqual([{ state: 'failed', problem: 'The job ended before the archive was whole. Ask for another one.' }]);
    for (const end of ['part', 'part.csv']) expect(fs.existsSync(path.join(left, `${dead}.tar.gz.${end}`))).toBe(false);
    await as('tenant_admin').get('/org/subscription/export').sees('Ask for another one.', 'Expired');
    await as('tenant_admin').get(`/org/subscription/export/${row.public_id}`).is(404);
    expect(fs.existsSync(path.join(instance().folder, 'documents', 'platform', 'exports', `${row.public_id}.tar.gz`))).toBe(false);
  });

  test('ONB08US01 an export of a tenant that has left is gone after its days; many who ask at once get one; a file that cannot be taken along fails it', async () => {
    test.setTimeout(180000);
    const left = path.join(instance().folder, 'documents', 'platform', 'exports'), folder = path.join(instance().folder, 'documents', 'swa', 'ab');
    const rows = () => sql.platform("select e.public_id, e.state, e.problem from tenant_export e join tenant t on t.id = e.tenant_id where t.slug = 'swa' and e.state not in ('expired', 'failed') order by e.id");
    const latest = () => sql.platform('select * from tenant_export order by id desc limit 1')[0];
    proved();
    const csrf = Object.fromEntries((await as('tenant_admin').get('/org/subscription/export').forms()).find((f) => f.fields.some(([k]) => k === 'csrf')).fields).csrf;
    const answers = await Promise.all(Array.from({ length: 8 }, () => as('tenant_admin').post('/org/subscription/export', { csrf }, { raw: true })));
    expect(answers.map((a) => a.status).sort()).toEqual([303, 409, 409, 409, 409, 409, 409, 409]);
    expect(answers.find((a) => a.status === 409).text).toContain('An export is being made already.');
    expect(rows()).toHaveLength(1);
    // the tenant leaves while it waits: it may still take its data, and they do not stay for ever
    sql.platform("update tenant set status = 'cancelled', cancelled_at = utc_timestamp(6) where slug = 'swa'");
    try {
      await jobs_run(120);
      const one_ = latest(), file = path.join(left, `${one_.public_id}.tar.gz`);
      expect([one_.state, fs.existsSync(file)]).toEqual(['ready', true]);
      clock.forward({ days: 6, hours: 23 });
      await jobs_run(60);
      expect([latest().state, fs.existsSync(file)]).toEqual(['ready', true]);
      clock.forward({ hours: 2 });
      await jobs_run(60);
      expect([latest().state, fs.existsSync(file)]).toEqual(['expired', false]);
    } finally { sql.platform("update tenant set status = 'active', cancelled_at = null where slug = 'swa'"); }
    // a document that the archive cannot hold (its name; who is not root also: one that cannot be read): no archive without it
    fs.mkdirSync(folder, { recursive: true });
    const ask = async () => { proved(); await as('tenant_admin').post('/org/subscription/export', {}, { from: '/org/subscription/export' }).done('The export is being made.'); await jobs_run(120); };
    const hard = [path.join(folder, 'n'.repeat(140)), ...(process.getuid() ? [path.join(folder, 'closed')] : [])];
    for (const at of hard) {
      fs.writeFileSync(at, 'a paper', { mode: at.endsWith('closed') ? 0 : 0o600 });
      await ask();
      expect(latest().state).toBe('failed');
      expect(latest().problem).toBeTruthy();
      expect(fs.readdirSync(left).filter((f) => f.startsWith(latest().public_id))).toEqual([]);
      expect(one("select count(*) from audit_entry where action = 'export_failed' and number = ?", [latest().public_id])).toBe('1');
      await as('tenant_admin').get('/org/subscription/export').sees('Failed', latest().problem);
      fs.unlinkSync(at);
    }
    await ask();                                                 // a failed one does not stand in the way
    expect(latest().state).toBe('ready');
  });

  test('ONB08US01 cancelled: administrators take the data away; after 90 days two people approve, and nothing is left', async () => {
    test.setTimeout(300000);
    const slug = 'swb', documents = path.join(instance().folder, 'documents');
    fs.mkdirSync(path.join(documents, slug, 'aa'), { recursive: true });
    fs.writeFileSync(path.join(documents, slug, 'aa', 'paper'), 'left behind');
    const archive = (fields = {}) => platform().post(`/platform/tenants/${slug}/archive`, { confirm: slug, reason: 'contract ended', ...fields }, { from: `/platform/tenants/${slug}/archive` });
    await archive().refuses(409, null, 'Only a cancelled tenant is archived.');
    await platform().post(`/platform/tenants/${slug}/cancellation`, { reason: 'The contract has ended' }, { from: `/platform/tenants/${slug}/cancellation` }).is(303);
    await archive().refuses(409, null, /The data are kept until \d\d\//);
    clock.forward({ days: 91 });
    await archive({ confirm: 'swx' }).is(422);
    await archive().done('A second person must approve');
    await archive().refuses(403, null, 'A second person must approve.');
    expect(of(slug).status).toBe('cancelled');
    sql.platform("insert into platform_user (email, full_name, status) values ('platform_admin2@smart360.test', 'Second Admin', 'active')");
    const second = () => as('platform_admin2');
    // Who comes back takes the approval and a dump made for it along: after the next end both are wanted anew, 90 days later.
    const stale = path.join(documents, 'platform', 'archive', 'swb-stale.tar.gz.sealed');
    fs.mkdirSync(path.dirname(stale), { recursive: true });
    fs.writeFileSync(stale, 'sealed');
    sql.platform("update tenant set archive_file = 'swb-stale.tar.gz.sealed', archive_sha256 = repeat('x', 32), archive_key = 'k' where slug = 'swb'");
    await platform().post(`/platform/tenants/${slug}/resume`, {}, { from: `/platform/tenants/${slug}` }).is(303);
    expect(of(slug)).toMatchObject({ archive_approved_by: null, archive_file: null, archive_sha256: null, archive_key: null });
    expect(fs.existsSync(stale)).toBe(false);
    await platform().post(`/platform/tenants/${slug}/cancellation`, { reason: 'The contract has ended' }, { from: `/platform/tenants/${slug}/cancellation` }).is(303);
    await second().post(`/platform/tenants/${slug}/archive`, { confirm: slug, reason: 'contract ended' }, { from: `/platform/tenants/${slug}/archive` }).refuses(409, null, /The data are kept until \d\d\//);
    clock.forward({ days: 91 });
    await archive().done('A second person must approve');
    // Its data are being removed: nothing leads back.
    sql.platform("update tenant set provisioning_stage = 'archive: removing' where slug = 'swb'");
    await platform().post(`/platform/tenants/${slug}/resume`, {}, { from: `/platform/tenants/${slug}` }).refuses(409, null, 'The data of this organization are being removed: it cannot come back.');
    expect(of(slug)).toMatchObject({ status: 'cancelled' });
    sql.platform("update tenant set provisioning_stage = null where slug = 'swb'");
    await second().post(`/platform/tenants/${slug}/archive`, { confirm: slug, reason: 'contract ended' }, { from: `/platform/tenants/${slug}/archive` }).done('Approved by two people');
    const t = await settled(slug, (x) => x.status === 'archived');
    expect(sql.platform('select count(*) n from information_schema.schemata where schema_name = ?', [`smart360_t_${slug}`])[0].n).toBe('0');
    expect(fs.existsSync(path.join(documents, slug))).toBe(false);
    expect([t.data_key, t.admin_email]).toEqual(['', '']);
    expect(fs.existsSync(path.join(documents, 'platform', 'archive', t.archive_file))).toBe(true);
    expect(fs.readFileSync(path.join(documents, 'platform', 'archive', t.archive_file)).includes('create table')).toBe(false);       // sealed
    for (const table of ['job', 'webhook_route', 'portal_host', 'subscription_usage']) expect(sql.platform(`select count(*) n from ${table} where tenant_id = ? and ${table === 'job' ? "kind <> 'tenant.archive'" : '1 = 1'}`, [t.id])[0].n, table).toBe('0');
    expect(Number(sql.platform("select count(*) n from audit_entry where entity = 'tenant' and entity_id = ? and action in ('approve', 'archived', 'archive_dumped', 'archive_withdrawn', 'archive_removing')", [t.id])[0].n)).toBe(7);
    await anyone(`${slug}.smart360.test`).get('/login').refuses(403, null, "Your organization's access has ended. Contact your administrator.");       // ONB-LOGIN
    await anyone(`${slug}.smart360.test`).get('/org/dashboard').is(404);
    await platform().get(`/platform/tenants/${slug}`).sees('Archived', 'a sealed dump is all that is left');
    const destroy = (fields) => platform().post(`/platform/tenants/${slug}/archive/destruction`, { confirm: slug, reason: 'kept long enough', ...fields }, { from: `/platform/tenants/${slug}/archive/destruction` });
    await destroy({ confirm: 'swx' }).refuses(422, 'confirm');
    await destroy({ reason: '' }).refuses(422, 'reason');
    expect(fs.existsSync(path.join(documents, 'platform', 'archive', t.archive_file))).toBe(true);
    await destroy().done('The archive is destroyed.');
    await platform().get(`/platform/tenants/${slug}/archive/destruction`).is(409);
    expect(sql.platform("select reason from audit_entry where entity = 'tenant' and entity_id = ? and action = 'archive_destroyed'", [t.id])).toEqual([{ reason: 'kept long enough' }]);
    expect(fs.existsSync(path.join(documents, 'platform', 'archive', t.archive_file))).toBe(false);
    expect(of(slug).archive_key).toBeNull();
    await platform().post('/platform/tenants', { ...form, slug: 'swb' }, { from: '/platform/tenants/new' }).refuses(422, 'slug', 'swb is taken.');
    await as('platform_admin').get('/platform/tenants').sees('Archived');
  });

  test('ONB08US01 of a cancelled organization only administrators come in, and only to their data', async () => {
    order('set', 'BASE');                     // nothing is overdue
    const before = as.anew('tenant_admin');
    await before.get('/org/subscription').is(200);
    await platform().post('/platform/tenants/swa/cancellation', { reason: 'The contract has ended' }, { from: '/platform/tenants/swa/cancellation' }).is(303);
    await before.get('/org/subscription').goes(/^\/login/);      // AU01US03: sessions end with it
    expect(one("select count(*) from session where ended_at is null and realm = 'staff'")).toBe('0');
    expect(sql("select distinct end_reason r from session where realm = 'staff' and ended_at is not null").map((x) => x.r)).toContain('revoked');
    await as('cso1').get('/id-formats').is(403);
    await as('utility_admin').get('/id-formats').is(403);
    await as('tenant_admin').get('/').goes('/org/subscription');
    await as('tenant_admin').get('/org/subscription/export').is(200);
    await as('tenant_admin').get('/u/swa-w/roles').is(403);
    // What happened is still followed up, so that the books stand whole; recurring work rests.
    const event = (name) => sql("insert into outbox_event (event_id, name, utility_id, occurred_at, actor_kind, entity, entity_id) select concat('evt-', ?), ?, id, utc_timestamp(6), 'system', 'calendar', 1 from utility where code = 'swa-w'", [name, name]);
    event('calendar.changed');
    await jobs_run();
    expect(one("select dispatched_at is not null from outbox_event where event_id = 'evt-calendar.changed'")).toBe('1');
    expect(Number(one("select count(*) from event_handled where event_id = 'evt-calendar.changed'"))).toBeGreaterThan(1);
    await platform().post('/platform/tenants/swa/resume', {}, { from: '/platform/tenants/swa' }).is(303);
    await as('utility_admin').get('/id-formats').is(200);
  });

  test('ONB08US01 plans are edited by the platform alone', async () => {
    await platform().get('/platform/plans').sees('Starter', 'Growth', 'Enterprise');
    await platform().post('/platform/plans/enterprise', { name: 'Enterprise', price: '9000.00', active: '1' }, { from: '/platform/plans/enterprise' }).is(303);
    expect(sql.platform("select price_minor from subscription_plan where code = 'enterprise'")[0].price_minor).toBe('900000');
    await platform().get('/platform/tenants').sees('San Francisco Water Authority', 'Growth');
    // a new one, with its modules
    const made = (fields) => platform().post('/platform/plans', { code: 'town', name: 'Town', currency: 'USD', price: '900.00', accounts: '10000', seats: '20', modules: ['cis', 'bx'], active: '1', ...fields }, { from: '/platform/plans/new' });
    await made({ code: 'growth' }).refuses(422, 'code', 'growth is taken.');
    await made({ currency: 'XXZ' }).refuses(422, 'currency', 'Enter a currency of ISO 4217, as USD.');
    await made().done('Saved.');
    const town = () => sql.platform("select name, price_minor, currency, limits, modules, active from subscription_plan where code = 'town'")[0];
    expect(town()).toMatchObject({ name: 'Town', price_minor: '90000', currency: 'USD', active: '1' });
    expect([JSON.parse(town().limits), JSON.parse(town().modules)]).toEqual([{ accounts: 10000, seats: 20 }, ['core', 'cis', 'bx']]);
    await platform().post('/platform/plans/town', { modules: ['cis', 'bx', 'portal'], utilities: '2' }, { from: '/platform/plans/town' }).done('Saved.');
    expect([JSON.parse(town().limits), JSON.parse(town().modules)]).toEqual([{ accounts: 10000, seats: 20, utilities: 2 }, ['core', 'cis', 'portal', 'bx']]);
    await platform().get('/platform/plans').sees('Town', '900.00');
    expect(Number(sql.platform("select count(*) n from audit_entry where entity = 'subscription_plan' and number = 'town'")[0].n)).toBe(2);
    await as('tenant_admin').get('/platform/plans/new').and((r) => expect(r.status).not.toBe(200));
  });

  test('ONB08US01 the list of tenants by status, plan and country; the plans side by side, and what of them is on', async () => {
    sql.platform("update tenant set country = 'US' where slug = 'swa'");
    const all = await platform().get('/platform/tenants').sees('a month');
    expect(all.body).toContain('name="country"');
    for (const [query, there] of [['status=active', true], ['status=archived', false], ['plan=Growth', true], ['plan=Starter', false], ['country=US', true]]) {
      const page = await platform().get(`/platform/tenants?${query}&slug=swa`).is(200);
      expect(page.body.includes('href="/platform/tenants/swa"'), query).toBe(there);
    }
    // Starter holds four modules, Growth all; one that is switched off, and one that is not in the plan
    const modules = sql.platform("select modules from subscription_plan where code = 'growth'")[0].modules;
    sql("update module_activation set active = if(module = 'cc', 0, 1)");
    sql.platform("update subscription_plan set modules = json_array('core', 'hub', 'cis', 'cc', 'comm', 'portal', 'mx', 'bx') where code = 'growth'");
    const rows = await as('tenant_admin').get('/org/subscription').sees('Starter', '600.00', 'Enterprise').rows().then((l) => l.map((cells) => cells.join(' | ')));
    const row = (name) => rows.filter((cells) => cells.startsWith(name));
    expect(row('Starter')[0]).toContain('CIS, Self-Service, Billing & Payments');
    expect(row('Starter')[0]).not.toContain('Workforce');
    expect(row('Call Center')[0]).toContain('Inactive');
    expect(row('Meter Management')[0]).toContain('Active');
    expect(row('Workforce')[0]).toContain('Locked');
    sql.platform("update subscription_plan set modules = ? where code = 'growth'", [modules]);
    sql('update module_activation set active = 1');
  });

  test('ONB08US01 pages look right', async ({ page }) => {
    test.setTimeout(240000);
    const { looks_right } = require('../support/browser');
    for (const at of ['/platform/tenants', '/platform/tenants/new', '/platform/tenants/swa', '/platform/tenants/swa/tab/users', '/platform/tenants/swa/archive', '/platform/plans', '/platform/plans/growth', '/platform/plans/new']) {
      await platform().browse(page, at);
      await looks_right(page);
    }
    for (const at of ['/org/subscription', '/org/subscription/export', '/org/subscription/cancellation']) {
      await as('tenant_admin').browse(page, at);
      await looks_right(page);
    }
  });
});

// Bills that can be paid: the consumers' side of a suspended tenant.
story('ONB08US01 suspended', 'HUB-FIX', ({ as, portal, test, expect, sql, one, jobs_run }) => {
  test('ONB08US01.4 suspended: a payment by the portal is posted, a complaint is refused to the staff', async () => {
    await as('platform_admin').post('/platform/tenants/swa/suspension', { reason: 'Asked for by its board' }, { from: '/platform/tenants/swa/suspension' }).is(303);
    const who = portal();
    await who.post('/pay/guest', { account_no: 'WA-ACC-100001', postal_code: '97209' }, { from: '/pay' }).goes('/pay');
    const page = await who.get('/pay').is(200), keep = Object.fromEntries([...page.body.matchAll(/<input type="hidden" name="(csrf|form_key|pay_key|link)" value="([^"]*)"/g)].map((m) => [m[1], m[2]]));
    const begun = await who.post('/pay', { ...keep, 'pick_free-WA-ACC-100001': '1', 'amount_free-WA-ACC-100001': '114.25', email: 'friend@swa.test' }, { raw: true }).is(303);
    const id = begun.location.match(/\/pay\/([A-Za-z0-9_-]{22})$/)[1];
    await who.post(`/pay/${id}/start`, {}, { from: `/pay/${id}` }).is(303);
    await who.post(`/sandbox/pay/${id}`, { card: '4242 4242 4242 4242', expiry: '12/30', cvc: '123', delivery: 'once', seconds: '0' }, { from: `/sandbox/pay/${id}` }).is(303);
    await jobs_run();                                     // by the gateway's signed webhook, as ever
    expect(one("select p.status from payment p join account a on a.id = p.account_id where a.account_no = 'WA-ACC-100001'")).toBe('posted');
    expect(one("select balance_minor from account where account_no = 'WA-ACC-100001'")).toBe('0');
    sql("insert into complaint_type (utility_id, code, name) select id, 'T-1', 'Try' from utility where code = 'swa-w'");
    sql("insert into complaint (utility_id, complaint_no, complaint_type_id, subject, description, status) select u.id, 'C-1', t.id, 'Too high', 'Too high', 'pending' from utility u join complaint_type t on t.utility_id = u.id and t.code = 'T-1' where u.code = 'swa-w'");
    await as('cso1').post('/cis/complaints/C-1/start', {}).refuses(403, null, 'Read-only: subscription suspended');
    expect(one("select status from complaint where complaint_no = 'C-1'")).toBe('pending');
    await as('cso1').get('/cis/consumers').sees('Read-only: the subscription is suspended');
    await as('platform_admin').post('/platform/tenants/swa/resume', {}, { from: '/platform/tenants/swa' }).is(303);
    await as('cso1').get('/cis/consumers').lacks('Read-only');
    expect(one("select count(*) from payment p join account a on a.id = p.account_id where a.account_no = 'WA-ACC-100001'")).toBe('1');      // nothing lost, nothing twice
  });
});
