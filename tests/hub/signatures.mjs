// signatures.mjs [BUILD]: payloads signed by the vendors' own libraries must be good to us, spoiled ones must not, and what we
// sign ourselves must be good to their libraries. Prints `ok` and `not ok` lines. Needs the npm packages and tests/hub/signature_check.
import { spawn } from 'node:child_process';
import { createHash, createHmac } from 'node:crypto';
import { createInterface } from 'node:readline';
import { createRequire } from 'node:module';
import path from 'node:path';

const require = createRequire(import.meta.url);
const Stripe = require('stripe');
const razorpay = require('razorpay/dist/utils/razorpay-utils');
const twilio = require('twilio/lib/webhooks/webhooks');
const vonage = require('@vonage/jwt');
const jwt = require('jsonwebtoken');

const build = path.resolve(process.argv[2] ?? process.env.SMART360_BUILD ?? 'build');
const program = spawn(path.join(build, 'tests/hub/signature_check'), { stdio: ['pipe', 'pipe', 'inherit'] });
const answers = createInterface({ input: program.stdout })[Symbol.asyncIterator]();
program.on('error', (e) => { console.log(`not ok signatures: ${e.message}`); process.exit(1); });

const ask = async (question) => {
  program.stdin.write(`${JSON.stringify(question)}\n`);
  const { value, done } = await answers.next();
  if (done) throw new Error('tests/hub/signature_check ended');
  return value;
};

// The same numbers each run.
let seed = 20261121;
const random = (n) => { seed = (Math.imul(seed, 1103515245) + 12345) >>> 0; return (seed >>> 8) % n; };
const letters = ['a', 'Z', '0', '9', '-', '_', '.', '~', ' ', '+', '%', '&', '=', '?', '/', '#', '"', "'", '\\', '<', '\n', 'é', 'ñ', 'ü', 'अ', '水', '💧'];
const word = (n = 12) => Array.from({ length: 1 + random(n) }, () => letters[random(letters.length)]).join('');
const plain = (n = 12) => Array.from({ length: n }, () => letters[random(4)]).join('');
const hmac = (kind, key, message, form = 'hex') => createHmac(kind, key).update(message).digest(form);
const body64 = (body) => Buffer.from(body).toString('base64');
const payload = () => JSON.stringify({ id: `evt_${plain()}`, text: word(40), amount: random(1000000), list: [word(), null, true] });
const spoil = (text) => { const at = random(text.length); return `${text.slice(0, at)}${text[at] === 'x' ? 'y' : 'x'}${text.slice(at + 1)}`; };

let failed = 0;
const rounds = Number(process.env.SIGNATURE_ROUNDS || 200);
const test = async (name, body) => {
  let problem;
  try {
    for (let i = 0; i < rounds && !problem; i++) problem = await body(i);
  } catch (e) {
    problem = e.stack;
  }
  if (problem) failed++;
  console.log(problem ? `not ok signatures ${name}: ${problem}` : `ok signatures ${name}`);
};
// undefined when the answer is the expected one
const expect = async (question, expected) => {
  const answer = await ask(question);
  return answer === expected ? undefined : `${answer} instead of ${expected} for ${JSON.stringify(question).slice(0, 600)}`;
};
const first = async (...checks) => { for (const [question, expected] of checks) { const p = await expect(question, expected); if (p) return p; } return undefined; };

const now_s = 1764000000;
const type = 'application/json';

