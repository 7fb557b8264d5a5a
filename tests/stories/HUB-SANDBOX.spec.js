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

  test('ONB03US01 what our webhook does not take is told again after 5 s, 30 s, 2 min, 10 min and 1 h, and then no more', async () => {
    const gateway = `/integrations/gateways/${one("select public_id from gateway_account where driver = 'sandbox'")}`;
    const given_up = () => sql("select reason from audit_entry where entity = 'gateway_account' and action = 'webhook_given_up' order by id").map((a) => a.reason);
    const jobs = () => sql.platform("select state, attempts n from job where kind = 'sandbox.deliver' order by id desc limit 1")[0];
    const route = (key) => sql.platform("update webhook_route set endpoint_key = ? where driver = 'sandbox' and source = 'gateway'", [key]);
    sql.platform("update job set state = 'cancelled', ended_at = utc_timestamp(6) where kind = 'sandbox.deliver' and state = 'ready'");    // of the test before
    clock.recurring(false);               // the poll asks once more for what is over
    // always signed wrong: each telling is refused, nothing is taken, and after the last one nobody is troubled
    const before = refused(), bad = await pay('5.10', { delivery: 'badsig' });
    expect([refused() - before, jobs()]).toEqual([1, { state: 'ready', n: '1' }]);
    sql('update payment_intent set next_check_at = null where public_id = ?', [bad.id]);        // nor do we ask
    for (const [i, seconds] of [5, 30, 120, 600, 3600].entries()) {
      expect(given_up()).toEqual([]);
      const early = seconds < 30 ? 0 : seconds - 20;        // time goes on by itself, too
      if (early) {
        clock.forward({ seconds: early });
        await jobs_run();
        expect([refused() - before, jobs()]).toEqual([i + 1, { state: 'ready', n: String(i + 1) }]);     // not before its time
      }
      clock.forward({ seconds: seconds - early });
      await jobs_run();
      expect([refused() - before, jobs().n]).toEqual([i + 2, String(i + 2)]);
    }
    expect([jobs(), events(bad.id), state(bad.id), payments(bad.id)]).toEqual([{ state: 'done', n: '6' }, [], 'requires_action', 0]);
    expect(given_up()).toEqual([expect.stringMatching(new RegExp(`^${no_of(bad.id)}: our webhook answered 401`))]);
    await as('utility_admin').get(gateway).sees(no_of(bad.id), 'our webhook answered 401');
    expect(one("select count(*) from alert where kind = 'job.dead' and subject like '%sandbox%'")).toBe('0');
    clock.forward({ hours: 2 });
    guest = null;                         // a guest's visit is over by then
    await jobs_run();
    expect(refused() - before).toBe(6);
    // our endpoint is away for a minute: the third telling is taken, once
    const key = sql.platform("select endpoint_key k from webhook_route where driver = 'sandbox' and source = 'gateway'")[0].k;
    route('0'.repeat(32));
    const late = await pay('5.20', { delivery: 'once' });
    clock.forward({ seconds: 5 });
    await jobs_run();
    expect([jobs(), events(late.id), payments(late.id)]).toEqual([{ state: 'ready', n: '2' }, [], 0]);
    route(key);
    clock.forward({ seconds: 30 });
    await jobs_run();
    expect([jobs(), state(late.id), payments(late.id)]).toEqual([{ state: 'done', n: '3' }, 'succeeded', 1]);
    clock.forward({ hours: 2 });
    guest = null;                         // a guest's visit is over by then
    await jobs_run();
    expect([events(late.id), payments(late.id), given_up().length]).toEqual([[{ type: 'payment.succeeded', state: 'processed', reason: null, n: '1' }], 1, 1]);
    clock.recurring(null);
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

  test('ONB03US01 a payment that stands at the gateway is asked for each hour until three days, then staff are told, once', async () => {
    const p = await begin('7.50'), other = await begin('7.60'), alerts = (q) => sql("select severity, subject from alert where kind = 'payment.open' and dedup_key = ? and resolved_at is null", [`payment.open:${no_of(q.id)}`]);
    for (const q of [p, other]) {
      await start(q);
      await tell(q, 'payment.processing');            // and no word of its end
      expect(state(q.id)).toBe('processing');
    }
    const due = (q, checks) => sql('update payment_intent set checks = ?, next_check_at = ? where public_id = ?', [checks, instance().now(), q.id]);
    const left = (q) => sql('select checks n, timestampdiff(second, ?, next_check_at) s from payment_intent where public_id = ?', [instance().now(), q.id])[0];
    const poll = async () => {
      sql.platform("insert into job (tenant_id, utility_id, kind, class, unique_key, priority, run_at, max_attempts, actor_kind) select t.id, 1, 'payment.poll', 'payments', uuid(), 100, '2026-01-01', 12, 'system' from tenant t where t.slug = 'swa'");
      await jobs_run();
    };
    // 24 h after it was opened: the fifth question; from then on each hour
    for (const [checks, next] of [[3, 64800], [4, 3600], [50, 3600], [51, 3600]]) {
      due(p, checks);
      await poll();
      expect(left(p).n).toBe(String(checks + 1));
      expect(Math.abs(Number(left(p).s) - next)).toBeLessThanOrEqual(3);
      expect(alerts(p)).toEqual([]);
    }
    // 72 h: the last question, and a person is told
    due(p, 52);
    await poll();
    expect([left(p), alerts(p)]).toEqual([{ n: '53', s: null }, [{ severity: 'warning', subject: `Payment ${no_of(p.id)} is open at the gateway for 3 days.` }]]);
    clock.forward({ hours: 2 });
    guest = null;                         // a guest's visit is over by then
    await poll();
    expect([left(p).n, one("select count(*) from alert where dedup_key = ?", [`payment.open:${no_of(p.id)}`]), state(p.id), payments(p.id), alerts(other)]).toEqual(['53', '1', 'processing', 0, []]);
    // one whose last question is answered is posted, and nobody is troubled
    sql("insert into sandbox_outcome (utility_id, intent_id, outcome, params) select utility_id, id, 'paid', '{}' from payment_intent where public_id = ?", [other.id]);
    due(other, 52);
    await poll();
    expect([state(other.id), payments(other.id), alerts(other)]).toEqual(['succeeded', 1, []]);
    // the end that comes later takes the alert back
    await tell(p, 'payment.succeeded', { amount_minor: 750 });
    expect([state(p.id), payments(p.id), alerts(p)]).toEqual(['succeeded', 1, []]);
    verify();
  });

  test('ONB03US01 the switch of the next refund says nothing of the payment: it is still found when asked for, told late, and not taken twice', async () => {
    const admin = as('utility_admin'), p = await pay('6.10', { delivery: 'never' }), late = await pay('6.20', { delivery: 'late', seconds: '1800' });
    for (const q of [p, late]) {
      await admin.post(`/integrations/payments/${no_of(q.id)}/sandbox`, { what: 'refund_fails' }, { from: `/integrations/payments/${no_of(q.id)}/sandbox` }).done('The sandbox gateway has it');
      expect([state(q.id), payments(q.id)]).toEqual(['requires_action', 0]);
    }
    // the page once more, with a card that is declined: what was decided stays
    await p.who.post(`/sandbox/pay/${p.id}`, { ...CARD, card: '4000 0000 0000 0002', delivery: 'once' }, { from: `/sandbox/pay/${p.id}` }).is(303);
    await jobs_run();
    expect([state(p.id), events(p.id), sql('select outcome from sandbox_outcome o join payment_intent i on i.id = o.intent_id where i.public_id = ? order by o.id', [p.id]).map((o) => o.outcome)]).toEqual(['requires_action', [], ['paid', 'refund_fails']]);
    await admin.post(`/integrations/payments/${no_of(p.id)}/check`, {}).is(303);
    await jobs_run();
    expect([state(p.id), payments(p.id), one('select card_last4 from payment where payment_intent_id = (select id from payment_intent where public_id = ?)', [p.id])]).toEqual(['succeeded', 1, '4242']);
    clock.forward({ minutes: 31 });
    guest = null;
    await jobs_run();
    expect([state(late.id), payments(late.id), one('select card_last4 from payment where payment_intent_id = (select id from payment_intent where public_id = ?)', [late.id])]).toEqual(['succeeded', 1, '4242']);
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
