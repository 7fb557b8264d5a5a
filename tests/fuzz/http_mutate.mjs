// http_mutate.mjs URL [COUNT] [--seed N] [--host NAME] [--cookie TEXT] [--crawl N] [--recorded FILE] [--parallel N] [--insecure]
//
// Sends COUNT (100,000) mutated requests to a running server over plain sockets and says which answers are errors of ours: any 5xx but
// 501 and 505, and no answer at all to a whole request (assurance F18). The seeds of the other fuzz targets are bodies, cookies and targets
// here. --crawl follows the links of N pages from the URL's path on and takes these pages and their forms, csrf and all, as recorded requests
// (with --cookie those of a person). --recorded adds requests: blocks separated by a line of "----", each request line, headers, empty line, body. What breaks the server
// is written to build-fuzz/found/http/. Prints `ok` or `not ok`; the same seed sends the same requests.
//
// Example: node tests/fuzz/http_mutate.mjs http://localhost:8360/u/swa-w/dashboard 20000 --cookie "$(build/smart360 user session EMAIL)" --crawl 200
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import tls from 'node:tls';
import { fileURLToPath } from 'node:url';

const here = path.dirname(fileURLToPath(import.meta.url));
const options = { seed: 20261121, host: '', cookie: '', crawl: 0, recorded: '', parallel: 8, insecure: false };
const words = [];
for (let i = 2; i < process.argv.length; i++) {
  const name = process.argv[i].replace(/^--/, '');
  if (name === process.argv[i]) words.push(name);
  else if (!(name in options)) { console.error(`http_mutate.mjs: there is no option --${name}`); process.exit(2); }
  else if (typeof options[name] === 'boolean') options[name] = true;
  else options[name] = typeof options[name] === 'number' ? Number(process.argv[++i]) : process.argv[++i];
}
if (!words[0]) { console.error('Usage: node tests/fuzz/http_mutate.mjs URL [COUNT] [OPTIONS]; see the head of the file.'); process.exit(2); }
const server = new URL(words[0]);
const count = Number(words[1] ?? 100000);
const host = options.host || server.host;

let state = options.seed >>> 0;
const random = (n) => { state = (Math.imul(state, 1664525) + 1013904223) >>> 0; return Math.floor((state / 4294967296) * n); };
const pick = (list) => list[random(list.length)];
const often = (percent) => random(100) < percent;

// ---- what is mutated ----

const seeds = (name) => { const folder = path.join(here, 'corpus', name); return fs.existsSync(folder) ? fs.readdirSync(folder).map((f) => fs.readFileSync(path.join(folder, f))) : []; };
const bodies = { urlencoded: seeds('urlencoded'), multipart: seeds('multipart').map((b) => b.subarray(1)), json: seeds('json') };
const cookies = seeds('cookies').map((b) => b.toString('latin1'));
const targets = seeds('target').map((b) => b.toString('latin1'));
const hook = '0123456789abcdef0123456789abcdef';
const text = (s) => Buffer.from(s, 'utf8');
const request = (method, target, headers = {}, body = '') => ({ method, target, headers: Object.entries(headers), body: Buffer.isBuffer(body) ? body : text(body) });
const form = { 'Content-Type': 'application/x-www-form-urlencoded' };