await test('stripe signs, we accept', async () => {
  const body = payload(), current = `whsec_${plain(24)}`, timestamp = now_s - 300 + random(601);
  const header = Stripe.webhooks.generateTestHeaderString({ payload: body, secret: current, timestamp });
  const q = { driver: 'stripe', current, headers: { 'stripe-signature': header }, body64: body64(body), content_type: type, now_s };
  return first([q, 'ok'], [{ ...q, body64: body64(spoil(body)) }, 'invalid'], [{ ...q, current: `${current}x` }, 'invalid'], [{ ...q, now_s: timestamp + 301 }, 'out_of_tolerance'],
    [{ ...q, current: 'whsec_new', previous: current, previous_until_s: now_s + 1 }, 'ok'], [{ ...q, current: 'whsec_new', previous: current, previous_until_s: now_s }, 'invalid'], [{ ...q, headers: {} }, 'missing']);
});
await test('stripe accepts what we sign', async () => {
  const body = payload(), current = `whsec_${plain(24)}`, at = Math.floor(Date.now() / 1000);
  const header = await ask({ make: 'timed', current, now_s: at, body64: body64(body) });
  return Stripe.webhooks.constructEvent(body, header, current).id === JSON.parse(body).id ? undefined : header;
});
await test('razorpay knows the webhook we accept', async () => {
  const body = payload(), current = plain(20), signature = hmac('sha256', current, body);
  if (!razorpay.validateWebhookSignature(body, signature, current)) return 'the vendor refuses its own';
  const q = { driver: 'razorpay', current, headers: { 'x-razorpay-signature': signature }, body64: body64(body), content_type: type, now_s };
  return first([q, 'ok'], [{ ...q, body64: body64(spoil(body)) }, 'invalid'], [{ ...q, headers: { 'x-razorpay-signature': spoil(signature) } }, 'invalid']);
});
await test('razorpay knows the returns we accept', async () => {
  const current = plain(20), order = `order_${plain()}`, payment = `pay_${plain()}`, link = `plink_${plain()}`, reference = plain(), status = 'paid';
  const of_order = hmac('sha256', current, `${order}|${payment}`), of_link = hmac('sha256', current, `${link}|${reference}|${status}|${payment}`);
  if (!razorpay.validatePaymentVerification({ order_id: order, payment_id: payment }, of_order, current)) return 'the vendor refuses its own order';
  if (!razorpay.validatePaymentVerification({ payment_link_id: link, payment_link_reference_id: reference, payment_link_status: status, payment_id: payment }, of_link, current)) return 'the vendor refuses its own link';
  return first([{ return: { order, payment }, signature: of_order, current }, 'ok'], [{ return: { order, payment: spoil(payment) }, signature: of_order, current }, 'invalid'],
    [{ return: { link, reference, status, payment }, signature: of_link, current }, 'ok'], [{ return: { link, reference, status: 'failed', payment }, signature: of_link, current }, 'invalid'], [{ return: { order, payment }, current }, 'missing']);
});
await test('paystack as it is documented', async () => {
  const body = payload(), current = `sk_test_${plain(20)}`;
  const q = { driver: 'paystack', current, headers: { 'x-paystack-signature': hmac('sha512', current, body) }, body64: body64(body), content_type: type, now_s };
  return first([q, 'ok'], [{ ...q, body64: body64(spoil(body)) }, 'invalid']);
});

const ports = ['', '', ':443', ':8443'];
// Its checking function writes an address anew and encodes the apostrophe, which its signing function does not.
const twilio_url = () => `https://${plain(5).toLowerCase()}.test${ports[random(4)]}/hooks/twilio/${plain()}?a=${encodeURIComponent(word()).replaceAll("'", '%27')}`;
const encoded = (pairs) => pairs.map(([k, v]) => `${encodeURIComponent(k)}=${encodeURIComponent(v)}`).join('&');
await test('twilio signs a form, we accept', async () => {
  const current = plain(32), url = twilio_url(), pairs = Array.from({ length: random(8) }, (_, i) => [`${['MessageSid', 'To', 'Body', 'body', 'A_b'][random(5)]}${i}`, word(20)]);
  const signature = twilio.getExpectedTwilioSignature(current, url, Object.fromEntries(pairs)), form = encoded(pairs);
  const q = { driver: 'twilio', current, headers: { 'x-twilio-signature': signature }, body64: body64(form), content_type: 'application/x-www-form-urlencoded', url, now_s };
  const other = url.includes(':443') ? url.replace(':443', '') : url.includes(':8443') ? url : url.replace('.test/', '.test:443/');
  return first([q, 'ok'], [{ ...q, url: other }, 'ok'], [{ ...q, body64: body64(`${form}&x=1`) }, 'invalid'], [{ ...q, url: url.replace('hooks', 'hookz') }, 'invalid'], [{ ...q, content_type: type }, 'invalid']);
});
await test('twilio signs a field sent many times, we accept', async () => {
  const current = plain(32), url = twilio_url(), values = Array.from({ length: 1 + random(4) }, () => plain(2));
  const signature = twilio.getExpectedTwilioSignature(current, url, { To: values, A: 'b' });
  return expect({ driver: 'twilio', current, headers: { 'x-twilio-signature': signature }, body64: body64(encoded([...values.map((v) => ['To', v]), ['A', 'b']])), content_type: 'application/x-www-form-urlencoded', url, now_s }, 'ok');
});
await test('twilio signs JSON, we accept', async () => {
  const current = plain(32), body = payload(), url = `${twilio_url()}&bodySHA256=${twilio.getExpectedBodyHash(body)}`;
  const q = { driver: 'twilio', current, headers: { 'x-twilio-signature': twilio.getExpectedTwilioSignature(current, url, {}) }, body64: body64(body), content_type: type, url, now_s };
  return first([q, 'ok'], [{ ...q, body64: body64(spoil(body)) }, 'invalid'], [{ ...q, content_type: 'application/x-www-form-urlencoded' }, 'invalid']);
});
await test('twilio accepts what we sign', async () => {
  const current = plain(32), url = twilio_url(), pairs = [['MessageSid', plain()], ['Body', word(30)], ['To', '+15035550100']];
  const signature = await ask({ make: 'twilio', current, url, fields: encoded(pairs) });
  return twilio.validateRequest(current, signature, url, Object.fromEntries(pairs)) ? undefined : `${signature} for ${url}`;
});

