const { story } = require('../support/story');
const { load, webhook, open_payments, paid, processes, slowness, sleep } = require('../support/faults');

story('F3', 'HUB-FIX', ({ test, expect, instance, as, sql, one, order, clock, jobs_run }) => {
  test('F3 kill -9 of the database during payments: what was acknowledged is there, nothing twice', async () => {
    order('durable');
    const slow = await slowness();
    const numbers = open_payments(instance(), 'WA-ACC-100002', 200);
    const events = numbers.map((no) => webhook(instance(), paid(no)));
    const acknowledged = new Set();
    let sent = 0, kills = 0;
    const killer = (async () => {
      while (sent < numbers.length) {
        await sleep(700);
        process.kill(processes(instance(), 'database').master, 'SIGKILL');
        kills++;
        await sleep(900);
      }
    })();
    // Like a provider: each event is sent again until it is acknowledged.
    const statuses = {};
    await Promise.all(Array.from({ length: 8 }, async () => {
      while (sent < numbers.length) {
        const i = sent++;
        for (let tries = 0; tries < 100 && !acknowledged.has(numbers[i]); tries++) {
          const at = Date.now();
          const answer = await instance_request(instance(), events[i]);
          statuses[answer.status] = (statuses[answer.status] ?? 0) + 1;
          expect(Date.now() - at, 'ms for an answer').toBeLessThan(3500 * slow);
          if (answer.status === 200) acknowledged.add(numbers[i]); else await sleep(150);
        }
        await sleep(20);
      }
    }));
    await killer;
    expect(kills).toBeGreaterThan(0);
    expect(Object.keys(statuses).sort()).toEqual(statuses[503] ? ['200', '503'] : ['200']);
    expect(acknowledged.size).toBe(numbers.length);
    for (let i = 0; i < 50 && (await as(null).get('/login')).status !== 200; i++) await sleep(100);
    await as(null).get('/login').is(200);
    await sleep(1000);
    clock.forward({ minutes: 15 });             // jobs that met the kill are tried again
    await jobs_run(120);
    expect(one("select count(*) from webhook_event where source = 'gateway' and state = 'processed'")).toBe(String(numbers.length));
    expect(sql('select i.intent_no, count(p.id) n from payment_intent i left join payment p on p.payment_intent_id = i.id group by i.id having n <> 1')).toEqual([]);
  });
});

