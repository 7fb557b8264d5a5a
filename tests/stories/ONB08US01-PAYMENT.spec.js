// Paying a subscription by the platform's own gateway account; terms by contract, discounts, the billing contact, corrections
// (ONB08US01, ONB01US01).
const { execFileSync } = require('child_process');
const { story } = require('../support/story');
const { hold } = require('../support/faults');
const { StripeDouble } = require('../support/stripe_double');

const KEYS = { secret_key: 'sk_test_double', publishable_key: 'pk_test_double', webhook_secret: 'whsec_test_double' };

story('ONB08US01 payment', 'BASE', ({ as, anyone, test, expect, sql, one, clock, jobs_run, instance, request, sleep, looks_right }) => {
  const platform = () => as('platform_admin'), admin = () => as('tenant_admin');
  const tenant = () => sql.platform("select * from tenant where slug = 'swa'")[0];
  const account = (driver) => sql.platform('select * from gateway_account where driver = ?', [driver])[0];
  const payment = () => sql.platform('select * from subscription_payment order by id desc limit 1')[0];
  const invoice = (no) => sql.platform('select * from subscription_invoice where number = ?', [no])[0];
  const platform_mails = (key) => sql.platform('select to_address, subject, body_text from platform_mail where mail_key = ? order by id', [key]);
  // An open invoice of the tenant, due some days from now.
  const bill = (minor, days = 5) => {
    sql.platform(`insert into subscription_invoice (tenant_id, subscription_id, number, \`lines\`, total_minor, currency, issued_on, due_on) select t.id, s.id, concat('SUB-T', uuid_short()), json_array(json_object('text', 'Growth', 'amount_minor', ?)), ?, 'USD', ?, ? from tenant t join subscription s on s.tenant_id = t.id and s.live = 1 where t.slug = 'swa'`,
      [minor, minor, day(0), day(days)]);
    return sql.platform('select number from subscription_invoice order by id desc limit 1')[0].number;
  };
  const day = (n) => new Date(instance().now().getTime() + n * 86400000).toISOString().slice(0, 10);
  const pay = (no) => admin().post(`/org/subscription/invoices/${no}/payment`, {}, { from: `/org/subscription/invoices/${no}` });
  const card = (id, number = '4242 4242 4242 4242', delivery = 'once') => admin().post(`/sandbox/subscription/${id}`, { card: number, expiry: '12/30', cvc: '123', delivery, seconds: '0' }, { from: `/sandbox/subscription/${id}` });
  const receipts = () => sql.platform('select receipt_no from subscription_payment where receipt_no is not null order by id').map((r) => r.receipt_no);
  let double, first;

  test.beforeEach(async () => { double ??= await StripeDouble.start({ now: () => instance().now() }); });
  test.afterEach(() => expect(double.violations).toEqual([]));
  test.afterAll(async () => { await double?.stop(); });

  test('ONB08US01 without a gateway of the platform an invoice cannot be paid online, and says so', async () => {
    first = bill(120000);
    await admin().get('/org/subscription').sees(first, '1,200.00 USD', 'See and pay');
    await admin().get(`/org/subscription/invoices/${first}`).sees('Growth', '1200.00', 'Online payment is not set up by the platform');
    await admin().post(`/org/subscription/invoices/${first}/payment`, {}).refuses(409, null, /Online payment is not set up/);
    await as('utility_admin').get('/org/subscription').is(200);
    await as('utility_admin').post(`/org/subscription/invoices/${first}/payment`, {}).is(403);
    await admin().get('/org/subscription/invoices/SUB-NONE').is(404);
  });

  test("ONB08US01 the platform's account: a sandbox takes test keys only, the provider is asked before anything is kept, nothing is shown again", async () => {
    await as('tenant_admin').get('/platform/gateways').and((r) => expect(r.status).not.toBe(200));
    await platform().get('/platform/gateways').sees('Sandbox', 'Stripe', 'only test accounts take payments');
    // pressed by several at once: one account, and all of them come to it
    const several = Array.from({ length: 6 }, () => as.anew('platform_admin')), forms = [];
    for (const one_of of several) forms.push((await one_of.get('/platform/gateways').forms()).find((f) => f.action.endsWith('/drivers/stripe')));
    await Promise.all(several.map((one_of, i) => one_of.post('/platform/gateways/drivers/stripe', Object.fromEntries(forms[i].fields), { raw: true }).goes(/\/credentials$/)));
    expect(sql.platform("select count(*) n from gateway_account where driver = 'stripe'")[0].n).toBe('1');
    const path = `/platform/gateways/${account('stripe').public_id}`;
    sql.platform("update gateway_account set api_base = ? where driver = 'stripe'", [double.url]);
    await platform().post(`${path}/moves/activate`, {}).refuses(409, null, 'The gateway has to take its credentials first.');
    await platform().post(`${path}/credentials`, { ...KEYS, secret_key: 'sk_live_12345678' }).refuses(422, 'secret_key', 'This is a live key. The installation is a sandbox: enter a test key.');
    await platform().post(`${path}/credentials`, { ...KEYS, secret_key: '' }).refuses(422, 'secret_key');
    double.next('GET /v1/balance', { status: 401, body: { error: { message: 'Invalid API Key provided' } } });
    await platform().post(`${path}/credentials`, KEYS).refuses(422, 'secret_key', 'Stripe: Invalid API Key provided');
    expect(account('stripe')).toMatchObject({ status: 'not_configured', credentials_enc: null });
    await platform().post(`${path}/credentials`, KEYS).done('Stripe took the credentials');
    expect(account('stripe')).toMatchObject({ status: 'verified', mode: 'test' });
    const page = await platform().get(path).sees('Verified', '•••• uble', `/hooks/stripe/${account('stripe').endpoint_key}`);
    for (const secret of Object.values(KEYS)) {
      expect(page.body).not.toContain(secret);
      expect(sql.platform('select count(*) n from gateway_account where credentials_enc like ? or credentials_hint like ?', [`%${secret}%`, `%${secret}%`])[0].n).toBe('0');
      expect(sql.platform('select count(*) n from audit_value where before_value like ? or after_value like ?', [`%${secret}%`, `%${secret}%`])[0].n).toBe('0');
    }
    await platform().post(`${path}/check`, {}, { from: path }).is(303);
    await platform().post(`${path}/moves/activate`, {}, { from: path }).done('Stripe takes payments now.');
    expect(account('stripe').status).toBe('active');
    await platform().post('/platform/seller', { name: 'SMART360 Inc.', address: '1 Platform Way, Portland', tax_no: '12-3456789', email: 'billing@smart360.test' }, { from: '/platform/seller' }).is(303);
  });

  test('ONB08US01.5 paid at Stripe: a signed webhook pays the overdue invoice once, with one receipt; the tenant is active within one minute', async () => {
    sql.platform('update subscription_invoice set due_on = ? where number = ?', [day(-20), first]);
    await jobs_run();
    sql.platform("insert into job (tenant_id, kind, class, run_at) select id, 'subscription.day', 'general', utc_timestamp(6) - interval 1 year from tenant where slug = 'swa'");
    await jobs_run();
    expect(tenant().status).toBe('suspended');
    await admin().get('/org/subscription').sees('Read-only');
    expect((await pay(first).is(303)).location).toMatch(/^https:\/\/checkout\.stripe\.com\/c\/pay\/cs_test_double/);
    const p = payment();
    expect(p).toMatchObject({ state: 'requires_action', amount_minor: '120000', currency: 'USD', receipt_no: null });
    // a second press goes on with the same payment
    expect((await pay(first).is(303)).location).toBe(p.redirect_url);
    expect(sql.platform('select count(*) n from subscription_payment')[0].n).toBe('1');
    // the browser's return moves nothing
    await admin().get(`/org/subscription/payments/${p.public_id}`).sees('The payment is not confirmed yet');
    expect(invoice(first).status).toBe('open');
    const session = double.session_of(p.payment_no);
    double.pay(session);
    const hook = `/hooks/stripe/${account('stripe').endpoint_key}`, at = instance().now();
    expect((await request({ ...double.event('checkout.session.completed', session, { at, secret: 'whsec_another' }), path: hook })).status).toBe(401);
    expect((await request({ ...double.event('checkout.session.completed', session, { at }), path: `${hook}0` })).status).toBe(404);
    await jobs_run();
    expect(invoice(first).status).toBe('open');
    const event = double.event('checkout.session.completed', session, { id: 'evt_paid', at });
    expect((await request({ ...event, path: hook })).status).toBe(200);
    expect((await request({ ...event, path: hook })).body.toString()).toContain('duplicate');
    await jobs_run();
    expect(invoice(first)).toMatchObject({ status: 'paid' });
    expect(tenant().status).toBe('active');
    // news of the same payment under another name changes nothing
    expect((await request({ ...double.event('payment_intent.succeeded', double.payments.get(session.payment_intent), { at }), path: hook })).status).toBe(200);
    await jobs_run();
    expect(receipts()).toEqual(['SUB-RCP-000001']);
    expect(payment()).toMatchObject({ state: 'succeeded', surplus: null, received_minor: '120000' });
    expect(sql.platform('select state, count(*) n from subscription_event group by state order by state')).toEqual([{ state: 'processed', n: '1' }, { state: 'ignored', n: '1' }].sort((a, b) => (a.state < b.state ? -1 : 1)));
    expect(one("select count(*) from audit_entry where entity = 'subscription_payment' and action = 'paid'")).toBe('1');
    expect(platform_mails('subscription_receipt')).toHaveLength(1);
    expect(platform_mails('subscription_receipt')[0].body_text).toContain('SUB-RCP-000001');
    await admin().get(`/org/subscription/invoices/${first}`).sees('Paid', 'SUB-RCP-000001');
    await admin().get(`/org/subscription/invoices/${first}/print`).sees('SMART360 Inc.', '1,200.00 USD', 'San Francisco Water Authority', 'SUB-RCP-000001');
    await admin().post(`/org/subscription/invoices/${first}/payment`, {}).refuses(409, null, /is Paid\./);
    // the same as PDF, for both sides and nobody else
    for (const [who, at] of [[admin(), `/org/subscription/invoices/${first}/pdf`], [platform(), `/platform/tenants/swa/invoices/${first}/pdf`]]) {
      const pdf = await who.get(at).is(200), words = execFileSync('pdftotext', ['-layout', '-', '-'], { input: pdf.bytes }).toString();
      expect(pdf.headers['content-type']).toBe('application/pdf');
      for (const wanted of [`Invoice ${first}`, 'SMART360 Inc.', '1 Platform Way, Portland', 'San Francisco Water Authority', 'Growth', '1,200.00 USD', 'Paid', 'SUB-RCP-000001']) expect(words).toContain(wanted);
    }
    await as('cso1').get(`/org/subscription/invoices/${first}/pdf`).is(403);
    await admin().get('/org/subscription/invoices/SUB-NONE/pdf').is(404);
    await platform().get('/platform/tenants').and((r) => expect(r.body).toContain('href="/platform/seller"'));
    await platform().get('/platform/payments').sees(p.payment_no, 'SUB-RCP-000001', 'Succeeded');
  });

  test('ONB08US01 an answer that was lost is asked for with the same key: one session, one payment', async () => {
    const no = bill(5000);
    double.next('POST /v1/checkout/sessions', 'lose');
    expect((await pay(no).is(303)).location).toMatch(/\/org\/subscription\/payments\//);
    expect(payment().state).toBe('created');
    const sessions = () => [...double.sessions.values()].filter((s) => s.client_reference_id === payment().payment_no).length;
    clock.forward({ seconds: 30 });
    await jobs_run();
    expect(payment().state).toBe('requires_action');
    expect(sessions()).toBe(1);
    expect((await pay(no).is(303)).location).toBe(payment().redirect_url);
    // the webhook is lost too: who looks lets the gateway be asked
    double.pay(double.session_of(payment().payment_no));
    clock.forward({ seconds: 30 });
    const at = `/platform/payments/${payment().payment_no}`;                // or the platform's person asks
    await platform().post(`${at}/check`, {}, { from: at }).goes(at);
    await jobs_run();
    expect(invoice(no).status).toBe('paid');
    await platform().post(`${at}/check`, {}).is(409);
    expect(receipts()).toEqual(['SUB-RCP-000001', 'SUB-RCP-000002']);
  });

  test('ONB08US01 money that pays no invoice is kept for a person: paid meanwhile, another amount', async () => {
    const no = bill(7000), other = bill(8000), hook = `/hooks/stripe/${account('stripe').endpoint_key}`;
    const tell = async (session) => { expect((await request({ ...double.event('checkout.session.completed', session, { at: instance().now() }), path: hook })).status).toBe(200); await jobs_run(); };
    await pay(no).is(303);
    const late = payment(), session = double.session_of(late.payment_no);
    await platform().post(`/platform/tenants/swa/invoices/${no}/payment`, {}, { from: '/platform/tenants/swa' }).is(303);
    double.pay(session);
    await tell(session);
    expect(payment()).toMatchObject({ state: 'succeeded', surplus: 'paid_already', receipt_no: null });
    await admin().get(`/org/subscription/payments/${late.public_id}`).sees('The platform will give it back');
    await pay(other).is(303);
    const less = double.session_of(payment().payment_no);
    double.pay(less);
    less.amount_total = 100;
    await tell(less);
    expect(payment()).toMatchObject({ state: 'succeeded', surplus: 'amount', received_minor: '100' });
    expect(invoice(other).status).toBe('open');
    const path = `/platform/payments/${late.payment_no}`;
    await platform().get('/platform/payments?surplus=paid_already').sees(late.payment_no);
    await platform().post(`${path}/surplus`, { surplus_note: '' }, { from: path }).refuses(422, 'surplus_note');
    await platform().post(`${path}/surplus`, { surplus_note: 'Refunded at Stripe' }, { from: path }).is(303);
    await platform().get(path).sees('Refunded at Stripe');
    expect(receipts()).toHaveLength(2);
    sql.platform("update subscription_invoice set status = 'void' where number = ?", [other]);
  });

  test('ONB08US01 a surplus in another currency is kept and shown in that currency', async () => {
    const no = bill(7500), hook = `/hooks/stripe/${account('stripe').endpoint_key}`;
    await pay(no).is(303);
    const session = double.session_of(payment().payment_no);
    double.pay(session);
    session.currency = 'eur';
    expect((await request({ ...double.event('checkout.session.completed', session, { at: instance().now() }), path: hook })).status).toBe(200);
    await jobs_run();
    const p = payment();
    expect(p).toMatchObject({ state: 'succeeded', surplus: 'currency', received_minor: '7500', received_currency: 'EUR', currency: 'USD', receipt_no: null });
    await platform().get(`/platform/payments/${p.payment_no}`).sees('75.00 EUR', '75.00 USD', 'It came in another currency');
    await admin().get(`/org/subscription/payments/${p.public_id}`).sees('75.00 EUR').and((r) => expect(r.text).not.toContain('75.00 USD'));
    expect(invoice(no).status).toBe('open');
    sql.platform("update subscription_invoice set status = 'void' where number = ?", [no]);
  });

  test('ONB08US01 a gateway that does not take the currency of the invoice is not asked', async () => {
    await platform().post('/platform/gateways/drivers/doku', {}, { from: '/platform/gateways' }).is(303);
    const no = bill(7600), path = `/platform/gateways/${account('doku').public_id}`, before = sql.platform('select count(*) n from subscription_payment')[0].n;
    sql.platform("update gateway_account set status = 'verified' where driver = 'doku'");
    await platform().post(`${path}/moves/activate`, {}, { from: path }).refuses(409, null, 'DOKU takes IDR; no plan is sold in that.');
    expect([account('doku').status, account('stripe').status]).toEqual(['verified', 'active']);
    sql.platform("update gateway_account set status = if(driver = 'doku', 'active', 'inactive')");       // as when the prices changed since
    await admin().get(`/org/subscription/invoices/${no}`).sees('DOKU does not take USD. Pay by transfer').and((r) => expect(r.text).not.toContain('Pay 76.00'));
    await admin().post(`/org/subscription/invoices/${no}/payment`, {}).refuses(409, null, 'DOKU does not take USD. Pay by transfer');
    expect(sql.platform('select count(*) n from subscription_payment')[0].n).toBe(before);
    sql.platform("update gateway_account set status = if(driver = 'stripe', 'active', 'inactive')");
    sql.platform("update subscription_invoice set status = 'void' where number = ?", [no]);
  });

  test('ONB08US01 an event pays what its own account opened: no payment of another account, none that the provider calls otherwise', async () => {
    const no = bill(7700), hook = `/hooks/stripe/${account('stripe').endpoint_key}`;
    const tell = async (session) => { expect((await request({ ...double.event('checkout.session.completed', session, { at: instance().now() }), path: hook })).status).toBe(200); await jobs_run(); };
    const last_event = () => sql.platform('select state, reason from subscription_event order by id desc limit 1')[0];
    await pay(no).is(303);
    const p = payment(), session = double.session_of(p.payment_no);
    double.pay(session);
    await tell({ ...session, id: 'cs_test_ofanother' });                // the same number, given by another installation
    expect(last_event()).toEqual({ state: 'ignored', reason: 'unknown_payment' });
    sql.platform('update subscription_payment set gateway_account_id = ? where id = ?', [account('doku').id, p.id]);
    await tell(session);
    expect(last_event()).toEqual({ state: 'ignored', reason: 'unknown_payment' });
    expect([payment().state, invoice(no).status]).toEqual(['requires_action', 'open']);
    sql.platform('update subscription_payment set gateway_account_id = ? where id = ?', [account('stripe').id, p.id]);
    await tell(session);
    expect(last_event()).toEqual({ state: 'processed', reason: null });
    expect([payment().state, invoice(no).status]).toEqual(['succeeded', 'paid']);
  });

  test('ONB08US01 paid by the sandbox gateway: refused card, good card twice delivered, one receipt', async () => {
    await platform().post('/platform/gateways/drivers/sandbox', {}, { from: '/platform/gateways' }).is(303);
    const path = `/platform/gateways/${account('sandbox').public_id}`, no = bill(24000);
    await platform().post(`${path}/moves/activate`, {}, { from: path }).done('takes payments now');
    expect(account('stripe').status).toBe('inactive');
    await admin().get(`/org/subscription/invoices/${no}`).sees('Test', 'Pay 240.00 USD');
    await pay(no).goes(/\/sandbox\/subscription\//);
    await card(payment().public_id, '1234 5678 9012 3456').refuses(422, 'card');
    await card(payment().public_id, '4000 0000 0000 0002').goes(/\/org\/subscription\/payments\//);
    await jobs_run();
    expect(payment()).toMatchObject({ state: 'failed', failure_text: 'The card was declined.' });
    await admin().get(`/org/subscription/payments/${payment().public_id}`).sees('Nothing was charged', 'The card was declined.');
    expect(invoice(no).status).toBe('open');
    await pay(no).goes(/\/sandbox\/subscription\//);
    await card(payment().public_id, '4242 4242 4242 4242', 'twice').is(303);
    clock.forward({ seconds: 5 });
    await jobs_run();
    expect(invoice(no).status).toBe('paid');
    expect(payment()).toMatchObject({ state: 'succeeded', card_last4: '4242', receipt_no: 'SUB-RCP-000004' });
    expect(sql.platform('select delivery_count from subscription_event order by id desc limit 1')[0].delivery_count).toBe('2');
    await anyone('swa.smart360.test').get(`/sandbox/subscription/${payment().public_id}`).is(303);       // to sign in
  });

  // --- money that goes back ---

  const refunds = () => sql.platform('select f.refund_no no, f.amount_minor amount, f.state, f.made, f.provider_refund_id id from subscription_refund f order by f.id');
  const give = (p, fields) => platform().post(`/platform/payments/${p.payment_no}/refunds`, { reason: 'Agreed by phone', ...fields }, { from: `/platform/payments/${p.payment_no}` });
  // An invoice that is paid at Stripe, and what Stripe knows of it.
  const paid_at_stripe = async (minor) => {
    const path = `/platform/gateways/${account('stripe').public_id}`, no = bill(minor);
    if (account('stripe').status !== 'active') await platform().post(`${path}/moves/activate`, {}, { from: path }).is(303);
    await pay(no).is(303);
    const session = double.session_of(payment().payment_no);
    double.pay(session);
    await hook(double.event('checkout.session.completed', session, { at: instance().now() }));
    expect(invoice(no).status).toBe('paid');
    return { no, p: payment(), session };
  };
  const hook = async (event) => { expect((await request({ ...event, path: `/hooks/stripe/${account('stripe').endpoint_key}` })).status).toBe(200); await jobs_run(); };

  test('ONB08US01 a payment is given back in parts by the same gateway: never more than came, once each, with a paper of its own', async () => {
    const { no, p } = await paid_at_stripe(50000);
    await give(p, { amount: '0.00' }).refuses(422, 'amount');
    await give(p, { amount: '12.345' }).refuses(422, 'amount');
    const over = await give(p, { amount: '500.01' }).refuses(422, 'amount', 'At most 500.00 USD of this payment is left.');
    expect(over.body).toContain('value="500.01"');
    await give(p, { amount: '200.00', reason: '' }).refuses(422, 'reason');
    await admin().post(`/platform/payments/${p.payment_no}/refunds`, { amount: '1.00', reason: 'mine' }).and((r) => expect([403, 404]).toContain(r.status));
    expect(refunds()).toEqual([]);
    expect(double.seen.filter((s) => s.call === 'POST /v1/refunds')).toEqual([]);
    double.next('POST /v1/refunds', 'lose');                              // carried out, the answer is lost: asked again with the same key
    await give(p, { amount: '200.00' }).done('Refund SUB-RF-000001 goes to the gateway.');
    await jobs_run();
    expect(refunds().map((f) => [f.no, f.amount, f.state])).toEqual([['SUB-RF-000001', '20000', 'submitted']]);
    await platform().get(`/platform/payments/${p.payment_no}`).sees('SUB-RF-000001', 'Submitted', 'Ask the gateway', '300.00 USD can be given back');
    await give(p, { amount: '300.01' }).refuses(422, 'amount', 'At most 300.00 USD of this payment is left.');        // what is on its way counts
    await platform().get(`/platform/tenants/swa/invoices/${no}`).lacks('SUB-RF-000001');                          // not said to be back before it is
    clock.forward({ minutes: 20 });
    await jobs_run();
    expect(double.seen.filter((s) => s.call === 'POST /v1/refunds').map((s) => s.key)).toEqual(['SUB-RF-000001', 'SUB-RF-000001']);
    expect(double.refunds.map((f) => [f.amount, f.status])).toEqual([[20000, 'succeeded']]);
    expect(refunds().map((f) => [f.no, f.state, f.made])).toEqual([['SUB-RF-000001', 'succeeded', 'asked']]);
    await hook(double.event('refund.updated', double.refunds[0], { at: instance().now() }));                      // the webhook says the same: nothing more
    expect(refunds()).toHaveLength(1);
    expect(platform_mails('subscription_refund').map((m) => m.subject)).toEqual(['Refund SUB-RF-000001: 200.00 USD']);
    expect(invoice(no)).toMatchObject({ status: 'paid' });
    await admin().get(`/org/subscription/invoices/${no}`).sees('Refunds', 'SUB-RF-000001', '200.00 USD', 'Agreed by phone', 'Paid');
    await admin().get(`/org/subscription/invoices/${no}/print`).sees('Refunded: SUB-RF-000001, 200.00 USD');
    expect(execFileSync('pdftotext', ['-layout', '-', '-'], { input: (await admin().get(`/org/subscription/invoices/${no}/pdf`).is(200)).bytes }).toString()).toContain('SUB-RF-000001, 200.00 USD');
    await give(p, { amount: '300.00' }).is(303);
    await jobs_run();
    expect(double.refunded(p.provider_payment_id ?? payment().provider_payment_id)).toBe(50000);
    await platform().post(`/platform/payments/${p.payment_no}/refunds`, { amount: '0.01', reason: 'once more' }).refuses(409, null, 'Nothing of this payment is left to give back.');
    await platform().get('/platform/payments').sees('SUB-RF-000001, SUB-RF-000002');
    expect(tenant().status).toBe('active');
  });

  test('ONB08US01 two people who give back at once give back no more than came', async () => {
    const { p } = await paid_at_stripe(10000), before = refunds().length;
    const end = await hold(instance(), `select id from smart360.subscription_payment where payment_no = '${p.payment_no}' for update`);
    const both = [1, 2].map(() => give(p, { amount: '60.00' }).then((r) => r.status));
    await expect.poll(() => sql.platform("select count(*) n from information_schema.innodb_trx where trx_state = 'LOCK WAIT'")[0].n).toBe('2');
    end();
    expect((await Promise.all(both)).sort()).toEqual([303, 422]);
    await jobs_run();
    expect(refunds().slice(before).map((f) => [f.amount, f.state])).toEqual([['6000', 'succeeded']]);
  });

  test('ONB08US01 the gateway refuses a refund, or it fails later: it can be given back again; one made there is kept too', async () => {
    const { p } = await paid_at_stripe(30000), before = refunds().length, own = () => refunds().slice(before), mails = () => platform_mails('subscription_refund').length;
    const sent = mails();
    double.next('POST /v1/refunds', { status: 400, body: { error: { type: 'invalid_request_error', message: 'The charge is disputed.' } } });
    await give(p, { amount: '300.00' }).is(303);
    await jobs_run();
    expect(own().map((f) => f.state)).toEqual(['failed']);
    expect(mails()).toBe(sent);
    await platform().get(`/platform/payments/${p.payment_no}`).sees('The charge is disputed.', '300.00 USD can be given back');
    double.refund_status = 'pending';
    await give(p, { amount: '100.00' }).is(303);
    await jobs_run();
    const re = double.refunds.at(-1);
    expect(own().map((f) => [f.state, f.id])).toEqual([['failed', null], ['submitted', re.id]]);
    delete double.refund_status;
    await hook(double.event('refund.updated', Object.assign(re, { status: 'succeeded' }), { at: instance().now() }));
    expect(own()[1].state).toBe('succeeded');
    await hook(double.event('refund.failed', Object.assign(re, { status: 'failed', failure_reason: 'lost_or_stolen_card' }), { at: instance().now() }));
    expect(own()[1].state).toBe('failed');
    // What became of each stands in the history of the platform's page too, not with the payer alone.
    const history = (await platform().get(`/platform/payments/${p.payment_no}`).sees('lost_or_stolen_card', '300.00 USD can be given back', 'Ended')).body.split('s-tl')[1];
    expect([...history.matchAll(/Refund asked for|Refunded|Refund failed/g)].map((m) => m[0])).toEqual(['Refund failed', 'Refunded', 'Refund asked for', 'Refund failed', 'Refund asked for']);
    for (const schema of ['smart360', 'smart360_t_swa'])
      expect(sql.platform(`select action, count(*) n from ${schema}.audit_entry where entity = 'subscription_payment' and number = ? and action in ('refunded', 'refund_failed') group by action order by action`, [p.payment_no]), schema)
        .toEqual([{ action: 'refund_failed', n: '2' }, { action: 'refunded', n: '1' }]);
    // in Stripe's own pages, by nobody here: the event lists none, so Stripe is asked
    const pi = payment().provider_payment_id, made = double.refund(pi, 12000);
    await hook(double.event('charge.refunded', double.charge(pi), { at: instance().now() }));
    expect(own().slice(2).map((f) => [f.amount, f.state, f.made, f.id])).toEqual([['12000', 'succeeded', 'external', made.id]]);
    await hook(double.event('refund.updated', made, { at: instance().now() }));
    expect(own()).toHaveLength(3);
    await platform().get(`/platform/payments/${p.payment_no}`).sees("Made in the gateway's own pages", '180.00 USD can be given back');
    // of a payment nobody knows: nothing
    await hook(double.event('refund.updated', { ...made, id: 're_other', payment_intent: 'pi_other', metadata: {} }, { at: instance().now() }));
    expect(own()).toHaveLength(3);
  });

  test('ONB08US01 a surplus is given back by the gateway, which settles it; what is settled is not given back again', async () => {
    const no = bill(9000);
    await pay(no).is(303);
    const p = payment(), session = double.session_of(p.payment_no);
    await platform().post(`/platform/tenants/swa/invoices/${no}/payment`, {}, { from: '/platform/tenants/swa' }).is(303);
    double.pay(session);
    await hook(double.event('checkout.session.completed', session, { at: instance().now() }));
    expect(payment().surplus).toBe('paid_already');
    double.refund_status = 'pending';                                     // Stripe takes its time
    await give(p, { amount: '90.00', reason: 'Paid twice' }).is(303);
    await jobs_run();
    delete double.refund_status;
    await platform().post(`/platform/payments/${p.payment_no}/surplus`, { surplus_note: 'by hand' }, { from: `/platform/payments/${p.payment_no}` }).refuses(409, null, 'A refund of this payment is under way: wait for its result.');
    expect(payment().surplus_note).toBeNull();
    await hook(double.event('refund.updated', Object.assign(double.refunds.at(-1), { status: 'succeeded' }), { at: instance().now() }));
    expect(payment()).toMatchObject({ surplus_note: refunds().at(-1).no });
    await platform().post(`/platform/payments/${p.payment_no}/refunds`, { amount: '1.00', reason: 'once more' }).refuses(409, null, 'What was done about this payment is recorded already.');
    expect(double.refunded(payment().provider_payment_id)).toBe(9000);
    // one that never succeeded holds nothing
    const open = bill(1000);
    await pay(open).is(303);
    await platform().post(`/platform/payments/${payment().payment_no}/refunds`, { amount: '10.00', reason: 'once more' }).refuses(409, null, 'Only a payment that succeeded at the gateway is given back.');
    sql.platform("update subscription_invoice set status = 'void' where number = ?", [open]);
  });

  test('ONB08US01 the billing contact gets the invoices, and stands on them', async () => {
    await as('utility_admin').get('/org/subscription/contact').is(403);
    await admin().post('/org/subscription/contact', { billing_name: 'SFWA Accounts Payable', billing_email: 'nobody' }, { from: '/org/subscription/contact' }).refuses(422, 'billing_email');
    await admin().post('/org/subscription/contact', { billing_name: 'SFWA Accounts Payable', billing_email: 'ap@sfwater.org', billing_address: '1 Pay Street', billing_tax_no: '94-1234', billing_reference: 'PO-77' }, { from: '/org/subscription/contact' }).is(303);
    expect(one("select count(*) from audit_entry where entity = 'subscription' and action = 'edit'")).toBe('1');
    const before = platform_mails('subscription_invoice').length;
    await admin().post('/org/subscription/add-ons', { seats_10: '1', sms_10000: '0', storage_100: '0' }, { from: '/org/subscription' }).is(303);
    const mails = platform_mails('subscription_invoice');
    expect(mails).toHaveLength(before + 1);
    expect(mails.at(-1).to_address).toBe('ap@sfwater.org');
    const no = sql.platform('select number from subscription_invoice order by id desc limit 1')[0].number;
    expect(mails.at(-1).body_text).toContain(`/org/subscription/invoices/${no}`);
    await admin().get(`/org/subscription/invoices/${no}/print`).sees('SFWA Accounts Payable', '1 Pay Street', 'PO-77');
    await platform().get('/platform/tenants/swa/tab/subscription').sees('SFWA Accounts Payable', 'ap@sfwater.org');
    sql.platform("update subscription_invoice set status = 'void' where status = 'open'");
  });

  test('ONB08US01 Enterprise is by contract: the organization cannot take it, the platform gives it at its price and discount', async () => {
    const terms = (fields) => platform().post('/platform/tenants/swa/terms', { plan: 'growth', price: '', reason: 'agreed by phone', ...fields }, { from: '/platform/tenants/swa/terms' });
    const subscription = () => sql.platform("select s.*, p.code from subscription s join subscription_plan p on p.id = s.plan_id join tenant t on t.id = s.tenant_id where t.slug = 'swa' and s.live = 1")[0];
    await admin().get('/org/subscription').sees('by contract');
    await admin().post('/org/subscription/plan', { plan: 'enterprise' }, { from: '/org/subscription' }).refuses(422, 'plan', 'Enterprise is by contract: ask for an offer.');
    await as('tenant_admin').get('/platform/tenants/swa/terms').and((r) => expect(r.status).not.toBe(200));
    await terms({ plan: 'enterprise' }).refuses(422, 'price', 'Enter the price of the contract.');
    await terms({ plan: 'enterprise', price: '5000.00', discount: '10' }).refuses(422, 'discount_reason', 'Say why there is a discount.');
    await terms({ plan: 'enterprise', price: '5000.00', reason: '' }).refuses(422, 'reason');
    sql.platform("update subscription s join tenant t on t.id = s.tenant_id join subscription_plan p on p.code = 'growth' set s.plan_id = p.id, s.term = 'month', s.price_minor = 240000, s.status = 'active', s.add_ons = null, s.period_net_minor = null, s.current_period_start = ?, s.current_period_end = ? where t.slug = 'swa'", [day(-10), day(19)]);
    await terms({ plan: 'enterprise', price: '5000.00', contract_no: 'C-2026-1', discount: '10', discount_reason: 'Three years' }).is(303);
    expect(subscription()).toMatchObject({ code: 'enterprise', price_minor: '500000', discount_ppm: '100000', contract_no: 'C-2026-1' });
    const last = () => sql.platform('select number, `lines`, total_minor, status from subscription_invoice order by id desc limit 1')[0];
    // 20 of 30 days: what is left of Growth, which was invoiced in full, and of Enterprise, less a tenth
    expect(JSON.parse(last().lines).map((l) => l.amount_minor)).toEqual([-160000, 300000]);
    await platform().get('/platform/tenants/swa/tab/subscription').sees('C-2026-1', '10.00 %', 'Three years');
    await admin().get('/org/subscription').sees('Enterprise', '5,000.00');
    // the next invoice says the discount
    clock.forward({ days: 8 });
    sql.platform("insert into job (tenant_id, kind, class, run_at) select id, 'subscription.day', 'general', utc_timestamp(6) - interval 1 year from tenant where slug = 'swa'");
    await jobs_run();
    expect(JSON.parse(last().lines).map((l) => l.amount_minor)).toEqual([500000, -50000]);
    expect(JSON.parse(last().lines)[1].text).toBe('Discount 10 %');
    // a cheaper plan at once: what is too much is credit for the next invoice
    sql.platform("update subscription_invoice set status = 'void' where status = 'open'");
    await terms({ plan: 'growth', price: '1000.00' }).is(303);
    expect(last()).toMatchObject({ status: 'paid' });
    const credit = -Number(last().total_minor);
    expect(credit).toBeGreaterThan(0);
    expect(subscription().credit_minor).toBe(String(credit));
    await admin().post('/org/subscription/add-ons', { seats_10: '2', sms_10000: '0', storage_100: '0' }, { from: '/org/subscription' }).is(303);
    expect(JSON.parse(last().lines).at(-1).text).toBe('Credit of earlier invoices');
    expect(Number(subscription().credit_minor)).toBe(credit + Number(JSON.parse(last().lines).at(-1).amount_minor));
    expect(sql.platform("select count(*) n from audit_entry where entity = 'tenant' and action = 'edit' and reason = 'agreed by phone'")[0].n).toBe('2');
  });

  test('ONB01US01 the platform corrects name, name in addresses and primary mail, with a reason, in both audits', async () => {
    test.setTimeout(300000);
    instance().command('tenant', 'create', 'swx', '--name', 'Swan Water', '--admin-email', 'admin@swx.test', '--country', 'US');
    sql.platform("update tenant set status = 'active', provisioning_stage = null where slug = 'swx'");
    const in_tenant = (text) => Object.values(instance().sql(text, [], 'smart360_t_swx')[0])[0];
    in_tenant("insert into organization_setting (name, admin_email) select 'Swan Water', 'admin@swx.test' from dual where not exists (select 1 from organization_setting); select 1");
    const correct = (fields, slug = 'swx') => platform().post(`/platform/tenants/${slug}/correction`, { name: 'Swan Water', slug, admin_email: 'admin@swx.test', reason: 'misspelt', ...fields }, { from: `/platform/tenants/${slug}/correction` });
    await as('tenant_admin').get('/platform/tenants/swx/correction').and((r) => expect(r.status).not.toBe(200));
    await correct({ reason: '' }).refuses(422, 'reason');
    await correct({ slug: 'swa' }).refuses(422, 'slug', 'swa is taken.');
    await correct({ slug: 'api' }).refuses(422, 'slug', 'api is reserved.');
    await correct({ name: 'San Francisco Water Authority' }).refuses(422, 'name', 'San Francisco Water Authority is taken.');
    await correct({ name: 'San Francisco Water Authority', slug: 'sfwa', admin_email: 'admin@sfwater.org' }, 'swa').refuses(422, 'slug', /swa is the tenant a bare host serves/);
    await anyone('swx.smart360.test').get('/login').is(200);
    await correct({ name: 'Swan Valley Water', slug: 'svw', admin_email: 'office@svw.test' }).is(303);
    const t = sql.platform("select * from tenant where slug = 'svw'")[0];
    expect(t).toMatchObject({ name: 'Swan Valley Water', admin_email: 'office@svw.test', schema_name: 'smart360_t_swx' });
    expect(in_tenant("select concat(name, ' ', admin_email) from organization_setting")).toBe('Swan Valley Water office@svw.test');
    expect(in_tenant("select reason from audit_entry where action = 'correct'")).toBe('misspelt');
    expect(sql.platform("select reason from audit_entry where action = 'correct' and entity = 'tenant'")[0].reason).toBe('misspelt');
    await anyone('swx.smart360.test').get('/login').is(404);
    await anyone('svw.smart360.test').get('/login').sees('Swan Valley Water');
    instance().command('verify', '--tenant', 'svw');
    // the first name stays taken: schema and files are called so
    await platform().post('/platform/tenants', { name: 'Another', slug: 'swx', admin_email: 'a@x.test', admin_name: 'Ann', country: 'US', plan: 'growth', term: 'year' }, { from: '/platform/tenants/new' }).refuses(422, 'slug', 'swx is taken.');
    await correct({ name: 'Swan Valley Water', slug: 'swx', admin_email: 'office@svw.test' }, 'svw').is(303);      // a mistake is undone
    await anyone('swx.smart360.test').get('/login').sees('Swan Valley Water');
  });

  test('ONB08US01 pages of payments look right', async ({ page }) => {
    test.setTimeout(400000);
    const open = bill(9900), paid = sql.platform("select i.number from subscription_invoice i join subscription_payment p on p.invoice_id = i.id where p.receipt_no is not null limit 1")[0].number;
    const surplus = sql.platform("select payment_no from subscription_payment where surplus = 'amount'")[0].payment_no;
    const refunded = sql.platform('select p.payment_no, i.number from subscription_refund f join subscription_payment p on p.id = f.payment_id join subscription_invoice i on i.id = p.invoice_id order by (select count(*) from subscription_refund g where g.payment_id = p.id) desc limit 1')[0];
    for (const at of ['/platform/gateways', `/platform/gateways/${account('stripe').public_id}`, `/platform/gateways/${account('stripe').public_id}/credentials`, '/platform/seller', '/platform/payments', `/platform/payments/${surplus}`, `/platform/payments/${refunded.payment_no}`, '/platform/tenants/swa/terms', '/platform/tenants/swa/correction', `/platform/tenants/swa/invoices/${paid}`]) {
      await platform().browse(page, at);
      await looks_right(page, at.includes(refunded.payment_no) || at === '/platform/payments' ? { shots: `sub-payment${at.length > 20 ? '-refunded' : 's'}` } : {});
    }
    for (const at of [`/org/subscription/invoices/${refunded.number}`, `/org/subscription/invoices/${open}`, `/org/subscription/invoices/${paid}`, `/org/subscription/payments/${payment().public_id}`, '/org/subscription/contact']) {
      await admin().browse(page, at);
      await looks_right(page, at.endsWith(refunded.number) ? { shots: 'sub-invoice-refunded' } : {});
    }
  });
});
