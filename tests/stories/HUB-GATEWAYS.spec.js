// Razorpay, Paystack and DOKU (ONB03US01) against strict doubles of their APIs: set up on the pages, paid, told by signed
// webhooks, asked, refunded, disputed, settled.
const { story } = require('../support/story');
const { Razorpay, Paystack, Doku } = require('../support/gateway_doubles');

// What all three stories do; the account is made by the page, then pointed at the double.
function gateway_story(id, driver, Double, body) {
  story(id, 'HUB-FIX', (all) => {
    const { as, portal, test, expect, sql, one, ledger, jobs_run, request, instance, clock } = all;
    const t = { double: null };
    const account = () => sql('select * from gateway_account where driver = ?', [driver])[0];
    const hook = () => `/hooks/${driver}/${account().endpoint_key}`;
    Object.assign(t, {
      account, hook,
      net: (code) => ledger().filter((l) => l.code === code).reduce((n, l) => n + Math.round(l.debit * 100) - Math.round(l.credit * 100), 0),
      balance: (no) => one('select balance_minor from account where account_no = ?', [no]),
      intent: (no) => sql('select state, provider_ref ref, provider_payment_id pid, received_minor got, dispute_flag dispute, failure_text why from payment_intent where intent_no = ?', [no])[0],
      night: async () => { sql.platform("insert into job (tenant_id, utility_id, kind, class, unique_key, priority, run_at, max_attempts, actor_kind) select t.id, 1, 'settlement.nightly', 'payments', uuid(), 100, '2026-01-01', 12, 'system' from tenant t where t.slug = 'swa'"); await jobs_run(); },
      send: async (call) => { const r = await request({ path: hook(), ...call, ...(call.path ? {} : { path: hook() }) }); await jobs_run(); return r.status; },
      set_up: async () => {
        const admin = as('utility_admin');
        sql("update gateway_account set status = 'inactive' where driver = 'sandbox'");
        await admin.post(`/integrations/drivers/${driver}`, {}, { from: '/integrations' }).goes(/\/credentials$/);
        sql('update gateway_account set api_base = ? where driver = ?', [t.double.url, driver]);
        const path = `/integrations/gateways/${account().public_id}`;
        await admin.post(`${path}/credentials`, Double.keys).done('took the credentials');
        expect(account().status).toBe('verified');
        // The test payment has its own test in HUB.spec.js.
        sql('update gateway_account set test_ok_at = utc_timestamp(6), max_minor = 9000000000 where driver = ?', [driver]);
        await admin.post(`${path}/moves/activate`, {}, { from: path }).done('is active');
      },
      // A guest pays: up to the gateway's page.
      begin: async (account_no, amount) => {
        const who = portal();
        await who.post('/pay/guest', { account_no, postal_code: '97209' }, { from: '/pay' }).goes('/pay');
        const page = await who.get('/pay').is(200);
        const keep = Object.fromEntries([...page.body.matchAll(/<input type="hidden" name="(csrf|form_key|pay_key|link)" value="([^"]*)"/g)].map((m) => [m[1], m[2]]));
        const r = await who.post('/pay', { ...keep, [`pick_free-${account_no}`]: '1', [`amount_free-${account_no}`]: amount, email: 'friend@swa.test' }, { raw: true }).is(303);
        const id_ = r.location.match(/\/pay\/([A-Za-z0-9_-]{22})$/)[1];
        return { who, id: id_, no: one('select intent_no from payment_intent where public_id = ?', [id_]), start: () => who.post(`/pay/${id_}/start`, {}, { from: `/pay/${id_}` }).is(303) };
      },
      refund: async (account_no, amount) => {
        const no = one('select p.payment_no from payment p join account a on a.id = p.account_id where a.account_no = ? order by p.id limit 1', [account_no]);
        await as('cso').post(`/cis/payments/${no}/refund`, { amount, payout_kind: 'original', reason: 'paid too much' }).done('waits for approval');
        const refund = one('select max(refund_no) from refund_request');
        await as('cso_supervisor').post(`/cis/refunds/${refund}/approve`, {}, { from: `/cis/refunds/${refund}` }).done('is approved');
        await jobs_run();
        return refund;
      },
    });
    test.beforeEach(async () => {
      if (t.double) return;
      t.double = await Double.start();
      t.double.clock = () => instance().now();
      t.prepare?.();
      await t.set_up();
    });
    test.afterEach(() => { if (t.double) expect(t.double.violations).toEqual([]); });
    test.afterAll(async () => { await t.double?.stop(); t.double = null; });
    body({ ...all, t, clock });
  });
}

gateway_story('HUB Razorpay', 'razorpay', Razorpay, ({ t, as, test, expect, sql, one, jobs_run, request, clock, verify, watch, looks_right }) => {
  let first;

  test('ONB03US01 Razorpay: an order, its hosted page, the signed return, a capture: posted once', async () => {
    first = await t.begin('WA-ACC-100001', '114.25');
    const r = await first.start();
    expect(r.location).toBe(`/razorpay/pay/${first.id}`);
    const order = t.double.order_of(first.no), page = await first.who.get(`/razorpay/pay/${first.id}`).is(200);
    expect(page.body).toContain('action="https://api.razorpay.com/v1/checkout/embedded"');
    expect(page.headers['content-security-policy']).toContain('https://api.razorpay.com');
    for (const [name, value] of [['key_id', Razorpay.keys.key_id], ['order_id', order.id], ['amount', '11425']]) expect(page.body).toContain(`name="${name}" value="${value}"`);
    for (const ours of ['csrf', 'form_key', Razorpay.keys.key_secret]) expect(page.body).not.toContain(ours);
    // authorized there, and back through the browser
    const payment = t.double.payment_of(order, 'authorized');
    const wrong = await first.who.post(`/pay/${first.id}/return`, { ...t.double.returned(payment), razorpay_signature: 'f'.repeat(64) }, { raw: true, headers: { Origin: 'https://api.razorpay.com', 'Sec-Fetch-Site': 'cross-site' } }).is(303);
    expect(wrong.location).toMatch(/\/return$/);
    await jobs_run();
    expect(t.intent(first.no).state).toBe('requires_action');
    await first.who.post(`/pay/${first.id}/return`, t.double.returned(payment), { raw: true, headers: { Origin: 'https://api.razorpay.com', 'Sec-Fetch-Site': 'cross-site' } }).is(303);
    await jobs_run();
    expect(payment.status).toBe('captured');
    expect(t.intent(first.no)).toMatchObject({ state: 'succeeded', pid: payment.id, got: '11425' });
    expect(t.balance('WA-ACC-100001')).toBe('0');
    first.pid = payment.id;
    // told by both events besides: nothing more
    expect(await t.send(t.double.event('payment.captured', { payment }))).toBe(200);
    expect(await t.send(t.double.event('order.paid', { payment, order }))).toBe(200);
    expect([one('select count(*) from payment'), t.net('1020')]).toEqual(['1', 11425]);
  });

  test('ONB03US01 Razorpay: a wrong signature and an event of yesterday are refused, one without its id is kept as dead', async () => {
    const payment = t.double.payments.get(first.pid), good = t.double.event('payment.failed', { payment }, { path: t.hook() });
    expect((await request({ ...good, body: good.body.replace('"amount":11425', '"amount":11426') })).status).toBe(401);
    expect((await request(t.double.event('payment.failed', { payment }, { path: t.hook(), at_s: t.double.now_s() - 26 * 3600 }))).status).toBe(401);
    const { 'x-razorpay-event-id': gone, ...headers } = good.headers;
    expect(gone).toBeTruthy();
    expect((await request({ ...good, headers })).status).toBe(200);
    expect(one("select state from webhook_event where source = 'gateway' order by id desc limit 1")).toBe('dead');
    sql("delete from webhook_event where state = 'dead'");
  });

  test('ONB03US01 Razorpay: payment.authorized makes us capture; an order whose answer was lost is found by its receipt', async () => {
    const p = await t.begin('WA-ACC-100002', '10.00');
    t.double.next('POST /v1/orders', 'lose');
    await p.start();
    clock.forward({ seconds: 30 });
    await jobs_run();
    expect([...t.double.orders.values()].filter((o) => o.receipt === p.no)).toHaveLength(1);
    expect(t.intent(p.no)).toMatchObject({ state: 'requires_action', ref: t.double.order_of(p.no).id });
    const payment = t.double.payment_of(t.double.order_of(p.no), 'authorized');
    expect(await t.send(t.double.event('payment.authorized', { payment }))).toBe(200);
    expect(payment.status).toBe('captured');
    expect(t.intent(p.no).state).toBe('succeeded');
  });

  test('ONB03US01 Razorpay: a refund goes out once, also when its answer is lost; its event posts nothing twice', async () => {
    t.double.next('POST /v1/payments/:id/refund', 'lose');
    const refund = await t.refund('WA-ACC-100001', '14.25');
    clock.forward({ minutes: 5 });
    await jobs_run();
    expect(t.double.refunds).toHaveLength(1);
    expect(t.double.seen.filter((s) => s.call === 'POST /v1/payments/:id/refund')[0].body).toEqual({ amount: 1425, receipt: refund, notes: { refund, intent: first.no } });
    expect(sql('select state, provider_refund_id id from refund')).toEqual([{ state: 'succeeded', id: t.double.refunds[0].id }]);
    await t.send(t.double.event('refund.processed', { refund: t.double.refunds[0], payment: t.double.payments.get(first.pid) }));
    expect([t.balance('WA-ACC-100001'), t.net('1020')]).toEqual(['1425', 11425 + 1000 - 1425]);
    t.double.next('POST /v1/payments/:id/refund', { status: 400, body: { error: { description: 'Your account does not have enough balance' } } });
    await t.refund('WA-ACC-100001', '1.00');
    expect(one('select failure_text from refund order by id desc limit 1')).toBe('Your account does not have enough balance');
  });

  test('ONB03US01 Razorpay: a dispute is opened and lost', async () => {
    const dispute = { id: 'disp_Double1', entity: 'dispute', payment_id: one("select provider_payment_id from payment_intent i join account a on a.id = i.account_id where a.account_no = 'WA-ACC-100002'"), amount: 1000, currency: 'USD', amount_deducted: 1000, reason_code: 'goods_or_services_not_received', respond_by: 1780000000, status: 'open', phase: 'chargeback' };
    await t.send(t.double.event('payment.dispute.created', { dispute }));
    expect([t.balance('WA-ACC-100002'), one('select state from dispute')]).toEqual(['18782', 'open']);
    await t.send(t.double.event('payment.dispute.lost', { dispute: { ...dispute, status: 'lost' } }));
    expect(one('select state from dispute')).toBe('lost');
  });

  test('ONB03US01 Razorpay: a settlement by its event, matched and posted', async () => {
    const other = one("select provider_payment_id from payment_intent i join account a on a.id = i.account_id where a.account_no = 'WA-ACC-100002'");
    const head = t.double.settle([{ type: 'payment', entity_id: first.pid, amount: 11425, fee: 228 }, { type: 'payment', entity_id: other, amount: 1000, fee: 20 },
      { type: 'refund', entity_id: t.double.refunds[0].id, amount: 1425, payment_id: first.pid }, { type: 'adjustment', entity_id: 'adj_1', amount: 1000, dispute_id: 'disp_Double1', payment_id: other }]);
    await t.send(t.double.event('settlement.processed', { settlement: head }));
    expect(sql('select gross_minor g, fee_minor f, refund_minor r, dispute_minor d, net_minor n, state from settlement')).toEqual([{ g: '12425', f: '248', r: '1425', d: '1000', n: String(head.amount), state: 'matched' }]);
    expect([t.net('1020'), t.net('1010'), t.net('5120')]).toEqual([0, head.amount, 248]);
    verify();
  });

  test('ONB03US01 Razorpay: an event older than 25 hours is refused, unless its payment is open', async () => {
    const events = () => Number(one("select count(*) from webhook_event where driver = 'razorpay'")), refused = () => Number(one("select coalesce(sum(count), 0) from webhook_refusal where reason = 'timestamp_out_of_tolerance'"));
    const p = await t.begin('WA-ACC-100003', '12.00');
    await p.start();
    const payment = t.double.payment_of(t.double.order_of(p.no), 'captured'), told = (hours, seconds = 0) => t.double.event('payment.captured', { payment }, { path: t.hook(), at_s: t.double.now_s() - hours * 3600 - seconds });
    const paid = () => [t.intent(p.no).state, one('select count(*) from payment p join payment_intent i on i.id = p.payment_intent_id where i.intent_no = ?', [p.no])];
    // while it is open, news of days ago is news
    expect(paid()).toEqual(['requires_action', '0']);
    expect([await t.send(told(60)), ...paid()]).toEqual([200, 'succeeded', '1']);
    // it is over: what is older than 25 hours comes too late and leaves a counter only; just below it is taken, and changes nothing
    const [before, counted] = [events(), refused()];
    const late = await request(told(25, 5));
    expect([late.status, JSON.parse(late.body), events(), refused()]).toEqual([401, { error: 'timestamp_out_of_tolerance' }, before, counted + 1]);
    expect([await t.send(told(24, 3540)), events(), refused(), ...paid()]).toEqual([200, before + 1, counted + 1, 'succeeded', '1']);
    // an open payment of somebody else does not help it
    const other = await t.begin('WA-ACC-100003', '13.00');
    await other.start();
    expect([await t.send(told(26)), t.intent(other.no).state, events()]).toEqual([401, 'requires_action', before + 1]);
    verify();
  });

  test('ONB03US01 Razorpay: the page that hands over looks right', async ({ page }) => {
    const p = await t.begin('WA-ACC-100003', '10.00');
    await p.start();
    const faults = await watch(page.context());
    await page.goto(`https://swa.smart360.test/razorpay/pay/${p.id}`);
    await looks_right(page, { widths: [360, 1440], shots: 'hub-handover' });
    expect(faults).toEqual([]);
  });
});

gateway_story('HUB Paystack', 'paystack', Paystack, ({ t, test, expect, sql, one, jobs_run, request, clock, verify, as }) => {
  let first;

  test('ONB03US01 Paystack: opened by our reference, told by its webhook, posted once', async () => {
    first = await t.begin('WA-ACC-100001', '114.25');
    expect((await first.start()).location).toMatch(/^https:\/\/checkout\.paystack\.com\/acc/);
    expect(t.double.seen.at(-1).body).toMatchObject({ email: 'friend@swa.test', amount: '11425', currency: 'USD', reference: first.no });
    const paid = t.double.pay(first.no);
    first.pid = String(paid.id);
    expect(await t.send(t.double.event('charge.success', paid))).toBe(200);
    expect(await t.send(t.double.event('charge.success', { ...paid, gateway_response: 'Approved' }))).toBe(200);
    expect(t.intent(first.no)).toMatchObject({ state: 'succeeded', pid: first.pid, got: '11425' });
    expect([one('select count(*) from payment'), t.balance('WA-ACC-100001'), one("select delivery_count from webhook_event where type = 'charge.success'")]).toEqual(['1', '0', '2']);
    const good = t.double.event('charge.success', { ...paid, id: 1 }, { path: t.hook() });
    expect((await request({ ...good, body: good.body.replace('"amount":11425', '"amount":11424') })).status).toBe(401);
    expect((await request(t.double.event('charge.success', { ...paid, id: 2, domain: 'live' }, { path: t.hook() }))).status).toBe(200);
    await jobs_run();
    expect(sql('select provider_event_id e, state, reason from webhook_event where source = \'gateway\' order by id')).toEqual([{ e: `charge.success:${paid.id}`, state: 'processed', reason: null }, { e: 'charge.success:2', state: 'ignored', reason: 'other_mode' }]);
  });

  test('ONB03US01 Paystack: no webhook: asked by reference; a lost opening ends and the next has a reference of its own', async () => {
    const p = await t.begin('WA-ACC-100002', '20.00');
    t.double.next('POST /transaction/initialize', 'lose');
    await p.start();
    clock.forward({ seconds: 30 });
    await jobs_run();
    expect(t.intent(p.no)).toMatchObject({ state: 'failed_to_start', why: 'Duplicate Transaction Reference' });
    await p.start();
    expect(t.intent(p.no)).toMatchObject({ state: 'requires_action', ref: `${p.no}-2` });
    t.double.pay(`${p.no}-2`, { channel: 'ussd' });
    await as('billing_manager').post(`/integrations/payments/${p.no}/check`, {}, { from: `/integrations/payments/${p.no}` }).done('The gateway is asked');
    await jobs_run();
    expect(t.intent(p.no)).toMatchObject({ state: 'succeeded', got: '2000' });
  });

  test('ONB03US01 Paystack: a refund is pending, then processed; one that fails gives everything back', async () => {
    const refund = await t.refund('WA-ACC-100001', '14.25');
    const [r] = t.double.refunds;
    expect(t.double.seen.filter((s) => s.call === 'POST /refund').map((s) => s.body)).toEqual([{ transaction: first.pid, amount: 1425, currency: 'USD', merchant_note: refund }]);
    expect(one('select state from refund')).toBe('submitted');
    r.status = 'processed';
    const told = { id: String(r.id), status: 'processed', transaction_reference: first.no, refund_reference: 'TRF-1', amount: String(r.amount), currency: 'USD', domain: 'test', merchant_note: refund };
    await t.send(t.double.event('refund.processed', told));
    await t.send(t.double.event('refund.processed', told));
    expect([one('select state from refund'), t.balance('WA-ACC-100001'), t.net('2150')]).toEqual(['succeeded', '1425', 0]);
    const second = await t.refund('WA-ACC-100001', '1.00');
    const f = t.double.refunds.at(-1);
    f.status = 'failed';
    await t.send(t.double.event('refund.failed', { ...told, id: String(f.id), status: 'failed', amount: '100', merchant_note: second }));
    expect([one('select status from refund_request where refund_no = ?', [second]), t.balance('WA-ACC-100001')]).toEqual(['failed', '1425']);
  });

  test('ONB03US01 Paystack: a dispute is declined, so it is won', async () => {
    const data = { id: 358950, refund_amount: 2000, currency: 'USD', status: 'awaiting-merchant-feedback', resolution: null, domain: 'test', category: 'general', dueAt: '2026-05-01T18:00:00.000Z', transaction: { id: Number(one("select provider_payment_id from payment_intent i join account a on a.id = i.account_id where a.account_no = 'WA-ACC-100002'")), amount: 2000, currency: 'USD' } };
    await t.send(t.double.event('charge.dispute.create', data));
    expect(t.balance('WA-ACC-100002')).toBe('18782');
    await t.send(t.double.event('charge.dispute.resolve', { ...data, status: 'resolved', resolution: 'declined' }));
    expect([t.balance('WA-ACC-100002'), one('select state from dispute')]).toEqual(['16782', 'won']);
    verify();
  });

  test('ONB03US01 Paystack: no event tells of a settlement: it is found at night, matched and posted, once', async () => {
    const second = one("select provider_ref from payment_intent i join account a on a.id = i.account_id where a.account_no = 'WA-ACC-100002' and i.state = 'succeeded'");
    const before = t.net('1020'), head = t.double.settle([first.no, second].map((no, i) => ({ ...t.double.orders.get(no), fees: [228, 40][i] })));
    await t.night();
    expect(sql('select provider_settlement_id id, gross_minor g, fee_minor f, net_minor n, state from settlement')).toEqual([{ id: String(head.id), g: '13425', f: '268', n: '13157', state: 'matched' }]);
    expect([t.net('1020'), t.net('1010'), t.net('5120')]).toEqual([before - 13425, 13157, 268]);
    const asked = t.double.seen.filter((s) => s.call === 'GET /settlement/:id/transactions').length;
    await t.night();
    expect([one('select count(*) from settlement'), t.net('1010')]).toEqual(['1', 13157]);
    expect(t.double.seen.filter((s) => s.call === 'GET /settlement/:id/transactions')).toHaveLength(asked);
    verify();
  });
});

gateway_story('HUB DOKU', 'doku', Doku, ({ t, test, expect, sql, one, jobs_run, request, clock, instance, as, watch, looks_right }) => {
  t.prepare = () => sql("update utility set currency = 'IDR' where code = 'swa-w'");
  let first;

  test('ONB03US01 DOKU: whole rupiah, signed both ways, posted once', async () => {
    first = await t.begin('WA-ACC-100001', '100.00');
    expect((await first.start()).location).toMatch(/^https:\/\/sandbox\.doku\.com\/checkout-link-v2\/tok/);
    expect(t.double.seen.at(-1)).toMatchObject({ body: { order: { amount: 100, invoice_number: first.no, currency: 'IDR' } }, headers: { 'request-id': `${first.id}-1` } });
    const paid = t.double.pay(first.no), good = t.double.notification(paid, { path: t.hook() });
    expect((await request({ ...good, body: good.body.replace('"amount":100', '"amount":101') })).status).toBe(401);
    expect((await request(t.double.notification(paid, { path: t.hook(), secret: 'SK-other' }))).status).toBe(401);
    const old = await request(t.double.notification(paid, { path: t.hook(), at: new Date(instance().now() - 301000) }));
    expect([old.status, JSON.parse(old.body)]).toEqual([401, { error: 'timestamp_out_of_tolerance' }]);
    expect(one('select count(*) from webhook_event where source = "gateway"')).toBe('0');
    expect(await t.send(good)).toBe(200);
    expect((await request(good)).body).toContain('duplicate');
    expect(await t.send(t.double.notification(paid, { path: t.hook() }))).toBe(200);
    expect(t.intent(first.no)).toMatchObject({ state: 'succeeded', got: '10000', pid: first.no });
    expect(one('select count(*) from payment')).toBe('1');
  });

  test('ONB03US01 DOKU: an opening whose answer was lost is repeated with the same Request-Id; no notification: asked', async () => {
    const p = await t.begin('WA-ACC-100002', '50.00');
    t.double.next('POST /checkout/v1/payment', 'lose');
    await p.start();
    clock.forward({ seconds: 30 });
    await jobs_run();
    expect(new Set(t.double.seen.filter((s) => s.headers['request-id'].startsWith(p.id)).map((s) => s.headers['request-id']))).toEqual(new Set([`${p.id}-1`]));
    expect(t.intent(p.no).state).toBe('requires_action');
    t.double.pay(p.no);
    await as('billing_manager').post(`/integrations/payments/${p.no}/check`, {}, { from: `/integrations/payments/${p.no}` }).done('The gateway is asked');
    await jobs_run();
    expect(t.intent(p.no).state).toBe('succeeded');
    const q = await t.begin('WA-ACC-100003', '10.50');
    await q.start();
    expect(t.intent(q.no)).toMatchObject({ state: 'failed_to_start', why: 'DOKU takes whole amounts only.' });
  });

  test('ONB03US01 DOKU: a refund is made in its own pages and recorded by a person', async () => {
    const refund = await t.refund('WA-ACC-100001', '10.00'), page = `/integrations/refunds/${refund}`;
    expect(sql('select state from refund')).toEqual([{ state: 'submitted' }]);
    expect(one("select count(*) from alert where kind = 'refund.by_hand' and resolved_at is null")).toBe('1');
    await as('billing_manager').post(page, { result: 'succeeded', provider_refund_id: 'DK-1' }).is(403);
    await as('utility_admin').post(page, { result: 'succeeded', provider_refund_id: '' }).refuses(422, 'provider_refund_id');
    await as('utility_admin').post(page, { result: 'succeeded', provider_refund_id: 'DK-1' }, { from: page }).done('Saved.');
    expect(sql('select state, provider_refund_id id from refund')).toEqual([{ state: 'succeeded', id: 'DK-1' }]);
    expect([one('select status from refund_request'), t.net('2150')]).toEqual(['paid', 0]);
    expect(one("select count(*) from alert where kind = 'refund.by_hand' and resolved_at is null")).toBe('0');
  });

  test('ONB03US01 DOKU: a settlement file is taken whole, matched and posted; the same payout again is refused', async () => {
    const bm = as('billing_manager'), path = `/integrations/gateways/${t.account().public_id}/settlement-file`;
    const second = one("select intent_no from payment_intent i join account a on a.id = i.account_id where a.account_no = 'WA-ACC-100002' and i.state = 'succeeded'");
    const file = (text) => ({ files: { file: { name: 'doku.csv', type: 'text/csv', content: text } }, from: path });
    const form = { payout: 'DOKU-2026-04-16', paid_on: '04/16/2026', net_minor: '137.00' };
    await bm.post(path, form, file('number;sum\n1;2\n')).refuses(422, 'file', 'The file needs the columns invoice_number and amount.');
    await bm.post(path, form, file(`invoice_number,amount,fee\n${first.no},100.00,2.00\n,50.00,1.00\n`)).refuses(422, 'file', 'Line 3 cannot be read.');
    expect(one('select count(*) from settlement')).toBe('0');
    const good = `invoice_number,amount,fee,type,date\n${first.no},100.00,2.00,charge,2026-04-15\n${second},50.00,1.00,charge,2026-04-15\nDK-1,10.00,0,refund,2026-04-15\n`;
    await bm.post(path, form, file(good)).done('3 lines are imported.');
    expect(sql('select gross_minor g, fee_minor f, refund_minor r, net_minor n, state from settlement')).toEqual([{ g: '15000', f: '300', r: '1000', n: '13700', state: 'matched' }]);
    expect([t.net('1020'), t.net('1010'), t.net('5120')]).toEqual([0, 13700, 300]);
    await bm.post(path, form, file(good)).refuses(422, 'payout', 'This payout is here already.');
  });

  test('ONB03US01 a payment that is in no payout after five days is found, and forgotten when a later one has it', async () => {
    const { night } = t;
    const p = await t.begin('WA-ACC-100003', '30.00');
    await p.start();
    expect(await t.send(t.double.notification(t.double.pay(p.no), { path: t.hook() }))).toBe(200);
    await night();
    expect(one("select count(*) from payment_intent where exception = 'missing_at_provider'")).toBe('0');
    clock.forward({ days: 6 });
    await night();
    expect(sql("select intent_no no from payment_intent where exception = 'missing_at_provider'")).toEqual([{ no: p.no }]);
    await as('billing_manager').get('/integrations/payments?exception=missing_at_provider').sees(p.no, 'Missing there');
    const path = `/integrations/gateways/${t.account().public_id}/settlement-file`;
    await as('billing_manager').post(path, { payout: 'DOKU-2', paid_on: '04/20/2026', net_minor: '29.00' }, { from: path, files: { file: { name: 'doku.csv', type: 'text/csv', content: `invoice_number,amount,fee\n${p.no},30.00,1.00\n` } } }).done('1 lines are imported.');
    await night();
    expect(one("select count(*) from payment_intent where exception = 'missing_at_provider'")).toBe('0');
    expect(one("select count(*) from alert where kind = 'payment.missing_at_provider' and resolved_at is null")).toBe('0');
  });

  test('ONB03US01 health, refunds by hand and settlement files look right', async ({ page }) => {
    test.setTimeout(300000);
    const faults = await watch(page.context());
    for (const [where, shot] of [['/integrations/health', 'hub-health'], [`/integrations/gateways/${t.account().public_id}/settlement-file`, 'hub-file'], [`/integrations/refunds/${one('select refund_no from refund limit 1')}`, 'hub-refund']]) {
      await as('utility_admin').browse(page, where);
      await looks_right(page, { widths: [360, 1440], shots: shot });
    }
    expect(faults).toEqual([]);
  });
});
