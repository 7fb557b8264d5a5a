// Saved cards at Stripe (CSS01US03), against a strict double of its API: method, path, headers, keys and bodies of every
// call are looked at by the double, and `violations` must be empty after each test.
const { story } = require('../support/story');
const { StripeDouble } = require('../support/stripe_double');

story('CARDS', 'HUB-FIX', ({ as, test, expect, sql, one, jobs_run, clock, request, instance, mails }) => {
  const mail = () => one("select u.email from portal_user u join portal_account_link l on l.portal_user_id = u.id join account a on a.id = l.account_id where a.account_no = 'WA-ACC-100001'");
  const alpha = () => as(mail()), BILL = 'WA-BILL-202604-000001';
  const told = async (type, object) => { expect((await request(double.event(type, object, { at: instance().now() }))).status).toBe(200); await jobs_run(); };
  const calls = (call) => double.seen.filter((s) => s.call === call);
  const opened = () => one('select open_minor from bill where bill_no = ?', [BILL]);
  const cards = () => sql("select public_id, brand, last4, exp_month, exp_year, status, is_default from saved_payment_method order by id");
  // A payment of the bill, as far as its review page.
  const begin = async (amount) => {
    const page = await alpha().get('/pay').is(200);
    const keep = Object.fromEntries([...page.body.matchAll(/<input type="hidden" name="(csrf|form_key)" value="([^"]*)"/g)].map((m) => [m[1], m[2]]));
    const r = await alpha().post('/pay', { ...keep, [`pick_${BILL}`]: '1', [`amount_${BILL}`]: amount, again: '1' }, { raw: true }).is(303);
    return r.location.match(/\/pay\/([A-Za-z0-9_-]{22})$/)[1];
  };
  const charge = async (id, card) => alpha().post(`/pay/${id}/start`, { way: `m-${card}` }, { from: `/pay/${id}` }).goes(`/pay/${id}/return`);
  let double, card;

  test.beforeEach(async () => {
    if (double) return;
    double = await StripeDouble.start({ now: () => instance().now() });
    sql("update gateway_account set status = 'inactive' where driver = 'sandbox'");
    sql("update gateway_account set status = 'active', api_base = ? where driver = 'stripe'", [double.url]);
  });
  test.afterEach(() => { if (double) expect(double.violations).toEqual([]); });
  test.afterAll(async () => { await double?.stop(); double = null; });

  test('CSS01US03 Stripe: a card is given on its page in mode setup, and only a token of it is kept', async () => {
    const r = await alpha().post('/pay/methods', { consent: '1' }, { from: '/pay/methods' }).is(303);
    const [setup] = sql('select public_id, state, ref from method_setup order by id desc limit 1');
    const session = double.sessions.get(setup.ref);
    expect(r.location).toBe(session.url);
    expect(calls('POST /v1/customers')).toEqual([{ call: 'POST /v1/customers', key: `${setup.public_id}-customer`, given: { email: mail(), 'metadata[setup]': setup.public_id } }]);
    expect(calls('POST /v1/checkout/sessions')).toEqual([{ call: 'POST /v1/checkout/sessions', key: setup.public_id,
      given: { mode: 'setup', customer: session.customer, 'payment_method_types[0]': 'card', client_reference_id: setup.public_id, success_url: expect.stringContaining(`/pay/methods/return/${setup.public_id}`), cancel_url: expect.stringContaining('?cancelled=1') } }]);
    await alpha().get(`/pay/methods/return/${setup.public_id}`).sees('Refresh');         // nothing was given yet
    expect(cards()).toEqual([]);
    double.keep_card(session);
    await told('checkout.session.completed', session);
    await told('checkout.session.completed', session);
    expect(cards()).toEqual([{ public_id: expect.any(String), brand: 'visa', last4: '4242', exp_month: '12', exp_year: '2030', status: 'active', is_default: '1' }]);
    card = cards()[0].public_id;
    const pm = session.setup_intent.payment_method;
    expect(pm).toMatch(/^pm_/);
    for (const rows of [sql('select hex(token_enc) x from saved_payment_method').map(({ x }) => Buffer.from(x, 'hex').toString('latin1')), sql('select * from audit_value'), sql.platform('select payload from job')])
      expect(JSON.stringify(rows)).not.toContain(pm);
    await alpha().get(`/pay/methods/return/${setup.public_id}`).goes('/pay/methods');
  });

  test('CSS01US03 Stripe: the answer to the page is lost: asked again with the same keys, one customer, one page', async () => {
    double.next('POST /v1/checkout/sessions', 'lose');
    await alpha().post('/pay/methods', { consent: '1' }, { from: '/pay/methods' }).is(303);
    const key = one('select public_id from method_setup order by id desc limit 1');
    expect([...double.customers.values()].filter((c) => c.metadata.setup === key)).toHaveLength(1);
    expect([...double.sessions.values()].filter((s) => s.client_reference_id === key)).toHaveLength(1);
    double.next('POST /v1/customers', { status: 400, body: { error: { type: 'invalid_request_error', message: 'Invalid email address.' } } });
    await alpha().post('/pay/methods', { consent: '1' }, { from: '/pay/methods' }).refuses(409, null, 'Cards cannot be saved now.');
    expect(one('select state from method_setup order by id desc limit 1')).toBe('failed');
  });

  test('CSS01US03 Stripe: the saved card pays at once, off session, under the key of its try', async () => {
    const id = await begin('20.00');
    await charge(id, card);
    const [i] = sql('select intent_no, provider_payment_id pi from payment_intent where public_id = ?', [id]);
    const kept = [...double.cards.values()][0];
    expect(calls('POST /v1/payment_intents')).toEqual([{ call: 'POST /v1/payment_intents', key: `${id}-1`,
      given: { amount: '2000', currency: 'usd', customer: kept.customer, payment_method: kept.id, off_session: 'true', confirm: 'true', description: expect.stringContaining(i.intent_no), 'metadata[intent]': i.intent_no } }]);
    await alpha().get(`/pay/${id}/return`).sees('Success', '$20.00');
    await told('payment_intent.succeeded', double.payments.get(i.pi));
    expect(opened()).toBe('9425');
    expect(one('select count(*) from payment where provider_payment_id = ?', [i.pi])).toBe('1');
  });

  test('CSS01US03 Stripe: a lost answer is asked for with the same key, and the card is charged once', async () => {
    const id = await begin('10.00');
    double.next('POST /v1/payment_intents', 'lose');
    await charge(id, card);
    await alpha().get(`/pay/${id}/return`).sees('Pending');
    clock.forward({ minutes: 2 });
    await alpha().get(`/pay/${id}/return`).is(200);
    await jobs_run();
    await alpha().get(`/pay/${id}/return`).sees('Success');
    const no = one('select intent_no from payment_intent where public_id = ?', [id]);
    expect([...double.payments.values()].filter((p) => p.metadata.intent === no)).toHaveLength(1);
    expect(new Set(calls('POST /v1/payment_intents').filter((s) => s.given['metadata[intent]'] === no).map((s) => s.key))).toEqual(new Set([`${id}-1`]));
    expect(opened()).toBe('8425');
  });

  test('CSS01US03 Stripe: a declined card says why and takes nothing; a wrong key of ours is no refusal of the card', async () => {
    double.declines.push({ code: 'card_declined', decline_code: 'insufficient_funds', message: 'Your card has insufficient funds.' });
    const id = await begin('12.00');
    await charge(id, card);
    await alpha().get(`/pay/${id}/return`).sees('Failed', 'Your bank declined the card (insufficient funds).', 'Nothing was taken.');
    expect(sql('select state, failure_code from payment_intent where public_id = ?', [id])).toEqual([{ state: 'failed', failure_code: 'insufficient_funds' }]);
    const other = await begin('13.00');
    double.next('POST /v1/payment_intents', { status: 401, body: { error: { type: 'invalid_request_error', message: 'Invalid API Key provided.' } } });
    await charge(other, card);
    expect(one('select state from payment_intent where public_id = ?', [other])).toBe('processing');
    clock.forward({ minutes: 2 });
    await alpha().get(`/pay/${other}/return`).is(200);
    await jobs_run();
    expect(one('select state from payment_intent where public_id = ?', [other])).toBe('succeeded');
    expect(opened()).toBe('7125');
  });

  test('CSS01US03 Stripe: a payment that keeps its card asks for it afterwards', async () => {
    const id = await begin('15.00');
    const r = await alpha().post(`/pay/${id}/start`, { way: '1', keep: '1' }, { from: `/pay/${id}` });
    const session = [...double.sessions.values()].at(-1);
    expect([r.status, r.location]).toEqual([303, session.url]);
    expect(calls('POST /v1/checkout/sessions').at(-1).given).toMatchObject({ mode: 'payment', customer_creation: 'always', 'payment_intent_data[setup_future_usage]': 'off_session' });
    double.pay(session);
    await told('checkout.session.completed', session);
    expect(cards()).toHaveLength(2);
    expect(cards()[1]).toMatchObject({ last4: '4242', is_default: '0', status: 'active' });
    expect(opened()).toBe('5625');
  });

  test('CSS01US03 Stripe: a removed card is detached there, once, also when the answer is lost', async () => {
    double.next('POST /v1/payment_methods/:id/detach', { status: 500, body: { error: { type: 'api_error', message: 'Try again.' } } });
    await alpha().post(`/pay/methods/${card}/removal`, {}, { from: `/pay/methods/${card}/removal` }).done('The card was removed.');
    await request({ method: 'GET', path: '/health' });
    for (let k = 0; k < 8 && [...double.cards.values()][0].customer; k++) { clock.forward({ minutes: 10 }); await jobs_run(); }
    const kept = [...double.cards.values()];
    expect([kept[0].customer, kept[1].customer]).toEqual([null, expect.stringMatching(/^cus_/)]);
    expect(new Set(calls('POST /v1/payment_methods/:id/detach').map((s) => s.key))).toEqual(new Set([`${kept[0].id}-detach`]));
    expect(mails(mail()).filter((m) => m.body.includes(kept[0].id))).toEqual([]);
  });
});
