const { story } = require('../support/story');
const { webhook, open_payments, paid } = require('../support/faults');
const { account, event } = require('../support/gateway');

story('F12', 'HUB-FIX', ({ test, expect, instance, sql, one, clock, jobs_run, request, command }) => {
  let no;
  const stored = () => one('select (select count(*) from webhook_event where source = "gateway") + (select count(*) from payment)');
  const refused = async (options, error) => {
    const before = stored(), answer = await request(options);
    expect([answer.status, JSON.parse(answer.body)]).toEqual([401, { error }]);
    expect(stored(), 'events and payments').toBe(before);
  };
  test.beforeAll(() => { [no] = open_payments(instance(), 'WA-ACC-100001', 1); account(instance(), 9); });

  for (const [driver, make, header] of [['sandbox', (o) => webhook(instance(), paid(no), o), 'Smart360-Signature'], ['stripe', (o = {}) => event(instance(), paid(no), { at: o.at, with_secret: o.secret }), 'Stripe-Signature']]) {
    test(`F12 ${driver}: wrong, missing, doubled and old schemes of signatures`, async () => {
      const good = make();
      const [t, v1] = good.headers[header].split(',');
      for (const bad of [`${t},v1=${'0'.repeat(64)}`, `${t},v1=`, t, v1, '', 'x', `${t},v0=${v1.slice(3)}`, `${t},${t},${v1}`, `t=,${v1}`, `t=-1,${v1}`, `t=1e9,${v1}`, `t=99999999999999999999,${v1}`, `${t},v1=${v1.slice(3).toUpperCase()}`, `${t}, ${v1}x`, `${t},${v1.slice(0, -1)}`, `${t},${Array.from({ length: 9 }, () => v1).join(',')}`])
        await refused({ ...good, headers: { ...good.headers, [header]: bad } }, 'invalid_signature');
      const { [header]: _, ...without } = good.headers;
      await refused({ ...good, headers: without }, 'invalid_signature');
    });
    test(`F12 ${driver}: old and future ones`, async () => {
      for (const s of [-86400, -301, 301, 86400]) await refused(make({ at: new Date(clock.now().getTime() + s * 1000) }), 'timestamp_out_of_tolerance');
    });
    test(`F12 ${driver}: another secret: of the other gateway's kind, of another tenant, of a message provider, and none at all`, async () => {
      for (const secret of ['another tenants secret', 'sandbox-provider-secret', 'sandbox-webhook-secre', 'sandbox-webhook-secret ', ' ', '0']) await refused(make({ secret }), 'invalid_signature');
    });
    test(`F12 ${driver}: each bit of the body`, async () => {
      const good = make();
      const bytes = Buffer.from(good.body);
      const before = stored(), statuses = new Set();
      for (let bit = 0; bit < bytes.length * 8; bit++) {
        const body = Buffer.from(bytes);
        body[bit >> 3] ^= 1 << (bit & 7);
        statuses.add((await request({ ...good, body })).status);
      }
      expect([...statuses]).toEqual([401]);
      expect(stored()).toBe(before);
      for (const body of [Buffer.concat([bytes, Buffer.from(' ')]), Buffer.concat([bytes, Buffer.from('\n')]), bytes.subarray(1), Buffer.alloc(0)]) await refused({ ...good, body }, 'invalid_signature');
    });
  }
  test('F12 a good signature at the other endpoint, another driver, another host, an unknown key', async () => {
    const good = webhook(instance(), paid(no)), stripe = event(instance(), paid(no));
    await refused({ ...good, path: stripe.path }, 'invalid_signature');
    for (const path of [good.path.replace('sandbox', 'stripe'), `/hooks/sandbox/${'0'.repeat(32)}`, good.path.slice(0, -1), `${good.path}0`, good.path.toUpperCase().replace('/HOOKS/SANDBOX', '/hooks/sandbox')]) {
      const before = stored(), answer = await request({ ...good, path });
      expect(answer.status, path).toBe(404);
      expect(stored()).toBe(before);
    }
    expect((await request({ ...good, method: 'PUT' })).status).toBe(405);
    expect((await request({ ...good, method: 'GET', body: undefined })).status).toBe(405);
  });
  test('F12 a secret that was replaced holds for its day, and the new one at once', async () => {
    sql("update gateway_account set webhook_secret_previous_enc = webhook_secret_current_enc, previous_valid_until = ? where driver = 'stripe'", [new Date(clock.now().getTime() + 3600000)]);
    expect((await request(event(instance(), { ...paid(no), id: 'evt_previous', type: 'account.note' }))).status).toBe(200);
    sql("update gateway_account set webhook_secret_current_enc = null where driver = 'stripe'");
    expect((await request(event(instance(), { ...paid(no), id: 'evt_previous2', type: 'account.note' }))).status).toBe(200);
    sql('update gateway_account set previous_valid_until = ? where driver = \'stripe\'', [new Date(clock.now().getTime() - 1000)]);
    await refused(event(instance(), { ...paid(no), id: 'evt_previous3', type: 'account.note' }), 'invalid_signature');
  });
  test('F12 refusals leave a counter and nothing else; the good one still works', async () => {
    expect(Number(one("select sum(count) from webhook_refusal where reason = 'invalid_signature'"))).toBeGreaterThan(100);
    expect(Number(one("select sum(count) from webhook_refusal where reason = 'timestamp_out_of_tolerance'"))).toBe(8);
    expect((await request(webhook(instance(), paid(no)))).status).toBe(200);
    await jobs_run();
    expect(one('select count(*) from payment')).toBe('1');
  });
});
