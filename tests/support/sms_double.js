// Strict doubles of the SMS APIs of Twilio and Vonage: method, path, sign-in and body as the vendors document them.
const http = require('http');

const TWILIO = { sid: 'AC00000000000000000000000000000001', token: 'twilio_test_token' }, VONAGE = { key: 'abcd1234', secret: 'vonage_api_secret' };
const basic = (user, password) => `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;

async function sms_double() {
  const d = { violations: [], sent: [], say: [], n: 0, checks: 0, down: 0, asked: [], states: new Map() };
  const server = http.createServer((request, response) => {
    const parts = [];
    request.on('data', (p) => parts.push(p));
    request.on('end', () => {
      const text = Buffer.concat(parts).toString(), bad = (why) => d.violations.push(`${request.method} ${request.url}: ${why}`);
      const json = (status, value) => { response.writeHead(status, { 'Content-Type': 'application/json' }); response.end(JSON.stringify(value)); };
      // what the health check asks; `down` answers every call with this status
      if (d.down) return json(d.down, {});
      if (request.method === 'GET' && request.url === `/2010-04-01/Accounts/${TWILIO.sid}.json`) {
        if (request.headers.authorization !== basic(TWILIO.sid, TWILIO.token)) bad('authorization');
        d.checks++;
        return json(200, { sid: TWILIO.sid, status: 'active' });
      }
      if (request.method === 'GET' && request.url === `/account/get-balance?api_key=${VONAGE.key}&api_secret=${VONAGE.secret}`) { d.checks++; return json(200, { value: 3.14 }); }
      // what is asked of one message: `states` by its number
      const one = request.method === 'GET' && request.url.match(new RegExp(`^/2010-04-01/Accounts/${TWILIO.sid}/Messages/(SM\\w+)\\.json$`));
      if (one) {
        if (request.headers.authorization !== basic(TWILIO.sid, TWILIO.token)) bad('authorization');
        d.asked.push(one[1]);
        const state = d.states.get(one[1]);
        return json(state ? 200 : 404, state ? { sid: one[1], error_code: null, ...state } : { code: 20404 });
      }
      if (request.method !== 'POST') bad('method');
      const next = d.say.shift();                // checks that come by the clock take nothing of it
      if (request.url === `/2010-04-01/Accounts/${TWILIO.sid}/Messages.json`) {
        const form = Object.fromEntries(new URLSearchParams(text));
        if (request.headers.authorization !== basic(TWILIO.sid, TWILIO.token)) bad('authorization');
        if (request.headers['content-type'] !== 'application/x-www-form-urlencoded') bad('content type');
        if (!/^\+\d{8,15}$/.test(form.To) || !form.Body || !(form.From || form.MessagingServiceSid) || !/^https:\/\/.*\/hooks\/twilio\/[0-9a-f]{32}$/.test(form.StatusCallback)) bad(text);
        for (const k of Object.keys(form)) if (!['To', 'From', 'MessagingServiceSid', 'Body', 'StatusCallback'].includes(k)) bad(`unknown ${k}`);
        d.sent.push(form);
        if (next) return json(next.status, next.body);
        return json(201, { sid: `SM${String(++d.n).padStart(4, '0')}`, status: 'queued' });
      }
      if (request.url === '/v1/messages') {
        const body = JSON.parse(text);
        if (request.headers.authorization !== basic(VONAGE.key, VONAGE.secret)) bad('authorization');
        if (request.headers['content-type'] !== 'application/json') bad('content type');
        if (body.message_type !== 'text' || body.channel !== 'sms' || !/^\d{8,15}$/.test(body.to) || !body.from || !body.text || !body.client_ref || Object.keys(body).length !== 6) bad(text);
        d.sent.push(body);
        if (next) return json(next.status, next.body);
        return json(202, { message_uuid: `aaaaaaaa-bbbb-4ccc-8ddd-${String(++d.n).padStart(12, '0')}` });
      }
      if (request.url === '/sms/json') {
        const form = Object.fromEntries(new URLSearchParams(text));
        if (request.headers['content-type'] !== 'application/x-www-form-urlencoded') bad('content type');
        if (form.api_key !== VONAGE.key || form.api_secret !== VONAGE.secret) bad('key or secret');
        if (!/^\d{8,15}$/.test(form.to) || !form.from || !form.text || !form['client-ref'] || !/^https:\/\/.*\/hooks\/vonage_sms\/[0-9a-f]{32}$/.test(form.callback) || Object.keys(form).length !== 7) bad(text);
        d.sent.push(form);
        if (next) return json(next.status, next.body);
        return json(200, { 'message-count': '1', messages: [{ to: form.to, 'message-id': `0C${String(++d.n).padStart(6, '0')}`, status: '0' }] });
      }
      bad('no such call');
      return json(404, {});
    });
  });
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  return Object.assign(d, { url: `http://127.0.0.1:${server.address().port}`, stop: () => { server.closeAllConnections?.(); return new Promise((done) => server.close(done)); } });
}

module.exports = { sms_double, TWILIO, VONAGE };
