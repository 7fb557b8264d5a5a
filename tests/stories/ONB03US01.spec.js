// Payment gateways: paying, refunds, disputes and settlements at the sandbox gateway and at Stripe, against a strict double of its
// API and events signed by its own library.
const { story } = require('../support/story');
const { StripeDouble } = require('../support/stripe_double');
const { webhook } = require('../support/faults');

const CARD = { card: '4242 4242 4242 4242', expiry: '12/30', cvc: '123', delivery: 'once', seconds: '0' };
const one_bill = { 'WA-ACC-100001': '114.25', 'WA-ACC-100002': '187.82', 'WA-ACC-100003': '716.05' };

// What both gateways' stories do.
function helpers({ as, portal, one, sql, ledger, jobs_run, expect }) {
  const h = {
    balance: (account) => one('select balance_minor from account where account_no = ?', [account]),
    net: (code) => ledger().filter((l) => l.code === code).reduce((n, l) => n + Math.round(l.debit * 100) - Math.round(l.credit * 100), 0),
    lines: (type) => ledger().filter((l) => l.type === type).map((l) => [l.code, l.debit, l.credit]),
    payment: (account) => sql('select p.payment_no no, p.status, p.allocated_minor paid, p.unallocated_minor free, p.refunded_minor back, p.reversed_minor gone from payment p join account a on a.id = p.account_id where a.account_no = ? order by p.id', [account]),
    bill: (account) => sql("select b.payment_status paid, b.open_minor open from bill b join account a on a.id = b.account_id where a.account_no = ? and b.status = 'published'", [account])[0],
    intent: (no) => sql('select state, refunded_minor back, dispute_flag dispute from payment_intent where intent_no = ?', [no])[0],
    no_of: (id) => one('select intent_no from payment_intent where public_id = ?', [id]),
    // A guest chooses an amount; the payment's public id.
    begin: async (account, amount = one_bill[account], who = portal()) => {
      await who.post('/pay/guest', { account_no: account, postal_code: '97209' }, { from: '/pay' }).goes('/pay');
      const page = await who.get('/pay').is(200);
      const keep = Object.fromEntries([...page.body.matchAll(/<input type="hidden" name="(csrf|form_key|pay_key|link)" value="([^"]*)"/g)].map((m) => [m[1], m[2]]));
      const r = await who.post('/pay', { ...keep, [`pick_free-${account}`]: '1', [`amount_free-${account}`]: amount, email: 'friend@swa.test' }, { raw: true }).is(303);
      return { who, id: r.location.match(/\/pay\/([A-Za-z0-9_-]{22})$/)[1] };
    },
    start: ({ who, id }) => who.post(`/pay/${id}/start`, {}, { from: `/pay/${id}`, raw: false }).is(303),
    card: async ({ who, id }, card = {}) => { await who.post(`/sandbox/pay/${id}`, { ...CARD, ...card }, { from: `/sandbox/pay/${id}` }).is(303); },
    pay: async (account, amount) => { const p = await h.begin(account, amount); await h.start(p); await h.card(p); await jobs_run(); return h.no_of(p.id); },
    // Asked for by a CSO, approved by the supervisor; its number.
    refund: async (account, amount, reason = 'paid too much') => {
      const no = h.payment(account)[0].no;
      await as('cso').post(`/cis/payments/${no}/refund`, { amount, payout_kind: 'original', reason }).done('waits for approval');
      const refund = one('select max(refund_no) from refund_request');
      await as('cso_supervisor').post(`/cis/refunds/${refund}/approve`, {}, { from: `/cis/refunds/${refund}` }).done('is approved');
      return refund;
    },
    switch_: (no, what, amount) => as('utility_admin').post(`/integrations/payments/${no}/sandbox`, { what, ...(amount ? { amount } : {}) }, { from: `/integrations/payments/${no}/sandbox` }).done('its webhook follows'),
    zero: () => expect(one('select sum(debit_minor) - sum(credit_minor) from ledger_entry')).toBe('0'),
  };
  return h;
}

story('ONB03US01', 'HUB-FIX', (all) => {
  const { as, test, expect, sql, one, jobs_run, clock, request, instance, mails, order, verify, watch, looks_right } = all, h = helpers(all);
  let first;

  test('ONB03US01.1 a bill paid by card at the sandbox: one payment, balance zero, clearing, one receipt', async () => {
    first = await h.pay('WA-ACC-100001');
    expect(h.payment('WA-ACC-100001')).toEqual([expect.objectContaining({ status: 'posted', paid: '11425', free: '0' })]);
    expect(h.balance('WA-ACC-100001')).toBe('0');
    expect(h.lines('payment')).toEqual([['1020', '114.25', '0.00'], ['1200', '0.00', '114.25']]);
    expect(mails().filter((m) => /^Receipt/.test(m.subject) && m.channel === 'email')).toHaveLength(2);        // the consumer's, and the guest's who paid
    const no = h.payment('WA-ACC-100001')[0].no, page = `/integrations/payments/${first}`;
    await as('billing_manager').get(page).sees('$114.25', no, 'Succeeded', 'Gateway clearing');
    // What the gateway told of it leads to the event; the way to a refund is for who may ask for one.
    const event = one("select e.public_id from webhook_event e join payment_intent i on i.id = e.intent_id where i.intent_no = ? and e.type = 'payment.succeeded'", [first]);
    const seen = await as('utility_admin').get(page).sees('Webhook events', 'payment.succeeded', 'Processed');
    expect(seen.body).toContain(`/integrations/events/${event}"`);
    expect(seen.body).toContain(`/cis/payments/${no}/refund"`);
    await as('utility_admin').get(`/cis/payments/${no}/refund`).is(200);
    sql("create table kept_right as select * from role_permission where permission_id = (select id from permission where `key` = 'cis.refunds:create') and role_id = (select id from role where code = 'billing_clerk')");
    sql("delete from role_permission where permission_id = (select id from permission where `key` = 'cis.refunds:create') and role_id = (select id from role where code = 'billing_clerk')");
    sql('update security_policy set rights_version = uuid_short() where one = 1');
    expect((await as('billing_clerk').get(page).sees('payment.succeeded')).body).not.toContain('/refund"');
    sql('insert into role_permission select * from kept_right');
    sql('drop table kept_right');
    sql('update security_policy set rights_version = uuid_short() where one = 1');
  });

  test('ONB03US01.2 the same webhook 20 times at once: always 200, one payment, 20 deliveries', async () => {
    const p = await h.begin('WA-ACC-100002');
    await h.start(p);
    const no = h.no_of(p.id), call = webhook(instance(), { id: `evt_${no}`, type: 'payment.succeeded', intent_no: no, ref: `sbx_${p.id}`, payment_id: `sbx_pay_${p.id}`, amount_minor: 18782, currency: 'USD', last4: '4242' });
    const answers = await Promise.all(Array.from({ length: 20 }, () => request(call)));
    expect(answers.map((a) => a.status)).toEqual(Array(20).fill(200));
    await jobs_run();
    expect(h.payment('WA-ACC-100002')).toHaveLength(1);
    expect(one('select delivery_count from webhook_event where provider_event_id = ?', [`evt_${no}`])).toBe('20');
  });

  test('ONB03US01.4 a failure that arrives after the success is stale', async () => {
    const no = one("select intent_no from payment_intent where account_id = (select id from account where account_no = 'WA-ACC-100002')");
    expect((await request(webhook(instance(), { id: 'evt_late', type: 'payment.failed', intent_no: no, amount_minor: 18782, currency: 'USD' }))).status).toBe(200);
    await jobs_run();
    expect(sql("select state, reason from webhook_event where provider_event_id = 'evt_late'")).toEqual([{ state: 'ignored', reason: 'stale' }]);
    expect(h.payment('WA-ACC-100002')[0].status).toBe('posted');
  });

  test('ONB03US01.5 a webhook that never comes: the gateway is asked after ten minutes, and a late one adds nothing', async () => {
    const p = await h.begin('WA-ACC-100003');
    await h.start(p);
    await h.card(p, { delivery: 'never' });
    await jobs_run();
    expect(h.payment('WA-ACC-100003')).toEqual([]);
    clock.forward({ minutes: 11 });
    sql.platform("insert into job (tenant_id, utility_id, kind, class, unique_key, priority, run_at, max_attempts, actor_kind) select t.id, 1, 'payment.poll', 'payments', uuid(), 100, '2026-01-01', 12, 'system' from tenant t where t.slug = 'swa'");
    await jobs_run();
    expect(h.payment('WA-ACC-100003')).toEqual([expect.objectContaining({ paid: '71605' })]);
    const no = h.no_of(p.id);
    await request(webhook(instance(), { id: 'evt_very_late', type: 'payment.succeeded', intent_no: no, ref: `sbx_${p.id}`, payment_id: `sbx_pay_${p.id}`, amount_minor: 71605, currency: 'USD' }));
    await jobs_run();
    expect(h.payment('WA-ACC-100003')).toHaveLength(1);
  });

  test('ONB03US01.6 the sandbox settles: fees 30.43, gross 1,018.12, net 987.69, clearing zero', async () => {
    // 100002 was paid by a webhook alone: the sandbox learns of it as a provider would know it
    sql("insert into sandbox_money (utility_id, gateway_account_id, intent_id, kind, provider_id, amount_minor, fee_minor) select i.utility_id, i.gateway_account_id, i.id, 'charge', i.provider_payment_id, 18782, 575 from payment_intent i join account a on a.id = i.account_id where a.account_no = 'WA-ACC-100002'");
    sql.platform("insert into job (tenant_id, utility_id, kind, class, unique_key, priority, run_at, max_attempts, actor_kind) select t.id, 1, 'sandbox.settle', 'payments', uuid(), 100, '2026-01-01', 12, 'system' from tenant t where t.slug = 'swa'");
    await jobs_run();
    expect(sql('select gross_minor g, fee_minor f, net_minor n, state from settlement')).toEqual([{ g: '101812', f: '3043', n: '98769', state: 'matched' }]);
    expect(sql('select fee_minor f from settlement_line order by fee_minor')).toEqual([{ f: '361' }, { f: '575' }, { f: '2107' }]);
    expect(h.lines('settlement')).toEqual([['1010', '987.69', '0.00'], ['5120', '30.43', '0.00'], ['1020', '0.00', '1018.12']]);
    expect(h.net('1020')).toBe(0);
    const bm = as('billing_manager'), id = one('select public_id from settlement');
    await bm.get('/integrations/settlements').sees('987.69', 'Matched');
    await bm.get(`/integrations/settlements/${id}`).sees('1,018.12', '30.43', '987.69', 'Gateway fees');
    await as('cso_supervisor').post(`/integrations/settlements/${id}/close`, {}).is(403);
    await bm.post(`/integrations/settlements/${id}/close`, {}, { from: `/integrations/settlements/${id}` }).done('is closed');
    // the same payout told again adds nothing
    const payout = one('select provider_settlement_id from settlement');
    await request(webhook(instance(), { id: 'evt_again', type: 'payout.paid', ref: payout }));
    await jobs_run();
    expect(one('select count(*) from settlement')).toBe('1');
  });

  test('ONB03US01.7 a refund of 50.00, approved by the supervisor: succeeded, the bill is due again; 70.00 more is refused', async () => {
    const refund = await h.refund('WA-ACC-100001', '50.00');
    await jobs_run();
    expect(sql('select state, external, amount_minor a from refund')).toEqual([{ state: 'succeeded', external: '0', a: '5000' }]);
    expect(one('select status from refund_request where refund_no = ?', [refund])).toBe('paid');
    expect(h.intent(first)).toMatchObject({ state: 'partially_refunded', back: '5000' });
    expect(h.balance('WA-ACC-100001')).toBe('5000');
    expect(h.bill('WA-ACC-100001')).toEqual({ paid: 'partial', open: '5000' });
    expect(h.lines('refund')).toEqual([['1200', '50.00', '0.00'], ['2150', '0.00', '50.00']]);
    expect(h.lines('refund_paid')).toEqual([['2150', '50.00', '0.00'], ['1020', '0.00', '50.00']]);
    const no = h.payment('WA-ACC-100001')[0].no;
    await as('cso').post(`/cis/payments/${no}/refund`, { amount: '70.00', payout_kind: 'original', reason: 'and more' }).refuses(422, 'amount', 'At most 64.25 can be refunded.');
    expect(mails('payer1@swa.test').pop().subject).toMatch(/refund of \$50\.00/i);
    await as('billing_manager').get('/integrations/refunds').sees(refund, 'Succeeded', '50.00');
    h.zero();
  });

  test('ONB03US01 a refund that the gateway refuses gives everything back, and can be tried again', async () => {
    await h.switch_(first, 'refund_fails');
    // Whoever gives it back has no ids of postings yet, and what is mirrored is the last posting there is.
    order('restart', 'jobs');
    const refund = await h.refund('WA-ACC-100001', '14.25', 'the rest of it');
    await jobs_run();
    expect(one('select status from refund_request where refund_no = ?', [refund])).toBe('failed');
    expect(h.payment('WA-ACC-100001')[0]).toMatchObject({ status: 'partially_refunded', paid: '6425', free: '0', back: '5000' });
    expect(h.balance('WA-ACC-100001')).toBe('5000');
    expect(h.net('2150')).toBe(0);
    const bm = as('billing_manager');
    await bm.get(`/cis/refunds/${refund}`).sees('The last try failed.', 'The card is closed.', 'Try again');
    await bm.post(`/cis/refunds/${refund}/retry`, {}, { from: `/cis/refunds/${refund}` }).done('is approved');
    await jobs_run();
    expect(one('select status from refund_request where refund_no = ?', [refund])).toBe('paid');
    expect(sql('select idempotency_key k from sandbox_money where kind = "refund" and refund_no like ? order by id', [`${refund}%`])).toEqual([{ k: refund }, { k: `${refund}-2` }]);
    expect(h.payment('WA-ACC-100001')[0]).toMatchObject({ paid: '5000', back: '6425' });
    expect(h.balance('WA-ACC-100001')).toBe('6425');
    verify();
  });

  test('ONB03US01 refunds made at the gateway, and a dispute that is won', async () => {
    const no = one("select intent_no from payment_intent i join account a on a.id = i.account_id where a.account_no = 'WA-ACC-100003'");
    await h.switch_(no, 'refund', '16.05');
    await jobs_run();
    expect(sql('select external, state, amount_minor a from refund where external = 1')).toEqual([{ external: '1', state: 'succeeded', a: '1605' }]);
    expect(h.balance('WA-ACC-100003')).toBe('1605');
    await as('billing_manager').get('/cis/refunds').sees('Made at the gateway', '16.05');

    const paid = one("select intent_no from payment_intent i join account a on a.id = i.account_id where a.account_no = 'WA-ACC-100002'");
    await h.switch_(paid, 'dispute');
    await jobs_run();
    expect(h.balance('WA-ACC-100002')).toBe('18782');
    expect(h.bill('WA-ACC-100002')).toEqual({ paid: 'unpaid', open: '18782' });
    expect(h.payment('WA-ACC-100002')[0]).toMatchObject({ status: 'reversed', gone: '18782', paid: '0' });
    expect(h.lines('dispute')).toEqual([['1200', '187.82', '0.00'], ['1020', '0.00', '187.82']]);
    expect(h.lines('dispute_fee')).toEqual([['5120', '15.00', '0.00'], ['1020', '0.00', '15.00']]);
    expect(one("select dispute_flag from account where account_no = 'WA-ACC-100002'")).toBe('1');
    expect(h.intent(paid).dispute).toBe('open');
    expect(one("select count(*) from alert where kind = 'dispute.open' and resolved_at is null")).toBe('1');
    await as('billing_manager').get('/integrations/disputes').sees('187.82', '15.00', 'Open');

    await h.switch_(paid, 'dispute_won');
    await jobs_run();
    expect(h.balance('WA-ACC-100002')).toBe('0');
    expect(h.bill('WA-ACC-100002')).toEqual({ paid: 'paid', open: '0' });
    expect(h.payment('WA-ACC-100002')[0]).toMatchObject({ status: 'posted', gone: '0', paid: '18782' });
    expect(h.intent(paid).dispute).toBe('won');
    expect(one("select dispute_flag from account where account_no = 'WA-ACC-100002'")).toBe('0');
    verify();
  });

  test('ONB03US01 what was refunded, disputed and given back settles to the minor unit', async () => {
    const before = Number(h.net('1010'));
    await h.switch_(first, 'payout');
    await jobs_run();
    const [s] = sql('select gross_minor g, fee_minor f, refund_minor r, dispute_minor d, net_minor n, state from settlement order by id desc limit 1');
    expect(s).toEqual({ g: '0', f: '0', r: '8030', d: '0', n: '-8030', state: 'matched' });
    expect(h.net('1010')).toBe(before - 8030);
    expect(h.net('1020')).toBe(0);
    h.zero();
  });

  test('ONB03US01 pages of money at the gateway look right, at a desk and on a phone', async ({ page }) => {
    test.setTimeout(300000);
    const faults = await watch(page.context()), settlement = one('select public_id from settlement limit 1');
    for (const [path, shot] of [['/integrations/payments', 'hub-payments'], [`/integrations/payments/${first}`, 'hub-payment'], ['/integrations/refunds', 'hub-refunds'], ['/integrations/disputes', 'hub-disputes'],
      ['/integrations/settlements', 'hub-settlements'], [`/integrations/settlements/${settlement}`, 'hub-settlement'], [`/integrations/payments/${first}/sandbox`, 'hub-switches']]) {
      await as('utility_admin').browse(page, path);
      await looks_right(page, { widths: [360, 1440], shots: shot });
    }
    expect(faults).toEqual([]);
  });

  test('ONB03US01 a card that is disputed later takes the money back by itself', async () => {
    order('set', 'HUB-FIX');
    const p = await h.begin('WA-ACC-100001');
    await h.start(p);
    await h.card(p, { card: '4000 0000 0000 0259' });
    await jobs_run();
    expect(h.payment('WA-ACC-100001')).toHaveLength(1);
    clock.forward({ seconds: 10 });
    await jobs_run();
    expect(h.balance('WA-ACC-100001')).toBe('11425');
    await h.switch_(h.no_of(p.id), 'dispute_lost');
    await jobs_run();
    expect(sql('select state from dispute')).toEqual([{ state: 'lost' }]);
    expect(h.balance('WA-ACC-100001')).toBe('11425');
    expect(h.net('1020')).toBe(-1500);
    expect(h.net('5120')).toBe(1500);
  });

  test('ONB03US01 a dispute that is told before its payment waits for it, asks for it, and comes again', async () => {
    const p = await h.begin('WA-ACC-100003', '50.00');
    await h.start(p);
    await h.card(p, { delivery: 'never' });                             // paid there, and nobody has told us yet
    const no = h.no_of(p.id), before = h.balance('WA-ACC-100003'), event = () => sql("select state, next_attempt_at is not null waits from webhook_event where provider_event_id = 'evt_dp_early'")[0];
    const told = { id: 'evt_dp_early', type: 'dispute.opened', intent_no: no, payment_id: `sbx_pay_${p.id}`, ref: `sbx_dp_${p.id}`, amount_minor: 5000, fee_minor: 0, currency: 'USD' };
    expect((await request(webhook(instance(), told))).status).toBe(200);
    await jobs_run();
    expect([event(), h.payment('WA-ACC-100003')]).toEqual([{ state: 'received', waits: '1' }, [expect.objectContaining({ free: '0', paid: '5000', status: 'posted' })]]);
    expect(h.balance('WA-ACC-100003')).toBe(String(Number(before) - 5000));        // its payment was asked for
    clock.forward({ seconds: 15 });
    await jobs_run();
    expect([event().state, h.balance('WA-ACC-100003'), h.payment('WA-ACC-100003')[0].status]).toEqual(['processed', before, 'reversed']);
    verify();
  });
});

story('ONB03US01 Stripe', 'HUB-FIX', (all) => {
  const { as, test, expect, sql, one, jobs_run, clock, request, instance, verify } = all, h = helpers(all);
  let double;
  const send = (type, object, options) => request(double.event(type, object, { at: instance().now(), ...options }));
  const told = async (type, object, options) => { expect((await send(type, object, options)).status).toBe(200); await jobs_run(); };
  // Paid on Stripe's page, and told by its webhook: { no, session, pi }.
  const pay = async (account, amount) => {
    const p = await h.begin(account, amount);
    const r = await h.start(p);
    expect(r.location, one("select concat_ws(' ', state, failure_text) from payment_intent order by id desc limit 1")).toMatch(/^https:\/\/checkout\.stripe\.com\/c\/pay\/cs_test_double/);
    const no = h.no_of(p.id), session = double.session_of(no), pi = double.pay(session);
    await told('checkout.session.completed', session);
    return { no, session, pi: pi.id, id: p.id, who: p.who };
  };

  test.beforeEach(async () => {
    if (double) return;
    double = await StripeDouble.start({ now: () => instance().now() });
    sql("update gateway_account set status = 'inactive' where driver = 'sandbox'");
    sql("update gateway_account set status = 'active', api_base = ? where driver = 'stripe'", [double.url]);
  });
  test.afterEach(() => { if (double) expect(double.violations).toEqual([]); });
  test.afterAll(async () => { await double?.stop(); double = null; });

  test("ONB03US01 Stripe's page is open for half an hour at least and a day at most, whenever the payment began", async () => {
    for (const [amount, ends_in_s, least, most] of [['5.00', 60, 1800, 2400], ['6.00', 7 * 86400, 3600, 86400], ['7.00', 45 * 60, 2600, 2700]]) {
      const p = await h.begin('WA-ACC-100002', amount);
      sql('update payment_intent set expires_at = ? where public_id = ?', [new Date(instance().now().getTime() + ends_in_s * 1000).toISOString().slice(0, 19).replace('T', ' '), p.id]);
      expect((await h.start(p)).location, `${ends_in_s} s`).toMatch(/^https:\/\/checkout\.stripe\.com/);
      const asked = Number(double.seen.at(-1).given.expires_at) - Math.floor(instance().now().getTime() / 1000);
      expect(asked).toBeGreaterThan(least);
      expect(asked).toBeLessThanOrEqual(most);
      sql("update payment_intent set state = 'cancelled', `rank` = 3 where public_id = ?", [p.id]);
    }
    // and as Stripe itself it refuses another one
    const call = (seconds) => fetch(`${double.url}/v1/checkout/sessions`, { method: 'POST', body: new URLSearchParams({ mode: 'payment', expires_at: String(Math.floor(instance().now().getTime() / 1000) + seconds) }) }).then((r) => r.status);
    expect([await call(1700), await call(90000), await call(1900)]).toEqual([400, 400, 200]);
    double.violations.length = double.seen.length = 0;
    double.sessions.clear();
  });

  test('ONB03US01.3 a byte changed, or an old time: 401, and nothing is stored', async () => {
    const good = double.event('payment_intent.succeeded', { id: 'pi_x' }, { at: instance().now() });
    const changed = await request({ ...good, body: good.body.replace('pi_x', 'pi_y') });
    expect([changed.status, JSON.parse(changed.body)]).toEqual([401, { error: 'invalid_signature' }]);
    const old = await request(double.event('payment_intent.succeeded', { id: 'pi_x' }, { at: new Date(instance().now() - 301000) }));
    expect([old.status, JSON.parse(old.body)]).toEqual([401, { error: 'timestamp_out_of_tolerance' }]);
    const foreign = await request(double.event('payment_intent.succeeded', { id: 'pi_x' }, { at: instance().now(), secret: 'whsec_other' }));
    expect(foreign.status).toBe(401);
    expect(one('select count(*) from webhook_event where source = "gateway"')).toBe('0');
  });

  let first;
  test('ONB03US01 Stripe: paid on its page, posted by its webhook, once', async () => {
    first = await pay('WA-ACC-100001');
    expect(h.balance('WA-ACC-100001')).toBe('0');
    expect(h.lines('payment')).toEqual([['1020', '114.25', '0.00'], ['1200', '0.00', '114.25']]);
    await told('payment_intent.succeeded', double.payments.get(first.pi));
    expect(h.payment('WA-ACC-100001')).toHaveLength(1);
    expect(double.seen.filter((s) => s.call === 'POST /v1/checkout/sessions').map((s) => s.key)).toEqual([`${first.id}-1`]);
  });

  test('ONB03US01 Stripe: a session whose answer was lost is asked for again with the same key', async () => {
    const p = await h.begin('WA-ACC-100002', '10.00');
    double.next('POST /v1/checkout/sessions', 'lose');
    await h.start(p);
    clock.forward({ seconds: 30 });
    await jobs_run();
    const calls = double.seen.filter((s) => s.key?.startsWith(p.id));
    expect(calls.length).toBeGreaterThan(1);
    expect(new Set(calls.map((s) => s.key))).toEqual(new Set([`${p.id}-1`]));
    expect([...double.sessions.values()].filter((s) => s.client_reference_id === h.no_of(p.id))).toHaveLength(1);
  });

  test('ONB03US01 Stripe: a refund goes out with its number as key, and is posted', async () => {
    const refund = await h.refund('WA-ACC-100001', '50.00');
    await jobs_run();
    expect(double.seen.filter((s) => s.call === 'POST /v1/refunds')).toEqual([{ call: 'POST /v1/refunds', key: refund,
      given: { payment_intent: first.pi, amount: '5000', reason: 'requested_by_customer', 'metadata[refund]': refund, 'metadata[intent]': first.no } }]);
    expect(sql('select state, provider_refund_id id from refund')).toEqual([{ state: 'succeeded', id: double.refunds[0].id }]);
    expect(h.intent(first.no)).toMatchObject({ state: 'partially_refunded', back: '5000' });
    expect(h.balance('WA-ACC-100001')).toBe('5000');
    expect([h.net('2150'), h.net('1020')]).toEqual([0, 6425]);
    // Stripe tells the same in three events: nothing more is posted.
    await told('refund.created', double.refunds[0]);
    await told('refund.updated', double.refunds[0]);
    await told('charge.refunded', double.charge(first.pi));
    expect(one('select count(*) from refund')).toBe('1');
    expect(h.net('1020')).toBe(6425);
    expect(double.seen.filter((s) => s.call === 'GET /v1/refunds')).toHaveLength(1);
  });

  test('ONB03US01 Stripe: the answer to a refund is lost: the same key again, one refund there, one here', async () => {
    double.next('POST /v1/refunds', 'lose');
    const refund = await h.refund('WA-ACC-100001', '4.25', 'cut off');
    await jobs_run();
    expect(one('select state from refund where refund_no = ?', [refund])).toBe('submitted');
    clock.forward({ minutes: 5 });
    await jobs_run();
    expect(double.seen.filter((s) => s.call === 'POST /v1/refunds' && s.key === refund).length).toBeGreaterThan(1);
    expect(double.refunds.filter((r) => r.metadata.refund === refund)).toHaveLength(1);
    expect(sql('select state from refund where refund_no = ?', [refund])).toEqual([{ state: 'succeeded' }]);
    expect(h.balance('WA-ACC-100001')).toBe('5425');
    expect(one('select count(*) from ledger_txn where txn_type = "refund_paid"')).toBe('2');
  });

  test('ONB03US01 Stripe: a refund is pending and fails days later: the mirror, and the bill is paid again', async () => {
    double.refund_status = 'pending';
    const refund = await h.refund('WA-ACC-100001', '10.00', 'to an old card');
    await jobs_run();
    double.refund_status = undefined;
    expect(one('select state from refund where refund_no = ?', [refund])).toBe('submitted');
    expect(h.net('2150')).toBe(-1000);
    await told('refund.failed', { ...double.refunds.at(-1), status: 'failed', failure_reason: 'expired_or_canceled_card' });
    double.refunds.at(-1).status = 'failed';
    expect(sql('select state, failure_text from refund where refund_no = ?', [refund])).toEqual([{ state: 'failed', failure_text: 'expired_or_canceled_card' }]);
    expect(one('select status from refund_request where refund_no = ?', [refund])).toBe('failed');
    expect([h.net('2150'), h.balance('WA-ACC-100001')]).toEqual([0, '5425']);
    await as('cso_supervisor').get(`/cis/refunds/${refund}`).sees('expired_or_canceled_card');
    // Tried again under a key of its own: a late word about the first try is not taken for one about the second.
    const first_try = double.refunds.at(-1);
    double.refund_status = 'pending';
    await as('cso_supervisor').post(`/cis/refunds/${refund}/retry`, {}, { from: `/cis/refunds/${refund}` }).done('is approved');
    await jobs_run();
    double.refund_status = undefined;
    expect(double.seen.filter((s) => s.call === 'POST /v1/refunds').at(-1)).toMatchObject({ key: `${refund}-2`, given: { 'metadata[refund]': `${refund}-2` } });
    await told('refund.updated', { ...first_try, failure_reason: 'late' });
    expect(one('select state from refund where refund_no = ?', [refund])).toBe('submitted');
    await told('refund.failed', { ...double.refunds.at(-1), status: 'failed', failure_reason: 'lost_or_stolen_card' });
    double.refunds.at(-1).status = 'failed';
    expect(one('select status from refund_request where refund_no = ?', [refund])).toBe('failed');
    // Stripe refuses at once: the same, without waiting.
    double.next('POST /v1/refunds', { status: 400, body: { error: { type: 'invalid_request_error', message: 'This charge is disputed.' } } });
    const refused = await h.refund('WA-ACC-100001', '1.00', 'refused at once');
    await jobs_run();
    expect(sql('select state, failure_text from refund where refund_no = ?', [refused])).toEqual([{ state: 'failed', failure_text: 'This charge is disputed.' }]);
    expect(h.balance('WA-ACC-100001')).toBe('5425');
    verify();
  });

  test('ONB03US01 Stripe: refunds made in its dashboard are found by asking, and booked without approval', async () => {
    double.refund(first.pi, 2000);
    double.refund(first.pi, 500);
    await told('charge.refunded', double.charge(first.pi));
    expect(sql("select amount_minor a, state from refund where external = 1 order by id")).toEqual([{ a: '2000', state: 'succeeded' }, { a: '500', state: 'succeeded' }]);
    expect(h.balance('WA-ACC-100001')).toBe('7925');
    expect(h.payment('WA-ACC-100001')[0]).toMatchObject({ paid: '3500', back: '7925' });
    await told('charge.refunded', double.charge(first.pi));
    expect(one('select count(*) from refund where external = 1')).toBe('2');
    verify();
  });

  test('ONB03US01 Stripe: a refund told before its payment waits for it', async () => {
    const p = await h.begin('WA-ACC-100002', '20.00');
    await h.start(p);
    const session = double.session_of(h.no_of(p.id)), pi = double.pay(session);
    const refund = double.refund(pi.id, 2000, { intent: h.no_of(p.id) });
    await told('refund.updated', refund);
    expect(sql("select state, next_attempt_at is not null waits from webhook_event where type = 'refund.updated' order by id desc limit 1")).toEqual([{ state: 'received', waits: '1' }]);
    expect(h.payment('WA-ACC-100002')).toHaveLength(1);                 // the worker asked Stripe for it
    clock.forward({ minutes: 1 });
    await jobs_run();
    expect(h.payment('WA-ACC-100002')[0]).toMatchObject({ status: 'refunded', back: '2000', free: '0', paid: '0' });
    expect(h.intent(h.no_of(p.id)).state).toBe('refunded');
    await told('checkout.session.completed', session);
    expect(h.intent(h.no_of(p.id)).state).toBe('refunded');
    expect(h.balance('WA-ACC-100002')).toBe('18782');
  });

  let disputed;
  test('ONB03US01 Stripe: a dispute takes the money and a fee, an inquiry takes nothing; won, the money pays again', async () => {
    disputed = await pay('WA-ACC-100003');
    await told('charge.dispute.created', double.dispute(disputed.pi, 'warning_needs_response'));
    expect(one('select count(*) from dispute')).toBe('0');
    const opened = double.dispute(disputed.pi, 'needs_response');
    await told('charge.dispute.created', opened);
    await told('charge.dispute.funds_withdrawn', opened);
    expect(h.balance('WA-ACC-100003')).toBe('71605');
    expect(h.lines('dispute')).toEqual([['1200', '716.05', '0.00'], ['1020', '0.00', '716.05']]);
    expect(h.lines('dispute_fee')).toEqual([['5120', '15.00', '0.00'], ['1020', '0.00', '15.00']]);
    await told('charge.dispute.closed', double.dispute(disputed.pi, 'won', { id: opened.id }));
    expect(h.balance('WA-ACC-100003')).toBe('0');
    expect(h.payment('WA-ACC-100003')[0]).toMatchObject({ status: 'posted', paid: '71605', gone: '0' });
    expect(h.net('5120')).toBe(0);
    expect(h.intent(disputed.no).dispute).toBe('won');
    verify();
  });

  test('ONB03US01 Stripe: a payout with its transactions is matched and posted; what is missing here is for a person', async () => {
    const clearing = h.net('1020');
    const of = (pi) => ({ id: double.payments.get(pi).latest_charge, object: 'charge', payment_intent: pi });
    const refunds = double.refunds.filter((r) => r.status === 'succeeded');
    const p2 = [...double.payments.values()].find((p) => p.amount === 2000).id;
    double.page_size = 3;
    const payout = double.payout([
      { type: 'charge', amount: 11425, fee: 361, source: of(first.pi) },
      { type: 'charge', amount: 2000, fee: 88, source: of(p2) },
      { type: 'charge', amount: 71605, fee: 2107, source: of(disputed.pi) },
      ...refunds.map((r) => ({ type: 'refund', amount: -r.amount, source: { id: r.id, object: 'refund', payment_intent: r.payment_intent } })),
      { type: 'stripe_fee', amount: -250, source: null },
    ]);
    await told('payout.paid', payout);
    const [s] = sql('select gross_minor g, fee_minor f, refund_minor r, net_minor n, state from settlement');
    const refunded = refunds.reduce((n, r) => n + r.amount, 0);
    expect(s).toEqual({ g: '85030', f: String(361 + 88 + 2107 + 250), r: String(refunded), n: String(payout.amount), state: 'matched' });
    expect(h.net('1010')).toBe(payout.amount);
    expect(h.net('5120')).toBe(361 + 88 + 2107 + 250);
    expect(h.net('1020')).toBe(0);
    expect(clearing).toBe(85030 - refunded);
    double.page_size = 100;

    const strange = double.payout([{ type: 'charge', amount: 5000, fee: 175, source: { id: 'ch_strange', object: 'charge', payment_intent: 'pi_strange' } }]);
    await told('payout.paid', strange);
    expect(sql("select state from settlement order by id desc limit 1")).toEqual([{ state: 'exceptions' }]);
    const bm = as('billing_manager'), id = one('select public_id from settlement order by id desc limit 1');
    await bm.get(`/integrations/settlements/${id}`).sees('Missing here', '50.00');
    await bm.post(`/integrations/settlements/${id}/close`, {}).refuses(409, null, 'This settlement has exceptions or is closed.');
    await bm.post(`/integrations/settlements/${id}/lines/1`, { comment: '' }).refuses(422, 'comment');
    await bm.post(`/integrations/settlements/${id}/lines/1`, { comment: 'A payment by telephone, to be assigned.' }).done('The line is resolved.');
    expect(sql("select state from settlement order by id desc limit 1")).toEqual([{ state: 'matched' }]);
    expect(h.net('1999')).toBe(-5000);
    expect(h.net('1020')).toBe(0);
    expect(one("select count(*) from payment where account_id is null and provider_payment_id = 'pi_strange'")).toBe('1');
    verify();
  });

  test('ONB03US01 Stripe: a payout that the bank sent back is mirrored', async () => {
    const bank = h.net('1010'), payout = one('select provider_settlement_id from settlement order by id limit 1'), net = Number(one('select net_minor from settlement order by id limit 1'));
    await told('payout.failed', { id: payout, object: 'payout', amount: net, currency: 'usd', status: 'failed' });
    expect(h.net('1010')).toBe(bank - net);
    expect(one("select count(*) from alert where kind = 'settlement.failed'")).toBe('1');
    await told('customer.created', { id: 'cus_1' });
    expect(sql("select state, reason from webhook_event where type = 'customer.created'")).toEqual([{ state: 'ignored', reason: 'unknown_type' }]);
    // an event of the live side of an account whose keys are for tests
    await told('payment_intent.succeeded', { ...double.payments.get(first.pi), id: 'pi_live' }, { live: true });
    expect(sql("select state, reason from webhook_event where source = 'gateway' order by id desc limit 1")).toEqual([{ state: 'ignored', reason: 'other_mode' }]);
  });
});
