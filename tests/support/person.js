// Somebody who uses SMART360 by HTTP: as('billing_manager').post('/bx/gl-codes', {...}).refuses(422, 'code', '...').
//
// Paths are written as in the specification; the utility's prefix is added (/u/swa-w, for portal users /p/swa-w) unless
// they are of the tenant (/login, /org/..., /utilities, /platform/...). A post looks for the form with that action, as
// a person would have it on the screen, and sends its hidden fields and values with the given ones in their place.
const http = require('http');
const https = require('https');
const crypto = require('crypto');
const { expect } = require('@playwright/test');
const html = require('./html');

const agent = new https.Agent({ keepAlive: true, maxSockets: 128, rejectUnauthorized: false });
const plain_agent = new http.Agent({ keepAlive: true, maxSockets: 128 });
const once = new https.Agent({ rejectUnauthorized: false }), plain_once = new http.Agent();
const scheme = (instance) => (instance?.is_plain ? 'http' : 'https');         // benches work on instances without TLS
const tenant_paths = /^\/(login|password|invite|logout|account|menu|me|setup|org|utilities|u|p|b|n|s|hooks|sandbox|razorpay|api|platform|health|metrics|_errors)(\/|\?|$)/;
const plain = (s) => String(s).replace(/[\s\u00a0]+/g, ' ').trim();

// One HTTP request to the instance; { status, headers, body, location }. A kept connection that nginx had closed while
// this process stood still (a new fixture set takes a while) answers nothing: what was sent on it goes out again, on one
// of its own, for the other kept ones are closed by then as well.
async function request(instance, options) {
  try { return await exchange(instance, options); } catch (e) { if (!e.was_closed) throw e; return exchange(instance, options, true); }
}

function exchange(instance, { host, method = 'GET', path, headers = {}, body, address }, anew = false) {
  const at = instance.is_plain ? (anew ? plain_once : plain_agent) : anew ? once : agent;
  return new Promise((done, bad) => {
    const r = (instance.is_plain ? http : https).request({ host: '127.0.0.1', port: instance.port, servername: host, method, path, agent: at, localAddress: address, timeout: 60000,
      headers: { Host: host, ...headers, ...(body === undefined ? {} : { 'Content-Length': Buffer.byteLength(body) }) } }, (answer) => {
      const parts = [];
      answer.on('data', (d) => parts.push(d));
      answer.on('error', bad);
      answer.on('end', () => {
        const bytes = Buffer.concat(parts);
        done({ status: answer.statusCode, headers: answer.headers, bytes, body: bytes.toString('utf8'), location: answer.headers.location });
      });
    });
    r.on('timeout', () => r.destroy(new Error(`no answer in 60 s: ${method} ${path}`)));
    r.on('error', (e) => bad(Object.assign(e, { was_closed: r.reusedSocket && e.code === 'ECONNRESET' })));
    r.end(body);
  });
}

function urlencoded(pairs) { return pairs.map(([k, v]) => `${encodeURIComponent(k)}=${encodeURIComponent(v)}`).join('&'); }

function multipart(pairs, files) {
  const boundary = `----s360${crypto.randomBytes(12).toString('hex')}`;
  const parts = pairs.map(([k, v]) => Buffer.from(`--${boundary}\r\nContent-Disposition: form-data; name="${k}"\r\n\r\n${v}\r\n`));
  for (const [name, file] of Object.entries(files)) for (const f of [file].flat()) parts.push(
    Buffer.from(`--${boundary}\r\nContent-Disposition: form-data; name="${name}"; filename="${f.name}"\r\nContent-Type: ${f.type ?? 'application/octet-stream'}\r\n\r\n`),
    Buffer.from(f.content), Buffer.from('\r\n'));
  return { type: `multipart/form-data; boundary=${boundary}`, body: Buffer.concat([...parts, Buffer.from(`--${boundary}--\r\n`)]) };
}

class Person {
  // who: { email, realm } or null for somebody who is not signed in.
  constructor(instance, { email = null, host = 'swa.smart360.test', prefix = '/u/swa-w' } = {}) {
    Object.assign(this, { instance, email, host, prefix, cookies: {}, last: null, seen_at: instance?.now() });
  }