story('F3 half made', 'ONB-FIX', ({ test, expect, instance, as, anyone, sql, one, sleep: wait, order }) => {
  const platform = () => as('platform_admin');
  const tenant = (slug) => sql.platform('select status, provisioning_stage stage, schema_name from tenant where slug = ?', [slug])[0];
  const again = async (work) => { for (let i = 0; ; i++) try { return await work(); } catch (e) { if (i === 100) throw e; await wait(200); } };
  const kill = () => { try { process.kill(processes(instance(), 'database').master, 'SIGKILL'); } catch (e) { if (e.code !== 'ESRCH') throw e; } };
  const is_up = () => again(async () => { sql('select 1'); if ((await as(null).get('/login')).status !== 200) throw new Error('no page'); });
  const counts = (schema) => Object.fromEntries(['role', 'role_permission', 'permission', 'template', 'organization_setting', 'security_policy', 'user', 'invitation']
    .map((table) => [table, instance().sql(`select count(*) n from ${table}`, [], schema)[0].n]));
  const tables = (schema) => sql.platform('select count(*) n from information_schema.tables where table_schema = ?', [schema])[0].n;

  test('F3 kill -9 of the database while a tenant is made: it is made whole by itself or by Retry, with every seed once', async () => {
    test.setTimeout(600000);
    order('durable');
    const make = (slug) => again(() => platform().post('/platform/tenants', { name: `Board ${slug}`, slug, admin_email: `admin@${slug}.test`, admin_name: 'Bea Admin', country: 'US', plan: 'growth', term: 'year' }, { from: '/platform/tenants/new' }).is(303));
    const made = (t) => t.status === 'active' && !t.stage;
    const settled = async (slug, wanted) => { for (const until = Date.now() + 150000; Date.now() < until; await wait(300)) { const t = await again(() => tenant(slug)); if (wanted(t)) return t; } throw new Error(`${slug}: ${JSON.stringify(tenant(slug))}`); };
    await make('swk');
    const whole = await settled('swk', made);
    let killed = 0;
    for (const [slug, half] of [['swl', 3], ['swm', 90], ['swn', Number(tables(whole.schema_name)) - 1]]) {
      await make(slug);
      for (const until = Date.now() + 60000; Date.now() < until && !made(tenant(slug));) if (Number(tables(tenant(slug).schema_name)) >= half) { kill(); killed++; break; }
      await again(() => is_up());
      const t = await settled(slug, (x) => x.status === 'failed' || made(x));
      if (t.status === 'failed') {
        await anyone(`${slug}.smart360.test`).get('/login').is(404);         // not served before it is whole
        await again(() => platform().post(`/platform/tenants/${slug}/retry`, {}, { from: `/platform/tenants/${slug}` }).is(303));
        await settled(slug, made);
      }
      expect([counts(t.schema_name), tables(t.schema_name)]).toEqual([counts(whole.schema_name), tables(whole.schema_name)]);
      expect(sql.platform('select count(*) n from subscription_invoice i join tenant t on t.id = i.tenant_id where t.slug = ?', [slug])[0].n).toBe('1');
      await anyone(`${slug}.smart360.test`).get('/login').is(200);
    }
    expect(killed).toBeGreaterThan(0);
    sql.platform("update job set state = 'cancelled' where state = 'dead' and kind = 'tenant.provision'");
  });

  test('F3 kill -9 of the database while a configuration is applied: all of it or nothing, and once', async () => {
    test.setTimeout(300000);
    order('durable');
    const source = '/u/swa-w/configuration', target = '/u/swa-e/configuration', admin = () => as('tenant_admin');
    const proved = () => sql("update session set auth_at = utc_timestamp(6) + interval 100 year where ended_at is null");
    const file = (await admin().get(`${source}/file`).is(200)).bytes;
    const at = (await admin().post(`${target}/files`, {}, { from: target, files: { file: { name: 'swa.s360config', content: file } } }).is(303)).location;
    const held = () => sql("select (select count(*) from gl_code x join utility u on u.id = x.utility_id where u.code = 'swa-e') gl, (select count(*) from consumer_category x join utility u on u.id = x.utility_id where u.code = 'swa-e') categories, (select count(*) from tariff_rate r join utility u on u.id = r.utility_id where u.code = 'swa-e') rates, (select count(*) from audit_entry where entity = 'config_file' and action = 'apply') applied")[0];
    const before = held();
    let refused = 0, done = 0;
    for (const after_ms of [5, 40, 120, 250, 400]) {
      proved();
      const form = (await admin().get(at).forms()).find((f) => f.action.endsWith('/application'));
      if (!form) break;
      const sent = again_once(() => admin().post(`${at}/application`, { ...Object.fromEntries(form.fields), all: '1' }, { raw: true }));
      await wait(after_ms);
      kill();
      const answer = await sent;
      await again(() => is_up());
      const now = held();
      if (Number(now.applied) === Number(before.applied)) { expect(now).toEqual(before); refused++; expect([303, 200]).not.toContain(answer.status); } else { done++; break; }
    }
    if (!done) {
      proved();
      await admin().post(`${at}/application`, { all: '1' }, { from: at, submit: 'Apply all' }).is(303);
    }
    const whole = held();
    expect(Number(whole.applied)).toBe(Number(before.applied) + 1);
    expect(Number(whole.categories)).toBeGreaterThan(Number(before.categories));
    expect(refused + done).toBeGreaterThan(0);
    expect(one("select count(*) from (select code from gl_code x where utility_id = (select id from utility where code = 'swa-e') group by code having count(*) > 1) twice")).toBe('0');
  });
});

async function again_once(work) { try { return await work(); } catch { return { status: 0 }; } }
const { request } = require('../support/person');
const instance_request = (instance, options) => request(instance, { host: 'swa.smart360.test', ...options });
