// The life of a subscription (ONB08US01): what unpaid invoices lead to day by day, plans by month and by year, currencies with other decimals,
// what waits and can be taken back, the end with open settlements.
const { story } = require('../support/story');

story('ONB08US01 life', 'HUB-FIX', ({ as, portal, test, expect, sql, one, clock, jobs_run, order, looks_right }) => {
  const admin = () => as('tenant_admin'), platform = () => as('platform_admin');
  const subscription = () => sql.platform("select s.*, p.code from subscription s join subscription_plan p on p.id = s.plan_id join tenant t on t.id = s.tenant_id where t.slug = 'swa' order by s.id desc limit 1")[0];
  const tenant = () => sql.platform("select * from tenant where slug = 'swa'")[0];
  const invoices = () => sql.platform("select i.* from subscription_invoice i join tenant t on t.id = i.tenant_id where t.slug = 'swa' order by i.id").map((i) => ({ ...i, lines: JSON.parse(i.lines) }));
  const amounts = () => invoices().map((i) => [i.status, ...i.lines.map((l) => l.amount_minor)]);
  const day = async () => { sql.platform("insert into job (tenant_id, kind, class, run_at) select id, 'subscription.day', 'general', utc_timestamp(6) - interval 10 year from tenant where slug = 'swa'"); await jobs_run(120); };
  const pay = () => sql.platform("update subscription_invoice set status = 'paid', paid_at = utc_timestamp(6) where status = 'open'");
  const change = (plan) => admin().post('/org/subscription/plan', { plan }, { from: '/org/subscription' });
  const begin = (plan, at) => {
    order('set', 'HUB-FIX');
    for (const table of ['subscription_refund', 'subscription_payment', 'subscription_invoice']) sql.platform(`delete from ${table} where tenant_id = (select id from tenant where slug = 'swa')`);
    sql.platform("update tenant set status = 'active', suspended_at = null, cancelled_at = null, held_at = null where slug = 'swa'");
    sql.platform(`update subscription s join tenant t on t.id = s.tenant_id join subscription_plan p on p.code = ? set s.plan_id = p.id, s.price_minor = p.price_minor, s.term = 'month', s.status = 'active', s.pending_plan_id = null, s.cancel_on = null, s.add_ons = null,
      s.add_ons_next = null, s.credit_minor = 0, s.discount_ppm = 0, s.discount_until = null, s.period_net_minor = null, s.current_period_start = '2026-04-06', s.current_period_end = '2026-05-05' where t.slug = 'swa'`, [plan]);
    sql.platform("update subscription_plan set limits = json_set(limits, '$.seats', 500, '$.utilities', 5) where code = 'starter'");
    clock(`${at}T10:00-07:00`);
  };
  const plan = (fields) => platform().post('/platform/plans', { code: 'town', name: 'Town', currency: 'USD', interval: 'month', price: '900.00', accounts: '10000', seats: '500', utilities: '5', modules: ['cis', 'bx'], active: '1', ...fields }, { from: '/platform/plans/new' });

  test('ONB08US01 unpaid: invoiced 14 days ahead, past due, suspended 14 days later, cancelled 60 days after that; each side goes on as it must', async () => {
    test.setTimeout(300000);
    begin('growth', '2026-04-21');
    const at = async (when) => { clock(`${when}T10:00-07:00`); await day(); return [tenant().status, subscription().status]; };
    const banner = (text) => as('utility_admin').get('/id-formats').sees(text);
    await day();
    expect(amounts()).toEqual([]);                                       // 15 days before: nothing
    expect(await at('2026-04-22')).toEqual(['active', 'active']);
    expect(invoices().map((i) => [i.status, i.total_minor, i.due_on])).toEqual([['open', '240000', '2026-05-06']]);
    expect(await at('2026-05-06')).toEqual(['active', 'active']);        // on its day it is not late
    expect(await at('2026-05-07')).toEqual(['past_due', 'past_due']);
    await banner('An invoice of your subscription is past its due date');
    await as('utility_admin').post('/id-formats/complaint', {}).and((r) => expect(r.status).not.toBe(403));         // staff go on working
    expect((await at('2026-05-20'))[0]).toBe('past_due');                // the 14th day
    expect(await at('2026-05-21')).toEqual(['suspended', 'suspended']);
    await banner('Read-only: the subscription is suspended');
    await as('utility_admin').post('/id-formats/complaint', {}).is(403);
    await portal().get('/signin').is(200);                               // consumers see and pay as ever
    await admin().get('/org/subscription').is(200);
    expect((await at('2026-07-19'))[0]).toBe('suspended');               // the 60th day after
    expect(await at('2026-07-20')).toEqual(['cancelled', 'cancelled']);
    expect(tenant().cancelled_at).toContain('2026-07-20');
    expect(await at('2026-08-25')).toEqual(['cancelled', 'cancelled']);
    expect(invoices().filter((i) => i.issued_on > '2026-07-20')).toEqual([]);                                        // nothing more is demanded
    await as('utility_admin').get('/id-formats').is(403);
    await admin().get('/org/subscription').sees('Take your data away', invoices()[0].number);
    await admin().get('/org/subscription/export').is(200);               // the data can be taken away
    await platform().post('/platform/tenants/swa/archive', { confirm: 'swa', reason: 'contract ended' }, { from: '/platform/tenants/swa/archive' }).refuses(409, null, 'The data are kept until 10/18/2026');
    expect(sql.platform("select count(*) n from information_schema.schemata where schema_name = ?", [tenant().schema_name])[0].n).toBe('1');
    // back again: a period from today on, nothing of the months between, and no end the day after
    pay();
    const before = invoices().length;
    await platform().post('/platform/tenants/swa/resume', {}, { from: '/platform/tenants/swa' }).is(303);
    for (let i = 0; i < 2; i++) await day();
    expect([tenant().status, subscription().status, subscription().current_period_start, subscription().current_period_end]).toEqual(['active', 'active', '2026-08-25', '2026-09-24']);
    expect(invoices().slice(before).map((i) => [i.status, i.total_minor, i.due_on])).toEqual([['open', '240000', '2026-09-08']]);
    await as('utility_admin').get('/id-formats').lacks('Read-only');
  });

  test('ONB08US01 paid while it is past due: active again and the banner is gone; a second unpaid one keeps it', async () => {
    begin('growth', '2026-04-22');
    await day();
    clock('2026-05-22T10:00-07:00');
    await day();
    expect(tenant().status).toBe('suspended');
    const open = invoices().filter((i) => i.status === 'open');
    sql.platform(`insert into subscription_invoice (tenant_id, subscription_id, number, \`lines\`, total_minor, currency, issued_on, due_on) select tenant_id, subscription_id, 'SUB-SECOND', '[]', 100, 'USD', '2026-05-01', '2026-05-21' from subscription_invoice where id = ${open[0].id}`);
    const settle = (no) => platform().post(`/platform/tenants/swa/invoices/${no}/payment`, {}, { from: '/platform/tenants/swa' }).is(303);
    await settle(open[0].number);
    expect([tenant().status, subscription().status]).toEqual(['past_due', 'past_due']);        // by the debt that is left
    await settle('SUB-SECOND');
    expect([tenant().status, subscription().status]).toEqual(['active', 'active']);
    await as('utility_admin').get('/id-formats').lacks('past its due date', 'Read-only');
  });

  test('ONB08US01 a smaller plan or an end that waits is taken back; one that does not fit any more at its day is not begun', async () => {
    begin('growth', '2026-04-16');
    await admin().post('/org/subscription/keep', {}).refuses(409, null, 'Nothing is about to change.');
    await change('starter').is(303);
    await admin().get('/org/subscription').sees('Changes to Starter after', 'Keep Growth');
    await as('utility_admin').post('/org/subscription/keep', {}).is(403);
    await admin().post('/org/subscription/keep', {}, { from: '/org/subscription' }).done('Growth goes on as before.');
    expect(subscription()).toMatchObject({ status: 'active', pending_plan_id: null, code: 'growth' });
    await admin().get('/org/subscription').lacks('Changes to Starter', 'Keep Growth');
    await admin().post('/org/subscription/cancellation', { confirm: 'swa', reason: 'moving' }, { from: '/org/subscription/cancellation' }).is(303);
    await admin().get('/org/subscription').sees('The subscription ends on', 'Keep Growth');
    await admin().post('/org/subscription/keep', {}, { from: '/org/subscription' }).is(303);
    expect(subscription().cancel_on).toBeNull();
    // chosen, invoiced ahead, then more is used than it holds
    await change('starter').is(303);
    clock('2026-04-25T10:00-07:00');
    await day();
    expect(amounts()).toEqual([['open', 60000]]);
    pay();
    const used = Number(one("select count(*) from user where status in ('active', 'invited', 'pending')"));
    sql.platform("update subscription_plan set limits = json_set(limits, '$.seats', ?) where code = 'starter'", [used - 1]);
    clock('2026-05-06T12:00-07:00');
    await day();
    expect(subscription()).toMatchObject({ code: 'growth', status: 'active', pending_plan_id: null, current_period_start: '2026-05-06', price_minor: '240000' });
    expect(amounts()).toEqual([['paid', 60000], ['open', 180000]]);      // the difference
    expect(one("select count(*) from notification where title = 'Growth goes on: what you use does not fit the smaller plan'")).not.toBe('0');
    for (let i = 0; i < 2; i++) await day();
    expect(amounts()).toHaveLength(2);
  });

  test('ONB08US01 a plan that is sold by the year: its own price, no month, and the year begins at once for who paid by the month', async () => {
    begin('starter', '2026-04-16');
    await plan({ code: 'yearly', name: 'Yearly', interval: 'decade' }).refuses(422, 'interval');
    await plan({ code: 'yearly', name: 'Yearly', interval: 'year', price: '9000.00' }).done('Saved.');
    expect(sql.platform("select price_minor, `interval` from subscription_plan where code = 'yearly'")).toEqual([{ price_minor: '900000', interval: 'year' }]);
    await platform().get('/platform/plans').sees('9,000.00 USD', 'the year');
    const fresh = { name: 'Third Board', slug: 'sw3', admin_email: 'a@sw3.test', admin_name: 'Ann', country: 'US', plan: 'yearly', trial_days: '0' };
    await platform().post('/platform/tenants', { ...fresh, term: 'month' }, { from: '/platform/tenants/new' }).refuses(422, 'term', 'Yearly is sold by the year: choose that term.');
    expect(sql.platform("select count(*) n from tenant where slug = 'sw3'")[0].n).toBe('0');
    await admin().get('/org/subscription').sees('Yearly, 9,000.00 USD a year', 'Growth, 2,400.00 USD a month');
    await change('yearly').is(303);                                      // 9,000 a year is more than twelve times 600
    expect(subscription()).toMatchObject({ code: 'yearly', term: 'year', price_minor: '900000', current_period_start: '2026-04-16', current_period_end: '2027-04-15' });
    expect(amounts()).toEqual([['open', -40000, 900000]]);               // 20 of 30 days of 600.00 come off
    await day();
    expect(amounts()).toHaveLength(1);
    await platform().post('/platform/plans/yearly', { interval: 'month' }, { from: '/platform/plans/yearly' }).refuses(422, 'interval', '1 organization has this plan: make another one.');
    await platform().post('/platform/plans/yearly', { name: 'Year by year', active: '1' }, { from: '/platform/plans/yearly' }).done('Saved.');
    // a cheaper one by the year waits for the end of the month, then is a year
    begin('growth', '2026-04-16');
    await plan({ code: 'yearly2', name: 'Yearly too', interval: 'year', price: '9000.00' }).done('Saved.');
    await change('yearly2').is(303);
    expect([subscription().code, subscription().status, subscription().term]).toEqual(['growth', 'pending_change', 'month']);
    clock('2026-04-25T10:00-07:00');
    await day();
    expect(amounts()).toEqual([['open', 900000]]);
    clock('2026-05-06T12:00-07:00');
    await day();
    expect(subscription()).toMatchObject({ code: 'yearly2', term: 'year', price_minor: '900000', current_period_start: '2026-05-06', current_period_end: '2027-05-05' });
  });

  test('ONB08US01 money has the decimals of its currency: none of yen, three of dinars; a plan in another currency is not offered', async () => {
    begin('growth', '2026-04-16');
    const path = '/platform/plans/new', yen = { code: 'yen', name: 'Yen', currency: 'JPY' };
    await plan({ ...yen, price: '50000.5' }).refuses(422, 'price');
    await plan({ ...yen, price: '50000' }).done('Saved.');
    await plan({ code: 'dinar', name: 'Dinar', currency: 'kwd', price: '75.125' }).done('Saved.');
    expect(sql.platform("select code, price_minor, currency from subscription_plan where code in ('yen', 'dinar') order by code")).toEqual([{ code: 'dinar', price_minor: '75125', currency: 'KWD' }, { code: 'yen', price_minor: '50000', currency: 'JPY' }]);
    await platform().get('/platform/plans').sees('50,000 JPY', '75.125 KWD', '2,400.00 USD').lacks('500.00');
    expect((await platform().get('/platform/plans?export=csv').is(200)).body).toMatch(/Yen.*,50000,/);
    await platform().get('/platform/plans/dinar').and((r) => expect(r.body).toContain('value="75.125"'));
    await platform().get(path).is(200);
    await platform().get('/platform/tenants/new').sees('Yen, 50,000 JPY a month', 'Dinar, 75.125 KWD a month');
    const page = await admin().get('/org/subscription').sees('50,000 JPY');                                          // compared, not offered
    expect(page.body).not.toMatch(/<option[^>]*value="(yen|dinar)"/);
    await admin().post('/org/subscription/plan', { plan: 'yen' }, { from: '/org/subscription' }).refuses(422, 'plan', 'Yen is sold in JPY; this subscription is in USD.');
    await platform().post('/platform/tenants/swa/terms', { plan: 'yen', price: '1.00', reason: 'try' }, { from: '/platform/tenants/swa/terms' }).refuses(422, 'plan');
    expect(subscription()).toMatchObject({ code: 'growth', currency: 'USD' });
    // an organization in yen
    sql.platform("update subscription s join tenant t on t.id = s.tenant_id and t.slug = 'swa' join subscription_plan p on p.code = 'yen' set s.plan_id = p.id, s.price_minor = p.price_minor, s.currency = 'JPY' where s.live = 1");
    clock('2026-04-25T10:00-07:00');
    await day();
    await admin().get('/org/subscription').sees('50,000 JPY').lacks('500.00', '50000.00');
    await admin().get(`/org/subscription/invoices/${invoices().at(-1).number}`).sees('50,000 JPY');
    await platform().get('/platform/tenants').sees('50,000 JPY');
    await platform().get('/platform/tenants/swa/tab/invoices').sees('50,000 JPY');
    await platform().post('/platform/tenants/swa/terms', { price: '45000.5', reason: 'agreed' }, { from: '/platform/tenants/swa/terms' }).refuses(422, 'price');
    await platform().post('/platform/tenants/swa/terms', { price: '45000', reason: 'agreed' }, { from: '/platform/tenants/swa/terms' }).is(303);
    expect(subscription().price_minor).toBe('45000');
    sql.platform("update subscription s join tenant t on t.id = s.tenant_id and t.slug = 'swa' set s.currency = 'USD' where s.live = 1");
    sql.platform("update subscription_plan set active = 0 where code in ('yen', 'dinar', 'yearly', 'yearly2')");
  });

  test('ONB08US01 the end is asked for by typing the name, with the settlements that are open', async () => {
    begin('growth', '2026-04-16');
    const page = '/org/subscription/cancellation', end = (confirm) => admin().post(page, { confirm, reason: 'moved away' }, { from: page });
    await admin().get(page).sees('The subscription ends with the period that is paid').lacks('settlements of your gateways');
    sql("insert into settlement (utility_id, gateway_account_id, provider_settlement_id, currency, net_minor, state) select utility_id, min(id), 'po_open', 'USD', 100, 'exceptions' from gateway_account group by utility_id limit 1");
    await admin().get(page).sees('1 settlement of your gateways is open');
    await end('').refuses(422, 'confirm');
    await end('swb').refuses(422, 'confirm');
    expect(subscription().cancel_on).toBeNull();
    await end('swa').done('The subscription ends on');
    expect(subscription().cancel_on).toBe('2026-05-05');
    expect(tenant().status).toBe('active');
    clock('2026-05-05T12:00-07:00');
    await day();
    expect(tenant().status).toBe('active');                              // the last day is paid
    clock('2026-05-06T12:00-07:00');
    await day();
    expect([tenant().status, subscription().status]).toEqual(['cancelled', 'cancelled']);
    // made active again by the platform, it stays so
    await platform().post('/platform/tenants/swa/resume', {}, { from: '/platform/tenants/swa' }).is(303);
    await day();
    expect([tenant().status, subscription().cancel_on]).toEqual(['active', null]);
    sql("delete from settlement where provider_settlement_id = 'po_open'");
  });

  test('ONB08US01 pages of plans and of what waits look right', async ({ page }) => {
    test.setTimeout(240000);
    begin('growth', '2026-04-16');
    await change('starter').is(303);
    await admin().browse(page, '/org/subscription');
    await looks_right(page, { shots: 'sub-own' });
    for (const [at, shots] of [['/platform/plans', 'sub-plans'], ['/platform/plans/new', 'sub-plan-new'], ['/platform/tenants', 'sub-tenants']]) {
      await platform().browse(page, at);
      await looks_right(page, { shots });
    }
  });
});