const recorded = [
  request('GET', '/'), request('GET', '/login?next=%2Fu%2Fswa-w%2Fdashboard'), request('GET', '/health'), request('GET', '/s/app.css'), request('GET', '/password/reset?token=abc'),
  request('GET', '/u/swa-w/cis/consumers?q=a%20b&sort=name&page=2&size=50', { 'HX-Request': 'true' }), request('GET', '/u/swa-w/bx/runs?state=open&period=2026-04'), request('GET', '/u/swa-w/mx/devices.csv?q=WA-MTR'),
  request('GET', '/p/swa-w/signin?next=%2Fp%2Fswa-w%2Fbills'), request('GET', '/platform/login'), request('GET', '/u/swa-w/search?q=Hydrant', { Accept: 'text/html', 'If-None-Match': '"abc"' }),
  request('POST', '/login', { ...form, Origin: `${server.protocol}//${host}` }, 'csrf=abc&form_key=def&email=cso1%40swa.test&password=Correct-Horse-7788&next=%2F'),
  request('POST', '/password/forgot', form, 'csrf=abc&form_key=def&email=a%40b.test'), request('POST', '/logout', form, 'csrf=abc'),
  request('POST', '/u/swa-w/bx/gl-codes', form, 'csrf=abc&form_key=def&code=4020&name=Water&type=revenue&row_version=1'),
  request('POST', '/u/swa-w/migration', { 'Content-Type': 'multipart/form-data; boundary=B' }, '--B\r\nContent-Disposition: form-data; name="csrf"\r\n\r\nabc\r\n--B\r\nContent-Disposition: form-data; name="file"; filename="c.csv"\r\nContent-Type: text/csv\r\n\r\na,b\r\n1,2\r\n--B--\r\n'),
  request('POST', `/hooks/stripe/${hook}`, { 'Content-Type': 'application/json', 'Stripe-Signature': 't=1764000000,v1=00' }, '{"id":"evt_1","type":"payment_intent.succeeded"}'),
  request('POST', `/hooks/razorpay/${hook}`, { 'Content-Type': 'application/json', 'X-Razorpay-Signature': '00', 'X-Razorpay-Event-Id': 'e1' }, '{"event":"payment.captured"}'),
  request('POST', `/hooks/twilio/${hook}?x=1`, { ...form, 'X-Twilio-Signature': 'x8cL28hq6NZm03zb9WlnBE8Q+MA=' }, 'MessageSid=SM1&MessageStatus=delivered&To=%2B911234567890'),
  request('POST', `/hooks/vonage/${hook}`, { 'Content-Type': 'application/json', Authorization: 'Bearer eyJhbGciOiJIUzI1NiJ9.e30.AAAA' }, '{"message_uuid":"m-1","status":"delivered"}'),
  request('GET', `/hooks/vonage_sms/${hook}?messageId=0A&status=delivered&timestamp=1764000000&sig=00`),
  request('POST', `/hooks/doku/${hook}`, { 'Content-Type': 'application/json', 'Client-Id': 'MCH', 'Request-Id': '1', 'Request-Timestamp': '2026-11-21T10:00:00Z', Signature: 'HMACSHA256=AAAA' }, '{"order":{}}'),
  request('POST', '/api/v1/interval-readings', { 'Content-Type': 'application/json', Authorization: 'Bearer abc', 'Idempotency-Key': 'k1' }, '{"meter_no":"WA-MTR-100001","values":[1.5,2]}'),
];

const parse_recorded = (all) => all.split(/^----\r?\n/m).filter((s) => s.trim()).map((block) => {
  const [head, ...rest] = block.split(/\r?\n\r?\n/), [line, ...lines] = head.split(/\r?\n/), [method, target] = line.split(' ');
  const headers = lines.map((l) => [l.slice(0, l.indexOf(':')), l.slice(l.indexOf(':') + 1).trim()]).filter(([k]) => !/^(host|content-length|connection)$/i.test(k));
  return { method, target, headers, body: text(rest.join('\r\n\r\n').replace(/\r?\n$/, '')) };
});
if (options.recorded) recorded.push(...parse_recorded(fs.readFileSync(options.recorded, 'utf8')));

// ---- mutations ----

const bits = ['%', '%00', '%zz', '%c3%28', '%2e%2e/', '%2f', '%5c', '\u0000', '../', '//', '\\', '&'.repeat(50), '=', ';', '"', "'", '<', '>', '\r\n', '\r\n ', '\n', '\t', 'é', '\u202e', '\ufeff', '[[[[', '{"a":', '-1', '1e999', 'NaN',
  '99999999999999999999', '--B\r\n', '--B--', '${x}', "' or 1=1 --", '<?cs var:x ?>', '%n%s', 'a'.repeat(300), 'a'.repeat(5000)];
const headers = [['Content-Type', 'multipart/form-data'], ['Content-Type', 'multipart/form-data; boundary=B'], ['Content-Type', `multipart/form-data; boundary=${'b'.repeat(71)}`], ['Content-Type', 'application/x-www-form-urlencoded; charset=utf-16'],
  ['Content-Type', 'application/json'], ['Content-Type', ';'], ['Cookie', '__Host-s360_sid=abc; __Host-s360_pre=a.1.b; __Host-portal=x'], ['Cookie', 's360_sid=abc; s360_pre=a.1.b'], ['Origin', 'https://evil.test'], ['Origin', 'null'], ['Sec-Fetch-Site', 'cross-site'],
  ['X-Forwarded-For', '1.2.3.4, ::1'], ['X-Forwarded-Host', 'evil.test'], ['Forwarded', 'for=1.2.3.4'], ['Accept-Language', 'xx-*;q=2, ,'], ['Range', 'bytes=0-18446744073709551615'], ['If-None-Match', '"'], ['If-Modified-Since', 'yesterday'],
  ['Transfer-Encoding', 'chunked'], ['Expect', '100-continue'], ['Content-Length', '-1'], ['Content-Length', '5'], ['Host', 'evil.test'], ['HX-Request', 'true'], ['Authorization', 'Basic YTpi'], ['Idempotency-Key', 'k'], ['X', 'a'.repeat(9000)]];