const sha256 = (body) => createHash('sha256').update(body).digest('hex');
await test('jsonwebtoken signs for vonage, we accept', async () => {
  const body = payload(), current = plain(32), api_key = plain(8);
  const claims = { iss: 'Vonage', api_key, jti: plain(20), iat: now_s, payload_hash: sha256(body) };
  const ask_with = (token, more = {}) => ({ driver: 'vonage', current, api_key, headers: { authorization: `Bearer ${token}` }, body64: body64(body), content_type: type, now_s, ...more });
  const good = jwt.sign(claims, current, { algorithm: 'HS256' });
  if (!vonage.verifySignature(good, current)) return 'the vendor refuses it';
  return first([ask_with(good), 'ok'], [ask_with(good, { body64: body64(spoil(body)) }), 'invalid'], [ask_with(good, { now_s: now_s + 301 }), 'out_of_tolerance'],
    [ask_with(good, { api_key: 'other' }), 'invalid'], [ask_with(jwt.sign(claims, current, { algorithm: 'HS512' })), 'invalid'], [ask_with(jwt.sign(claims, null, { algorithm: 'none' })), 'invalid'],
    [ask_with(jwt.sign(claims, `${current}x`)), 'invalid'], [ask_with(good, { headers: {} }), 'missing']);
});
await test('vonage accepts what we sign', async () => {
  const body = payload(), current = plain(32), api_key = plain(8), jti = plain(20);
  const token = await ask({ make: 'vonage', current, api_key, jti, now_s, body64: body64(body) });
  const claims = jwt.verify(token, current, { algorithms: ['HS256'], clockTimestamp: now_s });
  return vonage.verifySignature(token, current) && claims.payload_hash === sha256(body) && claims.jti === jti && claims.api_key === api_key ? undefined : token;
});
await test('vonage sms as it is documented', async () => {
  const current = plain(32), method = ['sha256', 'sha512', 'sha1', 'md5', 'md5hash'][random(5)];
  const fields = { messageId: plain(), msisdn: '15035550100', text: word(30), status: 'delivered', timestamp: String(now_s), Upper: word() };
  const message = Object.keys(fields).sort().map((k) => `&${k}=${fields[k].replace(/[&=]/g, '_')}`).join('');
  const sig = method === 'md5hash' ? createHash('md5').update(message + current).digest('hex') : hmac(method, current, message);
  const q = { driver: 'vonage_sms', current, method, headers: {}, query: encoded([...Object.entries(fields), ['sig', sig]]), now_s };
  const form = { ...q, query: undefined, body64: body64(q.query), content_type: 'application/x-www-form-urlencoded' };
  return first([q, 'ok'], [form, 'ok'], [{ ...q, query: q.query.replace(sig, sig.toUpperCase()) }, 'ok'], [{ ...q, query: q.query.replace('delivered', 'failed') }, 'invalid'], [{ ...q, now_s: now_s - 301 }, 'out_of_tolerance'],
    [{ make: 'vonage_sms', current, method, fields: encoded(Object.entries(fields)) }, sig]);
});
await test('doku as it is documented', async () => {
  const body = payload(), current = `SK-${plain()}`, client_id = `MCH-${plain(4)}`, target = `/hooks/doku/${plain()}`, id = plain(), at = '2025-11-24T16:00:00Z';
  const digest = createHash('sha256').update(body).digest('base64');
  const signature = `HMACSHA256=${hmac('sha256', current, `Client-Id:${client_id}\nRequest-Id:${id}\nRequest-Timestamp:${at}\nRequest-Target:${target}\nDigest:${digest}`, 'base64')}`;
  const headers = { 'client-id': client_id, 'request-id': id, 'request-timestamp': at, signature };
  const q = { driver: 'doku', current, client_id, headers, body64: body64(body), content_type: type, path: target, now_s };
  return first([q, 'ok'], [{ ...q, path: `${target}x` }, 'invalid'], [{ ...q, headers: { ...headers, 'request-id': `${id}x` } }, 'invalid'], [{ ...q, now_s: now_s + 301 }, 'out_of_tolerance'], [{ ...q, headers: { signature } }, 'invalid']);
});

program.stdin.end();
process.exitCode = failed ? 1 : 0;
