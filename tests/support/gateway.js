// A double of a payment gateway (Stripe's checkout, as far as the hub speaks to it) and a TCP proxy before it that cuts.
const crypto = require('crypto');
const http = require('http');
const net = require('net');

const key = crypto.createHash('md5').update('stripe double').digest('hex');
const secret = 'sandbox-webhook-secret';            // the sandbox's own, whose sealed text the double's account shares

const listen = (server) => new Promise((done) => server.listen(0, '127.0.0.1', () => done(server.address().port)));

// What the gateway knows: sessions by key, and what was charged. `say`: the next answers, each a status or a function.
async function gateway() {
  const by_key = new Map(), sessions = new Map(), say = [], calls = [];
  let always = null, on_open = null;
  const server = http.createServer((request, response) => {
    const parts = [];
    request.on('data', (d) => parts.push(d));
    request.on('error', () => {});
    request.on('end', async () => {
      if (!request.complete) return;
      const body = Buffer.concat(parts).toString(), idempotency = request.headers['idempotency-key'];
      calls.push({ method: request.method, url: request.url, idempotency, body });
      const json = (status, value, headers = {}) => { response.writeHead(status, { 'Content-Type': 'application/json', ...headers }); response.end(JSON.stringify(value)); };
      const next = say.shift() ?? always;
      if (typeof next === 'number') { json(next, { error: { message: `The double says ${next}.` } }, next === 429 ? { 'Retry-After': '1' } : {}); return; }
      if (next) await next();
      if (request.method === 'GET') { const s = sessions.get(request.url.split(/[/?]/)[4]); json(s ? 200 : 404, s ?? { error: { message: 'no such session' } }); return; }
      const known = by_key.get(idempotency);
      if (known && known.body !== body) { json(400, { error: { message: 'Keys for idempotent requests can only be used with the same parameters.' } }); return; }
      if (!known) {
        const form = new URLSearchParams(body), id = `cs_test_${sessions.size + 1}`;
        sessions.set(id, { id, object: 'checkout.session', url: `https://checkout.stripe.com/c/pay/${id}`, status: 'open', payment_status: 'unpaid', payment_intent: null, currency: form.get('line_items[0][price_data][currency]'),
          amount_total: Number(form.get('line_items[0][price_data][unit_amount]')), client_reference_id: form.get('client_reference_id') });
        by_key.set(idempotency, { body, id });
      }
      const session = sessions.get(by_key.get(idempotency).id);
      if (on_open) await on_open(session);
      json(200, session);
    });
  });
  const port = await listen(server);
  return { port, calls, sessions, say, close: () => server.close(), closeAll: () => server.closeAllConnections(),
    set always(what) { always = what; }, set on_open(f) { on_open = f; },
    // The customer pays on the gateway's page: one charge, and the event that tells of it.
    charge(session) {
      Object.assign(session, { status: 'complete', payment_status: 'paid', payment_intent: `pi_${session.id}` });
      return { id: `evt_${session.id}`, type: 'checkout.session.completed', created: 0, data: { object: { ...session } } };
    },
    charges: () => [...sessions.values()].filter((s) => s.payment_status === 'paid').length };
}

// How the way to the gateway and back is cut. `times`: so many connections, then all pass.
const cuts = {
  'not reached':              (c) => c.client.resetAndDestroy?.() ?? c.client.destroy(),
  'time-out before':          () => {},
  'cut within the request':   (c) => c.forward({ bytes: 120 }),
  'answer lost':              (c) => c.forward({ answer: () => c.end() }),
  'time-out after':           (c) => c.forward({ answer: () => {} }),
  'cut after the status line': (c) => c.forward({ answer: () => { c.client.write('HTTP/1.1 200 OK\r\n'); setTimeout(c.end, 20); } }),
  'cut within the body':      (c) => c.forward({ answer: (all) => { c.client.write(all.subarray(0, all.length - 25)); setTimeout(c.end, 20); } }),
  'empty 200':                (c) => c.forward({ answer: () => c.client.end('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n') }),
  'HTML instead of JSON':     (c) => c.forward({ answer: () => c.client.end('HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 32\r\n\r\n<html><h1>Maintenance</h1></html>') }),
};

