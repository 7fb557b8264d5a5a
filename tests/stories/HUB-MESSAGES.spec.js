// Message providers (ONB03US01): set up on pages, a test message, signed callbacks, what the sandbox does next.
const crypto = require('crypto');
const twilio = require('twilio/lib/webhooks/webhooks');
const jwt = require('jsonwebtoken');
const { story } = require('../support/story');
const { sms_double, TWILIO, VONAGE } = require('../support/sms_double');

story('HUB messages', 'HUB-FIX', ({ as, test, expect, sql, one, jobs_run, request, instance, watch, looks_right, clock }) => {
  let double;
  const provider = (adapter) => sql('select * from message_provider where adapter = ? and utility_id is not null order by id desc limit 1', [adapter])[0];
  // A message as the sender has left it: queued at this provider.
  const sent = (p, id, to) => sql("insert into message (utility_id, channel, class, topic, to_address, to_hash, lang, body_text, status, message_provider_id, provider_message_id, idempotency_key, expires_at, sent_at) values (?, 'sms', 'transactional', 'billing', ?, unhex(sha2(?, 256)), 'en', 'x', 'sent', ?, ?, ?, '2099-01-01', '2026-01-01')", [p.utility_id, to, to, p.id, id, id]);
  const status = (id) => one('select status from message where provider_message_id = ?', [id]);

  test.beforeEach(async () => { double ??= await sms_double(); });
  test.afterEach(() => expect(double.violations).toEqual([]));
  test.afterAll(async () => { await double?.stop(); double = null; });

  test('ONB03US01.8 an SMS that is not delivered: sent, then undelivered; a callback as the second vector moves SM0001, a changed one does not', async () => {
    const admin = as('utility_admin'), fake = sql("select * from message_provider where adapter = 'fake' and channel = 'sms'")[0], page = `/integrations/providers/${fake.public_id}`;
    await admin.post(`${page}/outcome`, { outcome: 'undelivered', recipient: '+15035550199', times: '1' }, { from: `${page}/outcome` }).done('Saved.');
    sql("insert into message (utility_id, channel, class, topic, to_address, to_hash, lang, body_text, status, expires_at) values (?, 'sms', 'transactional', 'billing', '+15035550199', unhex(sha2('x', 256)), 'en', 'Your bill is ready.', 'queued', '2099-01-01')", [fake.utility_id]);
    const id = one('select max(id) from message');
    sql.platform("insert into job (tenant_id, utility_id, kind, class, payload, unique_key, priority, run_at, max_attempts, actor_kind) select t.id, 1, 'message.send', 'messages', json_object('message', ?), uuid(), 100, '2026-01-01', 12, 'system' from tenant t where t.slug = 'swa'", [Number(id)]);
    await jobs_run();
    clock.forward({ seconds: 5 });
    await jobs_run();
    expect(one('select status from message where id = ?', [id])).toBe('undelivered');
    expect(one('select kind from message_attempt where message_id = ?', [id])).toBe('ok');
    expect(one("select count(*) from outbox_event where name = 'message.failed' and entity_id = ?", [id])).toBe('1');

    // Twilio as the vector has it
    await admin.get('/integrations/messaging').sees('Sandbox SMS', 'Twilio', 'Vonage', 'SMTP');
    await admin.post('/integrations/adapters/twilio', { name: 'Twilio', from_id: '+15035550100', account_sid: TWILIO.sid, auth_token: TWILIO.token, rate_per_s: '10', priority: '20' }, { from: '/integrations/adapters/twilio' }).done('Saved.');
    const p = provider('twilio');
    sent(p, 'SM0001', '+15035550100');
    const url = `https://swa.smart360.test/hooks/twilio/${p.endpoint_key}`, fields = { MessageSid: 'SM0001', MessageStatus: 'delivered', To: '+15035550100' };
    const public_url = (await admin.get(`/integrations/providers/${p.public_id}`).is(200)).text.match(/https?:\/\/\S+\/hooks\/twilio\/[0-9a-f]{32}/)[0];
    const call = (f, signed = fields) => request({ method: 'POST', path: new URL(url).pathname, body: new URLSearchParams(f).toString(), headers: { 'Content-Type': 'application/x-www-form-urlencoded', 'X-Twilio-Signature': twilio.getExpectedTwilioSignature(TWILIO.token, public_url, signed) } });
    expect((await call({ ...fields, MessageStatus: 'failed' })).status).toBe(401);
    await jobs_run();
    expect(status('SM0001')).toBe('sent');
    expect((await call(fields)).status).toBe(200);
    await jobs_run();
    expect(status('SM0001')).toBe('delivered');
    // delivered is final
    expect((await call({ ...fields, MessageStatus: 'undelivered' }, { ...fields, MessageStatus: 'undelivered' })).status).toBe(200);
    await jobs_run();
    expect(status('SM0001')).toBe('delivered');
    // what a person answers is handed on
    const answer = { MessageSid: 'SM0002', From: '+15035550111', To: '+15035550100', Body: 'STOP' };
    expect((await call(answer, answer)).status).toBe(200);
    await jobs_run();
    expect(JSON.parse(one("select payload from outbox_event where name = 'message.inbound'"))).toMatchObject({ from: '+15035550111', body: 'STOP' });
  });

  test('ONB03US01 Twilio is tried with a test message, then active; its secret is sealed and shown to nobody', async () => {
    const admin = as('utility_admin'), p = provider('twilio'), page = `/integrations/providers/${p.public_id}`;
    await admin.post(`${page}/moves/activate`, {}).refuses(409, null, 'This provider is configured.');
    sql("update message_provider set config = json_set(config, '$.api_base', ?) where id = ?", [double.url, p.id]);
    double.say.push({ status: 400, body: { code: 21211, message: "The 'To' number is not a valid phone number." } });
    await admin.post(`${page}/test`, { to: '+15035550199', text: 'Hello' }, { from: `${page}/test` }).refuses(422, 'to', "Twilio did not take it: The 'To' number is not a valid phone number.");
    await admin.post(`${page}/test`, { to: '+15035550199', text: 'Hello' }, { from: `${page}/test` }).done('Twilio took the test message: SM0001');
    expect(double.sent.at(-1)).toMatchObject({ To: '+15035550199', From: '+15035550100', Body: 'Hello' });
    await admin.post(`${page}/moves/activate`, {}, { from: page }).done('Twilio is active.');
    const seen = await admin.get(page).is(200);
    expect(seen.body).not.toContain(TWILIO.token);
    expect(one('select count(*) from message_provider where secret_enc like ? or config like ?', [`%${TWILIO.token}%`, `%${TWILIO.token}%`])).toBe('0');
    await as('comms_manager').get('/integrations/messaging').sees('Twilio').and((r) => expect(r.text).not.toContain('Connect'));
    await as('comms_manager').get(`${page}/settings`).is(403);
    await as('billing_clerk').get(page).is(403);
  });

  test('ONB03US01 Vonage: sent as JSON, its callback is a signed token over the body', async () => {
    const admin = as('utility_admin');
    await admin.post('/integrations/adapters/vonage', { name: 'Vonage', from_id: '+15035550100', api_key: VONAGE.key, api_secret: VONAGE.secret, signature_secret: 'vonage_signature_secret', rate_per_s: '10', priority: '30' }, { from: '/integrations/adapters/vonage' }).done('Saved.');
    const p = provider('vonage'), page = `/integrations/providers/${p.public_id}`;
    sql("update message_provider set config = json_set(config, '$.api_base', ?) where id = ?", [double.url, p.id]);
    await admin.post(`${page}/test`, { to: '+15035550199', text: 'Hello' }, { from: `${page}/test` }).done('Vonage took the test message');
    expect(double.sent.at(-1)).toMatchObject({ message_type: 'text', channel: 'sms', to: '15035550199', from: '15035550100', text: 'Hello' });
    sent(p, 'm-1', '+15035550199');
    const call = (state, secret = 'vonage_signature_secret', body = JSON.stringify({ message_uuid: 'm-1', status: state, timestamp: '2026-04-15T17:00:00Z' })) => request({ method: 'POST', path: `/hooks/vonage/${p.endpoint_key}`, body, headers: { 'Content-Type': 'application/json',
      Authorization: `Bearer ${jwt.sign({ iss: 'Vonage', api_key: VONAGE.key, iat: Math.floor(instance().now().getTime() / 1000), jti: crypto.randomUUID(), payload_hash: crypto.createHash('sha256').update(JSON.stringify({ message_uuid: 'm-1', status: state, timestamp: '2026-04-15T17:00:00Z' })).digest('hex') }, secret, { algorithm: 'HS256' })}` } });
    expect((await call('delivered', 'another')).status).toBe(401);
    expect((await call('delivered', undefined, '{"message_uuid":"m-1","status":"failed"}')).status).toBe(401);
    expect((await call('delivered')).status).toBe(200);
    await jobs_run();
    expect(status('m-1')).toBe('delivered');
  });

  test('ONB03US01 a new callback secret: the old one holds for a day', async () => {
    const admin = as('utility_admin'), p = provider('twilio'), page = `/integrations/providers/${p.public_id}`;
    await admin.post(`${page}/settings`, { auth_token: 'the_second_token' }, { from: `${page}/settings` }).done('Saved.');
    await admin.get(page).sees('The previous webhook secret is good until');
    expect(one('select count(*) from audit_value where after_value like ?', ['%the_second_token%'])).toBe('0');
    await admin.post(`${page}/settings`, { priority: '100' }, { from: `${page}/settings` }).refuses(422, 'priority');
  });

  test('ONB03US01 pages of providers look right, at a desk and on a phone', async ({ page }) => {
    test.setTimeout(300000);
    const faults = await watch(page.context()), p = provider('twilio'), fake = sql("select public_id id from message_provider where adapter = 'fake' and channel = 'sms'")[0];
    for (const [where, shot] of [['/integrations/messaging', 'hub-messaging'], [`/integrations/providers/${p.public_id}`, 'hub-provider'], ['/integrations/adapters/smtp', 'hub-smtp'], [`/integrations/providers/${p.public_id}/test`, 'hub-test-message'], [`/integrations/providers/${fake.id}/outcome`, 'hub-outcome']]) {
      await as('utility_admin').browse(page, where);
      await looks_right(page, { widths: [360, 1440], shots: shot });
    }
    expect(faults).toEqual([]);
  });
});
