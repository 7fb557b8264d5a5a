// What is invoiced of a period ahead when plan, add-ons or terms change before it begins (ONB08US01): billed once, whatever the order.
const { story } = require('../support/story');

story('ONB08US01 periods', 'BASE', ({ as, test, expect, sql, clock, jobs_run, order }) => {
  const admin = () => as('tenant_admin'), platform = () => as('platform_admin');
  const subscription = () => sql.platform("select s.*, p.code from subscription s join subscription_plan p on p.id = s.plan_id join tenant t on t.id = s.tenant_id where t.slug = 'swa' and s.live = 1")[0];
  const invoices = () => sql.platform("select i.* from subscription_invoice i join tenant t on t.id = i.tenant_id where t.slug = 'swa' order by i.id").map((i) => ({ ...i, lines: JSON.parse(i.lines) }));
  const amounts = () => invoices().map((i) => [i.status, ...i.lines.map((l) => l.amount_minor)]);
  const day = async () => { sql.platform("insert into job (tenant_id, kind, class, run_at) select id, 'subscription.day', 'general', utc_timestamp(6) - interval 1 year from tenant where slug = 'swa'"); await jobs_run(); };
  const change = (plan) => admin().post('/org/subscription/plan', { plan }, { from: '/org/subscription' }).is(303);
  const pay = () => sql.platform("update subscription_invoice set status = 'paid', paid_at = utc_timestamp(6) where status = 'open'");
  // What was demanded of the period that begins on 6 May.
  const of_may = () => invoices().filter((i) => i.status !== 'void' && i.period_on === '2026-05-06').reduce((n, i) => n + Number(i.period_plan_minor) + Number(i.period_more_minor), 0);
  // 6 April to 5 May by a plan, no invoice yet; `at`: 16 April has 20 days left, 25 April (11 left) is within the 14 days ahead.
  const begin = (plan, at) => {
    order('set', 'BASE');                                              // fresh sessions: the clock goes back
    for (const table of ['subscription_payment', 'subscription_invoice']) sql.platform(`delete from ${table} where tenant_id = (select id from tenant where slug = 'swa')`);
    sql.platform(`update subscription s join tenant t on t.id = s.tenant_id join subscription_plan p on p.code = ? set s.plan_id = p.id, s.price_minor = p.price_minor, s.term = 'month', s.status = 'active', s.pending_plan_id = null, s.cancel_on = null, s.add_ons = null,
      s.add_ons_next = null, s.credit_minor = 0, s.discount_ppm = 0, s.discount_until = null, s.period_net_minor = null, s.current_period_start = '2026-04-06', s.current_period_end = '2026-05-05' where t.slug = 'swa' and s.live = 1`, [plan]);
    sql.platform("update subscription_plan set limits = json_set(limits, '$.seats', 500, '$.utilities', 5) where code = 'starter'");
    clock(`${at}T10:00-07:00`);
  };

  // plan before, plan after, the day of the change, whether what was sent ahead is paid; invoices then, and credit.
  const cases = [
    ['up before the invoice of the next period',         'starter', 'growth', '2026-04-16', false, [['open', -40000, 160000], ['open', 240000]], 240000, 0],
    ['up after it, unpaid: the difference',              'starter', 'growth', '2026-04-25', false, [['open', 60000], ['open', -22000, 88000, 180000]], 240000, 0],
    ['up after it, paid: the difference',                'starter', 'growth', '2026-04-25', true,  [['paid', 60000], ['open', -22000, 88000, 180000]], 240000, 0],
    ['down before it',                                   'growth', 'starter', '2026-04-16', false, [['open', 60000]], 60000, 0],
    ['down after it, unpaid: withdrawn and made anew',   'growth', 'starter', '2026-04-25', false, [['void', 240000], ['open', 60000]], 60000, 0],
    ['down after it, paid: the difference is credit',    'growth', 'starter', '2026-04-25', true,  [['paid', 240000], ['paid', -180000]], 60000, 180000],
  ];
  for (const [name, before, after, at, is_paid, wanted, net, credit] of cases)
    test(`ONB08US01 the next period is billed once: ${name}`, async () => {
      begin(before, at);
      await day();
      if (is_paid) pay();
      await change(after);
      clock('2026-04-25T12:00-07:00');
      for (let i = 0; i < 2; i++) await day();                        // a second time adds nothing
      expect(amounts()).toEqual(wanted);
      expect(of_may()).toBe(net);
      expect(subscription().credit_minor).toBe(String(credit));
      clock('2026-05-06T12:00-07:00');
      pay();
      await day();
      expect(subscription()).toMatchObject({ code: after, period_net_minor: String(net), current_period_start: '2026-05-06' });
      expect(amounts()).toHaveLength(wanted.length);
      clock('2026-05-25T12:00-07:00');                                 // and the one after it by the new plan, less what is credit
      await day();
      expect(amounts().at(-1)).toEqual(credit ? ['paid', 60000, -60000] : ['open', net]);
    });

  test('ONB08US01 two changes after the invoice: up and down again end where they began', async () => {
    begin('starter', '2026-04-25');
    await day();
    pay();
    await change('growth');
    pay();
    await change('starter');                                           // waits for the period
    expect(amounts()).toEqual([['paid', 60000], ['paid', -22000, 88000, 180000], ['paid', -180000]]);
    expect([of_may(), subscription().credit_minor, subscription().code]).toEqual([60000, '180000', 'growth']);
  });

  test('ONB08US01 an invoice that is being paid is not withdrawn: what is too much is credit', async () => {
    begin('growth', '2026-04-25');
    await day();
    await platform().post('/platform/gateways/drivers/sandbox', {}, { from: '/platform/gateways' }).is(303);
    sql.platform("insert into subscription_payment (payment_no, tenant_id, invoice_id, gateway_account_id, amount_minor, currency, state, `rank`, expires_at) select 'PI-9000000001', i.tenant_id, i.id, g.id, i.total_minor, 'USD', 'requires_action', 1, '2026-04-25 23:00' from subscription_invoice i join gateway_account g on g.driver = 'sandbox' where i.status = 'open'");
    await change('starter');
    expect(amounts()).toEqual([['open', 240000], ['paid', -180000]]);
    expect(subscription().credit_minor).toBe('180000');
  });

  test('ONB08US01 add-ons bought after the invoice of the next period are billed for it too, once', async () => {
    begin('growth', '2026-04-25');
    await day();
    const add = (n) => admin().post('/org/subscription/add-ons', { seats_10: String(n), sms_10000: '0', storage_100: '0' }, { from: '/org/subscription' }).is(303);
    await add(1);
    await day();
    const price = Number(sql.platform("select price_minor from subscription_add_on where code = 'seats_10'")[0].price_minor);
    expect(amounts()).toEqual([['open', 240000], ['open', Math.round(price * 11 / 30), price]]);
    pay();
    await add(0);                                                      // begins with the next period
    expect(amounts().at(-1)).toEqual(['paid', -price]);
    expect(of_may()).toBe(240000);
  });

  test('ONB08US01 what is left of the old plan is worth what it was invoiced at, not what is agreed now', async () => {
    begin('growth', '2026-04-16');
    const terms = (fields) => platform().post('/platform/tenants/swa/terms', { plan: 'growth', price: '2400.00', reason: 'agreed', ...fields }, { from: '/platform/tenants/swa/terms' }).is(303);
    await terms({ discount: '50', discount_reason: 'From May on' });   // with the next invoice
    expect(amounts()).toEqual([]);
    await terms({ plan: 'enterprise', price: '9000.00', discount: '10', discount_reason: 'Three years' });
    expect(amounts()).toEqual([['open', -160000, 540000]]);            // 20 of 30 days of 2,400.00 in full; of 9,000.00 less a tenth
    expect(subscription().period_net_minor).toBe('810000');
    await terms({ plan: 'growth', price: '2400.00', discount: '0' });
    expect(amounts().at(-1)).toEqual(['paid', -540000, 160000]);
  });

  test('ONB08US01 a trial is changed without a charge; who cancels gets no invoice of what does not begin', async () => {
    begin('starter', '2026-04-16');
    sql.platform("update subscription set status = 'trial', trial_end = '2026-05-05' where live = 1");
    await change('growth');
    expect([subscription().code, subscription().status, amounts()]).toEqual(['growth', 'trial', []]);
    begin('growth', '2026-04-25');
    await day();
    expect(amounts()).toEqual([['open', 240000]]);
    await admin().post('/org/subscription/cancellation', { confirm: 'swa', reason: 'moved away' }, { from: '/org/subscription/cancellation' }).is(303);
    await day();
    expect(amounts()).toEqual([['void', 240000]]);
    sql.platform('update subscription set cancel_on = null where live = 1');
  });
});