  path(p) { return this.prefix === '/p/swa-w' ? (/^\/(u|p|b|n|s|hooks|sandbox|razorpay|api|health)\//.test(p) ? p : this.prefix + p) : tenant_paths.test(p) || p === '/' ? p : this.prefix + p; }

  // Opens a session by the command of test instances: no password, no second factor, no limits.
  sign_in() {
    if (!this.email || this.signed_in) return this;
    const [name, value] = this.instance.command('user', 'session', this.email).trim().split('=');
    this.cookies[name] = value;
    this.signed_in = true;
    return this;
  }

  async send(method, path, { headers = {}, body } = {}) {
    this.sign_in();
    this.seen_at = this.instance.now();
    const cookie = Object.entries(this.cookies).map(([k, v]) => `${k}=${v}`).join('; ');
    const answer = await request(this.instance, { host: this.host, method, path, body, headers: { ...(cookie ? { Cookie: cookie } : {}), ...headers } });
    for (const line of [answer.headers['set-cookie'] ?? []].flat()) {
      const [, name, value] = line.match(/^([^=]+)=([^;]*)/);
      if (value === '' || /max-age=0(;|$)/i.test(line)) delete this.cookies[name]; else this.cookies[name] = value;
    }
    return Object.assign(answer, { method, path, person: this, text: html.text_of(answer.body) });
  }

  get(path, options = {}) {
    return new Answer((async () => {
      const answer = await this.send('GET', this.path(path), options);
      if (answer.status === 200) this.last = answer;
      return answer;
    })());
  }

  // options: from (page with the form), submit (text or name=value of the button), raw (no form: only these fields),
  // json (body), files ({ field: { name, type, content } }), headers.
  post(path, fields = {}, options = {}) {
    return new Answer((async () => {
      const to = this.path(path);
      const headers = { Origin: `${scheme(this.instance)}://${this.host}`, 'Sec-Fetch-Site': 'same-origin', ...options.headers };
      if (options.json !== undefined) return this.send('POST', to, { headers: { 'Content-Type': 'application/json', ...headers }, body: JSON.stringify(options.json) });
      if (options.body !== undefined) return this.send('POST', to, { headers, body: options.body });
      const pairs = options.raw ? [] : await this.form_fields(to, options);
      const given = Object.entries(fields);
      const sent = [...pairs.filter(([k]) => !given.some(([g]) => g === k)), ...given.flatMap(([k, v]) => v === null || v === undefined ? [] : [v].flat().map((x) => [k, String(x)]))];
      if (options.files) {
        const { type, body } = multipart(sent, options.files);
        return this.send('POST', to, { headers: { 'Content-Type': type, ...headers }, body });
      }
      return this.send('POST', to, { headers: { 'Content-Type': 'application/x-www-form-urlencoded', ...headers }, body: urlencoded(sent) });
    })());
  }

  // The fields of the form that posts to `to`: on options.from, the page seen last, `to` itself, its /new, /edit or parent.
  async form_fields(to, options) {
    to = to.replace(/\?.*/, '');
    const parent = to.replace(/\/[^/]*$/, '');
    const pages = options.from ? [this.path(options.from)] : [...new Set([this.last?.path, to, `${to}/new`, `${to}/edit`, parent, parent.replace(/\/[^/]*$/, '')].filter(Boolean))];
    let any = null;
    for (const page of pages) {
      const first = await this.send('GET', page), answer = options.from ? await follow(first) : first;
      if (answer.status !== 200) continue;
      for (const form of html.forms(answer.body).filter((f) => f.method === 'post')) {
        const action = (a) => new URL(a || page, `https://${this.host}${page}`).pathname;
        const button = form.submits.find((s) => (options.submit ? s.text === options.submit || `${s.name}=${s.value}` === options.submit : s.action && action(s.action) === to));
        if (action(form.action) === to || (button?.action && action(button.action) === to))
          return [...form.fields, ...(button?.name ? [[button.name, button.value]] : [])];
        if (!any && form.fields.some(([k]) => k === 'csrf')) any = form.fields.filter(([k]) => k === 'csrf' || k === 'form_key');
      }
      if (options.from) throw new Error(`${page} has no form that posts to ${to}; its forms: ${html.forms(answer.body).map((f) => `${f.method} ${f.action}`).join(', ')}`);
    }
    return any ?? [];
  }

  // The same person in the browser: cookies of this session in the page's context, then the page.
  async browse(page, path) {
    this.sign_in();
    await page.context().addCookies(Object.entries(this.cookies).map(([name, value]) => ({ name, value, url: `https://${this.host}/`, secure: true, httpOnly: true, sameSite: 'Lax' })));
    if (path) return page.goto(`https://${this.host}${this.path(path)}`);
    return null;
  }
}

// A promise of an answer with the questions a test asks of it; each may be awaited and they may be chained.
class Answer {
  constructor(promise) { this.promise = promise; }
  then(a, b) { return this.promise.then(a, b); }
  catch(b) { return this.promise.catch(b); }
  and(check) { return new Answer(this.promise.then(async (r) => (await check(r)) ?? r)); }
  followed() { return new Answer(this.promise.then(follow)); }

  // The status, with the page's own words when it is another one.
  is(status) { return this.and((r) => { check_status(r, status); }); }
  // Redirected to a path (as in the specification) or to one that fits a pattern.
  goes(to) { return this.and((r) => {
    check_status(r, 303);
    if (to instanceof RegExp) expect(r.location).toMatch(to); else expect(r.location).toBe(r.person.path(to));
  }); }
  // A good POST: 303 to a page that answers 200 with the note, if one is named.
  done(note) { return this.and(async (r) => {
    check_status(r, 303);
    const page = await follow(r);
    check_status(page, 200);
    if (note) expect(page.text).toContain(plain(note));
    return page;
  }); }
  // Status, field (null: the form as a whole, or no form) and the text of a refusal, word by word.
  refuses(status, field, text) { return this.and((r) => {
    check_status(r, status);
    if (field) {
      const found = html.errors(r.body);
      expect(found, `errors of ${r.method} ${r.path}`).toContainEqual(text === undefined ? expect.objectContaining({ field }) : { field, text: text instanceof RegExp ? expect.stringMatching(text) : plain(text) });
    } else if (text instanceof RegExp) expect(r.text).toMatch(text);
    else if (text) expect(r.text).toContain(plain(text));
  }); }
  // Texts a person reads on the page (a redirect is followed first).
  sees(...texts) { return this.and(async (r) => {
    const page = await follow(r);
    check_status(page, 200);
    for (const t of texts) if (t instanceof RegExp) expect(page.text).toMatch(t); else expect(page.text).toContain(plain(t));
    return page;
  }); }
  lacks(...texts) { return this.and(async (r) => {
    const page = await follow(r);
    for (const t of texts) if (t instanceof RegExp) expect(page.text).not.toMatch(t); else expect(page.text).not.toContain(plain(t));
    return page;
  }); }
  json() { return this.promise.then((r) => JSON.parse(r.body)); }
  rows() { return this.promise.then(follow).then((r) => html.rows(r.body)); }
  forms() { return this.promise.then(follow).then((r) => html.forms(r.body)); }
}

async function follow(r) {
  let page = r;
  for (let hops = 0; page.status === 303 && hops < 5; hops++) {
    const url = new URL(page.location, `https://${r.person.host}${page.path}`);
    if (url.host !== r.person.host) return page;
    page = await r.person.send('GET', url.pathname + url.search);
  }
  if (page.status === 200) r.person.last = page;
  return page;
}

function check_status(r, status) {
  if (r.status === status) return;
  const errors = html.errors(r.body).map((e) => `${e.field ?? '-'}: ${e.text}`).join('; ');
  throw new Error(`${r.method} ${r.path}: ${r.status} instead of ${status}${r.location ? ` to ${r.location}` : ''}${errors ? `\n  ${errors}` : `\n  ${r.text.slice(0, 400)}`}`);
}

module.exports = { Person, Answer, request };