async function proxy(to_port) {
  const state = { cut: null, times: 0, connections: 0 };
  const sockets = new Set();
  const server = net.createServer((client) => {
    state.connections++;
    sockets.add(client);
    client.on('error', () => {});
    client.on('close', () => sockets.delete(client));
    const cut = state.cut && state.times-- > 0 ? cuts[state.cut] : null;
    const connect = () => { const up = net.connect(to_port, '127.0.0.1'); up.on('error', () => client.destroy()); sockets.add(up); up.on('close', () => sockets.delete(up)); return up; };
    if (!cut) { const up = connect(); client.pipe(up); up.pipe(client); return; }
    const c = { client, end: () => client.destroy(), forward({ bytes = Infinity, answer }) {
      const up = connect();
      let sent = 0;
      client.on('data', (d) => { const part = d.subarray(0, Math.max(0, bytes - sent)); sent += part.length; if (part.length) up.write(part); if (sent >= bytes) { up.destroy(); client.destroy(); } });
      let got = Buffer.alloc(0), whole = false;
      up.on('data', (d) => { got = Buffer.concat([got, d]); const head = got.indexOf('\r\n\r\n'); if (!whole && head > 0 && /\r\n0\r\n\r\n$|\}$/.test(got.toString('latin1'))) { whole = true; answer?.(got); up.destroy(); } });
    } };
    cut(c);
  });
  const port = await listen(server);
  return Object.assign(state, { port, close: () => { sockets.forEach((s) => s.destroy()); server.close(); } });
}

// The utility's gateway of that kind, first in order, at a port of this machine.
function account(instance, port) {
  instance.sql("delete from smart360.webhook_route where driver = 'stripe'; delete from gateway_account where driver = 'stripe'");     // the set's own
  instance.sql(`insert into gateway_account (utility_id, driver, label, mode, status, webhook_secret_current_enc, endpoint_key, api_base, methods, currencies, priority)
      select utility_id, 'stripe', 'Card', 'test', 'active', webhook_secret_current_enc, '${key}', 'http://127.0.0.1:${port}', methods, currencies, 1 from gateway_account where driver = 'sandbox'`);
  instance.sql(`insert into smart360.webhook_route (endpoint_key, tenant_id, utility_id, driver, source, account_ref, active)
      select '${key}', r.tenant_id, r.utility_id, 'stripe', 'gateway', (select id from gateway_account where driver = 'stripe'), 1 from smart360.webhook_route r where r.driver = 'sandbox' and r.source = 'gateway'`);
}

// A signed event of that gateway as request() takes it.
function event(instance, body_of, { at = instance.now(), with_secret = secret } = {}) {
  const t = Math.floor(at.getTime() / 1000), body = JSON.stringify({ ...body_of, created: body_of.created || t });
  const v1 = crypto.createHmac('sha256', with_secret).update(`${t}.${body}`).digest('hex');
  return { method: 'POST', path: `/hooks/stripe/${key}`, body, headers: { 'Content-Type': 'application/json', 'Stripe-Signature': `t=${t},v1=${v1}` } };
}

// The consumer of HUB-FIX up to the button that leads to the gateway: the public id of the payment.
async function begin(who, bill, amount) {
  const page = await who.get('/pay').is(200);
  const keep = Object.fromEntries([...page.body.matchAll(/<input type="hidden" name="(csrf|form_key)" value="([^"]*)"/g)].map((m) => [m[1], m[2]]));
  const r = await who.post('/pay', { ...keep, [`pick_${bill}`]: '1', [`amount_${bill}`]: amount, again: '1' }, { raw: true }).is(303);
  return r.location.match(/\/pay\/([A-Za-z0-9_-]{22})$/)[1];
}

// The page with that button: where several gateways are open the first one is chosen before.
async function review(who, id) {
  const [, way] = (await who.get(`/pay/${id}`).is(200)).body.match(/name="way" value="([^"]+)"/) || [];
  return way ? `/pay/${id}?way=${encodeURIComponent(way)}` : `/pay/${id}`;
}

module.exports = { gateway, proxy, cuts, account, event, begin, review };