function mutate_bytes(b) {
  const at = random(b.length + 1);
  switch (random(5)) {
    case 0: { const c = Buffer.from(b); if (c.length) c[Math.min(at, c.length - 1)] = random(256); return c; }
    case 1: return Buffer.concat([b.subarray(0, at), text(pick(bits)), b.subarray(at)]);
    case 2: return Buffer.concat([b.subarray(0, at), b.subarray(Math.min(b.length, at + 1 + random(20)))]);
    case 3: { const from = random(b.length + 1); return Buffer.concat([b.subarray(0, at), b.subarray(from, from + random(60)), b.subarray(at)]); }
    default: { const c = Buffer.from(b); if (c.length) c[Math.min(at, c.length - 1)] ^= 1 << random(8); return c; }
  }
}
const mutate_text = (s) => mutate_bytes(Buffer.from(s, 'latin1')).toString('latin1');

function mutate(r) {
  const m = { method: r.method, target: r.target, headers: r.headers.map((h) => [...h]), body: r.body };
  for (let n = 1 + random(4); n; n--) {
    switch (random(12)) {
      case 0: m.method = pick(['GET', 'POST', 'HEAD', 'PUT', 'DELETE', 'OPTIONS', 'PATCH', 'TRACE', 'get', 'G\u0000T', 'X'.repeat(40)]); break;
      case 1: m.target = mutate_text(m.target); break;
      case 2: m.target = pick(targets.length ? targets : ['/']); break;
      case 3: m.target += `${m.target.includes('?') ? '&' : '?'}${pick(bodies.urlencoded).toString('latin1').slice(0, 3000)}`; break;
      case 4: m.headers.push(pick(headers)); break;
      case 5: if (m.headers.length) { const h = pick(m.headers); h[random(2)] = mutate_text(h[1]); } break;
      case 6: if (m.headers.length) m.headers.splice(random(m.headers.length), 1); break;
      case 7: if (m.headers.length) m.headers.push([...pick(m.headers)]); break;
      case 8: m.headers.push(['Cookie', cookies.length ? pick(cookies) : 'a=b']); break;
      case 9: { const kind = pick(['urlencoded', 'multipart', 'json']); m.body = pick(bodies[kind]); m.method = 'POST';
        m.headers = m.headers.filter(([k]) => !/^content-type$/i.test(k)); m.headers.push(['Content-Type', { urlencoded: form['Content-Type'], multipart: 'multipart/form-data; boundary=B', json: 'application/json' }[kind]]); break; }
      default: m.body = mutate_bytes(m.body);
    }
  }
  return m;
}

// Mostly with the length that is right, so that the body reaches the parsers instead of waiting for more.
function bytes_of(m) {
  const lines = [`${m.method} ${m.target} HTTP/1.${often(97) ? 1 : pick([0, 2, 9])}`, `Host: ${host}`, 'Connection: close'];
  if (options.cookie) lines.push(`Cookie: ${options.cookie}`);
  for (const [k, v] of m.headers) lines.push(`${k}: ${v}`);
  if (m.body.length || m.method === 'POST') if (often(95)) lines.push(`Content-Length: ${m.body.length}`); else lines.push(`Content-Length: ${random(m.body.length + 20)}`);
  let whole = Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'), m.body]);
  if (often(5)) whole = mutate_bytes(whole);
  return whole;
}

// ---- sending ----

const connect = () => {
  const to = { host: server.hostname.replace(/^\[|\]$/g, ''), port: Number(server.port || (server.protocol === 'https:' ? 443 : 80)) };
  return server.protocol === 'https:' ? tls.connect({ ...to, rejectUnauthorized: !options.insecure, servername: net.isIP(to.host) ? undefined : to.host }) : net.connect(to);
};

// The status, 0 when the connection ended without an answer, -1 when it waited for more until the limit.
const send = (bytes, limit_ms) => new Promise((resolve) => {
  const socket = connect();
  let got = '';
  const end = (status) => { clearTimeout(timer); socket.destroy(); resolve(status); };
  const timer = setTimeout(() => end(-1), limit_ms);
  socket.on('error', () => {});
  socket.on('close', () => end(0));
  socket.on('data', (data) => {
    got += data.toString('latin1');
    const m = /^HTTP\/1\.[01] (\d{3})/.exec(got);
    if (m && m[1] !== '100') end(Number(m[1]));
    else if (got.length > 100 && !m) end(-2);             // an answer of HTTP/0.9 form, without a status
  });
  socket.write(bytes);
});

// The whole answer of a GET, head and body.
const read = (target) => new Promise((resolve, reject) => {
  const socket = connect();
  const chunks = [];
  socket.setTimeout(15000, () => socket.destroy(new Error(`${target}: no answer`)));
  socket.on('error', reject);
  socket.on('data', (data) => chunks.push(data));
  socket.on('end', () => resolve(Buffer.concat(chunks).toString('utf8')));
  socket.write(`GET ${target} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n${options.cookie ? `Cookie: ${options.cookie}\r\n` : ''}\r\n`);
});

// ---- pages and their forms ----

