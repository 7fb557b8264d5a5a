// A strict double of Stripe's API, the part of it that we use. It keeps sessions, payments, refunds and payouts as Stripe
// does, answers a repeated Idempotency-Key with the first answer, and writes down whatever a real Stripe would not take: a wrong
// method, path, header, parameter or value. `violations` must be empty at the end of a test.
//
//   const double = await StripeDouble.start({ now: () => instance().now() });      double.url: for gateway_account.api_base
//   double.next('POST /v1/refunds', 'lose')         the next such call is carried out, and its answer is lost
//   double.next('POST /v1/refunds', { status: 402, body: {...} })
//   double.hold('GET /v1/payouts/:id')              the next such call is answered as things stand when it comes, but only after
//                                                   release(): { asked, release }, asked is a promise
//   double.pay(session)                             the customer pays on the hosted page
//   double.event('refund.updated', object)          a webhook's request, signed by Stripe's own library
const http = require('http');
const crypto = require('crypto');
const Stripe = require('stripe');

const KEY = 'sk_test_double', HOOK_SECRET = 'whsec_test_double', VERSION = '2024-06-20';
const hook_path = `/hooks/stripe/${crypto.createHash('md5').update('swa-w/gateway/stripe').digest('hex')}`;

// method path -> the parameters it takes: name, pattern of the value, whether it must be there.
const calls = {
  'POST /v1/checkout/sessions': { mode: [/^payment$/, 1], client_reference_id: [/^PI-\d{10}$/, 1], 'metadata[intent]': [/^PI-\d{10}$/, 1], 'payment_intent_data[metadata][intent]': [/^PI-\d{10}$/, 1],
    'line_items[0][quantity]': [/^1$/, 1], 'line_items[0][price_data][currency]': [/^usd$/, 1], 'line_items[0][price_data][unit_amount]': [/^[1-9]\d*$/, 1], 'line_items[0][price_data][product_data][name]': [/\S/, 1],
    success_url: [/^https:\/\//, 1], cancel_url: [/^https:\/\//, 1], expires_at: [/^\d{10}$/, 1],
    'payment_method_types[0]': [/^(card|us_bank_account)$/, 0], customer_creation: [/^always$/, 0], 'payment_intent_data[setup_future_usage]': [/^off_session$/, 0] },
  // The same path in mode "setup": a card is kept, nothing is charged.
  'POST /v1/checkout/sessions setup': { mode: [/^setup$/, 1], customer: [/^cus_/, 1], 'payment_method_types[0]': [/^card$/, 1], client_reference_id: [/^[A-Za-z0-9_-]{22}$/, 1],
    success_url: [/^https:\/\//, 1], cancel_url: [/^https:\/\//, 1] },
  'GET /v1/checkout/sessions/:id': { 'expand[]': [/^payment_intent$|^(setup|payment)_intent\.payment_method$/, 1] },
  'POST /v1/customers': { email: [/^\S+@\S+$/, 1], 'metadata[setup]': [/^[A-Za-z0-9_-]{22}$/, 1] },
  'POST /v1/payment_intents': { amount: [/^[1-9]\d*$/, 1], currency: [/^usd$/, 1], customer: [/^cus_/, 1], payment_method: [/^pm_/, 1], off_session: [/^true$/, 1], confirm: [/^true$/, 1], description: [/\S/, 1], 'metadata[intent]': [/^PI-\d{10}$/, 1] },
  'GET /v1/payment_intents/:id': {},
  'POST /v1/payment_methods/:id/detach': {},
  'POST /v1/refunds': { payment_intent: [/^pi_/, 1], amount: [/^[1-9]\d*$/, 1], reason: [/^(duplicate|fraudulent|requested_by_customer)$/, 0], 'metadata[refund]': [/^(WA|SUB)-RF-/, 1], 'metadata[intent]': [/^PI-\d{10}$/, 1] },
  'GET /v1/refunds': { payment_intent: [/^pi_/, 1], limit: [/^100$/, 1] },
  'GET /v1/balance': {},
  'GET /v1/payouts/:id': {},
  'GET /v1/payouts': { status: [/^paid$/, 1], 'arrival_date[gte]': [/^\d{10}$/, 1], limit: [/^100$/, 1], starting_after: [/^po_/, 0] },
  'GET /v1/balance_transactions': { payout: [/^po_/, 1], limit: [/^100$/, 1], 'expand[]': [/^data\.source$/, 1], starting_after: [/^txn_/, 0] },
};

class StripeDouble {
  static async start({ now }) {
    const d = new StripeDouble();
    d.now = now;                                                        // the clock of the instance: a page must be open for half an hour
    d.server = http.createServer((request, answer) => d.take(request, answer));
    await new Promise((done) => d.server.listen(0, '127.0.0.1', done));
    d.url = `http://127.0.0.1:${d.server.address().port}`;
    return d;
  }
  constructor() { Object.assign(this, { violations: [], seen: [], keys: new Map(), faults: [], sessions: new Map(), payments: new Map(), refunds: [], payouts: new Map(), customers: new Map(), cards: new Map(), declines: [], n: 0 }); }
  stop() { this.server.closeAllConnections?.(); return new Promise((done) => this.server.close(done)); }
  next(call, fault) { this.faults.push({ call, fault }); }
  hold(call) {
    const held = {};
    held.asked = new Promise((done) => { held.comes = done; });
    held.released = new Promise((done) => { held.release = done; });
    this.next(call, { held });
    return held;
  }
  id(prefix) { return `${prefix}_double${String(++this.n).padStart(6, '0')}`; }

  take(request, answer) {
    const parts = [];
    request.on('data', (p) => parts.push(p));
    request.on('end', async () => {
      const url = new URL(request.url, 'http://double'), text = Buffer.concat(parts).toString('utf8');
      const id = url.pathname.match(/^\/v1\/(?:checkout\/sessions|payouts|payment_intents|payment_methods)\/([^/]+)(?:\/detach)?$/)?.[1];
      const call = `${request.method} ${id ? url.pathname.replace(id, ':id') : url.pathname}`;
      const given = new URLSearchParams(request.method === 'GET' ? url.search : text);
      this.check(given.get('mode') === 'setup' ? `${call} setup` : call, request, text, given);
      const at = this.faults.findIndex((f) => f.call === call), fault = at < 0 ? null : this.faults.splice(at, 1)[0].fault;
      this.seen.push({ call, key: request.headers['idempotency-key'] ?? null, given: Object.fromEntries(given) });
      const [status, body, headers] = fault && fault !== 'lose' && !fault.held ? [fault.status, fault.body ?? {}, fault.headers] : this.once(call, request.headers['idempotency-key'], given, id);
      if (fault === 'lose') { answer.writeHead(200, { 'Content-Length': '100' }); answer.write('{', () => request.socket.end()); return; }     // begun, so that nobody sends again by himself
      const said = JSON.stringify(body);
      if (fault?.held) { fault.held.comes(); await fault.held.released; }
      answer.writeHead(status, { 'Content-Type': 'application/json', ...headers });
      answer.end(said);
    });
  }

  check(call, request, text, given) {
    const bad = (why) => this.violations.push(`${call}: ${why}`), known = calls[call], h = request.headers;
    if (!known) { bad('no such call'); return; }
    if (h.authorization !== `Bearer ${KEY}`) bad(`authorization ${h.authorization}`);
    if (h['stripe-version'] !== VERSION) bad(`version ${h['stripe-version']}`);
    if (request.method === 'POST' && h['content-type'] !== 'application/x-www-form-urlencoded') bad(`content type ${h['content-type']}`);
    if (request.method === 'POST' && !/^[\x21-\x7e]{1,255}$/.test(h['idempotency-key'] ?? '')) bad(`idempotency key ${h['idempotency-key']}`);
    if (request.method === 'GET' && (text || h['idempotency-key'])) bad('a GET with a body or a key');
    for (const [name, value] of given) {
      if (!known[name]) bad(`unknown parameter ${name}`);
      else if (!known[name][0].test(value)) bad(`${name} = ${value}`);
    }
    for (const name of Object.keys(known)) {
      if (known[name][1] && !given.has(name)) bad(`${name} is missing`);
      if (given.getAll(name).length > (name === 'expand[]' ? 2 : 1)) bad(`${name} is given twice`);
    }
  }

  // The same key again gives the first answer; with other parameters it is refused, as Stripe does.
  once(call, key, given, id) {
    if (!key) return this.carry_out(call, given, id);
    const before = this.keys.get(key), same = `${call}?${given}`;
    if (before && before.same !== same) { this.violations.push(`${call}: key ${key} with other parameters`); return [400, { error: { type: 'idempotency_error', message: 'Keys for idempotent requests can only be used with the same parameters.' } }]; }
    if (before) return [before.answer[0], before.answer[1], { 'Idempotent-Replayed': 'true' }];
    const answer = this.carry_out(call, given, id);
    this.keys.set(key, { same, answer });
    return answer;
  }

  carry_out(call, given, id) {
    const missing = (what) => [404, { error: { type: 'invalid_request_error', code: 'resource_missing', message: `No such ${what}` } }];
    if (call === 'POST /v1/customers') {
      const customer = { id: this.id('cus'), object: 'customer', email: given.get('email'), metadata: { setup: given.get('metadata[setup]') } };
      this.customers.set(customer.id, customer);
      return [200, customer];
    }
    if (call === 'POST /v1/checkout/sessions' && given.get('mode') === 'setup') {
      if (!this.customers.has(given.get('customer'))) return missing('customer');
      const s = { id: this.id('cs_test'), object: 'checkout.session', mode: 'setup', status: 'open', payment_status: 'no_payment_required', payment_intent: null, setup_intent: null, customer: given.get('customer'), client_reference_id: given.get('client_reference_id'), url: null };
      s.url = `https://checkout.stripe.com/c/pay/${s.id}`;
      this.sessions.set(s.id, s);
      return [200, s];
    }
    if (call === 'POST /v1/payment_methods/:id/detach') {
      const card = this.cards.get(id);
      if (!card?.customer) return [400, { error: { type: 'invalid_request_error', message: 'The payment method is not attached to a customer.' } }];
      card.customer = null;
      return [200, card];
    }
    if (call === 'POST /v1/payment_intents') return this.charge_card(given);
    if (call === 'GET /v1/payment_intents/:id') return this.payments.has(id) ? [200, this.payments.get(id)] : missing('payment_intent');
    if (call === 'POST /v1/checkout/sessions') {
      const left = Number(given.get('expires_at')) - Math.floor(this.now().getTime() / 1000), wrong = left < 1800 ? 'at least 30 minutes' : left > 86400 ? 'less than 24 hours' : null;
      if (wrong) return [400, { error: { type: 'invalid_request_error', param: 'expires_at', message: `The \`expires_at\` timestamp must be ${wrong} from Checkout Session creation.` } }];
      const s = { id: this.id('cs_test'), object: 'checkout.session', status: 'open', payment_status: 'unpaid', payment_intent: null, client_reference_id: given.get('client_reference_id'), currency: 'usd',
        mode: 'payment', keeps: given.get('payment_intent_data[setup_future_usage]') === 'off_session', customer: null,
        amount_total: Number(given.get('line_items[0][price_data][unit_amount]')), metadata: { intent: given.get('metadata[intent]') }, url: null };
      s.url = `https://checkout.stripe.com/c/pay/${s.id}`;
      this.sessions.set(s.id, s);
      return [200, s];
    }
    if (call === 'GET /v1/checkout/sessions/:id') {
      const s = this.sessions.get(id);
      if (!s) return missing('checkout.session');
      const wanted = given.getAll('expand[]'), with_card = (kind, o) => o && { ...o, payment_method: wanted.includes(`${kind}.payment_method`) ? this.cards.get(o.payment_method) ?? null : o.payment_method ?? null };
      const payment = s.payment_intent ? this.payments.get(s.payment_intent) : null;
      return [200, { ...s, payment_intent: with_card('payment_intent', payment), setup_intent: with_card('setup_intent', s.setup_intent ?? null) }];
    }
    if (call === 'POST /v1/refunds') {
      const p = this.payments.get(given.get('payment_intent')), amount = Number(given.get('amount'));
      if (!p) return missing('payment_intent');
      if (amount > p.amount - this.refunded(p.id)) return [400, { error: { type: 'invalid_request_error', code: 'charge_already_refunded', message: 'Refund amount is greater than unrefunded amount on charge.' } }];
      return [200, this.refund(p.id, amount, { refund: given.get('metadata[refund]'), intent: given.get('metadata[intent]') })];
    }
    if (call === 'GET /v1/balance') return [200, { object: 'balance', livemode: false, available: [{ amount: 0, currency: 'usd' }], pending: [] }];
    if (call === 'GET /v1/refunds') return [200, { object: 'list', has_more: false, data: this.refunds.filter((r) => r.payment_intent === given.get('payment_intent')) }];
    if (call === 'GET /v1/payouts') {
      const all = [...this.payouts.values()].map((p) => p.payout).filter((p) => p.arrival_date >= Number(given.get('arrival_date[gte]'))), from = given.get('starting_after') ? all.findIndex((p) => p.id === given.get('starting_after')) + 1 : 0, size = this.page_size ?? 100;
      return [200, { object: 'list', has_more: from + size < all.length, data: all.slice(from, from + size) }];
    }
    if (call === 'GET /v1/payouts/:id') return this.payouts.has(id) ? [200, this.payouts.get(id).payout] : missing('payout');
    if (call === 'GET /v1/balance_transactions') {
      const all = this.payouts.get(given.get('payout'))?.lines ?? [], from = given.get('starting_after') ? all.findIndex((t) => t.id === given.get('starting_after')) + 1 : 0, size = this.page_size ?? 100;
      return [200, { object: 'list', has_more: from + size < all.length, data: all.slice(from, from + size) }];
    }
    return [404, { error: { message: 'Unrecognized request URL' } }];
  }

  // ---- what happens at Stripe ----
  refunded(payment) { return this.refunds.filter((r) => r.payment_intent === payment && r.status !== 'failed').reduce((n, r) => n + r.amount, 0); }
  refund(payment, amount, metadata = {}, status = this.refund_status ?? 'succeeded') {
    const r = { id: this.id('re'), object: 'refund', amount, currency: this.payments.get(payment).currency, payment_intent: payment, charge: this.payments.get(payment).latest_charge, status, metadata, failure_reason: null };
    this.refunds.push(r);
    return r;
  }
  // The customer gives a card on the page of a session in mode setup.
  card(customer, last4 = '4242') {
    const card = { id: this.id('pm'), object: 'payment_method', type: 'card', customer, card: { brand: 'visa', last4, exp_month: 12, exp_year: 2030 } };
    this.cards.set(card.id, card);
    return card;
  }
  keep_card(session, last4) {
    const card = this.card(session.customer, last4);
    return Object.assign(session, { status: 'complete', setup_intent: { id: this.id('seti'), object: 'setup_intent', status: 'succeeded', payment_method: card.id } });
  }
  // A card charged without a person: the next of `declines` ({ code, decline_code, message }), else it succeeds.
  charge_card(given) {
    const card = this.cards.get(given.get('payment_method')), amount = Number(given.get('amount')), no = this.declines.shift();
    if (!card || card.customer !== given.get('customer')) return [400, { error: { type: 'invalid_request_error', code: 'payment_method_unexpected_state', message: 'The payment method is not attached to the customer.' } }];
    const p = { id: this.id('pi'), object: 'payment_intent', amount, amount_received: no ? 0 : amount, currency: 'usd', status: no ? 'requires_payment_method' : 'succeeded', latest_charge: this.id('ch'), customer: card.customer,
      payment_method: no ? null : card.id, metadata: { intent: given.get('metadata[intent]') }, last_payment_error: no ? { type: 'card_error', ...no } : null };
    this.payments.set(p.id, p);
    return no ? [402, { error: { type: 'card_error', ...no, payment_intent: p } }] : [200, p];
  }
  pay(session, amount = session.amount_total) {
    if (session.keeps) session.customer = this.id('cus');
    const p = { id: this.id('pi'), object: 'payment_intent', amount, amount_received: amount, currency: 'usd', status: 'succeeded', latest_charge: this.id('ch'), payment_method: session.keeps ? this.card(session.customer).id : null, metadata: session.metadata };
    this.payments.set(p.id, p);
    Object.assign(session, { status: 'complete', payment_status: 'paid', payment_intent: p.id });
    return p;
  }
  session_of(intent_no) { return [...this.sessions.values()].find((s) => s.client_reference_id === intent_no); }
  charge(payment) { const p = this.payments.get(payment); return { id: p.latest_charge, object: 'charge', amount: p.amount, amount_refunded: this.refunded(p.id), refunded: this.refunded(p.id) >= p.amount, currency: 'usd', payment_intent: p.id, metadata: p.metadata }; }
  dispute(payment, status, { fee = 1500, amount = this.payments.get(payment).amount, id = this.id('dp') } = {}) {
    const p = this.payments.get(payment);
    const withdrawn = status.startsWith('warning') ? [] : [{ id: this.id('txn'), amount: -amount, fee, net: -amount - fee, currency: 'usd', type: 'adjustment', reporting_category: 'dispute' }];
    if (status === 'won') withdrawn.push({ id: this.id('txn'), amount, fee: -fee, net: amount + fee, currency: 'usd', type: 'adjustment', reporting_category: 'dispute_reversal' });
    return { id, object: 'dispute', amount, currency: 'usd', charge: p.latest_charge, payment_intent: p.id, reason: 'fraudulent', status, evidence_details: { due_by: 1780000000 }, balance_transactions: withdrawn, metadata: {} };
  }
  // A payout of these lines: { type, amount, fee, source } as balance transactions.
  payout(lines, arrival = 1776300000) {
    const id = this.id('po');
    const all = lines.map((l) => ({ id: this.id('txn'), object: 'balance_transaction', currency: 'usd', fee: 0, created: arrival - 86400, reporting_category: l.type, ...l, net: l.amount - (l.fee ?? 0) }));
    const net = all.reduce((n, l) => n + l.net, 0);
    all.push({ id: this.id('txn'), object: 'balance_transaction', currency: 'usd', type: 'payout', reporting_category: 'payout', amount: -net, fee: 0, net: -net, created: arrival, source: { id, object: 'payout' } });
    const payout = { id, object: 'payout', amount: net, currency: 'usd', arrival_date: arrival, status: 'paid', automatic: true, reconciliation_status: 'completed' };
    this.payouts.set(id, { payout, lines: all });
    return payout;
  }

  // ---- webhooks ----
  event(type, object, { id = this.id('evt'), at = new Date(), secret = HOOK_SECRET, live = false } = {}) {
    const timestamp = Math.floor(at.getTime() / 1000);
    const body = JSON.stringify({ id, object: 'event', api_version: VERSION, created: timestamp, livemode: live, type, data: { object } });
    const header = Stripe.webhooks.generateTestHeaderString({ payload: body, secret, timestamp });
    return { method: 'POST', path: hook_path, body, headers: { 'Content-Type': 'application/json; charset=utf-8', 'Stripe-Signature': header } };
  }
}

module.exports = { StripeDouble };
