// The integration hub's set-up pages (ONB03US01): gateway accounts from nothing to active, rotation, limits, states.
const { story } = require('../support/story');
const { StripeDouble } = require('../support/stripe_double');
const { webhook } = require('../support/faults');

story('HUB gateways', 'HUB-FIX', ({ as, test, expect, sql, one, jobs_run, request, instance, watch, looks_right, clock }) => {
  let double, id, path;
  const KEYS = { secret_key: 'sk_test_double', publishable_key: 'pk_test_double', webhook_secret: 'whsec_test_double' };
  const account = () => sql("select * from gateway_account where driver = 'stripe'")[0];
  // Opened at Stripe's page, paid there, told by its webhook.
  const run_test = async (admin, secret = KEYS.webhook_secret) => {
    const r = await admin.post(`${path}/test`, {}, { from: path }).is(303);
    expect(r.location).toMatch(/^https:\/\/checkout\.stripe\.com\/c\/pay\/cs_test_double/);
    const no = one("select max(intent_no) from payment_intent where purpose = 'test'"), session = double.session_of(no);
    double.pay(session);
    const event = double.event('checkout.session.completed', session, { at: instance().now(), secret });
    expect((await request({ ...event, path: `/hooks/stripe/${account().endpoint_key}` })).status).toBe(200);
    await jobs_run();
    return no;
  };

  test.beforeEach(async () => {
    if (double) return;
    double = await StripeDouble.start({ now: () => instance().now() });
    // as the platform has it: an account that is not set up, with the address of the double
    sql("delete from smart360.webhook_route where driver = 'stripe'");
    sql("delete from gateway_account where driver = 'stripe'");
  });
  test.afterEach(() => { if (double) expect(double.violations).toEqual([]); });
  test.afterAll(async () => { await double?.stop(); double = null; });

  test('ONB03US01 a gateway is connected: a live key is refused, a wrong one too, and a good one is kept and masked', async () => {
    const admin = as('utility_admin');
    await admin.get('/integrations').sees('Sandbox gateway', 'Stripe', 'Not connected', 'This utility is a sandbox', 'Run test transaction', 'Deactivate');
    const marks = (await admin.get('/integrations').is(200)).body.match(/<span class="s-ava" aria-hidden="true">[^<]*/g).map((m) => m.replace(/.*>/, ''));
    expect(marks.sort()).toEqual(['DO', 'Pa', 'Ra', 'Sa', 'St']);
    await as('billing_manager').get('/integrations').sees('Sandbox gateway').and((r) => expect(r.text).not.toMatch(/Connect |Run test|Deactivate/));
    await as('billing_manager').post('/integrations/drivers/stripe', {}).is(403);
    await admin.post('/integrations/drivers/stripe', {}, { from: '/integrations' }).goes(/\/credentials$/);
    id = account().public_id;
    path = `/integrations/gateways/${id}`;
    sql("update gateway_account set api_base = ? where driver = 'stripe'", [double.url]);
    expect(account()).toMatchObject({ status: 'not_configured', mode: 'test', currencies: '["USD"]' });

    await admin.post(`${path}/credentials`, { ...KEYS, secret_key: 'sk_live_12345678' }).refuses(422, 'secret_key', 'This is a live key. The utility is a sandbox: enter a test key.');
    await admin.post(`${path}/credentials`, { ...KEYS, secret_key: '' }).refuses(422, 'secret_key');
    double.next('GET /v1/balance', { status: 401, body: { error: { message: 'Invalid API Key provided' } } });
    await admin.post(`${path}/credentials`, { ...KEYS, secret_key: 'sk_test_double' }).refuses(422, 'secret_key', 'Stripe rejected the secret key (401).')
      .and((r) => expect(r.body).not.toContain('sk_test_double'));
    expect(account()).toMatchObject({ status: 'not_configured', credentials_enc: null });
    await admin.post(`${path}/credentials`, KEYS).done('Stripe took the credentials');
    expect(account().status).toBe('verified');
    // Each event that is to be ticked at the gateway, and that none has come.
    const ticks = (await admin.get(path).sees('Last received')).text;
    for (const type of ['checkout.session.completed', 'charge.dispute.created', 'payout.paid']) expect(ticks).toMatch(new RegExp(`${type}\\s+Never`));
    const page = await admin.get(path).sees('Verified', '•••• uble', 'checkout.session.completed', `/hooks/stripe/${account().endpoint_key}`);
    for (const secret of Object.values(KEYS)) {
      expect(page.body).not.toContain(secret);
      expect(one('select count(*) from gateway_account where credentials_enc like ? or credentials_hint like ?', [`%${secret}%`, `%${secret}%`])).toBe('0');
      expect(one('select count(*) from audit_value where before_value like ? or after_value like ?', [`%${secret}%`, `%${secret}%`])).toBe('0');
    }
    expect(one("select count(*) from smart360.webhook_route where driver = 'stripe' and endpoint_key = ?", [account().endpoint_key])).toBe('1');
  });

  test("ONB03US01 the webhook's address is copied by a button", async ({ page }) => {
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
    await as('utility_admin').browse(page, path);
    await page.getByRole('button', { name: 'Copy' }).click();
    await expect(page.getByRole('status').filter({ hasText: 'Copied.' })).toBeVisible();
    expect(await page.evaluate(() => navigator.clipboard.readText())).toMatch(new RegExp(`^https://.*/hooks/stripe/${account().endpoint_key}$`));
  });

  test('ONB03US01 it is active only after a test payment that a signed webhook told of', async () => {
    const admin = as('utility_admin');
    await admin.post(`${path}/moves/activate`, {}).refuses(409, null, 'Complete a successful test transaction first.');
    const no = await run_test(admin);
    expect(sql('select state, purpose, amount_minor a from payment_intent where intent_no = ?', [no])).toEqual([{ state: 'succeeded', purpose: 'test', a: '100' }]);
    expect(one('select count(*) from payment')).toBe('0');
    const told = (await admin.get(path).sees(no, 'Succeeded')).text;
    expect(told).toMatch(/checkout\.session\.completed\s+\d\d\/\d\d\/\d{4}/);
    expect(told).toMatch(/payout\.paid\s+Never/);
    await admin.post(`${path}/moves/activate`, {}, { from: path }).done('Stripe is active.');
    expect(account().status).toBe('active');
    await admin.get('/integrations').sees('Active', 'card');
  });

  test('ONB03US01 a new webhook secret: the old one holds for its day, then no more', async () => {
    const admin = as('utility_admin');
    await admin.post(`${path}/credentials`, { webhook_secret: 'whsec_the_second_one', keep_hours: '73' }).refuses(422, 'keep_hours');
    await admin.post(`${path}/credentials`, { webhook_secret: 'whsec_the_second_one', keep_hours: '24' }).done('Stripe took the credentials');
    await admin.get(path).sees('The previous webhook secret is good until');
    const hook = { path: `/hooks/stripe/${account().endpoint_key}` };
    const send = async (secret) => (await request({ ...double.event('product.created', { id: 'prod_1' }, { at: instance().now(), secret }), ...hook })).status;
    expect([await send('whsec_the_second_one'), await send(KEYS.webhook_secret), await send('whsec_other')]).toEqual([200, 200, 401]);
    clock.forward({ hours: 25 });
    expect([await send('whsec_the_second_one'), await send(KEYS.webhook_secret)]).toEqual([200, 401]);
    await as('utility_admin').get(path).sees('Refused in 7 days');
  });

  test('ONB03US01 limits and fee: what the gateway does not take is refused, and the fee is added to a payment', async () => {
    const admin = as('utility_admin'), form = { label: 'Card by Stripe', methods: 'card', currencies: 'USD', min_minor: '2.00', max_minor: '500.00', fee_fixed_minor: '0.30', fee_rate_ppm: '2.5', priority: '5' };
    await admin.post(`${path}/settings`, { ...form, methods: 'upi' }).refuses(422, 'methods', 'Stripe has no UPI.');
    await admin.post(`${path}/settings`, { ...form, max_minor: '1.00' }).refuses(422, 'max_minor', 'The greatest amount is below the least one.');
    await admin.post(`${path}/settings`, { ...form, currencies: 'USD, ZZ' }).refuses(422, 'currencies', 'ZZ is no currency.');
    await admin.post(`${path}/settings`, form).done('Saved.');
    expect(account()).toMatchObject({ label: 'Card by Stripe', min_minor: '200', max_minor: '50000', fee_fixed_minor: '30', fee_rate_ppm: '25000', priority: '5' });
    await admin.get(path).sees('$2.00', '$500.00', '$0.30 + 2.5');
  });

  test('ONB03US01 three failed checks in fifteen minutes: error, an alert; an answer makes it active again', async () => {
    const check = async () => { sql.platform("insert into job (tenant_id, utility_id, kind, class, unique_key, priority, run_at, max_attempts, actor_kind) select t.id, 1, 'gateway.check', 'payments', uuid(), 100, '2026-01-01', 12, 'system' from tenant t where t.slug = 'swa'"); await jobs_run(); };
    for (let i = 0; i < 10; i++) double.next('GET /v1/balance', { status: 401 });          // its own clock may ask in between
    for (let i = 0; i < 3; i++) await check();
    double.faults.length = 0;
    expect(account().status).toBe('error');
    expect(one("select count(*) from alert where kind = 'gateway.error' and resolved_at is null")).toBe('1');
    await check();
    expect(account().status).toBe('active');
    expect(one("select count(*) from alert where kind = 'gateway.error' and resolved_at is null")).toBe('0');
  });

  test('ONB03US01 switching the last gateway off warns of what is open; refunds of it go on', async () => {
    const admin = as('utility_admin');
    sql("update gateway_account set status = 'inactive' where driver = 'sandbox'");
    sql("insert into payment_intent (utility_id, intent_no, amount_minor, currency, gateway_account_id, state, `rank`, expires_at, idempotency_key) select utility_id, 'PI-9999999999', 500, 'USD', id, 'requires_action', 1, '2099-01-01', 'open' from gateway_account where driver = 'stripe'");
    await admin.get(`${path}/deactivation`).sees('It is the last active gateway, and 1 payments are open.');
    await admin.post(`${path}/deactivation`, {}, { from: `${path}/deactivation` }).done('is inactive');
    expect(account().status).toBe('inactive');
    await admin.post(`${path}/moves/activate`, {}, { from: path }).done('is active');
    sql("update gateway_account set status = 'active' where driver = 'sandbox'");
  });

  test('ONB03US01 the sandbox is tested by its own page and webhook', async () => {
    const admin = as('utility_admin'), sandbox = sql("select public_id id, endpoint_key k from gateway_account where driver = 'sandbox'")[0];
    sql("update gateway_account set status = 'verified', test_ok_at = null where driver = 'sandbox'");
    const r = await admin.post(`/integrations/gateways/${sandbox.id}/test`, {}, { from: `/integrations/gateways/${sandbox.id}` }).is(303);
    expect(r.location).toMatch(/\/sandbox\/pay\//);
    const where = r.location.replace(/^https?:\/\/[^/]*/, '');
    await admin.post(where, { card: '4242 4242 4242 4242', expiry: '12/30', cvc: '123', delivery: 'once', seconds: '0' }, { from: where }).goes(`/integrations/gateways/${sandbox.id}`);
    await jobs_run();
    await admin.post(`/integrations/gateways/${sandbox.id}/moves/activate`, {}, { from: `/integrations/gateways/${sandbox.id}` }).done('is active');
    expect(one('select count(*) from payment')).toBe('0');
  });

  test('ONB03US01 set-up pages look right, at a desk and on a phone', async ({ page }) => {
    test.setTimeout(300000);
    const faults = await watch(page.context());
    for (const [where, shot] of [['/integrations', 'hub-gateways'], [path, 'hub-gateway'], [`${path}/credentials`, 'hub-credentials'], [`${path}/settings`, 'hub-gateway-settings'], [`${path}/deactivation`, 'hub-deactivate']]) {
      await as('utility_admin').browse(page, where);
      await looks_right(page, { widths: [360, 1440], shots: shot });
    }
    expect(faults).toEqual([]);
  });
});
