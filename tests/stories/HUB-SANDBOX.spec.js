// The sandbox gateway's switches, and results that come late, twice, out of order or to a gateway that is not there (ONB03US01
// "sandbox gateway", "ordering", "several gateways"). Each test looks at what must happen and at what must not.
const { story } = require('../support/story');
const { webhook } = require('../support/faults');

const CARD = { card: '4242 4242 4242 4242', expiry: '12/30', cvc: '123', seconds: '0' };
const account = 'WA-ACC-100001';

story('ONB03US01 sandbox', 'HUB-FIX', ({ as, portal, test, expect, sql, one, jobs_run, request, instance, clock, verify }) => {
  const state = (id) => one('select state from payment_intent where public_id = ?', [id]);
  const no_of = (id) => one('select intent_no from payment_intent where public_id = ?', [id]);
  const payments = (id) => Number(one('select count(*) from payment p join payment_intent i on i.id = p.payment_intent_id where i.public_id = ?', [id]));
  const events = (id) => sql('select e.type, e.state, e.reason, e.delivery_count n from webhook_event e where e.provider_event_id like ? order by e.id', [`sbx_evt_${id}%`]);
  const refused = () => Number(one("select coalesce(sum(count), 0) from webhook_refusal where source = 'gateway' and reason = 'invalid_signature'"));
  let guest = null;
  const payer = async () => {             // one guest, for look-ups are limited
    if (guest) return guest;
    guest = portal();
    await guest.post('/pay/guest', { account_no: account, postal_code: '97209' }, { from: '/pay' }).goes('/pay');
    return guest;
  };
  const begin = async (amount) => {
    const who = await payer();
    const r = await who.post('/pay', { [`pick_free-${account}`]: '1', [`amount_free-${account}`]: amount, again: '1' }, { from: '/pay' }).is(303);
    return { who, id: r.location.match(/\/pay\/([A-Za-z0-9_-]{22})$/)[1] };
  };
  const start = (p) => p.who.post(`/pay/${p.id}/start`, {}, { from: `/pay/${p.id}` }).goes(`/sandbox/pay/${p.id}`);
  const pay = async (amount, card) => {
    const p = await begin(amount);
    await start(p);
    await p.who.post(`/sandbox/pay/${p.id}`, { ...CARD, ...card }, { from: `/sandbox/pay/${p.id}` }).is(303);
    await jobs_run();
    return p;
  };
  const tell = async (p, type, more = {}) => {
    expect((await request(webhook(instance(), { id: `evt_${p.id}_${type}`, type, intent_no: no_of(p.id), ref: `sbx_${p.id}`, payment_id: `sbx_pay_${p.id}`, amount_minor: 700, currency: 'USD', last4: '4242', ...more }))).status).toBe(200);
    await jobs_run();
  };

  test('ONB03US01 the switches of the sandbox: twice, out of order, late, with a bad signature', async () => {
    const twice = await pay('5.00', { delivery: 'twice' });
    clock.forward({ seconds: 3 });
    await jobs_run();
    expect([events(twice.id), payments(twice.id)]).toEqual([[{ type: 'payment.succeeded', state: 'processed', reason: null, n: '2' }], 1]);

    const odd = await pay('5.00', { delivery: 'disordered' });
    clock.forward({ seconds: 5 });
    await jobs_run();
    expect(events(odd.id)).toEqual([{ type: 'payment.succeeded', state: 'processed', reason: null, n: '1' }, { type: 'payment.processing', state: 'ignored', reason: 'stale', n: '1' }]);
    expect([state(odd.id), payments(odd.id)]).toEqual(['succeeded', 1]);

    const late = await pay('5.00', { delivery: 'late', seconds: '60' });
    expect([events(late.id), state(late.id), payments(late.id)]).toEqual([[], 'requires_action', 0]);
    clock.forward({ seconds: 61 });
    await jobs_run();
    expect([state(late.id), payments(late.id)]).toEqual(['succeeded', 1]);

    const before = refused(), bad = await pay('5.00', { delivery: 'badsig' });
    expect([refused(), events(bad.id), state(bad.id), payments(bad.id)]).toEqual([before + 1, [], 'requires_action', 0]);
    verify();
  });

  test('ONB03US01 the five test cards do what they say, and no other number is taken or kept', async () => {
    const p = await begin('6.00');
    await start(p);
    await p.who.post(`/sandbox/pay/${p.id}`, { ...CARD, card: '4111 1111 1111 1111', delivery: 'once' }, { from: `/sandbox/pay/${p.id}` }).refuses(422, 'card');
    for (const [card, ends, code] of [['4000 0000 0000 0002', 'failed', 'card_declined'], ['4000 0000 0000 9995', 'failed', 'insufficient_funds'], ['4000 0027 6000 3184', 'succeeded', null]]) {
      const one_ = await pay('6.00', { card, delivery: 'once' });
      expect(sql('select state, failure_code code from payment_intent where public_id = ?', [one_.id])).toEqual([{ state: ends, code }]);
      expect(payments(one_.id)).toBe(ends === 'succeeded' ? 1 : 0);
    }
    expect(one("select count(*) from sandbox_outcome where params like '%40000%' or params like '%42424242%' or params like '%41111%'")).toBe('0');
  });

  test('ONB03US01 a success that comes after a failure or after the end is posted; what is lower changes nothing', async () => {
    const failed = await begin('7.00');
    await start(failed);
    await tell(failed, 'payment.failed', { code: 'card_declined' });
    expect([state(failed.id), payments(failed.id)]).toEqual(['failed', 0]);
    await tell(failed, 'payment.processing');
    expect(state(failed.id)).toBe('failed');
    await tell(failed, 'payment.succeeded');
    expect([state(failed.id), payments(failed.id)]).toEqual(['succeeded', 1]);

    const over = await begin('7.00');
    await start(over);
    sql("update payment_intent set state = 'expired', `rank` = 3 where public_id = ?", [over.id]);
    await tell(over, 'payment.succeeded');
    expect([state(over.id), payments(over.id)]).toEqual(['succeeded', 1]);
    await tell(over, 'payment.cancelled');
    expect([state(over.id), payments(over.id)]).toEqual(['succeeded', 1]);
    verify();
  });

  test('ONB03US01 the first gateway of the order that works is taken; without any there is nothing to press', async () => {
    sql("update gateway_account set status = 'active', api_base = 'http://127.0.0.1:1' where driver = 'stripe'");
    const p = await begin('8.00');
    await p.who.get(`/pay/${p.id}`).sees('How do you want to pay?', 'Sandbox gateway', 'Stripe');
    sql("update gateway_account set status = 'error' where driver = 'stripe'");
    await p.who.get(`/pay/${p.id}`).sees('Sandbox gateway', 'Pay $8.00').lacks('Stripe');
    sql("update gateway_account set status = 'error' where driver = 'sandbox'");
    const none = await p.who.get(`/pay/${p.id}`).sees('Card payments are not available now. Nothing was taken.');
    expect(none.body).not.toContain('/start"');
    sql("update gateway_account set status = 'active' where driver = 'sandbox'");
    sql("update gateway_account set status = 'inactive' where driver = 'stripe'");
    await start(p);
  });

  test('ONB03US01 the limits of the gateway hold; an amount outside of them makes no payment', async () => {
    sql("update gateway_account set min_minor = 2000, max_minor = 5000 where driver = 'sandbox'");
    const who = await payer(), count = () => one('select count(*) from payment_intent');
    const before = count();
    for (const amount of ['19.99', '50.01']) await who.post('/pay', { [`pick_free-${account}`]: '1', [`amount_free-${account}`]: amount, again: '1' }, { from: '/pay' }).refuses(422, `amount_free-${account}`, 'Enter an amount from $20.00 to $50.00.');
    expect(count()).toBe(before);
    await begin('20.00');
    await begin('50.00');
    sql("update gateway_account set min_minor = 100, max_minor = 10000000 where driver = 'sandbox'");
  });

  test('ONB03US01 the sandbox is not there when the utility is live, and its endpoint takes nothing but a POST', async () => {
    const p = await begin('9.00'), open = await begin('9.50');
    await start(open);
    sql("update utility set environment = 'live' where code = 'swa-w'");
    try {
      await p.who.get(`/sandbox/pay/${open.id}`).is(404);
      await p.who.post(`/pay/${p.id}/start`, {}, { from: `/pay/${p.id}` }).goes(`/pay/${p.id}`);
      expect([state(p.id), payments(p.id)]).toEqual(['failed_to_start', 0]);
      await as('utility_admin').get(`/integrations/payments/${no_of(open.id)}/sandbox`).is(404);
    } finally { sql("update utility set environment = 'sandbox' where code = 'swa-w'"); }
    const { path } = webhook(instance(), { id: 'evt_get', type: 'payment.succeeded' });
    const answer = await request({ method: 'GET', path });
    expect([answer.status, answer.headers.allow, JSON.parse(answer.body)]).toEqual([405, 'POST', { error: 'method_not_allowed' }]);
  });
});
