// Message providers (ONB03US01): set up on pages, a test message, signed callbacks, what the sandbox does next.
const crypto = require('crypto');
const twilio = require('twilio/lib/webhooks/webhooks');
const jwt = require('jsonwebtoken');
const { story } = require('../support/story');
const { mail_double, dns_double } = require('../support/mail_double');
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
    // Its card tries it and, once it has been tried, switches it on and off; who only looks has neither.
    const card = async (who) => (await who.get('/integrations/messaging').is(200)).body.split('<section').find((s) => s.includes(`/integrations/providers/${p.public_id}"`));
    const stood = p.status ?? one('select status from message_provider where public_id = ?', [p.public_id]);
    const turn = (to) => sql('update message_provider set status = ? where public_id = ?', [to, p.public_id]);
    turn('configured');
    expect(await card(admin)).toMatch(/aria-hidden="true">Tw<[\s\S]*\/test"/);
    expect(await card(admin)).not.toContain('/moves/');
    turn('verified');
    expect(await card(admin)).toContain(`/integrations/providers/${p.public_id}/moves/activate"`);
    expect(await card(as('comms_manager'))).not.toMatch(/\/moves\/|\/test"/);
    await admin.post(`/integrations/providers/${p.public_id}/moves/activate`, {}, { from: '/integrations/messaging' }).done('Twilio is active.');
    expect(await card(admin)).toContain(`/integrations/providers/${p.public_id}/moves/deactivate"`);
    await admin.post(`/integrations/providers/${p.public_id}/moves/deactivate`, {}, { from: '/integrations/messaging' }).done('Twilio is inactive.');
    turn(stood);
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
    // nothing leaves a sandbox, but to the addresses that are named
    await admin.post(`${page}/test`, { to: '+15035550199', text: 'Hello' }, { from: `${page}/test` }).refuses(422, 'to', 'This utility is a sandbox: a message leaves to its allowed addresses only.');
    expect(double.sent).toEqual([]);
    const reach = '/integrations/messaging/reach';
    await admin.post(reach, { addresses: Array.from({ length: 11 }, (_, i) => `+150355502${String(i).padStart(2, '0')}`).join('\n') }).refuses(422, 'addresses', 'At most 10 addresses.');
    await admin.post(reach, { addresses: 'nobody' }).refuses(422, 'addresses');
    await as('comms_manager').post(reach, { addresses: '' }).is(403);
    await admin.post(reach, { addresses: ' +1 503 555 0199\r\nfriend@swa.test\n\n' }, { from: reach }).done('Saved.');
    expect(one("select value from setting where `key` = 'hub.sandbox_reach'")).toBe('+15035550199\nfriend@swa.test');
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

  // A message as notify leaves it; its job is run. Answers its row.
  const send = async (to, channel = 'sms', text = 'Your bill is ready.') => {
    sql("insert into message (utility_id, channel, class, topic, to_address, to_hash, lang, subject, body_text, status, expires_at) values (1, ?, 'transactional', 'billing', ?, unhex(sha2(?, 256)), 'en', 'Your bill', ?, 'queued', '2099-01-01')", [channel, to, to, text]);
    const id = one('select max(id) from message');
    sql.platform("insert into job (tenant_id, utility_id, kind, class, payload, unique_key, priority, run_at, max_attempts, actor_kind) select t.id, 1, 'message.send', 'messages', json_object('message', ?), uuid(), 100, '2026-01-01', 12, 'system' from tenant t where t.slug = 'swa'", [Number(id)]);
    await jobs_run();
    return id;
  };
  const row = (id) => sql('select m.status, m.attempts, p.adapter from message m left join message_provider p on p.id = m.message_provider_id where m.id = ?', [id])[0];
  const run = async (kind) => { sql.platform("insert into job (tenant_id, utility_id, kind, class, unique_key, priority, run_at, max_attempts, actor_kind) select t.id, 1, ?, 'messages', uuid(), 100, '2026-01-01', 12, 'system' from tenant t where t.slug = 'swa'", [kind]); await jobs_run(); };
  const use = (adapter) => sql("update message_provider set status = 'active', breaker_failures = 0, breaker_open_until = null, breaker_probe_until = null, config = json_set(config, '$.api_base', ?) where adapter = ?", [double.url, adapter]);

  test('HUB messages: a provider that does not answer is tried for a while, then the next one takes it; nobody else is reached from a sandbox', async () => {
    use('twilio'); use('vonage');
    sql("update message_provider set secret_enc = (select secret_enc from (select secret_enc from message_provider where adapter = 'twilio') x) where adapter = 'twilio'");
    await as('utility_admin').post(`/integrations/providers/${provider('twilio').public_id}/settings`, { auth_token: TWILIO.token }, { from: `/integrations/providers/${provider('twilio').public_id}/settings` }).done('Saved.');
    const before = double.sent.length;
    double.say.push(...Array.from({ length: 5 }, () => ({ status: 503, body: {} })));
    const id = await send('+15035550199');
    expect(row(id)).toEqual({ status: 'retry', attempts: '1', adapter: 'twilio' });
    for (const minutes of [2, 6, 16, 61]) { clock.forward({ minutes }); await jobs_run(); }
    await jobs_run();
    expect(row(id), JSON.stringify(sql('select p.adapter, a.kind, a.http_status, a.provider_code, a.meaning from message_attempt a join message_provider p on p.id = a.message_provider_id where a.message_id = ? order by a.no', [id]))).toEqual({ status: 'sent', attempts: '6', adapter: 'vonage' });
    expect(double.sent.slice(before).map((m) => m.To ?? m.to)).toEqual([...Array(5).fill('+15035550199'), '15035550199']);
    expect(sql('select p.adapter, a.kind from message_attempt a join message_provider p on p.id = a.message_provider_id where a.message_id = ? order by a.no', [id]).map((a) => `${a.adapter} ${a.kind}`)).toEqual([...Array(5).fill('twilio temporary'), 'vonage ok']);
    // five in a row: nothing is sent to it for half a minute, the next one takes over at once
    expect(sql("select breaker_failures >= 5 open from message_provider where adapter = 'twilio'")).toEqual([{ open: '1' }]);
    expect(row(await send('+15035550199')).adapter).toBe('vonage');
    // somebody who is not on the list: the sandbox has it
    const other = await send('+15035550777');
    expect(row(other).adapter).toBe('fake');
    expect(double.sent.filter((m) => /0777/.test(m.To ?? m.to))).toEqual([]);
  });

  test('ONB03US01 a provider sends no more in a second than is set: what is over waits, and is no try', async () => {
    use('twilio');
    const p = provider('twilio'), other = one('select max(message_id) from message_attempt where message_provider_id = ?', [p.id]);
    sql('update message_provider set rate_per_s = 2 where id = ?', [p.id]);
    // Two that left a moment ago, whenever that is.
    for (const no of [91, 92]) sql("insert into message_attempt (message_id, no, message_provider_id, idempotency_key, request_at, kind) values (?, ?, ?, uuid(), '2099-01-01', 'ok')", [other, no, p.id]);
    const before = double.sent.length, id = await send('+15035550199');
    expect(one('select status from message where id = ?', [id])).toBe('retry');
    expect(one('select count(*) from message_attempt where message_id = ?', [id])).toBe('0');
    expect(double.sent).toHaveLength(before);
    // the sandbox's own sends as fast as it can
    sql("update message_provider set rate_per_s = 1 where adapter = 'fake'");
    const fake = one("select id from message_provider where adapter = 'fake' and channel = 'sms'");
    sql("insert into message_attempt (message_id, no, message_provider_id, idempotency_key, request_at, kind) values (?, 93, ?, uuid(), '2099-01-01', 'ok')", [other, fake]);
    expect(row(await send('+15035550777'))).toEqual({ status: 'sent', attempts: '1', adapter: 'fake' });
    sql('delete from message_attempt where no in (91, 92, 93)');
    clock.forward({ seconds: 2 });
    await jobs_run();
    expect(row(id)).toEqual({ status: 'sent', attempts: '1', adapter: 'twilio' });
    expect(double.sent).toHaveLength(before + 1);
    sql('update message_provider set rate_per_s = 10');
  });

  test('HUB messages: providers are asked by themselves; three failed checks are an error with an alert, an answer ends it', async () => {
    use('twilio'); use('vonage');
    const checks = double.checks;
    await run('provider.check');
    expect(double.checks).toBeGreaterThanOrEqual(checks + 2);                // those of the clock may come too
    expect(provider('twilio').failed_checks).toBe('0');
    double.down = 401;
    for (let i = 0; i < 3; i++) await run('provider.check');
    expect([provider('twilio').status, provider('vonage').status]).toEqual(['error', 'error']);
    expect(one("select count(*) from alert where kind = 'provider.error' and resolved_at is null")).toBe('2');
    await as('utility_admin').get('/integrations/health').sees('Twilio', 'Error');
    expect(row(await send('+15035550199')).adapter).toBe('fake');
    double.down = 0;
    await as('utility_admin').post(`/integrations/providers/${provider('twilio').public_id}/check`, {}, { from: `/integrations/providers/${provider('twilio').public_id}` }).done('Twilio answers.');
    await run('provider.check');
    expect([provider('twilio').status, provider('vonage').status]).toEqual(['active', 'active']);
    expect(one("select count(*) from alert where kind = 'provider.error' and resolved_at is null")).toBe('0');
  });

  test('HUB messages: a number that is none is not written to again', async () => {
    use('twilio');
    double.say.push({ status: 400, body: { code: 21211, message: 'Not a valid phone number.' } });
    const id = await send('+15035550199');
    expect(row(id).status).toBe('failed');
    expect(sql("select channel, reason, source from suppression where reason = 'invalid'")).toEqual([{ channel: 'sms', reason: 'invalid', source: '21211' }]);
    sql("update suppression set lifted_at = utc_timestamp(6)");
  });

  test('HUB messages: STOP, START and HELP are obeyed with one confirmation; other answers are for people, and stand with the consumer', async () => {
    const p = provider('twilio'), phone = '+15035550301', outbox = () => sql('select to_address t, body_text b from sandbox_outbox where to_address = ? order by id', [phone]);
    const public_url = (await as('utility_admin').get(`/integrations/providers/${p.public_id}`).is(200)).text.match(/https?:\/\/\S+\/hooks\/twilio\/[0-9a-f]{32}/)[0];
    let n = 0;
    const say = async (Body, sid = `SMIN${++n}`) => { const f = { MessageSid: sid, From: phone, To: '+15035550100', Body }; const r = await request({ method: 'POST', path: new URL(public_url).pathname, body: new URLSearchParams(f).toString(), headers: { 'Content-Type': 'application/x-www-form-urlencoded', 'X-Twilio-Signature': twilio.getExpectedTwilioSignature(TWILIO.token, public_url, f) } }); expect(r.status).toBe(200); await jobs_run(); };
    const stopped = () => one("select count(*) from suppression where reason = 'stop' and lifted_at is null");
    await say('help');
    expect(outbox().at(-1).b).toMatch(/call .* Reply STOP/);
    await say(' Stop. ');
    expect([stopped(), outbox().length, outbox().at(-1).b]).toEqual(['1', 2, expect.stringMatching(/no more messages.*START/)]);
    await say('STOP');
    expect([stopped(), outbox().length]).toEqual(['1', 2]);
    await say('STOP', 'SMIN2');                             // told again by the provider
    expect(one("select count(*) from inbound_message where provider_message_id = 'SMIN2'")).toBe('1');
    await say('yes');
    expect([stopped(), outbox().length, outbox().at(-1).b]).toEqual(['0', 3, expect.stringMatching(/on again/)]);
    await say('yes');
    await say('please stop texting me');
    await say('When will the water be back?');
    expect(sql("select body, keyword, action from inbound_message where from_address = ? order by id", [phone])).toEqual([
      { body: 'help', keyword: 'HELP', action: 'helped' }, { body: ' Stop. ', keyword: 'STOP', action: 'stopped' }, { body: 'STOP', keyword: 'STOP', action: 'stopped_already' },
      { body: 'yes', keyword: 'YES', action: 'started' }, { body: 'yes', keyword: null, action: 'noted' }, { body: 'please stop texting me', keyword: null, action: 'refusal' }, { body: 'When will the water be back?', keyword: null, action: 'noted' }]);
    await as('cso').get('/cis/consumers/WA-CUST-100001/history').sees('Answers by text message', 'When will the water be back?', 'No more text messages', 'Seems to want no more');
    expect(Number(one("select count(*) from notification where dedup_key = ?", [`inbound:${phone}`]))).toBeGreaterThan(0);
  });

  test('HUB messages: Vonage\'s old interface calls by GET, signed over its query', async () => {
    const admin = as('utility_admin');
    await admin.post('/integrations/adapters/vonage_sms', { name: 'Vonage SMS', from_id: '+15035550100', api_key: VONAGE.key, api_secret: VONAGE.secret, signature_secret: 'vonage_test_secret', signature_method: 'sha256', rate_per_s: '10', priority: '40' }, { from: '/integrations/adapters/vonage_sms' }).done('Saved.');
    const p = provider('vonage_sms'), at = Math.floor(instance().now().getTime() / 1000);
    sent(p, '0A0001', '+15035550199');
    const signed = (fields) => { const all = Object.entries(fields).sort(([a], [b]) => (a < b ? -1 : 1)); return { ...fields, sig: crypto.createHmac('sha256', 'vonage_test_secret').update(all.map(([k, v]) => `&${k}=${String(v).replace(/[&=]/g, '_')}`).join('')).digest('hex') }; };
    const call = (fields) => request({ path: `/hooks/vonage_sms/${p.endpoint_key}?${new URLSearchParams(fields)}` });
    const report = { messageId: '0A0001', msisdn: '15035550199', status: 'delivered', timestamp: String(at), 'err-code': '0' };
    expect((await call({ ...signed(report), status: 'failed' })).status).toBe(401);
    expect((await call(report)).status).toBe(401);
    expect((await call(signed({ ...report, timestamp: String(at - 900) }))).status).toBe(401);
    expect((await call(signed(report))).status).toBe(200);
    await jobs_run();
    expect(status('0A0001')).toBe('delivered');
    expect((await call(signed({ messageId: '0A0002', msisdn: '15035550302', to: '15035550100', text: 'a=1 & more?', type: 'text', timestamp: String(at) }))).status).toBe(200);
    await jobs_run();
    expect(sql("select from_address f, body b from inbound_message where provider_message_id = '0A0002'")).toEqual([{ f: '+15035550302', b: 'a=1 & more?' }]);
  });

  test('HUB messages: Vonage\'s old interface sends; a new signature secret leaves the one it sends with alone', async () => {
    const admin = as('utility_admin'), p = provider('vonage_sms'), page = `/integrations/providers/${p.public_id}`;
    sql("update message_provider set config = json_set(config, '$.api_base', ?) where id = ?", [double.url, p.id]);
    await admin.post(`${page}/settings`, { signature_secret: 'vonage_second_secret' }, { from: `${page}/settings` }).done('Saved.');
    await admin.post(`${page}/test`, { to: '+15035550199', text: 'Hello' }, { from: `${page}/test` }).done('Vonage SMS took the test message');
    expect(double.sent.at(-1)).toMatchObject({ to: '15035550199', from: '15035550100', text: 'Hello', callback: expect.stringContaining(p.endpoint_key) });
    for (const [answer, said] of [['6', 'Invalid number'], ['1', 'Throttled']]) {
      double.say.push({ status: 200, body: { 'message-count': '1', messages: [{ status: answer, 'error-text': said }] } });
      await admin.post(`${page}/test`, { to: '+15035550199', text: 'Hello' }, { from: `${page}/test` }).refuses(422, 'to', `Vonage SMS did not take it: ${said}`);
    }
  });

  test('HUB messages: nothing was reported of a text message: Twilio is asked after ten minutes, and again while it has no end', async () => {
    const p = provider('twilio');
    use('twilio');
    sent(p, 'SM7701', '+15035550199'); sent(p, 'SM7702', '+15035550198'); sent(p, 'SM7703', '+15035550197');
    const check = (id) => one('select timestampdiff(minute, ?, status_check_at) from message where provider_message_id = ?', [instance().now(), id]);
    sql("update message set sent_at = ?, status_check_at = ? where provider_message_id like 'SM770%'", [instance().now(), new Date(instance().now().getTime() + 600000)]);
    double.states.set('SM7701', { status: 'delivered' }).set('SM7702', { status: 'sent' }).set('SM7703', { status: 'undelivered', error_code: 30005 });
    const asked = () => double.asked.filter((s) => /^SM770/.test(s)).sort();
    await run('message.ask');
    expect(asked()).toEqual([]);
    clock.forward({ minutes: 11 });
    await run('message.ask');
    expect(new Set(asked())).toEqual(new Set(['SM7701', 'SM7702', 'SM7703']));
    expect(['SM7701', 'SM7702', 'SM7703'].map(status)).toEqual(['delivered', 'sent', 'undelivered']);
    expect(Number(check('SM7702'))).toBeGreaterThan(40);
    expect(one("select count(*) from suppression where channel = 'sms' and reason = 'invalid' and source = '30005' and lifted_at is null")).toBe('1');
    double.states.set('SM7702', { status: 'failed', error_code: 30003 });
    clock.forward({ minutes: 60 });
    await run('message.ask');
    expect(status('SM7702')).toBe('failed');
    // one that really goes out has its time
    const id = await send('+15035550199');
    expect(one("select status_check_at is not null or status <> 'sent' from message where id = ?", [id])).toBe('1');
  });

  // A report as a mail server writes it, to the sender of the envelope.
  const report = (no, { action = 'failed', code = '5.1.1', to = `bounce+${no}@swa.test` } = {}) => [`From: MAILER-DAEMON@mx.example.com`, `To: ${to}`, 'Subject: Undelivered Mail Returned to Sender', 'Message-ID: <20260415.A1B2C3@mx.example.com>', 'MIME-Version: 1.0', 'Content-Type: multipart/report; report-type=delivery-status;', '\tboundary="B"', '', '--B', 'Content-Type: text/plain', '', 'I am sorry.', '', '--B', 'Content-Type: message/delivery-status', '', 'Reporting-MTA: dns; mx.example.com', '', 'Final-Recipient: rfc822; friend@swa.test', `Action: ${action}`, `Status: ${code}`, `Diagnostic-Code: smtp; 550 ${code} so it is`, '', '--B', 'Content-Type: text/rfc822-headers', '', 'From: billing@swa.test', 'To: friend@swa.test', `Message-ID: <${no}@swa.test>`, '', '--B--', ''].join('\r\n');

  test('HUB messages: mail goes out by SMTP with its headers, a mailbox that is none is closed, the domain\'s records are looked up', async () => {
    const admin = as('utility_admin'), server = await mail_double();
    const names = await dns_double(instance().port + 2, { 'swa.test': ['google-site-verification=x', 'v=spf1 include:_spf.swa.test -all'], 's1._domainkey.swa.test': [`v=DKIM1; k=rsa; p=${'A'.repeat(300)}`], '_dmarc.swa.test': ['v=DMARC1; p=none'] });
    try {
      await admin.post('/integrations/adapters/smtp', { name: 'Mail', from_id: 'billing@swa.test', host: 'localhost', port: String(server.port), security: 'starttls', reply_to: 'answers@swa.test', dkim_selector: 's1', rate_per_s: '10', priority: '20' }, { from: '/integrations/adapters/smtp' }).done('Saved.');
      const p = provider('smtp'), page = `/integrations/providers/${p.public_id}`;
      await admin.post(`${page}/test`, { to: 'friend@swa.test', text: 'Hello' }, { from: `${page}/test` }).refuses(422, 'to', /^Mail did not take it/);       // no TLS there
      sql("update message_provider set config = json_set(config, '$.security', 'none') where id = ?", [p.id]);
      await admin.post(`${page}/test`, { to: 'stranger@swa.test', text: 'Hello' }, { from: `${page}/test` }).refuses(422, 'to', 'This utility is a sandbox: a message leaves to its allowed addresses only.');
      await admin.post(`${page}/test`, { to: 'friend@swa.test', text: 'Hello' }, { from: `${page}/test` }).done('Mail took the test message');
      expect(server.mails).toHaveLength(1);
      expect(server.mails[0]).toMatchObject({ from: expect.stringMatching(/^bounce\+.+@swa\.test$/), to: 'friend@swa.test' });
      for (const line of [/^From: .*billing@swa\.test/m, /^To: .*friend@swa\.test/m, /^Reply-To: .*answers@swa\.test/m, /^Message-ID: <.+@swa\.test>/m, /^Auto-Submitted: auto-generated/m, /Hello/]) expect(server.mails[0].text).toMatch(line);
      await admin.post(`${page}/check`, {}, { from: page }).done('Mail answers.');
      expect(server.noops).toBe(1);
      await admin.post(`${page}/dns`, {}, { from: page }).done('The records of swa.test are looked up.');
      expect(names.asked).toEqual(['swa.test', '_dmarc.swa.test', 's1._domainkey.swa.test']);
      await admin.get(page).sees('SPF', 'v=spf1 include:_spf.swa.test -all', 'Its policy is none', 'Weak', 'Good');
      await admin.post(`${page}/moves/activate`, {}, { from: page }).done('Mail is active.');
      // so many connections at once, so many messages a minute: what is over waits, and is no try
      await admin.post(`${page}/settings`, { connections: '11' }, { from: `${page}/settings` }).is(422);
      await admin.post(`${page}/settings`, { connections: '1', per_minute: '3', security: 'starttls' }, { from: `${page}/settings` }).done('Saved.');
      await admin.get(page).sees('Connections at once 1', 'Messages a minute 3');
      sql("update message_provider set config = json_set(config, '$.security', 'none') where id = ?", [p.id]);
      const other = one('select max(id) from message'), attempt = (no, at, ended) => sql('insert into message_attempt (message_id, no, message_provider_id, idempotency_key, request_at, finished_at, kind) values (?, ?, ?, uuid(), ?, ?, ?)', [other, no, p.id, at, ended, ended ? 'ok' : 'unknown']);
      const ago = (s) => new Date(instance().now().getTime() - s * 1000);
      attempt(81, ago(30), null);
      const second = await send('friend@swa.test', 'email');
      expect(one("select concat(status, attempts) from message where id = ?", [second])).toBe('retry0');
      sql('update message_attempt set finished_at = request_at, request_at = ? where no = 81', [ago(20)]);
      for (const no of [82, 83]) attempt(no, ago(20), ago(20));
      const third = await send('friend@swa.test', 'email');
      expect(one("select concat(status, attempts) from message where id = ?", [third])).toBe('retry0');
      expect(Number(one('select timestampdiff(second, ?, next_attempt_at) from message where id = ?', [instance().now(), third]))).toBeGreaterThan(25);
      sql('delete from message_attempt where no in (81, 82, 83)');
      sql("update message_provider set config = json_remove(config, '$.per_minute') where id = ?", [p.id]);
      sql("update message set status = 'cancelled' where id in (?, ?)", [second, third]);
      server.refuse.set('friend@swa.test', '550 5.1.1 no such user');
      const id = await send('friend@swa.test', 'email');
      expect(row(id)).toEqual({ status: 'bounced', attempts: '1', adapter: 'smtp' });
      expect(one("select reason from suppression where channel = 'email' and lifted_at is null")).toBe('hard_bounce');
      server.refuse.set('friend@swa.test', '451 4.3.0 later');
      const later = await send('friend@swa.test', 'email');
      expect(row(later)).toEqual({ status: 'retry', attempts: '1', adapter: 'smtp' });
      expect(one('select timestampdiff(minute, ?, next_attempt_at) from message where id = ?', [instance().now(), later])).toMatch(/^[45]$/);
      server.refuse.clear();
      // reports that come as mail, handed to the endpoint by the mail server (RFC 3464)
      await admin.post(`${page}/settings`, { webhook_secret: 'a_secret_for_reports', security: 'starttls' }, { from: `${page}/settings` }).done('Saved.');
      sql("update message_provider set config = json_set(config, '$.security', 'none') where id = ?", [p.id]);
      const post = (body, secret = 'a_secret_for_reports', t = Math.floor(instance().now() / 1000)) => request({ method: 'POST', path: `/hooks/email/${p.endpoint_key}`, body, headers: { 'Content-Type': 'message/rfc822', 'Smart360-Signature': `t=${t},v1=${crypto.createHmac('sha256', secret).update(`${t}.${body}`).digest('hex')}` } });
      const gone = async (to) => { const public_id = crypto.randomBytes(17).toString('base64url').slice(0, 22); sql("insert into message (utility_id, public_id, channel, class, topic, to_address, to_hash, lang, subject, body_text, status, message_provider_id, provider_message_id, idempotency_key, expires_at, sent_at) values (1, ?, 'email', 'transactional', 'billing', ?, unhex(sha2(?, 256)), 'en', 'x', 'x', 'sent', ?, ?, ?, '2099-01-01', ?)", [public_id, to, to, p.id, `${public_id}@swa.test`, public_id, instance().now()]); return public_id; };
      const [none, full, slow, good] = [await gone('none@swa.test'), await gone('full@swa.test'), await gone('slow@swa.test'), await gone('good@swa.test')];
      expect((await post(report(none), 'another')).status).toBe(401);
      for (const body of [report(none), report(full, { code: '5.2.2' }), report(slow, { action: 'delayed', code: '4.4.1' }), report(good, { action: 'delivered', code: '2.1.5', to: 'postmaster@swa.test' })]) expect((await post(body)).status).toBe(200);
      expect((await post(report(none))).body).toContain('duplicate');
      expect((await post('From: somebody\r\n\r\nHello')).status).toBe(200);                       // none of ours: kept as dead
      await jobs_run();
      expect([none, full, slow, good].map((no) => sql('select status s, reason_code c from message where public_id = ?', [no])[0])).toEqual([{ s: 'bounced', c: '5.1.1' }, { s: 'failed', c: '5.2.2' }, { s: 'sent', c: null }, { s: 'delivered', c: null }]);
      expect(sql("select state from webhook_event where driver = 'email' and account_ref = ? order by id", [p.id]).map((e) => e.state).sort()).toEqual(['dead', 'ignored', 'processed', 'processed', 'processed']);
      sql("delete from webhook_event where state = 'dead'");
      clock.forward({ minutes: 6 });
      await jobs_run();
      expect(row(later).status).toBe('sent');
    } finally {
      await server.stop();
      await names.stop();
    }
  });

  test('ONB03US01 pages of providers look right, at a desk and on a phone', async ({ page }) => {
    test.setTimeout(300000);
    const faults = await watch(page.context()), p = provider('twilio'), fake = sql("select public_id id from message_provider where adapter = 'fake' and channel = 'sms'")[0];
    for (const [where, shot] of [['/integrations/messaging', 'hub-messaging'], [`/integrations/providers/${p.public_id}`, 'hub-provider'], ['/integrations/adapters/smtp', 'hub-smtp'], [`/integrations/providers/${p.public_id}/test`, 'hub-test-message'], ['/integrations/messaging/reach', 'hub-reach'], [`/integrations/providers/${provider('smtp').public_id}`, 'hub-smtp-provider'], [`/integrations/providers/${fake.id}/outcome`, 'hub-outcome']]) {
      await as('utility_admin').browse(page, where);
      await looks_right(page, { widths: [360, 1440], shots: shot });
    }
    expect(faults).toEqual([]);
  });
});
