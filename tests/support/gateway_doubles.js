// Strict doubles of Razorpay, Paystack and DOKU, the parts that we use: they check method, path, sign-in, headers, query and
// body as the vendors document them, keep orders, payments, refunds and settlements, and sign webhooks as the vendors do.
// `violations` must be empty at the end of a test.
//
//   const d = await Razorpay.start();      d.url: for gateway_account.api_base
//   d.next('POST /v1/orders', 'lose')      the next such call is carried out, and its answer is lost
//   d.next('POST /refund', { status: 400, body: {...} })
const http = require('http');
const crypto = require('crypto');
const razorpay_utils = require('razorpay/dist/utils/razorpay-utils');

const hmac = (kind, key, message, form = 'hex') => crypto.createHmac(kind, key).update(message).digest(form);
// "a.b" of an object; every leaf of it
const leaves = (o, at = '') => Object.entries(o ?? {}).flatMap(([k, v]) => (v !== null && typeof v === 'object' && !Array.isArray(v) ? leaves(v, `${at}${k}.`) : [[`${at}${k}`, v]]));

class Double {
  static async start() {
    const d = new this();
    d.server = http.createServer((request, answer) => d.take(request, answer));
    await new Promise((done) => d.server.listen(0, '127.0.0.1', done));
    d.url = `http://127.0.0.1:${d.server.address().port}`;
    return d;
  }
  constructor() { Object.assign(this, { violations: [], seen: [], faults: [], orders: new Map(), payments: new Map(), refunds: [], settlements: [], n: 0 }); }
  stop() { this.server.closeAllConnections?.(); return new Promise((done) => this.server.close(done)); }
  next(call, fault) { this.faults.push({ call, fault }); }
  number() { return String(++this.n).padStart(6, '0'); }

  take(request, answer) {
    const parts = [];
    request.on('data', (p) => parts.push(p));
    request.on('end', () => {
      const url = new URL(request.url, 'http://double'), text = Buffer.concat(parts).toString('utf8');
      const [name, rule] = Object.entries(this.calls).find(([key]) => { const [m, path] = key.split(' '); return m === request.method && new RegExp(`^${path.replace(/:\w+/g, '([^/]+)')}$`).test(url.pathname); }) ?? [];
      const bad = (why) => this.violations.push(`${request.method} ${request.url}: ${why}`);
      let body = {};
      if (!rule) bad('no such call');
      else {
        const no = this.sign_in(request, text);
        if (no) bad(no);
        if (request.method === 'POST') {
          if (request.headers['content-type'] !== 'application/json') bad(`content type ${request.headers['content-type']}`);
          try { body = JSON.parse(text); } catch { bad('no JSON'); }
        } else if (text) bad('a GET with a body');
        const given = request.method === 'POST' ? leaves(body) : [...url.searchParams], rules = rule.given ?? {};
        for (const [k, v] of given) if (!rules[k]) bad(`unknown ${k}`); else if (!rules[k][0].test(String(v)) || (rules[k][2] && typeof v !== rules[k][2])) bad(`${k} = ${JSON.stringify(v)}`);
        for (const k of Object.keys(rules)) if (rules[k][1] && !given.some(([g]) => g === k)) bad(`${k} is missing`);
      }
      const at = this.faults.findIndex((f) => f.call === name), fault = at < 0 ? null : this.faults.splice(at, 1)[0].fault;
      this.seen.push({ call: name, body, query: Object.fromEntries(url.searchParams), headers: request.headers });
      const id = rule && url.pathname.match(new RegExp(`^${name.split(' ')[1].replace(/:\w+/g, '([^/]+)')}$`))?.[1];
      const [status, json] = fault && fault !== 'lose' ? [fault.status, fault.body ?? {}] : rule ? rule.does.call(this, { id, body, query: url.searchParams, headers: request.headers }) : [404, {}];
      if (fault === 'lose') { answer.writeHead(200, { 'Content-Length': '100' }); answer.write('{', () => request.socket.end()); return; }     // begun, so that nobody sends again by himself
      answer.writeHead(status, { 'Content-Type': 'application/json' });
      answer.end(JSON.stringify(json));
    });
  }
}