const plain = (s) => s.replace(/&quot;/g, '"').replace(/&#39;/g, "'").replace(/&lt;/g, '<').replace(/&gt;/g, '>').replace(/&amp;/g, '&');
const attribute = (tag, name) => { const m = new RegExp(`\\s${name}="([^"]*)"`).exec(tag); return m && plain(m[1]); };
const own = (href) => href && href.startsWith('/') && !href.startsWith('//') && !/\/logout|^\/s\//.test(href) ? href.split('#')[0] : null;

function forms_of(page, html) {
  const requests = [];
  for (const [, head, inside] of html.matchAll(/<form\b([^>]*)>([\s\S]*?)<\/form>/g)) {
    const action = own(attribute(head, 'action') ?? page);
    if (!action || (attribute(head, 'method') ?? 'get').toLowerCase() !== 'post') continue;
    const fields = [];
    for (const [tag, kind] of inside.matchAll(/<(input|select|textarea|button)\b[^>]*/g)) {
      const name = attribute(tag, 'name');
      if (!name) continue;
      const first = kind === 'select' ? /<option[^>]*value="([^"]+)"/.exec(inside.slice(inside.indexOf(tag))) : null;
      fields.push([name, attribute(tag, 'value') || (first ? plain(first[1]) : kind === 'button' ? '1' : pick(['7', 'Abc', '2026-04-30', '12.50']))]);
    }
    const headers_ = { Origin: `${server.protocol}//${host}` };
    if (attribute(head, 'enctype') === 'multipart/form-data')
      requests.push(request('POST', action, { ...headers_, 'Content-Type': 'multipart/form-data; boundary=B' }, `${fields.map(([k, v]) => `--B\r\nContent-Disposition: form-data; name="${k}"\r\n\r\n${v}\r\n`).join('')}--B--\r\n`));
    else requests.push(request('POST', action, { ...headers_, ...form }, fields.map(([k, v]) => `${encodeURIComponent(k)}=${encodeURIComponent(v)}`).join('&')));
  }
  return requests;
}

async function crawl(pages) {
  const waiting = [`${server.pathname}${server.search}`], met = new Set(waiting), requests = [];
  while (waiting.length && requests.length < 20 * pages && met.size - waiting.length <= pages) {
    const page = waiting.splice(random(waiting.length), 1)[0];
    const answer = await read(page), status = Number(/^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1] ?? 0);
    requests.push(request('GET', page));
    if (status >= 500) note(status, text(`GET ${page} HTTP/1.1\r\nHost: ${host}\r\n\r\n`));
    if (!/^content-type: text\/html/im.test(answer)) continue;
    requests.push(...forms_of(page, answer));
    for (const [, href] of answer.matchAll(/\shref="([^"]*)"/g)) {
      const link = own(plain(href));
      if (link && !met.has(link)) { met.add(link); waiting.push(link); }
    }
  }
  return requests;
}

const good = text(`GET /login HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
const lives = async () => { const status = await send(good, 10000); return status >= 200 && status < 500; };
const found = path.join(here, '..', '..', 'build-fuzz', 'found', 'http');
const bad = [], seen = new Map();
const note = (status, bytes) => {
  fs.mkdirSync(found, { recursive: true });
  const file = path.join(found, `${status}-${bad.length}.bin`);
  fs.writeFileSync(file, bytes);
  bad.push(file);
  console.log(`${status}: ${file}: ${JSON.stringify(bytes.toString('latin1').slice(0, 160))}`);
};

if (!await lives()) { console.log(`not ok http_mutate: ${server} does not answer`); process.exit(1); }
if (options.crawl) {
  const crawled = await crawl(options.crawl);
  console.log(`${crawled.filter((r) => r.method === 'GET').length} pages and ${crawled.filter((r) => r.method === 'POST').length} forms`);
  recorded.push(...crawled);
}
let sent = 0;
await Promise.all(Array.from({ length: options.parallel }, async () => {
  while (sent < count && bad.length < 20) {
    const n = ++sent;
    const bytes = bytes_of(mutate(pick(recorded)));
    const status = await send(bytes, 500);
    seen.set(status, (seen.get(status) ?? 0) + 1);
    if (status >= 500 && status !== 501 && status !== 505) note(status, bytes);
    if (n % 10000 === 0 && n < count) console.log(`${n} sent`);
  }
}));
if (!await lives()) note('dead', good);
const answers = [...seen].sort(([a], [b]) => a - b).map(([s, n]) => `${s < 0 ? (s === -1 ? 'waiting' : 'no status') : s || 'closed'}: ${n}`).join(', ');
console.log(`${bad.length ? 'not ok' : 'ok'} http_mutate: ${sent} requests (${answers})${bad.length ? `; ${bad.length} bad answers in ${found}` : ''}`);
process.exitCode = bad.length ? 1 : 0;
