// The convenience fee (ONB03US01 "paying", CSS01US03 "amounts"): for which methods it is charged, what people see before they pay,
// what is taken, posted and given back, and what a method without it costs: nothing more.
const { story } = require('../support/story');
const { StripeDouble } = require('../support/stripe_double');
const { webhook } = require('../support/faults');

const CARD = { card: '4242 4242 4242 4242', expiry: '12/30', cvc: '123', delivery: 'once', seconds: '0' };
const account = 'WA-ACC-100001';

story('ONB03US01 convenience fee', 'HUB-FIX', ({ as, portal, test, expect, sql, one, ledger, jobs_run, request, instance, verify, mails, watch, looks_right, order }) => {
  const gateway = (driver = 'sandbox') => one('select public_id from gateway_account where driver = ?', [driver]);
  const page = (driver) => `/integrations/gateways/${gateway(driver)}/settings`;
  const intent = (id) => sql('select state, method, amount_minor amount, fee_minor fee, received_minor received, refunded_minor back from payment_intent where public_id = ?', [id])[0];
  const net = (code) => ledger().filter((l) => l.code === code).reduce((n, l) => n + Math.round(l.debit * 100) - Math.round(l.credit * 100), 0);
  const owed = () => Number(one('select balance_minor from account where account_no = ?', [account]));
  const payment = () => sql('select p.payment_no no, p.amount_minor amount, p.status, p.refunded_minor back from payment p join account a on a.id = p.account_id where a.account_no = ? order by p.id desc limit 1', [account])[0];
  const begin = async (amount) => {
    const who = portal();
    await who.post('/pay/guest', { account_no: account, postal_code: '97209' }, { from: '/pay' }).goes('/pay');
    const r = await who.post('/pay', { [`pick_free-${account}`]: '1', [`amount_free-${account}`]: amount, again: '1', email: 'friend@swa.test' }, { from: '/pay' }).is(303);
    return { who, id: r.location.match(/\/pay\/([A-Za-z0-9_-]{22})$/)[1] };
  };
  const card = ({ who, id }) => who.post(`/sandbox/pay/${id}`, CARD, { from: `/sandbox/pay/${id}` }).is(303);
  const values = (body, name) => [...body.matchAll(new RegExp(`name="${name}" value="([^"]+)"`, 'g'))].map((m) => m[1]);

  test('ONB03US01 the fee is set for the methods for which it is allowed: for none, or for one that is not taken, is refused', async () => {
    const admin = as('utility_admin'), fee = { fee_fixed_minor: '0.30', fee_rate_ppm: '2.5' };
    await admin.post(page(), { ...fee, fee_methods: null }).refuses(422, 'fee_methods', 'Tick the methods that the fee is for, or set the fee to 0.');
    await admin.post(page(), { ...fee, methods: ['card', 'bank_transfer'], fee_methods: ['card', 'wallet'] }).refuses(422, 'fee_methods', 'Wallet is not among the methods above.');
    expect(sql("select fee_fixed_minor f, fee_rate_ppm r, fee_methods m from gateway_account where driver = 'sandbox'")).toEqual([{ f: '0', r: '0', m: null }]);
    await admin.post(page(), { ...fee, methods: ['card', 'bank_transfer'], fee_methods: 'card' }).done('Saved.');
    expect(sql("select fee_fixed_minor f, fee_rate_ppm r, fee_methods m from gateway_account where driver = 'sandbox'")).toEqual([{ f: '30', r: '25000', m: '["card"]' }]);
    await admin.get(page()).sees('Fee is charged for');
    await admin.get(`/integrations/gateways/${gateway()}`).sees('$0.30 + 2.5 % for: Card', 'Card, Bank transfer');
    expect(one("select v.after_value from audit_entry e join audit_value v on v.audit_id = e.id where e.entity = 'gateway_account' order by e.id desc limit 1")).toContain('"fee_methods":"Card"');
    await as('billing_manager').post(page(), fee, { raw: true }).is(403);
    await as('billing_manager').get(page()).is(403);
  });

  let by_card;
  test('ONB03US01 who pays sees the fee of each way first; by card it is taken with the amount and posted as its own lines', async () => {
    const p = by_card = await begin('100.00'), asked = await p.who.get(`/pay/${p.id}`).sees('How do you want to pay?', 'Card', 'Fee $2.80, $102.80 in all', 'Bank transfer', 'No fee');
    expect(values(asked.body, 'way')).toEqual(['1-card', '1-bank_transfer']);
    expect(asked.body).not.toContain(`/pay/${p.id}/start`);                      // nothing to press before a way is chosen
    expect(intent(p.id)).toMatchObject({ state: 'created', fee: '0', method: null });
    await p.who.get(`/pay/${p.id}?way=1-card`).sees('Check and pay', 'Card', 'Fee', '$2.80', '$102.80', 'Pay $102.80');
    await p.who.post(`/pay/${p.id}/start`, {}, { from: `/pay/${p.id}?way=1-card` }).goes(`/sandbox/pay/${p.id}`);
    expect(intent(p.id)).toMatchObject({ state: 'requires_action', amount: '10000', fee: '280', method: 'card' });
    await p.who.get(`/sandbox/pay/${p.id}`).sees('$102.80');
    await card(p);
    await jobs_run();
    expect(intent(p.id)).toMatchObject({ state: 'succeeded', received: '10280', method: 'card' });
    expect(ledger().filter((l) => l.type === 'payment').map((l) => [l.code, l.debit, l.credit])).toEqual([['1020', '100.00', '0.00'], ['1200', '0.00', '100.00'], ['1020', '2.80', '0.00'], ['4180', '0.00', '2.80']]);
    expect([owed(), payment().amount, one('select fee_minor from receipt order by id desc limit 1')]).toEqual([1425, '10000', '280']);
    await p.who.get(`/pay/${p.id}/return`).sees('Success', '$102.80', '$2.80 of it is the fee.');
    await as('billing_manager').get(`/integrations/payments/${one('select intent_no from payment_intent where public_id = ?', [p.id])}`).sees('$2.80', 'Card');
    verify();
  });

  test('ONB03US01 by bank transfer nothing is added, and nothing is posted as a fee', async () => {
    const p = await begin('10.00');
    await p.who.get(`/pay/${p.id}?way=1-bank_transfer`).sees('Bank transfer', 'Pay $10.00').lacks('Fee');
    await p.who.post(`/pay/${p.id}/start`, {}, { from: `/pay/${p.id}?way=1-bank_transfer` }).goes(`/sandbox/pay/${p.id}`);
    expect(intent(p.id)).toMatchObject({ amount: '1000', fee: '0', method: 'bank_transfer' });
    await card(p);
    await jobs_run();
    expect(intent(p.id)).toMatchObject({ state: 'succeeded', received: '1000', fee: '0', method: 'bank_transfer' });
    expect([owed(), net('4180')]).toEqual([425, -280]);
  });

  test('ONB03US01 without a way, by one that is not taken, or with a fee that was not shown: nothing starts', async () => {
    const p = await begin('10.00'), start = (fields, from = `/pay/${p.id}?way=1-card`) => p.who.post(`/pay/${p.id}/start`, fields, { from });
    for (const way of [null, '1-upi', '2', '1-wallet', '', '1']) await start({ way }).refuses(409, null, 'Choose how you want to pay. Nothing was taken.');
    // the fee is changed while the page is open
    const open = await p.who.get(`/pay/${p.id}?way=1-card`).sees('$0.55'), keep = Object.fromEntries([...open.body.matchAll(/<input type="hidden" name="(csrf|form_key|way|fee_seen)" value="([^"]*)"/g)].map((m) => [m[1], m[2]]));
    sql("update gateway_account set fee_fixed_minor = 100 where driver = 'sandbox'");
    const refused = await p.who.post(`/pay/${p.id}/start`, keep, { raw: true }).is(409);
    expect(refused.text).toContain('The fee has changed: it is $1.25 now, $11.25 in all.');
    expect([intent(p.id).state, one('select count(*) from payment_attempt a join payment_intent i on i.id = a.intent_id where i.public_id = ?', [p.id])]).toEqual(['created', '0']);
    sql("update gateway_account set fee_fixed_minor = 30 where driver = 'sandbox'");
    await p.who.post(`/pay/${p.id}/start`, keep, { raw: true }).goes(`/sandbox/pay/${p.id}`);
    expect(intent(p.id)).toMatchObject({ state: 'requires_action', fee: '55' });
  });

  test('ONB03US01 one fee for all methods asks nothing more: the way is the gateway, and its page asks for the method', async () => {
    await as('utility_admin').post(page(), { fee_methods: ['card', 'bank_transfer'] }).done('Saved.');
    const p = await begin('10.00');
    await p.who.get(`/pay/${p.id}`).sees('Check and pay', 'Sandbox gateway', '$0.55', 'Pay $10.55');
    await p.who.post(`/pay/${p.id}/start`, {}, { from: `/pay/${p.id}` }).goes(`/sandbox/pay/${p.id}`);
    expect(intent(p.id)).toMatchObject({ fee: '55', method: null });
    await as('utility_admin').post(page(), { fee_methods: 'card' }).done('Saved.');
  });

  test('ONB03US01 a refund asked for gives the amount back and leaves the fee; made at the gateway over all of it, the fee too', async () => {
    const paid = one('select payment_no from payment p join payment_intent i on i.id = p.payment_intent_id where i.public_id = ?', [by_card.id]), path = `/cis/payments/${paid}/refund`;
    await as('cso').post(path, { amount: '102.80', payout_kind: 'original', reason: 'with the fee' }).refuses(422, 'amount', 'At most 100.00 can be refunded.');
    await as('cso').post(path, { amount: '100.00', payout_kind: 'original', reason: 'paid too much' }).done('waits for approval');
    const refund = one('select max(refund_no) from refund_request');
    await as('cso_supervisor').post(`/cis/refunds/${refund}/approve`, {}, { from: `/cis/refunds/${refund}` }).done('is approved');
    await jobs_run();
    expect(intent(by_card.id)).toMatchObject({ state: 'refunded', back: '10000', fee: '280' });
    expect([owed(), net('4180'), net('2150')]).toEqual([10425, -280, 0]);
    verify();

    const p = await begin('20.00');
    await p.who.post(`/pay/${p.id}/start`, {}, { from: `/pay/${p.id}?way=1-card` }).is(303);
    await card(p);
    await jobs_run();
    expect([owed(), net('4180')]).toEqual([8425, -360]);
    const no = one('select intent_no from payment_intent where public_id = ?', [p.id]);
    expect((await request(webhook(instance(), { id: 'evt_rf_all', type: 'refund.succeeded', intent_no: no, payment_id: `sbx_pay_${p.id}`, ref: 'sbx_rf_all', amount_minor: 2080, currency: 'USD' }))).status).toBe(200);
    await jobs_run();
    expect([owed(), net('4180'), net('1999')]).toEqual([10425, -280, 0]);
    expect(intent(p.id).state).toBe('refunded');
    verify();
  });

  test('ONB03US01 what the sandbox sent is told in words', async () => {
    expect(one("select group_concat(distinct outcome) from sandbox_outbox where channel = 'email'")).toBe('deliver');
    const list = await as('utility_admin').get('/integrations/sandbox').sees('E-mail', 'Taken and delivered');
    expect(list.body).not.toMatch(/>\s*deliver\s*</);
    const no = list.body.match(/integrations\/sandbox\/([^"?]+)"/)[1];
    await as('utility_admin').get(`/integrations/sandbox/${no}`).sees('Outcome Taken and delivered');
  });

  test('ONB03US01 pages with a fee by method look right, at a desk and on a phone', async ({ page: tab }) => {
    test.setTimeout(240000);
    const faults = await watch(tab.context()), p = await begin('50.00');
    await as('utility_admin').browse(tab, page());
    await looks_right(tab, { widths: [360, 1440], shots: 'hub-fee-settings' });
    await p.who.browse(tab, `/pay/${p.id}`);
    await looks_right(tab, { widths: [360, 1440], shots: 'pay-ways' });
    await tab.locator('input[value="1-card"]').check({ timeout: 10000 });
    await tab.getByRole('button', { name: 'Continue' }).click({ timeout: 10000 });
    await expect(tab.locator('main')).toContainText('$51.55');
    await looks_right(tab, { widths: [360, 1440], shots: 'pay-ways-review' });
    expect(faults).toEqual([]);
  });

  test('ONB03US01 Stripe is told which method was chosen, and offers all of its own where none was', async () => {
    order('set', 'HUB-FIX');
    const double = await StripeDouble.start({ now: () => instance().now() });
    try {
      sql("update gateway_account set status = 'inactive' where driver = 'sandbox'");
      sql("update gateway_account set status = 'active', api_base = ?, methods = '[\"card\",\"bank_transfer\"]', fee_rate_ppm = 10000, fee_methods = '[\"card\"]' where driver = 'stripe'", [double.url]);
      const shown = () => as('utility_admin').get(`/integrations/gateways/${gateway('stripe')}`);
      await shown().lacks('cannot be held');
      sql("update gateway_account set methods = '[\"card\",\"wallet\",\"bank_transfer\"]' where driver = 'stripe'");
      await shown().sees('Wallet: the page of Stripe cannot be held to this');
      sql("update gateway_account set fee_methods = null where driver = 'stripe'");
      await shown().lacks('cannot be held');                                // every way costs the same
      sql("update gateway_account set methods = '[\"card\",\"bank_transfer\"]', fee_methods = '[\"card\"]' where driver = 'stripe'");
      for (const [way, types, total] of [['1-card', 'card', '1010'], ['1-bank_transfer', 'us_bank_account', '1000']]) {
        const p = await begin('10.00');
        await p.who.post(`/pay/${p.id}/start`, {}, { from: `/pay/${p.id}?way=${way}` }).is(303);
        const asked = double.seen.at(-1).given;
        expect([asked['payment_method_types[0]'], asked['line_items[0][price_data][unit_amount]']]).toEqual([types, total]);
        sql("update payment_intent set state = 'cancelled', `rank` = 3 where public_id = ?", [p.id]);
      }
      sql("update gateway_account set fee_methods = null where driver = 'stripe'");
      const p = await begin('10.00');
      await p.who.post(`/pay/${p.id}/start`, {}, { from: `/pay/${p.id}` }).is(303);
      expect(Object.keys(double.seen.at(-1).given)).not.toContain('payment_method_types[0]');
      expect(double.seen.at(-1).given['line_items[0][price_data][unit_amount]']).toBe('1010');
      expect(double.violations).toEqual([]);
    } finally { await double.stop(); }
  });
});
