// Keys at rest (assurance S23): nothing that is secret stands in clear in the database, a backup, an export, a log, the audit or a
// page; a master key is replaced by another one, and what the old one sealed is readable afterwards without it.
const crypto = require('crypto');
const fs = require('fs');
const http = require('http');
const os = require('os');
const path = require('path');
const zlib = require('zlib');
const { story } = require('../support/story');

const CANARY = { key_id: 'rzp_test_CanaryKeyId77', key_secret: 'CanarySecretOfTheKey5501', webhook_secret: 'CanaryWebhookSecret9917' };
const TOKEN = 'CanaryAuthToken4410', LATER = 'CanaryWebhookSecretTwo3308';
const secrets = [CANARY.key_secret, CANARY.webhook_secret, TOKEN, LATER];
// As it is, and as it would be within other text.
const forms = secrets.flatMap((s) => [s, Buffer.from(s).toString('hex'), encodeURIComponent(s), ...[0, 1, 2].map((n) => Buffer.from('x'.repeat(n) + s).toString('base64').slice(n ? 4 : 0, -4))]);
const found = (bytes, where) => forms.filter((f) => bytes.toLowerCase().includes(f.toLowerCase())).map((f) => `${where}: ${f}`);

const files = (folder) => fs.readdirSync(folder, { withFileTypes: true }).flatMap((f) => (f.isDirectory() ? files(path.join(folder, f.name)) : [path.join(folder, f.name)]));
const content = (file) => { const bytes = fs.readFileSync(file); return (file.endsWith('.gz') ? zlib.gunzipSync(bytes) : bytes).toString('latin1'); };