// ---- Razorpay: Basic key id and secret, JSON; a webhook's signature is over its body, its id in a header ------------------
class Razorpay extends Double {
  static keys = { key_id: 'rzp_test_Double000001', key_secret: 'rzp_secret_of_the_double', webhook_secret: 'rzp_hook_of_the_double' };
  sign_in(request) {
    const wanted = `Basic ${Buffer.from(`${Razorpay.keys.key_id}:${Razorpay.keys.key_secret}`).toString('base64')}`;
    return request.headers.authorization === wanted ? null : `authorization ${request.headers.authorization}`;
  }
  payment_of(order, status, more = {}) {
    const p = { id: `pay_Double${this.number()}`, entity: 'payment', amount: order.amount, currency: order.currency, status, order_id: order.id, method: 'upi', captured: status === 'captured', amount_refunded: 0, notes: order.notes, created_at: this.now_s(), error_code: null, error_description: null, ...more };
    this.payments.set(p.id, p);
    return p;
  }
  now_s() { return Math.floor((this.clock ? this.clock() : new Date()).getTime() / 1000); }
  order_of(intent_no) { return [...this.orders.values()].find((o) => o.receipt.startsWith(intent_no)); }
  refund_of(payment, amount, notes = {}, status = this.refund_status ?? 'processed') {
    const r = { id: `rfnd_Double${this.number()}`, entity: 'refund', amount, currency: this.payments.get(payment).currency, payment_id: payment, notes, receipt: null, status, created_at: this.now_s() };
    this.refunds.push(r);
    return r;
  }
  calls = {
    'GET /v1/payments': { given: { count: [/^1$/, 1] }, does() { return [200, { entity: 'collection', count: 0, items: [] }]; } },
    'POST /v1/orders': { given: { amount: [/^[1-9]\d*$/, 1, 'number'], currency: [/^[A-Z]{3}$/, 1], receipt: [/^.{1,40}$/, 1], 'notes.intent': [/^PI-\d{10}$/, 1] },
      does({ body }) { const o = { id: `order_Double${this.number()}`, entity: 'order', amount_paid: 0, amount_due: body.amount, status: 'created', attempts: 0, ...body }; this.orders.set(o.id, o); return [200, o]; } },
    'GET /v1/orders': { given: { receipt: [/^PI-/, 1] }, does({ query }) { const items = [...this.orders.values()].filter((o) => o.receipt === query.get('receipt')); return [200, { entity: 'collection', count: items.length, items }]; } },
    'GET /v1/orders/:id/payments': { does({ id }) { const items = [...this.payments.values()].filter((p) => p.order_id === id); return this.orders.has(id) ? [200, { entity: 'collection', count: items.length, items }] : [400, { error: { description: 'The id provided does not exist' } }]; } },
    'POST /v1/payments/:id/capture': { given: { amount: [/^[1-9]\d*$/, 1, 'number'], currency: [/^[A-Z]{3}$/, 1] }, does({ id, body }) {
      const p = this.payments.get(id);
      if (!p || p.amount !== body.amount || p.status !== 'authorized') return [400, { error: { code: 'BAD_REQUEST_ERROR', description: 'This payment has already been captured' } }];
      Object.assign(p, { status: 'captured', captured: true });
      return [200, p];
    } },
    'GET /v1/payments/:id/refunds': { given: { count: [/^100$/, 1] }, does({ id }) { const items = this.refunds.filter((r) => r.payment_id === id); return [200, { entity: 'collection', count: items.length, items }]; } },
    'POST /v1/payments/:id/refund': { given: { amount: [/^[1-9]\d*$/, 1, 'number'], receipt: [/^WA-RF-/, 1], 'notes.refund': [/^WA-RF-/, 1], 'notes.intent': [/^PI-\d{10}$/, 1] }, does({ id, body }) {
      const p = this.payments.get(id), left = p ? p.amount - this.refunds.filter((r) => r.payment_id === id && r.status !== 'failed').reduce((n, r) => n + r.amount, 0) : 0;
      if (!p || body.amount > left) return [400, { error: { code: 'BAD_REQUEST_ERROR', description: 'The total refund amount is greater than the refund payment amount' } }];
      return [200, this.refund_of(id, body.amount, body.notes)];
    } },
    'GET /v1/settlements': { given: { from: [/^\d{10}$/, 1], count: [/^100$/, 1] }, does() { return [200, { entity: 'collection', items: this.settlements.map((s) => s.head) }]; } },
    'GET /v1/settlements/:id': { does({ id }) { const s = this.settlements.find((x) => x.head.id === id); return s ? [200, s.head] : [400, { error: { description: 'The id provided does not exist' } }]; } },
    'GET /v1/settlements/recon/combined': { given: { year: [/^\d{4}$/, 1], month: [/^\d\d$/, 1], day: [/^\d\d$/, 1], count: [/^1000$/, 1], skip: [/^\d+$/, 1] }, does({ query }) {
      const wanted = `${query.get('year')}-${query.get('month')}-${query.get('day')}`, items = this.settlements.filter((s) => new Date((s.head.created_at + 19800) * 1000).toISOString().startsWith(wanted)).flatMap((s) => s.items);
      return [200, { entity: 'collection', count: items.length, items }];
    } },
  };
  // lines: { type, entity_id, amount, fee, payment_id }
  settle(lines) {
    const id = `setl_Double${this.number()}`, created_at = this.now_s();
    const items = lines.map((l) => ({ fee: 0, tax: 0, on_hold: false, settled: true, created_at, settled_at: created_at, settlement_id: id, payment_id: null, dispute_id: null, currency: 'USD', ...l, credit: l.type === 'payment' ? l.amount - (l.fee ?? 0) : 0, debit: l.type === 'payment' ? 0 : l.amount }));
    const amount = items.reduce((n, l) => n + l.credit - l.debit, 0);
    const head = { id, entity: 'settlement', amount, status: 'processed', fees: 0, tax: 0, utr: `UTR${id}`, created_at };
    this.settlements.push({ head, items });
    return head;
  }
  event(event, payload, { path, id = `evt_Double${this.number()}`, at_s = this.now_s(), secret = Razorpay.keys.webhook_secret } = {}) {
    const body = JSON.stringify({ entity: 'event', account_id: 'acc_Double', event, contains: Object.keys(payload), payload: Object.fromEntries(Object.entries(payload).map(([k, entity]) => [k, { entity }])), created_at: at_s });
    const signature = hmac('sha256', secret, body);
    if (!razorpay_utils.validateWebhookSignature(body, signature, secret)) throw new Error('the vendor refuses its own');
    return { method: 'POST', path, body, headers: { 'Content-Type': 'application/json', 'X-Razorpay-Signature': signature, 'x-razorpay-event-id': id } };
  }
  // What the hosted page posts back through the browser; good to the vendor's own library.
  returned(payment) {
    const signature = hmac('sha256', Razorpay.keys.key_secret, `${payment.order_id}|${payment.id}`);
    if (!razorpay_utils.validatePaymentVerification({ order_id: payment.order_id, payment_id: payment.id }, signature, Razorpay.keys.key_secret)) throw new Error('the vendor refuses its own');
    return { razorpay_order_id: payment.order_id, razorpay_payment_id: payment.id, razorpay_signature: signature };
  }
}

