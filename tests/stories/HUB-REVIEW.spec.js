// Payments that are not what was ordered (ONB03US01 "paying": Accept or Refund on the exception), payouts that no event tells of,
// fees that are not those of the contract, and what wants a proof of who one is (AU01US03). At a strict double of Stripe.
const { story } = require('../support/story');
const { StripeDouble } = require('../support/stripe_double');

const PASSWORD = 'Correct-Horse-7788';

story('HUB review', 'HUB-FIX', ({ as, portal, test, expect, sql, one, ledger, jobs_run, clock, request, instance, verify, watch, looks_right }) => {
  let double;
  const net = (code) => ledger().filter((l) => l.code === code).reduce((n, l) => n + Math.round(l.debit * 100) - Math.round(l.credit * 100), 0);
  const owed = (no) => one('select balance_minor from account where account_no = ?', [no]);
  const intent = (no) => sql('select state, exception, other_minor other, other_currency currency, received_minor got, review_kind review from payment_intent where intent_no = ?', [no])[0];
  const alerts = (kind) => Number(one('select count(*) from alert where kind = ? and resolved_at is null', [kind]));
  const told = async (type, object) => { expect((await request(double.event(type, object, { at: instance().now() }))).status).toBe(200); await jobs_run(); };
  const night = async () => { sql.platform("insert into job (tenant_id, utility_id, kind, class, unique_key, priority, run_at, max_attempts, actor_kind) select t.id, 1, 'settlement.nightly', 'payments', uuid(), 100, '2026-01-01', 12, 'system' from tenant t where t.slug = 'swa'"); await jobs_run(); };
  const gateway = () => sql("select public_id id from gateway_account where driver = 'stripe'")[0].id;
  // A guest pays; the page of Stripe takes this amount in this currency. Answers { no, pi, page }.
  const pay = async (account, amount, arrives = null, currency = 'usd') => {
    const who = portal();
    await who.post('/pay/guest', { account_no: account, postal_code: '97209' }, { from: '/pay' }).goes('/pay');
    const r = await who.post('/pay', { [`pick_free-${account}`]: '1', [`amount_free-${account}`]: amount }, { from: '/pay' }).is(303);
    const id = r.location.match(/\/pay\/([A-Za-z0-9_-]{22})$/)[1];
    await who.post(`/pay/${id}/start`, {}, { from: `/pay/${id}` }).is(303);
    const no = one('select intent_no from payment_intent where public_id = ?', [id]), session = double.session_of(no), pi = double.pay(session, arrives ?? session.amount_total);
    Object.assign(pi, { currency });
    Object.assign(session, { currency, amount_total: pi.amount });
    await told('checkout.session.completed', session);
    return { no, pi: pi.id, page: `/integrations/payments/${no}` };
  };

  test.beforeEach(async () => {
    if (double) return;
    double = await StripeDouble.start({ now: () => instance().now() });
    sql("update gateway_account set status = 'inactive' where driver = 'sandbox'");
    sql("update gateway_account set status = 'active', api_base = ? where driver = 'stripe'", [double.url]);
  });
  test.afterEach(() => { if (double) expect(double.violations).toEqual([]); });
  test.afterAll(async () => { await double?.stop(); double = null; });

  test('ONB03US01 another currency: nothing is posted; one proposes an amount, another accepts it, and it is posted once', async () => {
    const p = await pay('WA-ACC-100001', '114.25', 10500, 'eur'), supervisor = as('cso_supervisor'), bm = as('billing_manager');
    expect(intent(p.no)).toEqual({ state: 'needs_review', exception: 'currency_mismatch', other: '10500', currency: 'EUR', got: null, review: null });
    expect([one('select count(*) from payment'), ledger().filter((l) => l.type === 'payment').length, alerts('payment.exception'), owed('WA-ACC-100001')]).toEqual(['0', 0, 1, '11425']);
    // late words change nothing
    await told('payment_intent.processing', double.payments.get(p.pi));
    await told('payment_intent.payment_failed', { ...double.payments.get(p.pi), last_payment_error: { code: 'late' } });
    expect(intent(p.no).state).toBe('needs_review');
    await supervisor.get(p.page).sees('Needs review', 'Another currency', '105.00 EUR', 'Accept', 'Refund', 'nothing is posted');
    await as('billing_clerk').get(p.page).is(200).and((r) => expect(r.body).not.toContain('/acceptance'));
    await as('billing_clerk').post(`${p.page}/acceptance`, { amount: '114.25', note: 'mine' }).is(403);
    await supervisor.post(`${p.page}/acceptance`, { amount: '', note: 'x' }, { from: p.page }).refuses(422, 'amount');
    await supervisor.post(`${p.page}/acceptance`, { amount: '114.25', note: 'the gateway pays out 114.25' }, { from: p.page }).done('Another person approves it.');
    await supervisor.post(`${p.page}/refund`, { note: 'or not' }).refuses(409, null, 'Something is proposed for this payment already.');
    await supervisor.post(`${p.page}/review/approval`, {}).is(403);
    expect(one('select count(*) from payment')).toBe('0');
    await bm.get(p.page).sees('proposed on', '$114.25', 'the gateway pays out 114.25', 'Approve');
    await bm.post(`${p.page}/review/approval`, {}, { from: p.page }).done('The payment is accepted.');
    await jobs_run();
    expect(intent(p.no)).toMatchObject({ state: 'succeeded', exception: null, got: '11425', other: '10500', currency: 'EUR' });
    expect([one('select count(*) from payment'), net('1020'), owed('WA-ACC-100001'), alerts('payment.exception')]).toEqual(['1', 11425, '0', 0]);
    await bm.post(`${p.page}/review/approval`, {}).refuses(409, null, 'There is nothing to decide about this payment.');
    expect(sql("select action from audit_entry where entity = 'payment_intent' and action in ('propose', 'approve') order by id").map((a) => a.action)).toEqual(['propose', 'approve']);
    // its gateway would give back what does not stand here
    const no = one('select payment_no from payment');
    await as('cso').post(`/cis/payments/${no}/refund`, { amount: '10.00', payout_kind: 'original', reason: 'too much' }, { from: `/cis/payments/${no}/refund` }).refuses(422, 'payout_kind', 'This payment arrived in another currency: choose bank transfer or cheque.');
    verify();
  });

  test('ONB03US01 another currency: it goes back as it came, once, though the answer is lost; nobody approves the own proposal', async () => {
    const p = await pay('WA-ACC-100002', '187.82', 17000, 'eur'), bm = as('billing_manager'), before = ledger().length;
    await bm.post(`${p.page}/refund`, { note: 'not ours to change' }, { from: p.page }).done('Another person approves it.');
    await bm.post(`${p.page}/review/approval`, {}).refuses(409, null, 'A second person must approve.');
    await bm.post(`${p.page}/review/rejection`, {}, { from: p.page }).done('It is open again.');
    // who read one proposal does not approve another one
    await as('cso_supervisor').post(`${p.page}/acceptance`, { amount: '187.82', note: 'first thought' }, { from: p.page }).done('Another person approves it.');
    const seen = (await bm.get(p.page).forms()).find((f) => f.action.endsWith('/review/approval'));
    await as('cso_supervisor').post(`${p.page}/review/rejection`, {}, { from: p.page }).done('It is open again.');
    await as('cso_supervisor').post(`${p.page}/refund`, { note: 'not ours to change' }, { from: p.page }).done('Another person approves it.');
    await bm.post(`${p.page}/review/approval`, Object.fromEntries(seen.fields), { raw: true }).refuses(409, null, /This record was changed by another user at .*\. Look at it again, then decide\./);
    expect([intent(p.no).state, intent(p.no).review]).toEqual(['needs_review', 'refund']);
    double.next('POST /v1/refunds', 'lose');
    await bm.post(`${p.page}/review/approval`, {}, { from: p.page }).done('The gateway is asked to pay it back.');
    await jobs_run();
    clock.forward({ minutes: 5 });
    await jobs_run();
    const calls = double.seen.filter((s) => s.call === 'POST /v1/refunds');
    expect(calls.length).toBeGreaterThanOrEqual(2);
    expect(new Set(calls.map((s) => s.key)).size).toBe(1);
    expect(calls[0].given).toMatchObject({ payment_intent: p.pi, amount: '17000', 'metadata[intent]': p.no });
    expect(double.refunds).toHaveLength(1);
    expect(intent(p.no)).toMatchObject({ state: 'refunded', exception: null, got: null });
    expect(sql('select state, currency, amount_minor a, provider_refund_id id from refund')).toEqual([{ state: 'succeeded', currency: 'EUR', a: '17000', id: double.refunds[0].id }]);
    await told('charge.refunded', { ...double.charge(p.pi), refunds: { data: [double.refunds[0]] } });
    await told('payment_intent.succeeded', double.payments.get(p.pi));
    expect([one('select count(*) from refund'), one('select count(*) from payment'), ledger().length, owed('WA-ACC-100002'), alerts('payment.exception')]).toEqual(['1', '1', before, '18782', 0]);
    await bm.get('/integrations/refunds').sees('EUR');
    verify();
  });

  test('ONB03US01 another currency: a refusal leaves it to be decided again; refunded in the gateway\'s own pages it is over', async () => {
    const p = await pay('WA-ACC-100003', '20.00', 1900, 'eur');
    await as('cso_supervisor').post(`${p.page}/refund`, { note: 'back' }, { from: p.page }).done('Another person approves it.');
    double.next('POST /v1/refunds', { status: 400, body: { error: { message: 'Insufficient funds in your balance' } } });
    await as('billing_manager').post(`${p.page}/review/approval`, {}, { from: p.page }).done('The gateway is asked to pay it back.');
    await jobs_run();
    expect(intent(p.no)).toMatchObject({ state: 'needs_review', review: null });
    expect([one("select failure_text from refund where state = 'failed'"), alerts('refund.failed')]).toEqual(['Insufficient funds in your balance', 1]);
    await as('billing_manager').get(p.page).sees('Accept', 'Refund');
    const there = double.refund(p.pi, 1900);
    await told('refund.created', there);
    await told('refund.updated', there);
    expect(intent(p.no).state).toBe('refunded');
    expect(sql('select state, external from refund where intent_id = (select id from payment_intent where intent_no = ?) order by id', [p.no])).toEqual([{ state: 'failed', external: '0' }, { state: 'succeeded', external: '1' }]);
    expect(ledger().filter((l) => l.type === 'refund_paid')).toEqual([]);
    verify();
  });

  test('ONB03US01 another amount: it is posted, and the exception waits for somebody to accept it or refund it', async () => {
    const p = await pay('WA-ACC-100003', '30.00', 2500);
    expect(intent(p.no)).toMatchObject({ state: 'succeeded', exception: 'amount_mismatch', got: '2500' });
    expect(alerts('payment.exception')).toBe(1);
    const page = await as('cso_supervisor').get(p.page).sees('Another amount arrived than was asked for', 'Accept', 'Refund');
    expect(page.body).toContain(`/cis/payments/${one('select payment_no from payment where amount_minor = 2500')}/refund`);
    await as('cso_supervisor').post(`${p.page}/acceptance`, { note: '' }, { from: p.page }).refuses(422, 'note');
    await as('cso_supervisor').post(`${p.page}/acceptance`, { note: 'A part payment, as agreed' }, { from: p.page }).done('The payment is accepted.');
    expect([intent(p.no).exception, alerts('payment.exception')]).toEqual([null, 0]);
    await as('cso_supervisor').post(`${p.page}/acceptance`, { note: 'again' }).refuses(409, null, 'This payment has no exception to accept.');
    expect(one('select count(*) from payment where amount_minor = 2500')).toBe('1');
  });

  test('ONB03US01 payouts whose event never came are asked for at night; a fee that is not the contract\'s is an exception', async () => {
    const admin = as('utility_admin'), settings = `/integrations/gateways/${gateway()}/settings`;
    await admin.post(settings, { cost_fixed_minor: '0.30', cost_rate_ppm: '2.9' }, { from: settings }).done('Saved.');
    await admin.get(`/integrations/gateways/${gateway()}`).sees('Fee by contract', '$0.30 + 2.9');
    const a = one('select provider_payment_id from payment_intent where received_minor = 2500'), b = await pay('WA-ACC-100003', '40.00');
    const line = (pi, amount, fee) => ({ type: 'charge', amount, fee, source: { id: double.payments.get(pi).latest_charge, object: 'charge', payment_intent: pi } });
    const arrival = Math.floor(instance().now() / 1000) - 86400;
    double.page_size = 1;                                                                  // more than one page
    double.payout([{ type: 'charge', amount: 1, fee: 0, source: { id: 'ch_manual', object: 'charge' } }], arrival);
    [...double.payouts.values()].at(-1).payout.automatic = false;                          // a manual payout names no payments
    const good = double.payout([line(a, 2500, 103)], arrival), odd = double.payout([line(b.pi, 4000, 200)], arrival);
    double.payout([line(b.pi, 4000, 146)], arrival - 30 * 86400);                          // long ago
    await night();
    expect(sql('select provider_settlement_id id, state from settlement order by id')).toEqual([{ id: good.id, state: 'matched' }, { id: odd.id, state: 'exceptions' }]);
    expect(one("select match_state from settlement_line where fee_minor = 200")).toBe('fee_differs');
    const page = `/integrations/settlements/${one("select public_id from settlement where state = 'exceptions'")}`, bank = net('1010');
    await as('billing_manager').get(`${page}/lines/1`).sees('Fee differs', '$2.00', '$1.46');
    await as('billing_manager').post(`${page}/lines/1`, { comment: 'A foreign card' }, { from: `${page}/lines/1` }).done('The line is resolved.');
    expect([one('select state from settlement where provider_settlement_id = ?', [odd.id]), net('1010') - bank, net('1999')]).toEqual(['matched', 3800, 0]);
    const asked = double.seen.filter((s) => s.call === 'GET /v1/payouts/:id').length;
    await night();
    expect(double.seen.filter((s) => s.call === 'GET /v1/payouts/:id')).toHaveLength(asked);
    expect(one('select count(*) from settlement')).toBe('2');
    verify();
  });

  test('AU01US03 a refund above the threshold, the threshold itself and credentials of a gateway want a proof of who one is', async () => {
    const admin = as.anew('utility_admin'), threshold = '/cis/refunds/threshold', credentials = `/integrations/gateways/${gateway()}/credentials`;
    await as('cso_supervisor').get(threshold).is(403);
    await admin.post(threshold, { amount: '15.00' }, { from: threshold }).done('Saved.');
    const pid = one('select payment_no from payment where amount_minor = 4000');
    for (const amount of ['15.00', '15.01']) await as('cso').post(`/cis/payments/${pid}/refund`, { amount, payout_kind: 'original', reason: 'too much' }, { from: `/cis/payments/${pid}/refund` }).done('waits for approval');
    const [small, large] = sql('select refund_no from refund_request order by id').map((r) => `/cis/refunds/${r.refund_no}`);
    const supervisor = as.anew('cso_supervisor');
    await supervisor.get(large).lacks('your password is wanted again');
    clock.forward({ minutes: 11 });
    await supervisor.get(large).sees('your password is wanted again');
    await supervisor.get(small).lacks('your password is wanted again');
    await supervisor.post(`${small}/approve`, {}, { from: small }).done('is approved');
    await supervisor.post(`${large}/approve`, {}, { from: large }).refuses(422, null, 'Confirm that it is you first');
    expect(sql('select status from refund_request order by id').map((r) => r.status)).toEqual([expect.stringMatching(/^(approved|paid)$/), 'requested']);
    await supervisor.post('/account/proof', { password: PASSWORD }, { from: '/account/proof' }).is(303);
    await supervisor.post(`${large}/approve`, {}, { from: large }).done('is approved');
    await jobs_run();

    await admin.post(threshold, { amount: '9000.00' }, { from: threshold }).refuses(422, null, 'Confirm that it is you first');
    await admin.get(credentials).sees('your password is wanted again');
    const asked = double.seen.length, keys = { secret_key: 'sk_test_double', publishable_key: 'pk_test_double' };
    await admin.post(credentials, { ...keys, webhook_secret: 'whsec_of_somebody_else' }, { from: credentials }).refuses(422, null, 'Confirm that it is you first').and((r) => expect(r.body).not.toContain('whsec_of_somebody_else'));
    expect(double.seen).toHaveLength(asked);
    await admin.post('/account/proof', { password: PASSWORD }, { from: '/account/proof' }).is(303);
    await admin.post(credentials, { ...keys, webhook_secret: 'whsec_test_double' }, { from: credentials }).done('Stripe took the credentials');
    verify();
  });

  test('ONB03US01 only the platform changes where a gateway is called', async () => {
    const platform = as('platform_admin'), tab = '/platform/tenants/swa/tab/gateways', form = `/platform/tenants/swa/gateways/${gateway()}`;
    await platform.get(tab).sees('Gateways', double.url).lacks('Sandbox gateway');
    for (const bad of ['ftp://api.stripe.test', 'https://', 'not an address']) await platform.post(form, { api_base: bad }, { from: form }).refuses(422, 'api_base');
    await platform.post(form, { api_base: 'https://eu.api.stripe.test/' }, { from: form }).refuses(422, 'api_base', 'Enter it without a slash, question mark or # at its end.');
    await platform.post(form, { api_base: 'https://eu.api.stripe.test' }, { from: form }).done('Saved.');
    expect(one("select api_base from gateway_account where driver = 'stripe'")).toBe('https://eu.api.stripe.test');
    await platform.post(form, { api_base: '' }, { from: form }).done('Saved.');
    await platform.get(tab).sees('Its usual address');
    expect(sql("select actor_kind k from audit_entry where entity = 'gateway_account' and actor_kind = 'platform'")).toHaveLength(2);
    expect(sql.platform("select count(*) n from audit_entry where action = 'gateway_base' and entity = 'tenant'")[0].n).toBe('2');
    await platform.get('/platform/tenants/swa/gateways/nobody').is(404);
    await as('tenant_admin').get(form).and((r) => expect(r.status).not.toBe(200));
    sql("update gateway_account set api_base = ? where driver = 'stripe'", [double.url]);
  });

  test('ONB03US01 Stripe: payout.reconciliation_completed brings the settlement as payout.paid does, and both of them bring it once', async () => {
    const p = await pay('WA-ACC-100003', '30.00'), q = await pay('WA-ACC-100003', '31.00'), bank = () => net('1010');
    const line = (pi, amount, fee) => ({ type: 'charge', amount, fee, source: { id: double.payments.get(pi).latest_charge, object: 'charge', payment_intent: pi } });
    const settled = (payout) => sql('select s.state, s.net_minor net, (select count(*) from settlement_line l where l.settlement_id = s.id) n_lines, (select count(*) from webhook_event e where e.body like ? and e.state = ?) events from settlement s where s.provider_settlement_id = ?', [`%"${payout.id}"%`, 'processed', payout.id]);
    const arrival = Math.floor(instance().now() / 1000);
    // alone: it starts the import
    const alone = double.payout([line(p.pi, 3000, 117)], arrival), before = bank(), exceptions = alerts('settlement.exception');
    expect(settled(alone)).toEqual([]);
    await told('payout.reconciliation_completed', alone);
    expect([settled(alone), bank() - before]).toEqual([[{ state: 'matched', net: '2883', n_lines: '1', events: '1' }], 2883]);
    await told('payout.paid', alone);
    expect([settled(alone), bank() - before]).toEqual([[{ state: 'matched', net: '2883', n_lines: '1', events: '2' }], 2883]);
    // first told when its transactions were not there yet
    const both = double.payout([line(q.pi, 3100, 120)], arrival), lines = double.payouts.get(both.id).lines;
    Object.assign(double.payouts.get(both.id), { lines: [] }).payout.reconciliation_status = 'in_progress';
    await told('payout.paid', both);
    expect([settled(both), bank() - before, alerts('settlement.exception')]).toEqual([[], 2883, exceptions]);
    Object.assign(double.payouts.get(both.id), { lines }).payout.reconciliation_status = 'completed';
    await told('payout.reconciliation_completed', both);
    expect([settled(both), bank() - before]).toEqual([[{ state: 'matched', net: '2980', n_lines: '1', events: '2' }], 2883 + 2980]);
    // whoever connects Stripe is told which events to switch on there: all that are read
    await as('utility_admin').get(`/integrations/gateways/${gateway()}`).sees('checkout.session.completed', 'checkout.session.async_payment_succeeded', 'checkout.session.async_payment_failed', 'payment_intent.processing', 'payment_intent.succeeded', 'payment_intent.payment_failed', 'payment_intent.canceled', 'charge.refunded', 'refund.updated', 'refund.failed', 'charge.dispute.created', 'charge.dispute.updated', 'charge.dispute.closed', 'payout.paid', 'payout.failed', 'payout.reconciliation_completed');
    // a payout that it does not know posts nothing
    const there = one('select count(*) from settlement');
    await told('payout.reconciliation_completed', { object: 'payout' });
    expect([one('select count(*) from settlement'), one('select state from webhook_event where source = "gateway" order by id desc limit 1'), bank() - before]).toEqual([there, 'ignored', 5863]);
    verify();
  });

  test('ONB03US01 Stripe: payout.reconciliation_completed that comes while the question after payout.paid is under way brings the settlement', async () => {
    const p = await pay('WA-ACC-100003', '32.00'), arrival = Math.floor(instance().now() / 1000), before = net('1010');
    const payout = double.payout([{ type: 'charge', amount: 3200, fee: 123, source: { id: double.payments.get(p.pi).latest_charge, object: 'charge', payment_intent: p.pi } }], arrival), there = double.payouts.get(payout.id), { lines } = there;
    const asked = () => double.seen.filter((s) => s.call === 'GET /v1/payouts/:id').length, n = asked();
    const settled = () => sql('select state, net_minor net from settlement where provider_settlement_id = ?', [payout.id]);
    const event = async (type) => expect((await request(double.event(type, payout, { at: instance().now() }))).status).toBe(200);
    const processed = () => one("select count(*) from webhook_event where body like ? and state = 'processed'", [`%"${payout.id}"%`]);
    Object.assign(there, { lines: [] }).payout.reconciliation_status = 'in_progress';
    const held = double.hold('GET /v1/payouts/:id');
    await event('payout.paid');
    const first = jobs_run();
    await held.asked;                                                           // Stripe has read "in_progress" and answers slowly
    Object.assign(there, { lines }).payout.reconciliation_status = 'completed';
    await event('payout.reconciliation_completed');
    const second = jobs_run();
    await expect.poll(processed).toBe('2');
    expect([settled(), asked() - n, sql.platform("select count(*) n from job where kind = 'settlement.fetch' and live = 1 and unique_key like ?", [`%:${payout.id}`])[0].n]).toEqual([[], 1, '1']);
    held.release();
    await Promise.all([first, second]);
    expect([settled(), asked() - n, net('1010') - before]).toEqual([[{ state: 'matched', net: '3077' }], 2, 3077]);
    // nobody asks a third time
    await jobs_run();
    expect([asked() - n, sql.platform("select count(*) n from job where kind = 'settlement.fetch' and live = 1")[0].n]).toEqual([2, '0']);
    verify();
  });

  test('HUB review: pages look right, at a desk and on a phone', async ({ page }) => {
    test.setTimeout(300000);
    const faults = await watch(page.context()), p = await pay('WA-ACC-100003', '11.00', 900, 'eur'), q = await pay('WA-ACC-100003', '12.00', 1000);
    for (const [where, shot] of [[p.page, 'hub-review'], [q.page, 'hub-mismatch'], ['/cis/refunds/threshold', 'refund-threshold'], [`/integrations/gateways/${gateway()}/settings`, 'hub-contract']]) {
      await as('utility_admin').browse(page, where);
      await looks_right(page, { widths: [360, 1440], shots: shot });
    }
    for (const [where, shot] of [['/platform/tenants/swa/tab/gateways', 'platform-gateways'], [`/platform/tenants/swa/gateways/${gateway()}`, 'platform-api-base']]) {
      await as('platform_admin').browse(page, where);
      await looks_right(page, { widths: [360, 1440], shots: shot });
    }
    await as('cso_supervisor').post(`${p.page}/acceptance`, { amount: '9.80', note: 'as the gateway pays out' }, { from: p.page }).done('Another person approves it.');
    await as('billing_manager').browse(page, p.page);
    await looks_right(page, { widths: [360, 1440], shots: 'hub-proposed' });
    expect(faults).toEqual([]);
  });
});
