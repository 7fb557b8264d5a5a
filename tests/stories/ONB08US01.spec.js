// Subscriptions, limits and suspension (ONB08US01).
const { story } = require('../support/story');

story('ONB08US01', 'BASE', ({ as, test, expect, sql, one, clock, command, owner, jobs_run }) => {
  const platform = () => as('platform_admin');
  const tenant = () => sql.platform("select * from tenant where slug = 'swa'")[0];
  const subscription = () => sql.platform("select s.*, p.code from subscription s join subscription_plan p on p.id = s.plan_id join tenant t on t.id = s.tenant_id where t.slug = 'swa' and s.live = 1")[0];
  const lines = () => JSON.parse(sql.platform('select `lines` from subscription_invoice order by id desc limit 1')[0].lines);
  const plan = (code) => sql.platform('update subscription s join tenant t on t.id = s.tenant_id join subscription_plan p on p.code = ? set s.plan_id = p.id, s.price_minor = p.price_minor, s.term = ?, s.status = ? where t.slug = ? and s.live = 1', [code, 'month', 'active', 'swa']);
  const job = (kind) => { sql.platform("insert into job (tenant_id, kind, class, run_at) select id, ?, 'general', utc_timestamp(6) - interval 1 year from tenant where slug = 'swa'", [kind]); return jobs_run(); };

  test('ONB08US01.1 a yearly term costs ten months; what is taken or reserved is refused', async () => {
    const form = { name: 'Second Water Board', slug: 'swb', admin_email: 'admin@swb.test', admin_name: 'Bea Admin', country: 'US', plan: 'growth', term: 'year' };
    for (const slug of ['www', 'api', 'admin', 'platform']) await platform().post('/platform/tenants', { ...form, slug }, { from: '/platform/tenants/new' }).refuses(422, 'slug', `${slug} is reserved.`);
    await platform().post('/platform/tenants', { ...form, slug: 'swa' }, { from: '/platform/tenants/new' }).refuses(422, 'slug', 'swa is taken.');
    expect(sql.platform("select count(*) n from tenant where slug = 'swb'")[0].n).toBe('0');
    expect(one("select count(*) from role_template where code not in ('platform_admin', 'print_vendor')")).toBe('16');
    await as('tenant_admin').get('/platform/tenants').and((r) => expect(r.status).not.toBe(200));
  });

  test('ONB08US01.2 a larger plan begins at once, charged by days', async () => {
    plan('starter');
    sql.platform("update subscription s join tenant t on t.id = s.tenant_id set s.current_period_start = '2026-04-06', s.current_period_end = '2026-05-05' where t.slug = 'swa'");
    clock('2026-04-16T10:00-07:00');                      // 20 of 30 days left, today included
    await as('tenant_admin').post('/org/subscription/plan', { plan: 'growth' }, { from: '/org/subscription' }).is(303);
    expect(lines().map((l) => l.amount_minor)).toEqual([-40000, 160000]);
    expect(sql.platform('select total_minor, status from subscription_invoice order by id desc limit 1')[0]).toEqual({ total_minor: '120000', status: 'open' });
    expect(subscription().code).toBe('growth');
    await as('tenant_admin').get('/org/subscription').sees('Growth', '1200.00', 'of 60,000');
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
    sql.platform("update subscription_plan set limits = json_set(limits, '$.accounts', 60000) where code = 'growth'");
    await job('subscription.usage');
    expect(one("select count(*) from alert where dedup_key like 'limit:accounts%' and resolved_at is null")).toBe('0');
  });

  test('ONB08US01.4 suspended: staff read only, the portal still takes what comes', async () => {
    await platform().post('/platform/tenants/swa/suspend', {}, { from: '/platform/tenants/swa' }).is(303);
    expect(tenant().status).toBe('suspended');
    await as('utility_admin').get('/id-formats').sees('Read-only: the subscription is suspended');
    await as('utility_admin').post('/id-formats/complaint', {}).is(403);
    expect(one("select f.version from id_format f join utility u on u.id = f.utility_id where u.code = 'swa-w' and f.entity_type = 'complaint'")).toBe('1');
    await as(null).get('/p/swa-w/signin').is(200);        // the consumers' side is as it was
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

  test('ONB08US01 plans are edited by the platform alone', async () => {
    await platform().get('/platform/plans').sees('Starter', 'Growth', 'Enterprise');
    await platform().post('/platform/plans/enterprise', { name: 'Enterprise', price: '9000.00', active: '1' }, { from: '/platform/plans/enterprise' }).is(303);
    expect(sql.platform("select price_minor from subscription_plan where code = 'enterprise'")[0].price_minor).toBe('900000');
    await platform().get('/platform/tenants').sees('San Francisco Water Authority', 'Growth');
  });

  test('ONB08US01 pages look right', async ({ page }) => {
    test.setTimeout(90000);
    const { looks_right } = require('../support/browser');
    for (const path of ['/platform/tenants', '/platform/tenants/new', '/platform/tenants/swa', '/platform/plans', '/platform/plans/growth']) {
      await platform().browse(page, path);
      await looks_right(page);
    }
    for (const path of ['/org/subscription', '/org/subscription/cancellation']) {
      await as('tenant_admin').browse(page, path);
      await looks_right(page);
    }
  });
});