// ---- Paystack: bearer secret key, JSON; a webhook's signature is SHA-512 over its body with the same key ------------------
class Paystack extends Double {
  static keys = { secret_key: 'sk_test_paystack_double', public_key: 'pk_test_paystack_double' };
  sign_in(request) { return request.headers.authorization === `Bearer ${Paystack.keys.secret_key}` ? null : `authorization ${request.headers.authorization}`; }
  calls = {
    'GET /bank': { given: { perPage: [/^1$/, 1] }, does() { return [200, { status: true, message: 'Banks retrieved', data: [] }]; } },
    'POST /transaction/initialize': { given: { email: [/^[^@\s]+@[^@\s]+$/, 1], amount: [/^[1-9]\d*$/, 1, 'string'], currency: [/^(NGN|GHS|ZAR|KES|USD|XOF)$/, 1], reference: [/^[A-Za-z0-9.=-]+$/, 1], callback_url: [/^https:\/\//, 1], 'metadata.intent': [/^PI-\d{10}$/, 1], 'metadata.cancel_action': [/^https:\/\//, 1] },
      does({ body }) {
        if (this.orders.has(body.reference)) return [400, { status: false, message: 'Duplicate Transaction Reference', type: 'validation_error', code: 'duplicate_reference' }];
        const t = { id: 4000000000 + Number(this.number()), domain: 'test', status: 'abandoned', reference: body.reference, amount: Number(body.amount), currency: body.currency, channel: 'card', metadata: body.metadata, paid_at: null, gateway_response: 'The transaction was not completed', fees: null, authorization: {} };
        this.orders.set(t.reference, t);
        const access_code = `acc${this.number()}`;
        return [200, { status: true, message: 'Authorization URL created', data: { authorization_url: `https://checkout.paystack.com/${access_code}`, access_code, reference: t.reference } }];
      } },
    'GET /transaction/verify/:reference': { does({ id }) { const t = this.orders.get(id); return t ? [200, { status: true, message: 'Verification successful', data: t }] : [400, { status: false, message: 'Transaction reference not found.' }]; } },
    'GET /refund': { given: { transaction: [/^\d+$/, 1], perPage: [/^100$/, 1] }, does({ query }) { return [200, { status: true, message: 'Refunds retrieved', data: this.refunds.filter((r) => String(r.transaction) === query.get('transaction')) }]; } },
    'POST /refund': { given: { transaction: [/^\d+$/, 1], amount: [/^[1-9]\d*$/, 1, 'number'], currency: [/^[A-Z]{3}$/, 1], merchant_note: [/^WA-RF-/, 1] }, does({ body }) {
      const t = [...this.orders.values()].find((o) => String(o.id) === body.transaction), left = t ? t.amount - this.refunds.filter((r) => r.transaction === t.id && r.status !== 'failed').reduce((n, r) => n + r.amount, 0) : 0;
      if (!t || body.amount > left) return [400, { status: false, message: 'Refund amount cannot be more than the transaction amount' }];
      const r = { id: 3000000 + Number(this.number()), transaction: t.id, amount: body.amount, currency: t.currency, merchant_note: body.merchant_note, status: 'pending' };
      this.refunds.push(r);
      return [200, { status: true, message: 'Refund has been queued for processing', data: { ...r, transaction: { id: t.id, reference: t.reference, amount: t.amount } } }];
    } },
    'GET /settlement': { given: { perPage: [/^100$/, 1], status: [/^success$/, 1], from: [/^\d{4}-\d\d-\d\d$/, 1] }, does() { return [200, { status: true, message: 'Settlements retrieved', data: this.settlements.map((s) => s.head) }]; } },
    'GET /settlement/:id/transactions': { given: { perPage: [/^100$/, 1], page: [/^\d+$/, 1] }, does({ id, query }) { const s = this.settlements.find((x) => String(x.head.id) === id); return [200, { status: true, message: 'Transactions retrieved', data: s && query.get('page') === '1' ? s.items : [] }]; } },
  };
  pay(reference, more = {}) { return Object.assign(this.orders.get(reference), { status: 'success', gateway_response: 'Successful', paid_at: (this.clock ? this.clock() : new Date()).toISOString(), authorization: { last4: '4081', brand: 'visa' }, ...more }); }
  settle(items) {
    const gross = items.reduce((n, t) => n + t.amount, 0), fees = items.reduce((n, t) => n + t.fees, 0);
    const head = { id: 3090000 + Number(this.number()), domain: 'test', status: 'success', currency: items[0].currency, total_amount: gross - fees, effective_amount: gross - fees, total_fees: fees, total_processed: gross, deductions: null, settlement_date: (this.clock ? this.clock() : new Date()).toISOString() };
    this.settlements.push({ head, items });
    return head;
  }
  event(event, data, { path, secret = Paystack.keys.secret_key } = {}) {
    const body = JSON.stringify({ event, data });
    return { method: 'POST', path, body, headers: { 'Content-Type': 'application/json', 'x-paystack-signature': hmac('sha512', secret, body) } };
  }
}

// ---- DOKU: every request signed over its headers, its path and the digest of its body -----------------------------------
class Doku extends Double {
  static keys = { client_id: 'MCH-DOUBLE-0001', secret_key: 'SK-secret-of-the-double' };
  static signature({ client = Doku.keys.client_id, id, at, target, body, secret = Doku.keys.secret_key }) {
    const lines = [`Client-Id:${client}`, `Request-Id:${id}`, `Request-Timestamp:${at}`, `Request-Target:${target}`];
    if (body) lines.push(`Digest:${crypto.createHash('sha256').update(body).digest('base64')}`);
    return `HMACSHA256=${hmac('sha256', secret, lines.join('\n'), 'base64')}`;
  }
  sign_in(request, text) {
    const h = request.headers;
    if (h['client-id'] !== Doku.keys.client_id) return `client id ${h['client-id']}`;
    if (!/^.{1,128}$/.test(h['request-id'] ?? '')) return `request id ${h['request-id']}`;
    if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(h['request-timestamp'] ?? '')) return `request timestamp ${h['request-timestamp']}`;
    const wanted = Doku.signature({ id: h['request-id'], at: h['request-timestamp'], target: request.url, body: text });
    return h.signature === wanted ? null : `signature ${h.signature}`;
  }
  requests = new Map();
  calls = {
    'POST /checkout/v1/payment': { given: { 'order.amount': [/^[1-9]\d*$/, 1, 'number'], 'order.invoice_number': [/^[A-Za-z0-9-]{1,30}$/, 1], 'order.currency': [/^IDR$/, 1], 'order.callback_url': [/^https:\/\//, 1], 'order.callback_url_cancel': [/^https:\/\//, 1], 'order.auto_redirect': [/^true$/, 0, 'boolean'], 'payment.payment_due_date': [/^[1-9]\d{0,5}$/, 1, 'number'] },
      does({ body, headers }) {
        const key = headers['request-id'], before = this.requests.get(key);
        if (before) return before.same === JSON.stringify(body) ? before.answer : (this.violations.push(`Request-Id ${key} with another body`), [400, { message: ['DUPLICATE REQUEST'] }]);
        this.orders.set(body.order.invoice_number, { order: { invoice_number: body.order.invoice_number, amount: body.order.amount }, transaction: { status: 'PENDING' }, service: { id: 'VIRTUAL_ACCOUNT' } });
        const answer = [200, { message: ['SUCCESS'], response: { order: body.order, payment: { token_id: `tok${this.number()}`, url: `https://sandbox.doku.com/checkout-link-v2/tok${this.n}`, expired_date: '20260101000000' } } }];
        this.requests.set(key, { same: JSON.stringify(body), answer });
        return answer;
      } },
    'GET /orders/v1/status/:invoice': { does({ id }) { const o = this.orders.get(id); return o ? [200, o] : [404, { error: { code: 'data_not_found', message: 'Transaction is not found' } }]; } },
  };
  pay(invoice, status = 'SUCCESS') {
    const o = this.orders.get(invoice);
    o.transaction = { status, date: (this.clock ? this.clock() : new Date()).toISOString().replace(/\.\d+Z/, 'Z'), original_request_id: `req-${this.number()}` };
    return o;
  }
  notification(order, { path, at = this.clock ? this.clock() : new Date(), id = `req-${this.number()}`, secret = Doku.keys.secret_key, client = Doku.keys.client_id } = {}) {
    const body = JSON.stringify(order), stamp = at.toISOString().replace(/\.\d+Z/, 'Z');
    return { method: 'POST', path, body, headers: { 'Content-Type': 'application/json', 'Client-Id': client, 'Request-Id': id, 'Request-Timestamp': stamp, Signature: Doku.signature({ client, id, at: stamp, target: path, body, secret }) } };
  }
}

module.exports = { Razorpay, Paystack, Doku };