story('HUB keys', 'HUB-FIX', ({ as, test, expect, sql, one, jobs_run, request, instance, command, order, verify }) => {
  let double;
  const account = () => sql("select * from gateway_account where driver = 'razorpay'")[0], page = () => `/integrations/gateways/${account().public_id}`;
  const event = (secret) => {
    const body = JSON.stringify({ entity: 'event', event: 'product.seen', created_at: Math.floor(instance().now() / 1000), payload: {} });
    return request({ method: 'POST', path: `/hooks/razorpay/${account().endpoint_key}`, body, headers: { 'Content-Type': 'application/json', 'X-Razorpay-Signature': crypto.createHmac('sha256', secret).update(body).digest('hex'), 'x-razorpay-event-id': `evt_${crypto.randomUUID()}` } });
  };
  const seen = [], key_file = () => path.join(instance().folder, 'keys', 'master.key');
  test.beforeEach(async () => {
    if (double) return;
    // takes every key, and writes down with which one it was asked
    double = http.createServer((q, a) => { seen.push(q.headers.authorization); a.writeHead(200, { 'Content-Type': 'application/json' }); a.end('{"items":[],"count":0,"sid":"SM1","status":"queued"}'); });
    await new Promise((done) => double.listen(0, '127.0.0.1', done));
  });
  test.afterAll(async () => { double?.closeAllConnections?.(); double?.close(); double = null; });
  const url = () => `http://127.0.0.1:${double.address().port}`;
  const basic = (user, password) => `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;

  test('S23 credentials of gateways and providers stand nowhere in clear: pages, audit, logs, an export, a backup', async () => {
    const admin = as('utility_admin'), bodies = [];
    const keep = (r) => { bodies.push([r.path, r.body]); return r; };
    await admin.post('/integrations/drivers/razorpay', {}, { from: '/integrations' }).goes(/\/credentials$/);
    sql("update gateway_account set api_base = ? where driver = 'razorpay'", [url()]);
    await admin.post(`${page()}/credentials`, CANARY).done('took the credentials');
    expect(seen.at(-1)).toBe(basic(CANARY.key_id, CANARY.key_secret));
    await admin.post(`${page()}/credentials`, { webhook_secret: LATER, keep_hours: '24' }, { from: `${page()}/credentials` }).done('took the credentials');
    keep(await admin.post(`${page()}/credentials`, { key_id: 'rzp_live_NotHere', key_secret: CANARY.key_secret, webhook_secret: CANARY.webhook_secret }, { from: `${page()}/credentials` }).is(422));
    await admin.post('/integrations/adapters/twilio', { name: 'Twilio', from_id: '+15035550100', account_sid: 'AC00000000000000000000000000000001', auth_token: TOKEN, rate_per_s: '10', priority: '20' }, { from: '/integrations/adapters/twilio' }).done('Saved.');
    const provider = `/integrations/providers/${one("select public_id from message_provider where adapter = 'twilio' and utility_id is not null")}`;
    expect([(await event(LATER)).status, (await event(CANARY.webhook_secret)).status, (await event('another')).status]).toEqual([200, 200, 401]);
    await jobs_run();
    for (const where of ['/integrations', page(), `${page()}/credentials`, `${page()}/settings`, provider, `${provider}/settings`, '/integrations/messaging', '/integrations/events', `/integrations/events/${one('select public_id from webhook_event order by id desc limit 1')}`, '/integrations/health']) keep(await admin.get(where).is(200));
    expect(bodies.flatMap(([where, body]) => found(body, where))).toEqual([]);
    expect(sql('select before_value b, after_value a from audit_value').flatMap((v) => found(`${v.b} ${v.a}`, 'audit'))).toEqual([]);

    // what the organization takes along
    await as('tenant_admin').post('/org/subscription/export', {}, { from: '/org/subscription/export' }).is(303);
    await jobs_run(180);
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 's360-keys-'));
    try {
      expect(one('select 1')).toBe('1');
      const exported = files(path.join(instance().folder, 'documents')).filter((f) => fs.statSync(f).size);
      expect(exported.length).toBeGreaterThan(0);
      for (const file of exported) expect(found(content(file), file)).toEqual([]);
      command('backup', path.join(folder, 'b'));
      const dumped = files(path.join(folder, 'b'));
      expect(dumped.some((f) => f.endsWith('swa.sql.gz'))).toBe(true);
      expect(content(dumped.find((f) => f.endsWith('swa.sql.gz')))).toContain(account().public_id);           // it is really there
      for (const file of dumped) expect(found(content(file), file)).toEqual([]);
      for (const key of fs.readFileSync(key_file(), 'utf8').match(/[0-9a-f]{64}/gi)) for (const file of dumped) expect(content(file)).not.toContain(key);
    } finally { fs.rmSync(folder, { recursive: true, force: true }); }
    for (const file of files(path.join(instance().folder, 'logs'))) expect(found(content(file), file)).toEqual([]);
  });

  test('S23 a master key is replaced: everything it sealed opens with the new one, and the old one is gone', async () => {
    const ids = () => fs.readFileSync(key_file(), 'utf8').split('\n').filter((l) => /^\d/.test(l)).map((l) => l.split(' ')[0]);
    const anew = () => { for (const part of ['web', 'jobs']) order('restart', part); };
    const reads = async () => {
      const was = seen.length;
      await as('utility_admin').post(`${page()}/check`, {}, { from: page() }).done('answers');                 // credentials
      expect(seen.slice(was)).toContain(basic(CANARY.key_id, CANARY.key_secret));
      expect([(await event(LATER)).status, (await event(CANARY.webhook_secret)).status]).toEqual([200, 200]);  // both webhook secrets
      for (const who of ['tenant_admin@swa.test', 'platform_admin@smart360.test']) expect(command('user', 'code', who).trim()).toMatch(/^\d{6}$/);       // second factors
      await as('platform_admin').get('/platform/tenants').is(200);
    };
    // the platform's own account: sealed by the master key itself
    const platform = () => as('platform_admin'), house = () => sql.platform("select * from gateway_account where driver = 'stripe'")[0], house_page = () => `/platform/gateways/${house().public_id}`;
    const OWN = { secret_key: 'sk_test_CanaryOfThePlatform', publishable_key: 'pk_test_own', webhook_secret: 'whsec_own_first' }, NEXT = 'whsec_own_second';
    const own_event = (secret) => {
      const at = Math.floor(instance().now() / 1000), body = JSON.stringify({ id: `evt_${crypto.randomUUID()}`, type: 'product.seen', livemode: false, data: { object: {} } });
      return request({ method: 'POST', path: `/hooks/stripe/${house().endpoint_key}`, body, headers: { 'Content-Type': 'application/json', 'Stripe-Signature': `t=${at},v1=${crypto.createHmac('sha256', secret).update(`${at}.${body}`).digest('hex')}` } });
    };
    await platform().post('/platform/gateways/drivers/stripe', {}, { from: '/platform/gateways' }).is(303);
    sql.platform("update gateway_account set api_base = ? where driver = 'stripe'", [url()]);
    await platform().post(`${house_page()}/credentials`, OWN).done('took the credentials');
    await platform().post(`${house_page()}/credentials`, { webhook_secret: NEXT }, { from: `${house_page()}/credentials` }).done('took the credentials');
    const own_reads = async () => {
      const was = seen.length;
      await platform().post(`${house_page()}/check`, {}, { from: house_page() }).done('answers');
      expect(seen.slice(was)).toContain(`Bearer ${OWN.secret_key}`);
      expect([(await own_event(NEXT)).status, (await own_event(OWN.webhook_secret)).status, (await own_event('whsec_another')).status]).toEqual([200, 200, 401]);
    };
    await own_reads();
    await reads();
    expect(ids()).toEqual(['1']);
    fs.chmodSync(key_file(), 0o600);                        // an instance that is there keeps the mode of its file
    expect(command('keys')).toMatch(/^key 1: [1-9]\d* sealed, seals now\n$/);
    expect(() => command('keys', 'drop', '1')).toThrow('seals now');
    expect(command('keys', 'add')).toContain('A key is added');
    expect(fs.statSync(key_file()).mode & 0o777).toBe(0o600);
    anew();
    await reads();                                                                          // with both
    await own_reads();
    expect(() => command('keys', 'drop', '1')).toThrow(/has sealed \d+ that are in use/);
    expect(command('keys', 'reseal')).toMatch(/data keys of tenants: 1 of 1 sealed again/);
    expect(command('keys', 'reseal')).toMatch(/data keys of tenants: 0 of 1 sealed again/); // twice is as once
    for (const column of ['credentials_enc', 'webhook_secret_current_enc', 'webhook_secret_previous_enc']) expect(sql.platform(`select left(${column}, 3) k from gateway_account where driver = 'stripe'`)[0].k, column).toBe('x2.');
    let shared = process.getuid() === 0;
    try { if (shared) { fs.chownSync(key_file(), 0, 65534); fs.chmodSync(key_file(), 0o640); } } catch { shared = false; }       // services of several users, one group
    expect(command('keys', 'drop', '1')).toContain('key 1 is gone');
    if (shared) {
      const kept = fs.statSync(key_file());
      fs.chownSync(key_file(), 0, 0);
      fs.chmodSync(key_file(), 0o600);
      expect([kept.uid, kept.gid, kept.mode & 0o777]).toEqual([0, 65534, 0o640]);
    } else expect(fs.statSync(key_file()).mode & 0o777).toBe(0o600);
    expect(ids()).toEqual(['2']);
    anew();
    await reads();                                                                          // without the old one
    await own_reads();
    expect(sql.platform("select count(*) n from tenant where data_key like 'x1.%'")[0].n).toBe('0');
    expect(sql.platform("select count(*) n from mfa_factor where secret_enc like 'x1.%'")[0].n).toBe('0');
    expect(command('keys')).toMatch(/^key 2: [1-9]\d* sealed, seals now\n$/);
    // new secrets are sealed and read as ever
    await as('utility_admin').post(`${page()}/credentials`, { webhook_secret: 'AnotherOne12345', keep_hours: '1' }, { from: `${page()}/credentials` }).done('took the credentials');
    expect((await event('AnotherOne12345')).status).toBe(200);
    await jobs_run();
    expect(() => command('keys', 'drop', '9')).toThrow('There is no key 9');
    expect(() => command('keys', 'lose')).toThrow('takes nothing, add, reseal, or drop');
    verify();
  });
});
