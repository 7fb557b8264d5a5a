// Attacks on the webhook endpoint, and the log of events (ONB03US01 "webhooks", assurance section 4): whatever is wrong at the door
// leaves a counter and nothing else; whatever is signed is kept, worked on once, and says what became of it.
const crypto = require('crypto');
const { story } = require('../support/story');
const { webhook } = require('../support/faults');

story('HUB webhooks', 'HUB-FIX', ({ as, test, expect, sql, one, jobs_run, request, instance, clock, watch, looks_right, verify }) => {
  const n_events = () => Number(one("select count(*) from webhook_event where source = 'gateway'"));
  const refused = (reason) => Number(one('select coalesce(sum(count), 0) from webhook_refusal where reason = ?', [reason]));
  const answer = (r) => [r.status, r.body.startsWith('{') ? JSON.parse(r.body) : r.body];
  // An open payment of 1.00 in advance, as a consumer leaves it at the sandbox gateway; its event as the gateway sends it.
  let made = 0;
  const open = (utility = 'swa-w') => {
    const no = `PI-8${String(++made).padStart(9, '0')}`;
    sql(`insert into payment_intent (utility_id, intent_no, account_id, amount_minor, currency, purpose, channel, method, gateway_account_id, provider_ref, state, \`rank\`, expires_at, idempotency_key)
         select g.utility_id, ?, (select id from account where account_no = 'WA-ACC-100001'), 100, 'USD', 'advance', 'portal', 'card', g.id, ?, 'requires_action', 1, '2099-01-01', ? from gateway_account g join utility u on u.id = g.utility_id where g.driver = 'sandbox' and u.code = ?`, [no, `sbx_${no}`, no, utility]);
    sql("insert into payment_intent_line (intent_id, seq, account_id, target_kind, amount_minor) select id, 1, account_id, 'advance', 100 from payment_intent where intent_no = ?", [no]);
    return no;
  };
  const event = (no, type = 'payment.succeeded', more = {}) => ({ id: `evt_${no}_${type}`, type, intent_no: no, ref: `sbx_${no}`, payment_id: `sbx_pay_${no}`, amount_minor: 100, currency: 'USD', last4: '4242', ...more });
  const state = (no) => one('select state from payment_intent where intent_no = ?', [no]);
  const payments = (no) => Number(one('select count(*) from payment p join payment_intent i on i.id = p.payment_intent_id where i.intent_no = ?', [no]));

  test('HUB attack: a wrong signature, none, one of another secret, two of them, a byte changed: 401, a counter, nothing stored', async () => {
    const good = webhook(instance(), event(open())), { 'Smart360-Signature': signature, ...bare } = good.headers;
    const tries = [{ ...good, body: good.body.replace('100', '101') }, { ...good, headers: bare }, webhook(instance(), event('x'), { secret: 'guessed' }),
      { ...good, headers: { ...bare, 'Smart360-Signature': signature.replace(/v1=./, 'v1=') } }, { ...good, headers: { ...bare, 'Smart360-Signature': `${signature},t=1` } },
      { ...good, headers: { ...bare, 'Smart360-Signature': signature.toUpperCase() } }, { ...good, headers: { ...bare, 'Smart360-Signature': signature.replace(/^t=\d+/, 't=-1') } },
      { ...good, headers: { ...bare, 'Stripe-Signature': signature } }, { ...good, body: `${good.body}\n` }, { ...good, body: `\ufeff${good.body}` }];
    for (const t of tries) expect(answer(await request(t))).toEqual([401, { error: 'invalid_signature' }]);
    expect([n_events(), refused('invalid_signature')]).toEqual([0, tries.length]);
    expect(one("select count(*) from smart360.job where kind = 'webhook.gateway' and state in ('ready', 'running')")).toBe('0');
  });

  test('HUB attack: an old or a future time is refused, within five minutes both ways it is good', async () => {
    const at = (s) => new Date(instance().now().getTime() + s * 1000);
    for (const s of [-305, 305, -86400, 86400]) expect(answer(await request(webhook(instance(), event('x'), { at: at(s) })))).toEqual([401, { error: 'timestamp_out_of_tolerance' }]);
    expect([n_events(), refused('timestamp_out_of_tolerance')]).toEqual([0, 4]);
    for (const s of [-290, 290]) expect((await request(webhook(instance(), event(`near${s}`, 'thing.made'), { at: at(s) }))).status).toBe(200);
    await jobs_run();
    expect(sql('select distinct state, reason from webhook_event where source = "gateway"')).toEqual([{ state: 'ignored', reason: 'unknown_type' }]);
  });

  test('HUB attack: an endpoint nobody has, another driver at it, other methods: 404 and 405', async () => {
    const good = webhook(instance(), event('x'));
    expect(answer(await request({ ...good, path: `/hooks/sandbox/${'0'.repeat(32)}` }))).toEqual([404, { error: 'unknown_endpoint' }]);
    expect((await request({ ...good, path: good.path.replace('sandbox', 'stripe') })).status).toBe(404);
    for (const path of ['/hooks/sandbox/..%2f..', '/hooks/', '/hooks/sandbox', `/hooks/sandbox/${'a'.repeat(4000)}`, `${good.path}'--`]) expect((await request({ ...good, path })).status).toBeGreaterThanOrEqual(400);
    expect((await request({ path: good.path })).status).toBe(405);
    expect((await request({ ...good, method: 'PUT' })).status).toBe(405);
  });

  test('HUB attack: the same event again, also with another body, changes nothing', async () => {
    const no = open();
    expect(answer(await request(webhook(instance(), event(no))))).toEqual([200, { status: 'accepted' }]);
    await jobs_run();
    expect(answer(await request(webhook(instance(), event(no))))).toEqual([200, { status: 'duplicate' }]);
    expect(answer(await request(webhook(instance(), event(no, 'payment.succeeded', { amount_minor: 99999 }))))).toEqual([200, { status: 'duplicate' }]);
    await jobs_run();
    expect([state(no), payments(no), one('select received_minor from payment_intent where intent_no = ?', [no])]).toEqual(['succeeded', 1, '100']);
    expect(one('select delivery_count from webhook_event where provider_event_id = ?', [`evt_${no}_payment.succeeded`])).toBe('3');
  });

  test('HUB attack: in any order the end is the same', async () => {
    const kinds = ['payment.processing', 'payment.failed', 'payment.succeeded'];
    const orders = kinds.flatMap((a) => kinds.filter((b) => b !== a).map((b) => [a, b, kinds.find((k) => k !== a && k !== b)]));
    for (const order of orders) {
      const no = open();
      for (const kind of order) { expect((await request(webhook(instance(), event(no, kind)))).status).toBe(200); await jobs_run(); }
      expect([order, state(no), payments(no)]).toEqual([order, 'succeeded', 1]);
    }
    const all = orders.map(() => open());
    await Promise.all(all.flatMap((no) => kinds.map((kind) => request(webhook(instance(), event(no, kind))))));
    await jobs_run();
    for (const no of all) expect([state(no), payments(no)]).toEqual(['succeeded', 1]);
    verify();
  });

  test('HUB attack: a body of 256 KiB is taken, a byte more is 413', async () => {
    const before = n_events(), fits = (extra) => { const e = event('huge', 'thing.made', { pad: '' }); return JSON.stringify({ ...e, id: `evt_huge${extra}`, pad: 'x'.repeat(262144 - JSON.stringify({ ...e, id: `evt_huge${extra}` }).length + extra) }); };
    expect((await request(webhook(instance(), null, { body: fits(0) }))).status).toBe(200);
    const large = await request(webhook(instance(), null, { body: fits(1) })).catch((e) => ({ status: e.code }));
    expect([413, 'EPIPE', 'ECONNRESET']).toContain(large.status);
    expect(n_events()).toBe(before + 1);
  });

  test('HUB attack: signed and not readable: kept as dead with an alert, a replay cannot help', async () => {
    const bodies = ['', '{', '[]', '"text"', '{"type":"payment.succeeded"}', '{"id":7,"type":"x"}', '{"id":"a","id":"b","type":"x"}', `${'['.repeat(40)}${']'.repeat(40)}`,
      `{"id":"deep","type":"x","d":${'{"a":'.repeat(60)}1${'}'.repeat(60)}}`, '{"id":"nul\\u0000","type":"x"}', `{"id":"${'i'.repeat(500)}","type":"x"}`, 'a=b&c=d', '<xml/>'];
    const before = n_events();
    for (const body of bodies) expect([body.slice(0, 30), ...answer(await request(webhook(instance(), null, { body })))]).toEqual([body.slice(0, 30), 200, { status: 'accepted' }]);
    expect((await request(webhook(instance(), null, { body: `{${'x'.repeat(9000)}` }))).status).toBe(200);
    await jobs_run();
    expect(n_events()).toBe(before + bodies.length + 1);
    expect(Number(one("select count(*) from webhook_event where state = 'dead' and reason = 'malformed'"))).toBe(bodies.length + 1);
    expect(one("select max(length(body)) from webhook_event where state = 'dead'")).toBe('4096');
    expect(one("select count(*) from alert where kind = 'webhook.dead' and resolved_at is null")).toBe('1');
    const admin = as('utility_admin'), id = one("select public_id from webhook_event where state = 'dead' order by id desc limit 1");
    await admin.get('/integrations/events?state=dead').sees('Dead', 'malformed');
    await admin.get(`/integrations/events/${id}`).sees('Dead').and((r) => expect(r.text).not.toContain('Replay'));
    await admin.post(`/integrations/events/${id}/replay`, {}).is(409);
  });

  test('HUB attack: a wrong content type changes nothing about what is signed', async () => {
    for (const type of ['text/plain', 'application/octet-stream', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x', '']) {
      const no = open(), call = webhook(instance(), event(no));
      const r = await request({ ...call, headers: { ...call.headers, 'Content-Type': type } });
      expect([type, r.status < 500]).toEqual([type, true]);
      await jobs_run();
      expect([type, r.status === 200 ? state(no) : 'requires_action']).toEqual([type, r.status === 200 ? 'succeeded' : state(no)]);
      if (['text/plain', 'application/octet-stream', ''].includes(type)) expect([type, r.status]).toEqual([type, 200]);
    }
  });

  test('HUB attack: the secret is changed between sending and working: the event is worked on, and the old secret ends with its day', async () => {
    const no = open();
    expect((await request(webhook(instance(), event(no)))).status).toBe(200);
    // the old secret moves to second place, as the page of credentials does it for gateways that have one
    sql("update gateway_account set webhook_secret_previous_enc = webhook_secret_current_enc, webhook_secret_current_enc = (select webhook_secret_current_enc from (select webhook_secret_current_enc from gateway_account where driver = 'stripe') x), previous_valid_until = ? where driver = 'sandbox'", [new Date(instance().now().getTime() + 3600000)]);
    await jobs_run();
    expect(state(no)).toBe('succeeded');
    const [late, later] = [open(), open()];
    expect((await request(webhook(instance(), event(late)))).status).toBe(200);
    expect((await request(webhook(instance(), event(later), { secret: 'whsec_test_double' }))).status).toBe(200);
    await jobs_run();
    expect([state(late), state(later)]).toEqual(['succeeded', 'succeeded']);
    clock.forward({ hours: 2 });
    expect((await request(webhook(instance(), event(open())))).status).toBe(401);
    sql("update gateway_account set webhook_secret_current_enc = webhook_secret_previous_enc, webhook_secret_previous_enc = null, previous_valid_until = null where driver = 'sandbox'");
  });

  test('HUB attack: ids of another utility: its own endpoint cannot move a payment that is not its own', async () => {
    sql("insert into utility (code, name, email, contact_phone, city, address, country, currency, status, environment, time_zone) select 'swa-x', 'Another utility', email, contact_phone, city, address, country, currency, status, environment, time_zone from utility where code = 'swa-w'");
    const key = crypto.createHash('md5').update('swa-x').digest('hex');
    sql("insert into gateway_account (utility_id, driver, label, mode, status, webhook_secret_current_enc, endpoint_key, methods, currencies) select (select id from utility where code = 'swa-x'), driver, label, mode, status, webhook_secret_current_enc, ?, methods, currencies from gateway_account where driver = 'sandbox' limit 1", [key]);
    sql.platform("insert into webhook_route (endpoint_key, tenant_id, utility_id, driver, source, account_ref) select ?, r.tenant_id, (select id from smart360_t_swa.utility where code = 'swa-x'), 'sandbox', 'gateway', (select id from smart360_t_swa.gateway_account where endpoint_key = ?) from webhook_route r where r.driver = 'sandbox' and r.source = 'gateway' limit 1", [key, key]);
    const no = open();
    expect((await request(webhook(instance(), event(no, 'payment.failed'), { key }))).status).toBe(200);
    expect((await request(webhook(instance(), event(no, 'payment.succeeded'), { key }))).status).toBe(200);
    await jobs_run();
    expect([state(no), payments(no)]).toEqual(['requires_action', 0]);
    expect(sql("select type, state, reason, error from webhook_event where utility_id = (select id from utility where code = 'swa-x') order by id")).toEqual([
      { type: 'payment.failed', state: 'ignored', reason: 'unknown_intent', error: null }, { type: 'payment.succeeded', state: 'failed', reason: null, error: 'the payment of this event is not known yet' }]);
    // and nobody of the first utility sees its events
    const id = one("select public_id from webhook_event where utility_id = (select id from utility where code = 'swa-x') order by id desc limit 1");
    await as('billing_manager').get(`/integrations/events/${id}`).is(404);
    expect((await request(webhook(instance(), event(no)))).status).toBe(200);
    await jobs_run();
    expect(state(no)).toBe('succeeded');
  });

  test('HUB attack: signed amounts and times that are none end no worker, post nothing, and a person is told', async () => {
    const before = sql('select (select count(*) from payment) payments, (select count(*) from receipt) receipts, (select count(*) from ledger_txn) sets, (select count(*) from refund) refunds, (select count(*) from dispute) disputes')[0];
    const kinds = { 'payment.succeeded': (no) => event(no), 'refund.succeeded': (no) => event(no, 'refund.succeeded', { ref: `re_${no}` }), 'dispute.opened': (no) => event(no, 'dispute.opened', { ref: `dp_${no}` }) };
    const settled = open();
    await request(webhook(instance(), event(settled)));
    await jobs_run();
    let sent = 0;
    for (const [type, of] of Object.entries(kinds)) for (const amount of ['0', '-500', '"100"', '1.5', 'null', '9223372036854775807', '100000000000001']) {
      const no = type.startsWith('payment') ? open() : settled;
      const body = JSON.stringify({ ...of(no), id: `evt_none_${++sent}`, ...(type.startsWith('payment') ? {} : { ref: `none_${sent}` }), amount_minor: '@' }).replace('"@"', amount);
      expect((await request(webhook(instance(), body, { body }))).status).toBe(200);
    }
    await jobs_run().catch((e) => expect(e.message).not.toContain('no sign of life'));
    const after = sql("select state, count(*) n, sum(error like '%no amount above 0%') said from webhook_event where provider_event_id like 'evt_none_%' group by state");
    expect(after).toEqual([{ state: 'dead', n: String(sent), said: String(sent) }]);
    expect(Number(one("select count(*) from alert where kind = 'webhook.dead' and subject like '%evt_none_%' and resolved_at is null"))).toBe(sent);
    expect(sql.platform("select count(*) n from job_attempt where outcome = 'crashed'")).toEqual([{ n: '0' }]);
    const now = sql('select (select count(*) from payment) payments, (select count(*) from receipt) receipts, (select count(*) from ledger_txn) sets, (select count(*) from refund) refunds, (select count(*) from dispute) disputes')[0];
    expect(now).toEqual({ ...before, payments: String(Number(before.payments) + 1), receipts: String(Number(before.receipts) + 1), sets: String(Number(before.sets) + 1) });
    sql.platform("update job set state = 'cancelled', ended_at = utc_timestamp(6) where state = 'dead' and kind = 'webhook.gateway'");
    // a clock that is none is ours; a name without end has an alert all the same
    const odd = open();
    await request(webhook(instance(), event(odd, 'payment.succeeded', { created: 9000000000000000 })));
    await request(webhook(instance(), event(settled, 'dispute.opened', { id: 'evt_long', ref: 'x'.repeat(400), currency: 'EUR' })));
    await jobs_run();
    expect([state(odd), payments(odd)]).toEqual(['succeeded', 1]);
    expect(one("select count(*) from alert where kind = 'dispute.currency' and dedup_key like 'dispute.currency:xxx%' and resolved_at is null")).toBe('1');
    verify();
  });

  test('HUB events: a try that fails says why and when the next one comes; what no try can help is dead, and a replay works on it', async () => {
    const admin = as('utility_admin'), no = open();
    // as a driver that is gone from the program would leave it
    const body = JSON.stringify(event(no));
    sql(`insert into webhook_event (utility_id, source, account_ref, driver, provider_event_id, type, received_at, http_headers, body, next_attempt_at)
         select utility_id, 'gateway', id, 'nobody', ?, 'payment.succeeded', ?, '{"method":"POST","content-type":"application/json","smart360-signature":"***"}', ?, ? from gateway_account where driver = 'sandbox' and utility_id = 1`, [`evt_${no}_payment.succeeded`, instance().now(), body, instance().now()]);
    sql.platform("insert into job (tenant_id, utility_id, kind, class, payload, unique_key, priority, run_at, max_attempts, actor_kind) select t.id, 1, 'webhook.gateway', 'payments', json_object('event', (select max(id) from smart360_t_swa.webhook_event)), uuid(), 100, '2026-01-01', 25, 'system' from tenant t where t.slug = 'swa'");
    await jobs_run().catch(() => {});
    const e = sql('select id, public_id, state, error, next_attempt_at next from webhook_event where provider_event_id = ?', [`evt_${no}_payment.succeeded`])[0];
    expect(e).toMatchObject({ state: 'dead', error: 'there is no driver nobody', next: null });
    expect(one("select http_headers from webhook_event where state = 'processed' limit 1")).toContain('"smart360-signature":"***"');
    expect(one("select count(*) from alert where dedup_key = ? and resolved_at is null", [`webhook.dead:${e.id}`])).toBe('1');
    sql.platform("update job set state = 'cancelled', ended_at = utc_timestamp(6) where state = 'dead' and kind = 'webhook.gateway'");
    await admin.get('/integrations/events?state=dead').sees('there is no driver nobody').and((r) => expect(r.body).toContain(`/integrations/events/${e.public_id}"`));
    // an event has a name of its own in addresses, no row's number
    await admin.get(`/integrations/events/${e.id}`).is(404);
    expect(one("select concat(subject, link) from alert where dedup_key = ?", [`webhook.dead:${e.id}`])).toBe(`Event evt_${no}_payment.succeeded could not be processed: there is no driver nobody/integrations/events/${e.public_id}`);
    sql("update webhook_event set driver = 'sandbox' where id = ?", [e.id]);
    await as('billing_manager').get(`/integrations/events/${e.public_id}`).sees('Given up', 'there is no driver nobody', 'Not kept', 'application/json').and((r) => expect(r.text).not.toContain('Replay'));
    await as('billing_manager').post(`/integrations/events/${e.public_id}/replay`, {}).is(403);
    await admin.post(`/integrations/events/${e.public_id}/replay`, {}, { from: `/integrations/events/${e.public_id}` }).done('The event is processed again.');
    await jobs_run();
    expect([state(no), payments(no)]).toEqual(['succeeded', 1]);
    await admin.get(`/integrations/events/${e.public_id}`).sees('Processed', 'Replayed', 'Given up', 'Done after', no);
    await admin.get(`/integrations/events?q=${no}`).sees(no, 'Processed');
    await admin.get('/integrations/events?q=payment.failed').sees('payment.failed').lacks('payment.succeeded');
    // again: nothing more is posted
    await admin.post(`/integrations/events/${e.public_id}/replay`, {}, { from: `/integrations/events/${e.public_id}` }).done('The event is processed again.');
    await jobs_run();
    expect([payments(no), one('select reason from webhook_event where id = ?', [e.id])]).toEqual([1, 'stale']);
  });

  test('HUB events: an event whose worker died again and again is dead, told to administrators and can be replayed; one that died once is processed', async () => {
    const admin = as('utility_admin'), [poison, lucky] = [open(), open()];
    const id = (no) => one('select id from webhook_event where provider_event_id = ?', [`evt_${no}_payment.succeeded`]);
    // As workers leave them that were killed in the middle: claimed, and no sign of life.
    for (const [no, crashes] of [[poison, 2], [lucky, 0]]) {
      sql(`insert into webhook_event (utility_id, source, account_ref, driver, provider_event_id, type, received_at, http_headers, body, next_attempt_at)
           select utility_id, 'gateway', id, 'sandbox', ?, 'payment.succeeded', ?, '{"method":"POST"}', ?, ? from gateway_account where driver = 'sandbox' and utility_id = 1`, [`evt_${no}_payment.succeeded`, instance().now(), JSON.stringify(event(no)), instance().now()]);
      sql.platform(`insert into job (tenant_id, utility_id, kind, class, payload, unique_key, priority, run_at, max_attempts, actor_kind, state, worker, token, attempts, crashes, started_at, lease_until)
           select t.id, 1, 'webhook.gateway', 'payments', json_object('event', ?), uuid(), 100, '2026-01-01', 25, 'system', 'running', 'gone:1', ?, ?, ?, utc_timestamp(6), utc_timestamp(6) - interval 1 second from tenant t where t.slug = 'swa'`, [Number(id(no)), crashes + 1, crashes + 1, crashes]);
    }
    const says = (no) => sql('select state, next_attempt_at next, left(error, 16) error from webhook_event where provider_event_id = ?', [`evt_${no}_payment.succeeded`])[0];
    await expect.poll(() => says(poison).state, { timeout: 60000 }).toBe('dead');
    await jobs_run().catch(() => {});
    expect(says(poison)).toEqual({ state: 'dead', next: null, error: 'The worker ended' });
    expect([state(poison), payments(poison)]).toEqual(['requires_action', 0]);
    expect([says(lucky).state, payments(lucky)]).toEqual(['processed', 1]);
    const e = one('select public_id from webhook_event where id = ?', [id(poison)]), alerts = () => sql('select severity, utility_id utility, link from alert where dedup_key = ? and resolved_at is null', [`webhook.dead:${id(poison)}`]);
    expect(alerts()).toEqual([{ severity: 'critical', utility: '1', link: `/integrations/events/${e}` }]);
    expect(one('select count(*) from alert where dedup_key = ?', [`webhook.dead:${id(lucky)}`])).toBe('0');
    sql.platform("update job set state = 'cancelled', ended_at = utc_timestamp(6) where state = 'dead' and kind = 'webhook.gateway'");
    await admin.get('/integrations/events?state=dead').sees(`evt_${poison}`).lacks(`evt_${lucky}`);
    await admin.get(`/integrations/events/${e}`).sees('Given up', 'The worker ended or was stuck');
    await admin.post(`/integrations/events/${e}/replay`, {}, { from: `/integrations/events/${e}` }).done('The event is processed again.');
    await jobs_run();
    expect([says(poison).state, state(poison), payments(poison), alerts()]).toEqual(['processed', 'succeeded', 1, []]);
  });

  test('HUB events: the list answers by age, state, provider and what people quote', async () => {
    const admin = as('utility_admin'), all = () => Number(one('select count(*) from webhook_event where utility_id = 1'));
    const counts = async (query) => Number(((await admin.get(`/integrations/events${query}`).is(200)).text.match(/1 to \d+ of (\d+)/) ?? [0, 0])[1]);
    sql("update webhook_event set received_at = received_at - interval 2 day where state = 'dead' limit 1");
    expect(await counts('')).toBe(all());
    expect([await counts('?age=24h'), await counts('?age=older')]).toEqual([all() - 1, 1]);
    expect([await counts('?state=dead'), await counts('?state=dead&age=older'), await counts('?state=processed&age=older')]).toEqual([Number(one("select count(*) from webhook_event where utility_id = 1 and state = 'dead'")), 1, 0]);
    expect([await counts('?driver=sandbox'), await counts('?driver=stripe')]).toEqual([Number(one("select count(*) from webhook_event where utility_id = 1 and driver = 'sandbox'")), 0]);
    const no = one('select i.intent_no from webhook_event e join payment_intent i on i.id = e.intent_id where e.utility_id = 1 limit 1');
    expect(await counts(`?q=${no}`)).toBe(Number(one('select count(*) from webhook_event e join payment_intent i on i.id = e.intent_id where i.intent_no = ?', [no])));
    expect(await counts('?q=payment.fail')).toBe(Number(one("select count(*) from webhook_event where utility_id = 1 and type like 'payment.fail%'")));
    expect(await counts('?q=no_such_event')).toBe(0);
  });

  test('HUB events: after 90 days only the digest of a body is kept', async () => {
    const e = sql("select id, public_id, sha2(body, 256) hash from webhook_event where state = 'processed' order by id limit 1")[0];
    sql("update webhook_event set received_at = received_at - interval 91 day where id = ?", [e.id]);
    sql.platform("insert into job (tenant_id, utility_id, kind, class, unique_key, priority, run_at, max_attempts, actor_kind) select t.id, 1, 'webhook.upkeep', 'general', uuid(), 100, '2026-01-01', 12, 'system' from tenant t where t.slug = 'swa'");
    await jobs_run();
    expect(sql('select body, http_headers, lower(hex(body_sha256)) hash from webhook_event where id = ?', [e.id])).toEqual([{ body: null, http_headers: null, hash: e.hash }]);
    await as('utility_admin').get(`/integrations/events/${e.public_id}`).sees('Kept for 90 days only').and((r) => expect(r.text).not.toContain('Replay'));
  });

  test('HUB events look right, at a desk and on a phone', async ({ page }) => {
    test.setTimeout(300000);
    const faults = await watch(page.context()), id = one("select e.public_id from webhook_event_step s join webhook_event e on e.id = s.webhook_event_id where s.what = 'replayed' limit 1");
    for (const [where, shot] of [['/integrations/events', 'hub-events'], [`/integrations/events/${id}`, 'hub-event']]) {
      await as('utility_admin').browse(page, where);
      await looks_right(page, { widths: [360, 1440], shots: shot });
    }
    expect(faults).toEqual([]);
  });
});
